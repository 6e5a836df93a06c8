/**
 * The tables `inbox` (every webhook as received) and `link_signal` (links whose workflow is to be told that events gathered).
 *
 * An event is received, addressed to its link, and handled. `link_signal` has one row for each link with events that its workflow has not
 * taken: one signal, however many events. Nothing is lost between the two, because the workflow deletes its row before it looks.
 */
import type { JsonObject } from '../core/document.js';
import { parseJson } from '../core/json.js';
import { type RecordKind, recordKinds, type Scope, type SystemName, systemNames } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

/** What a webhook says happened to a record. */
export type RecordEvent = 'created' | 'updated' | 'deleted';

/** A webhook that was authenticated and understood. */
export interface NewInboxEvent {
  readonly connectionId: string;
  /** Of the record it is about; null for `other` only. */
  readonly kind: RecordKind | null;
  readonly system: SystemName;
  /** `other`: kept and acknowledged, and never signalled. */
  readonly event: RecordEvent | 'other';
  /** Null for `other` only. */
  readonly externalId: string | null;
  /** The body's text, which is known to be JSON. Values: it goes nowhere else. */
  readonly body: string;
  /** Of what no webhook brought: when the file was exported that shows it. */
  readonly exportedAt?: Date;
}

/** An event that a link's workflow has to look into. */
export interface InboxEvent {
  readonly id: number;
  readonly system: SystemName;
  readonly event: RecordEvent;
  readonly externalId: string;
  /** The whole body as received, its numbers to the letter (core/json.ts). */
  readonly body: JsonObject;
  /** By the database's clock, epoch milliseconds. */
  readonly receivedAtMs: number;
  /** Whether its system's list was read since (store/awaited.ts). */
  readonly listed?: boolean;
  /** When it was taken, by the database's clock, to be given back to the database: what is read for it is younger. */
  readonly takenAt: string;
}

/** Stores webhooks in the order given, all of them or none. They may be acknowledged once this has returned. */
export async function addEvents(sql: Sql | Transaction, events: readonly NewInboxEvent[]): Promise<void> {
  if (events.length === 0) return;
  await sql`
    insert into inbox (connection_id, kind, system, event, external_id, body, received_at, imported, handled_at, stranger)
    select e.connection_id, e.kind, e.system, e.event, e.external_id, e.body::json, coalesce(e.exported_at, now()),
           e.exported_at is not null, case when e.event = 'other' then now() end,
           e.event <> 'other'
             and not exists (select 1 from link l where l.connection_id = e.connection_id and l.kind = e.kind and e.system = 'yapla'
                                and l.yapla_id = e.external_id)
             and not exists (select 1 from link l where l.connection_id = e.connection_id and l.kind = e.kind and e.system = 'yoplanning'
                                and l.yoplanning_id = e.external_id)
             and not exists (select 1 from intent i where i.connection_id = e.connection_id and i.kind = e.kind and i.system = e.system
                                and i.external_id = e.external_id)
      from unnest(${events.map((one) => one.connectionId)}::text[], ${events.map((one) => one.kind)}::text[],
                  ${events.map((one) => one.system)}::text[],
                  ${events.map((one) => one.event)}::text[], ${events.map((one) => one.externalId)}::text[],
                  ${events.map((one) => one.body)}::text[],
                  ${events.map((one) => one.exportedAt?.toISOString() ?? null)}::timestamptz[])
           as e(connection_id, kind, system, event, external_id, body, exported_at)`;
}

/**
 * Has records read once more, as if their system had told of a change: two readings crossed, and nobody knows which is the younger. The
 * body is empty: it tells nothing.
 */
export async function lookAgain(
  tx: Transaction,
  scope: Scope,
  system: SystemName,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await tx`
    insert into inbox (connection_id, kind, system, event, external_id, body)
    select ${scope.connectionId}, ${scope.kind}, ${system}, 'updated', id, '{}' from unnest(${ids}::text[]) as r(id)`;
}

/** Has the workflows of links look at them, whatever came: through the receiver's forwarder, as about webhooks. */
export async function lookAtLinks(sql: Sql | Transaction, scope: Scope, linkIds: readonly string[]): Promise<void> {
  if (linkIds.length === 0) return;
  await sql`
    select look_at_link(${scope.connectionId}, ${scope.kind}, id, now()) from unnest(${[...new Set(linkIds)].sort()}::text[]) as r(id)`;
}

/** Of these links, those whose workflow is told to look, or has events to take. */
export async function signalledLinks(sql: Sql, scope: Scope, linkIds: readonly string[]): Promise<Set<string>> {
  if (linkIds.length === 0) return new Set();
  const rows = await sql<{ linkId: string }[]>`
    select link_id as "linkId" from link_signal
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = any(${linkIds})
    union
    select coalesce(i.link_id, l.link_id)
      from inbox i left join link l on l.connection_id = i.connection_id and l.kind = i.kind
           and i.external_id = case i.system when 'yapla' then l.yapla_id else l.yoplanning_id end
     where i.connection_id = ${scope.connectionId} and i.kind = ${scope.kind} and i.handled_at is null
       and coalesce(i.link_id, l.link_id) = any(${linkIds})`;
  return new Set(rows.map(({ linkId }) => linkId));
}

/** What a system last told of a record, whether that was handled yet or not. */
export interface LastTold {
  readonly id: string;
  readonly event: RecordEvent;
  readonly body: JsonObject;
  /** By the database's clock, epoch milliseconds; of what a file shows, when it was exported. */
  readonly receivedAtMs: number;
}

/** By record; of one of which nothing is kept there is none. */
export async function lastTold(
  sql: Sql,
  scope: Scope,
  system: SystemName,
  ids: readonly string[],
): Promise<Map<string, LastTold>> {
  const rows = await sql<(Omit<LastTold, 'body'> & { readonly body: string })[]>`
    select distinct on (external_id) external_id as id, event, body::text as body,
           (extract(epoch from received_at) * 1000)::float8 as "receivedAtMs"
      from inbox
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id = any(${ids})
       and event <> 'other' and body::text <> '{}'
     order by external_id, received_at desc, id desc`;
  return new Map(rows.map((row) => [row.id, { ...row, body: parseJson(row.body) as JsonObject }]));
}

/** An event of `lookAgain`. */
export function tellsNothing({ body }: Pick<InboxEvent, 'body'>): boolean {
  return Object.keys(body).length === 0;
}

/** What of the bodies of events is needed. A storm about one person must not fill the memory of a worker. */
export interface TakingBodies {
  /** Systems of which bodies are looked at; of the others' events the body is left out (`{}`). */
  readonly of: readonly SystemName[];
  /** As many of the oldest events as have this much text together, and one at least: the rest is signalled, and taken next. */
  readonly mostBytes: number;
}

/**
 * A link's events that are not handled yet, oldest first. They stay until `markHandled`, so that a repeated activity finds them again.
 *
 * Two statements in this order, each with a snapshot of its own: an event that is addressed meanwhile is seen by the second, or makes a
 * new `link_signal` row and so a new signal.
 */
export async function takeEvents(
  sql: Sql,
  scope: Scope,
  linkId: string,
  bodies: TakingBodies = { of: systemNames, mostBytes: Infinity },
): Promise<InboxEvent[]> {
  await sql`delete from link_signal where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId}`;
  const rows = await sql<(Omit<InboxEvent, 'body'> & { readonly body: string; readonly left: number })[]>`
    with waiting as (
      select id, octet_length(body::text) as size, system = any(${bodies.of}) as is_read from inbox
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId} and handled_at is null
    ), summed as (
      select id, is_read, row_number() over (order by id) as nth, count(*) over () as n,
             sum(case when is_read then size else 0 end) over (order by id) as bytes
        from waiting
    ), taken as (
      select id, is_read, n - count(*) over () as left from summed where nth = 1 or bytes <= ${bodies.mostBytes}::float8
    )
    select i.id, i.system, i.event, i.external_id as "externalId", case when t.is_read then i.body::text else '{}' end as body,
           i.listed_at is not null as listed, (extract(epoch from i.received_at) * 1000)::float8 as "receivedAtMs", now()::text as "takenAt",
           t.left::int as "left"
      from taken t join inbox i on i.id = t.id
     order by i.id`;
  if ((rows[0]?.left ?? 0) > 0) await lookAtLinks(sql, scope, [linkId]);
  return rows.map(({ left: _, ...row }) => ({ ...row, body: parseJson(row.body) as JsonObject }));
}

/** What these events said is recorded: with their shadows, in one transaction. Repeatable. */
export async function markHandled(sql: Sql | Transaction, scope: Scope, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    update inbox set handled_at = now()
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and id = any(${ids}::bigint[]) and handled_at is null`;
}

/**
 * Moves the unhandled events of a link that was merged into another to that one, and asks for a signal to it at once, whether there were
 * any or not. An event that was addressed to `from` in this very moment still makes a signal to `from`: its workflow, which finds the link
 * merged, calls this again.
 *
 * @returns how many events moved
 */
export async function readdress(sql: Sql | Transaction, scope: Scope, from: string, to: string): Promise<number> {
  const [row] = await sql<{ moved: number }[]>`
    with moved as (
      update inbox set link_id = ${to}
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${from} and handled_at is null
      returning system
    ), counted as (
      select count(*) filter (where system = 'yapla')::int as yapla,
             count(*) filter (where system = 'yoplanning')::int as yoplanning
        from moved
    ), asked as (
      insert into link_signal as s (connection_id, kind, link_id, yapla, yoplanning, due_at)
      select ${scope.connectionId}, ${scope.kind}, ${to}, yapla, yoplanning, now() from counted
      on conflict (connection_id, kind, link_id) do update
         set yapla = s.yapla + excluded.yapla, yoplanning = s.yoplanning + excluded.yoplanning,
             due_at = excluded.due_at, signalled_at = null
    )
    select yapla + yoplanning as moved from counted`;
  return row!.moved;
}

/** How a connection's events are forwarded: of its `live` configuration. */
export interface ForwardingRule {
  readonly connectionId: string;
  readonly debounceMs: number;
  readonly resignalMs: number;
}

/** A link whose workflow is to be told now. */
export interface DueSignal {
  readonly scope: Scope;
  readonly linkId: string;
  /** Events that gathered, by system. */
  readonly gathered: Readonly<Record<SystemName, number>>;
  /** How often the link has been signalled, this time included, since its workflow last took its events. */
  readonly attempt: number;
}

/** Rules as rows. */
function ruleColumns(rules: readonly ForwardingRule[]) {
  return {
    ids: rules.map((one) => one.connectionId),
    debounces: rules.map((one) => one.debounceMs),
    resignals: rules.map((one) => one.resignalMs),
  };
}

/**
 * Finds the link of each event that has none yet and asks for a signal to it, due when the oldest has waited for the connection's
 * `debounceMs`. Where a signal is asked for or under way already, events join it. Processes may do this at once.
 *
 * @param kinds of records that have a workflow; events of others wait as they came
 * @returns how many events were addressed; `limit`: there may be more
 */
export async function addressEvents(
  sql: Sql,
  rules: readonly ForwardingRule[],
  limit: number,
  kinds: readonly RecordKind[] = recordKinds,
): Promise<number> {
  const { ids, debounces } = ruleColumns(rules);
  const [row] = await sql<{ addressed: number }[]>`
    -- A rule is a connection's, for records of every kind that is asked for.
    with rule as (
      select * from unnest(${ids}::text[], ${debounces}::float8[]) as r(connection_id, debounce_ms)
    ), picked as (
      select i.id, i.connection_id, i.kind, i.system, i.external_id, i.received_at, r.debounce_ms
        from inbox i join rule r using (connection_id)
       where i.link_id is null and i.handled_at is null and i.kind = any(${kinds}::text[])
       order by i.id limit ${limit}
         for update of i skip locked
    ), addressed as (
      update inbox i
         set link_id = coalesce(a.link_id, b.link_id, p.system || ':' || p.external_id)
        from picked p
        left join link a on p.system = 'yapla' and a.connection_id = p.connection_id and a.kind = p.kind and a.yapla_id = p.external_id
        left join link b
          on p.system = 'yoplanning' and b.connection_id = p.connection_id and b.kind = p.kind and b.yoplanning_id = p.external_id
       where i.id = p.id
      returning i.connection_id, i.kind, i.link_id, i.system, p.received_at + p.debounce_ms * interval '1 ms' as due_at
    ), asked as (
      insert into link_signal as s (connection_id, kind, link_id, yapla, yoplanning, due_at)
      select connection_id, kind, link_id, count(*) filter (where system = 'yapla'),
             count(*) filter (where system = 'yoplanning'), min(due_at)
        from addressed
       group by connection_id, kind, link_id
       -- One order for all: processes that meet on the same links wait for each other, and never in a circle.
       order by connection_id, kind, link_id
      on conflict (connection_id, kind, link_id) do update
         set yapla = s.yapla + excluded.yapla, yoplanning = s.yoplanning + excluded.yoplanning,
             due_at = least(s.due_at, excluded.due_at)
    )
    select count(*)::int as addressed from addressed`;
  return row!.addressed;
}

/** After so many signals the pause before the next no longer grows: 1,024 times `resignalMs`. */
const maxDoublings = 10;

/**
 * Links whose signal is due now: not sent yet, or sent so long ago that it must be taken for lost. They are marked as signalled, so that
 * no other process sends the same; the caller sends them, and gives back by `releaseSignals` what it could not.
 */
export async function takeDueSignals(sql: Sql, rules: readonly ForwardingRule[], limit: number): Promise<DueSignal[]> {
  const { ids, resignals } = ruleColumns(rules);
  const rows = await sql<
    { connectionId: string; kind: RecordKind; linkId: string; yapla: number; yoplanning: number; attempt: number }[]
  >`
    -- A rule is a connection's, for records of every kind.
    with rule as (
      select * from unnest(${ids}::text[], ${resignals}::float8[]) as r(connection_id, resignal_ms)
    ), due as (
      select s.connection_id, s.kind, s.link_id
        from link_signal s join rule r using (connection_id)
       where s.due_at <= now()
         and (s.signalled_at is null
              or s.signalled_at + r.resignal_ms * power(2, least(s.signals - 1, ${maxDoublings})) * interval '1 ms' <= now())
       order by s.due_at limit ${limit}
         for update of s skip locked
    )
    update link_signal s set signalled_at = now(), signals = s.signals + 1
      from due d
     where s.connection_id = d.connection_id and s.kind = d.kind and s.link_id = d.link_id
    returning s.connection_id as "connectionId", s.kind, s.link_id as "linkId", s.yapla, s.yoplanning, s.signals as attempt`;
  return rows.map(({ connectionId, kind, linkId, yapla, yoplanning, attempt }) => ({
    scope: { connectionId, kind },
    linkId,
    gathered: { yapla, yoplanning },
    attempt,
  }));
}

/** Gives signals back that could not be sent: they are due again after `pauseMs`. What was taken meanwhile is left alone. */
export async function releaseSignals(sql: Sql, signals: readonly DueSignal[], pauseMs: number): Promise<void> {
  if (signals.length === 0) return;
  await sql`
    update link_signal s
       set signalled_at = null, signals = s.signals - 1, due_at = now() + ${pauseMs}::float8 * interval '1 ms'
      from unnest(${signals.map((one) => one.scope.connectionId)}::text[], ${signals.map((one) => one.scope.kind)}::text[],
                  ${signals.map((one) => one.linkId)}::text[],
                  ${signals.map((one) => one.attempt)}::int[]) as r(connection_id, kind, link_id, attempt)
     where s.connection_id = r.connection_id and s.kind = r.kind and s.link_id = r.link_id and s.signals = r.attempt
       and s.signalled_at is not null`;
}

/** Milliseconds until the next signal is due that was not sent yet; 0 or less: now; null: none is asked for. */
export async function nextDueInMs(sql: Sql, rules: readonly ForwardingRule[]): Promise<number | null> {
  const [row] = await sql<{ ms: number | null }[]>`
    -- Of every kind.
    select (extract(epoch from min(due_at) - now()) * 1000)::float8 as ms
      from link_signal
     where signalled_at is null and connection_id = any(${ruleColumns(rules).ids}::text[])`;
  return row!.ms;
}

/**
 * Asks again for a signal to links whose workflow took their events and never finished them: it was terminated by hand, or Temporal's own
 * data were lost.
 *
 * @param afterMs the newest of a link's events is at least so old
 * @returns how many links
 */
export async function reviveStranded(sql: Sql, rules: readonly ForwardingRule[], afterMs: number): Promise<number> {
  const revived = await sql`
    -- Of every kind.
    insert into link_signal as s (connection_id, kind, link_id, yapla, yoplanning, due_at)
    select connection_id, kind, link_id, count(*) filter (where system = 'yapla'),
           count(*) filter (where system = 'yoplanning'), now()
      from inbox
     where handled_at is null and link_id is not null and connection_id = any(${ruleColumns(rules).ids}::text[])
     group by connection_id, kind, link_id
    having max(received_at) < now() - ${afterMs}::float8 * interval '1 ms'
     order by connection_id, kind, link_id
    -- One that is under way does; one that would come later would come too late.
    on conflict (connection_id, kind, link_id) do update set due_at = excluded.due_at where s.due_at > excluded.due_at`;
  return revived.count;
}

/** Events of a connection, of every kind, that are not handled yet, and links whose workflow has not taken theirs. */
export interface PendingCounts {
  readonly connectionId: string;
  readonly events: number;
  /** Those that are due within a minute: what is due later is looked at when its time has come, and nobody waits for it. */
  readonly signals: number;
}

/** What waits, for each of these connections; zeros included. */
export async function countPending(sql: Sql, connectionIds: readonly string[]): Promise<PendingCounts[]> {
  return await sql<PendingCounts[]>`
    -- Of every kind.
    select c.id as "connectionId",
           (select count(*) from inbox i
             where i.connection_id = c.id and i.handled_at is null and i.link_id is not null)::int
             + (select count(*) from inbox i
                 where i.connection_id = c.id and i.handled_at is null and i.link_id is null)::int as events,
           (select count(*) from link_signal s where s.connection_id = c.id and s.due_at < now() + interval '1 minute')::int as signals
      from unnest(${connectionIds}::text[]) as c(id)`;
}

/** Whether the tables that a receiver needs are there: the migrations have been applied. */
export async function inboxIsReady(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ ready: boolean }[]>`
    select to_regclass('inbox') is not null and to_regclass('link_signal') is not null as ready`;
  return row!.ready;
}

/*
 * Unread news: events in the inbox about records that nobody has looked into yet. A record that has a link, if of one side only, was looked
 * into: it was matched with everybody whom we know. (And its workflow may itself be about to create: were its events news, two newcomers of
 * both systems, each edited once more, would wait for each other.)
 */

/** What a system's unread news can be about. `perhapsEchoes`: about nothing but records that creations under way have made just now. */
export type News = 'strangers' | 'perhapsEchoes';

/**
 * The systems of which there are unread news that are at most so old. An event about a record that is linked is none, nor one about a record
 * whose id we chose ourselves. Others that came after the oldest creation of which nothing is known yet was sent may be its echo: the link
 * has its record as soon as its answer is recorded.
 *
 * @param creating links whose creations ask; theirs are not under way
 */
export async function unreadNews(
  tx: Transaction,
  scope: Scope,
  {
    systems,
    creating,
    notOlderThanMs,
  }: {
    readonly systems: readonly SystemName[];
    readonly creating: readonly string[];
    readonly notOlderThanMs: number;
  },
): Promise<Map<SystemName, News>> {
  const unread = tx`connection_id = ${scope.connectionId} and kind = ${scope.kind} and handled_at is null and event in ('created', 'updated')
    and received_at > now() - ${notOlderThanMs}::float8 * interval '1 ms'`;
  const rows = await tx<{ system: SystemName; strangers: boolean }[]>`
    select n.system, bool_or(n.received_at < coalesce(u.since, 'infinity')) as strangers
      from (select system, external_id, received_at from inbox where ${unread} and link_id is null
             union all
            select system, external_id, received_at from inbox where ${unread} and link_id is not null) n
      left join (select system, min(recorded_at) as since from intent
                  where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'sent' and link_id <> all(${creating}::text[])
                  group by system) u on u.system = n.system
     where n.system = any(${systems})
       and not exists (select 1 from link l where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and n.system = 'yapla'
                          and l.yapla_id = n.external_id)
       and not exists (select 1 from link l where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and n.system = 'yoplanning'
                          and l.yoplanning_id = n.external_id)
       and not exists (select 1 from intent i where i.connection_id = ${scope.connectionId} and i.kind = ${scope.kind} and i.status = 'sent'
                          and i.system = n.system and i.external_id = n.external_id)
     group by n.system`;
  return new Map(rows.map(({ system, strangers }) => [system, strangers ? 'strangers' : 'perhapsEchoes']));
}
