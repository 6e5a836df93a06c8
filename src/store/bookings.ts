/**
 * The tables `booking` and `participant`: what is kept of registrations beside their links, and `event_place`: which session of Yoplanning an
 * event of Yapla is.
 */
import type { EventKeys, EventPlace } from '../core/events/places.js';
import { personsOf, type Scope } from '../core/record.js';
import type { Sql, Transaction } from './database.js';
import { recordsByKeys } from './people.js';

/** What a registration is to be booked into. */
export interface Booking extends EventKeys {
  /** Epoch milliseconds; null: not shown. */
  readonly startsAt: number | null;
  readonly endsAt: number | null;
  /** Where a person wants it, instead of where its event goes. */
  readonly chosen: string | null;
  /** Somebody said to wait for a place. */
  readonly waits: boolean;
  /** When a place was last asked for, epoch milliseconds; null: it is to be asked for now. */
  readonly triedAtMs: number | null;
  /** By participant, in their order: the client that the order's answer gave. */
  readonly clients: readonly (string | null)[];
}

/** What a reading of a registration says of its booking. */
export interface NewBooking extends EventKeys {
  readonly startsAt: number | null;
  readonly endsAt: number | null;
  /** In their order. */
  readonly participants: readonly NewParticipant[];
}

export interface NewParticipant {
  /** Null: no member, or not shown. */
  readonly memberId: string | null;
  /** Place (0-based) that the same person had when the registration was read last; null: none. */
  readonly before: number | null;
}

/**
 * Stores what was read. What a person said about its session, and that it waits, stays while its event is the same; the
 * client that an order's answer gave for a participant, while the registration names that person.
 */
export async function storeBooking(tx: Transaction, scope: Scope, linkId: string, booking: NewBooking): Promise<void> {
  const { event, activity, rate, startsAt, endsAt, participants } = booking;
  const instant = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  await tx`
    insert into booking as b (connection_id, kind, link_id, event, activity, rate, starts_at, ends_at)
    values (${scope.connectionId}, ${scope.kind}, ${linkId}, ${event}, ${activity}, ${rate}, ${instant(startsAt)}::timestamptz, ${instant(endsAt)}::timestamptz)
    on conflict (connection_id, kind, link_id) do update
       set event = excluded.event, activity = excluded.activity, rate = excluded.rate, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
           chosen = case when (b.event, b.activity, b.rate) = (excluded.event, excluded.activity, excluded.rate) then b.chosen end,
           waits_since = case when (b.event, b.activity, b.rate) = (excluded.event, excluded.activity, excluded.rate) then b.waits_since end`;
  const rows = await tx<{ n: number; clientId: string | null }[]>`
    delete from participant
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId}
    returning n, client_id as "clientId"`;
  const given = new Map(rows.map(({ n, clientId }) => [n - 1, clientId]));
  await tx`
    insert into participant (connection_id, kind, link_id, n, member_id, client_id)
    select ${scope.connectionId}, ${scope.kind}, ${linkId}, p.n, p.member_id, p.client_id
      from unnest(${participants.map(({ memberId }) => memberId)}::text[],
                  ${participants.map(({ before }) => (before === null ? null : (given.get(before) ?? null)))}::text[])
           with ordinality as p(member_id, client_id, n)`;
}

/** @returns null where nothing was stored of it */
export async function findBooking(sql: Sql | Transaction, scope: Scope, linkId: string): Promise<Booking | null> {
  const [row] = await sql<Booking[]>`
    select b.event, b.activity, b.rate, floor(extract(epoch from b.starts_at) * 1000)::float8 as "startsAt",
           floor(extract(epoch from b.ends_at) * 1000)::float8 as "endsAt", b.chosen, b.waits_since is not null as waits,
           floor(extract(epoch from b.tried_at) * 1000)::float8 as "triedAtMs",
           coalesce((select json_agg(p.client_id order by p.n) from participant p
                      where p.connection_id = b.connection_id and p.kind = b.kind and p.link_id = b.link_id), '[]') as clients
      from booking b
     where b.connection_id = ${scope.connectionId} and b.kind = ${scope.kind} and b.link_id = ${linkId}`;
  return row ?? null;
}

/** Notes the session that a registration's map leads to, for anyone who looks who waits for it. */
export async function noteSession(
  sql: Sql | Transaction,
  scope: Scope,
  linkId: string,
  sessionId: string | null,
): Promise<void> {
  await sql`
    update booking set session_id = ${sessionId}
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId} and session_id is distinct from ${sessionId}`;
}

/** A person wants it in this session, instead of the one that its event goes to. */
export async function chooseSession(
  sql: Sql | Transaction,
  scope: Scope,
  linkId: string,
  sessionId: string,
): Promise<void> {
  await sql`
    update booking set chosen = ${sessionId}, waits_since = null, tried_at = null
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId}`;
}

/** Begins to wait for a place, or ends it. */
export async function setWaiting(sql: Sql | Transaction, scope: Scope, linkId: string, waits: boolean): Promise<void> {
  await sql`
    update booking set waits_since = case when ${waits} then coalesce(waits_since, now()) end, tried_at = case when ${waits} then now() end
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId}`;
}

/** Places of these sessions may be free: those who wait for one are looked at again, first come first served. @returns how many */
export async function wakeWaiting(
  sql: Sql | Transaction,
  scope: Scope,
  sessionIds: readonly string[],
): Promise<number> {
  if (sessionIds.length === 0) return 0;
  const woken = await sql`
    with woken as (
      update booking set tried_at = null
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and waits_since is not null
         and coalesce(chosen, session_id) = any(${[...sessionIds]}::text[])
      returning connection_id, kind, link_id, waits_since),
    -- One behind the other, so that who waited first asks first.
    queued as (
      select *, now() + (row_number() over (order by waits_since) - 1) * interval '200 ms' as at from woken order by link_id)
    select look_at_link(connection_id, kind, link_id, at) from queued`;
  return woken.count;
}

/** Has a registration that waits for a place looked at when it is time to ask again: so long after it asked last. */
export async function lookWhenDue(
  sql: Sql | Transaction,
  scope: Scope,
  linkId: string,
  everyMs: number,
): Promise<void> {
  await sql`
    select look_at_link(connection_id, kind, link_id, coalesce(tried_at + ${everyMs}::float8 * interval '1 ms', now())) from booking
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId} and waits_since is not null`;
}

/** What an order's answer says: which client each participant is, in their order; null: it does not say. */
export async function rememberClients(
  tx: Transaction,
  scope: Scope,
  linkId: string,
  clients: readonly (string | null)[],
): Promise<void> {
  await tx`
    update participant p set client_id = coalesce(c.id, p.client_id)
      from unnest(${[...clients]}::text[]) with ordinality as c(id, n)
     where p.connection_id = ${scope.connectionId} and p.kind = ${scope.kind} and p.link_id = ${linkId} and p.n = c.n`;
}

/** What is known of a member's client. */
export interface MemberClient {
  readonly memberId: string;
  /** Null: the member is linked to nobody so far. */
  readonly clientId: string | null;
  /** Null: nobody of that number is known. */
  readonly linkId: string | null;
  /** A question about the member is open. */
  readonly asked: boolean;
  /** Yapla has shown the member, or is asked about them: who they are will be found out. */
  readonly isShown: boolean;
}

/** The clients of members, by the links of people. */
export async function clientsOfMembers(
  sql: Sql | Transaction,
  connectionId: string,
  memberIds: readonly string[],
): Promise<ReadonlyMap<string, MemberClient>> {
  if (memberIds.length === 0) return new Map();
  const people = personsOf(connectionId);
  const rows = await sql<MemberClient[]>`
    select m.id as "memberId", l.yoplanning_id as "clientId", l.link_id as "linkId",
           exists (select 1 from cases c where c.connection_id = ${people.connectionId} and c.kind = ${people.kind} and c.status = 'open'
                      and (c.link_id = l.link_id or 'yapla:' || m.id = any(string_to_array(c.subject, ' ')))) as asked,
           exists (select 1 from reading r where r.connection_id = ${people.connectionId} and r.kind = ${people.kind} and r.system = 'yapla'
                      and r.external_id = m.id and r.gone_at is null)
           or exists (select 1 from inbox i where i.connection_id = ${people.connectionId} and i.kind = ${people.kind} and i.system = 'yapla'
                         and i.external_id = m.id and i.handled_at is null) as "isShown"
      from unnest(${[...new Set(memberIds)]}::text[]) as m(id)
      left join link l on l.connection_id = ${people.connectionId} and l.kind = ${people.kind} and l.yapla_id = m.id and l.state = 'active'`;
  return new Map(rows.map((row) => [row.memberId, row]));
}

/** Yapla does not have this member: registrations that name them are looked at again. */
export async function lookAtBookingsOf(tx: Transaction, connectionId: string, memberId: string): Promise<void> {
  await tx`
    insert into link_signal (connection_id, kind, link_id, due_at)
    select distinct connection_id, kind, link_id, now() from participant
     where connection_id = ${connectionId} and kind = 'registration' and member_id = ${memberId}
    on conflict (connection_id, kind, link_id) do nothing`;
}

/** Clients who could be this person: see `recordsByKeys`. */
export async function clientsByKeys(
  sql: Sql | Transaction,
  connectionId: string,
  keys: readonly string[],
): Promise<readonly string[]> {
  return await recordsByKeys(sql, connectionId, 'yoplanning', keys);
}

/**
 * An order that is known by its number to be this registration's, that stands, and that is in no link; null: none is known. The oldest of
 * several. While one is awaited that was sent, one that was first seen since is perhaps that one, and takes the place although it is cancelled.
 */
export async function orderNamed(
  tx: Transaction,
  scope: Scope,
  { linkId, reference }: { readonly linkId: string; readonly reference: string },
): Promise<string | null> {
  const [row] = await tx<{ id: string }[]>`
    select s.external_id as id
      from shadow s
      left join intent i on i.connection_id = s.connection_id and i.kind = s.kind and i.link_id = ${linkId} and i.system = s.system
                        and i.status = 'sent'
      join reading r on r.connection_id = s.connection_id and r.kind = s.kind and r.system = s.system and r.external_id = s.external_id
                    and r.gone_at is null
     where s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.system = 'yoplanning'
       and s.external_reference = ${reference} and (s.fields ->> 'status' = 'active' or s.first_seen_at >= i.recorded_at)
       and not exists (select 1 from link l where l.connection_id = s.connection_id and l.kind = s.kind and l.yoplanning_id = s.external_id)
     order by s.fields ->> 'status' = 'active' desc, s.first_seen_at limit 1`;
  return row?.id ?? null;
}

/** Orders that bear this number, stand, and are in no link, as far as is known: their ids, those first that were seen first. */
export async function secondOrdersOf(sql: Sql | Transaction, scope: Scope, reference: string): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select s.external_id as id
      from shadow s
      join reading r on r.connection_id = s.connection_id and r.kind = s.kind and r.system = s.system and r.external_id = s.external_id
                    and r.gone_at is null
     where s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.system = 'yoplanning'
       and s.external_reference = ${reference} and s.fields ->> 'status' = 'active'
       and not exists (select 1 from link l where l.connection_id = s.connection_id and l.kind = s.kind and l.yoplanning_id = s.external_id)
     order by s.first_seen_at`;
  return rows.map(({ id }) => id);
}

/** Orders with this number that were known before that moment (epoch milliseconds): none of them was sent since. Their ids. */
export async function ordersKnownBefore(
  sql: Sql | Transaction,
  scope: Scope,
  reference: string,
  beforeMs: number,
): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select external_id as id from shadow
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = 'yoplanning' and external_reference = ${reference}
       and first_seen_at < to_timestamp(${beforeMs}::float8 / 1000)`;
  return rows.map(({ id }) => id);
}

/** What persons said of these events. */
export async function placesOf(sql: Sql | Transaction, scope: Scope, events: readonly string[]): Promise<EventPlace[]> {
  return await sql<EventPlace[]>`
    select event, activity, rate, product_id as "productId", session_id as "sessionId" from event_place
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and event = any(${[...events]}::text[])`;
}

/** The parts of an event that registrations name which are not cancelled, and for which no person chose another session. */
export async function partsOf(sql: Sql | Transaction, scope: Scope, event: string): Promise<EventKeys[]> {
  return await sql<EventKeys[]>`
    select distinct b.event, b.activity, b.rate
      from booking b
      join link l on l.connection_id = b.connection_id and l.kind = b.kind and l.link_id = b.link_id
      join shadow s on s.connection_id = b.connection_id and s.kind = b.kind and s.system = 'yapla' and s.external_id = l.yapla_id
     where b.connection_id = ${scope.connectionId} and b.kind = ${scope.kind} and b.event = ${event} and b.chosen is null
       and s.fields ->> 'status' <> 'cancelled'`;
}

/** Says where an event, or a part of it, goes. What was said of it before is replaced. @param by who says so */
export async function savePlace(
  sql: Sql | Transaction,
  scope: Scope,
  { event, activity, rate, productId, sessionId }: EventPlace,
  { title, by }: { readonly title: string | null; readonly by: string },
): Promise<void> {
  await sql`
    insert into event_place (connection_id, kind, event, activity, rate, title, product_id, session_id, confirmed_by)
    values (${scope.connectionId}, ${scope.kind}, ${event}, ${activity}, ${rate}, ${title}, ${productId}, ${sessionId}, ${by})
    on conflict (connection_id, kind, event, activity, rate) do update
       set title = excluded.title, product_id = excluded.product_id, session_id = excluded.session_id, confirmed_by = excluded.confirmed_by,
           confirmed_at = now()`;
}

/** An event that registrations name, and how many of them. */
export interface KnownEvent extends EventKeys {
  readonly registrations: number;
  /** How many of these have an order. */
  readonly booked: number;
  /** Epoch milliseconds; null: not shown. */
  readonly startsAt: number | null;
  /** Of a registration of it, for its title in the document. */
  readonly example: string;
}

/** Events with registrations, those that begin soonest first. */
export async function knownEvents(sql: Sql, scope: Scope): Promise<KnownEvent[]> {
  return await sql<KnownEvent[]>`
    select b.event, b.activity, b.rate, count(*)::int as registrations, count(l.yoplanning_id)::int as booked,
           floor(extract(epoch from min(b.starts_at)) * 1000)::float8 as "startsAt", min(l.yapla_id) as example
      from booking b join link l on l.connection_id = b.connection_id and l.kind = b.kind and l.link_id = b.link_id
     where b.connection_id = ${scope.connectionId} and b.kind = ${scope.kind} and l.yapla_id is not null
     group by b.event, b.activity, b.rate order by min(b.starts_at) nulls last, b.event, b.activity, b.rate`;
}
