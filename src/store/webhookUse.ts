/**
 * What webhooks cost each connection, and when the last ones came: counted in the inbox itself, so that all receivers see the same, also
 * after a restart. Of every kind of record.
 */
import { recordKinds, type SystemName, systemNames } from '../core/record.js';
import type { Sql } from './database.js';
import type { NewInboxEvent } from './inbox.js';

/** What came within a window, and what is kept. */
export interface WebhookUse {
  /** Looks that the events can cause: those about one record that gather are one. */
  readonly reads: number;
  /** Records told about whom nobody knew when the event came. */
  readonly strangers: number;
  /** Of all bodies that are kept. */
  readonly bytes: number;
  /** When the first of these events leaves the window; null: there are none. */
  readonly freeInMs: number | null;
}

/** @param gatherMs events about one record that are no further apart are looked at together (`live.debounceMs`) */
export async function webhookUse(
  sql: Sql,
  connectionId: string,
  { windowMs, gatherMs }: { readonly windowMs: number; readonly gatherMs: number },
): Promise<WebhookUse> {
  const [row] = await sql<WebhookUse[]>`
    -- Of every kind.
    with recent as (
      select kind, system, external_id, stranger, received_at from inbox
       where connection_id = any(${[connectionId]}::text[]) and kind = any(${recordKinds}::text[]) and system = any(${systemNames}::text[])
         and received_at > now() - ${windowMs}::float8 * interval '1 ms' and not imported)
    select count(distinct (kind, system, external_id,
             floor(extract(epoch from received_at) * 1000 / greatest(${gatherMs}::float8, 1))))::int as reads,
           (count(distinct (kind, system, external_id)) filter (where stranger))::int as strangers,
           (extract(epoch from min(received_at) - now()) * 1000)::float8 + ${windowMs}::float8 as "freeInMs",
           (select coalesce(sum(pg_column_size(body)), 0)::float8 from inbox
             where connection_id = any(${[connectionId]}::text[])) as bytes
      from recent`;
  return row!;
}

/** Whether a record is linked, or on its way to be: as `addEvents` tells strangers. */
export async function isKnown(
  sql: Sql,
  { connectionId, kind, system, externalId }: Pick<NewInboxEvent, 'connectionId' | 'kind' | 'system' | 'externalId'>,
): Promise<boolean> {
  const [row] = await sql<{ known: boolean }[]>`
    select exists (select 1 from link where connection_id = ${connectionId} and kind = ${kind} and ${system} = 'yapla'
                      and yapla_id = ${externalId})
        or exists (select 1 from link where connection_id = ${connectionId} and kind = ${kind} and ${system} = 'yoplanning'
                      and yoplanning_id = ${externalId})
        or exists (select 1 from intent where connection_id = ${connectionId} and kind = ${kind} and system = ${system}
                      and external_id = ${externalId}) as known`;
  return row!.known;
}

/** When a system last told a connection of anything. */
export interface LastWebhook {
  readonly connectionId: string;
  readonly system: SystemName;
  /** Epoch milliseconds; null: nothing that is still kept. */
  readonly lastAtMs: number | null;
  /** Since when the connection is known here; null: it is not. */
  readonly knownSinceMs: number | null;
}

/** For each of these. What we asked ourselves to look at again came from nobody. */
export async function lastWebhooks(
  sql: Sql,
  asked: readonly { readonly connectionId: string; readonly system: SystemName }[],
): Promise<LastWebhook[]> {
  return await sql<LastWebhook[]>`
    -- Of every kind, and of none.
    select a.id as "connectionId", a.system, (extract(epoch from i.received_at) * 1000)::float8 as "lastAtMs",
           (extract(epoch from c.created_at) * 1000)::float8 as "knownSinceMs"
      from unnest(${asked.map((one) => one.connectionId)}::text[], ${asked.map((one) => one.system)}::text[]) as a(id, system)
      left join connection c on c.id = a.id
      left join lateral (
        select max(received_at) as received_at from (
          select last.received_at from unnest(${recordKinds}::text[]) as k(kind) cross join lateral (
            select received_at from inbox
             where connection_id = c.id and kind = k.kind and system = a.system and body::text <> '{}' and not imported
             order by received_at desc limit 1) last
           union all
          (select received_at from inbox where connection_id = c.id and kind is null and system = a.system
            order by received_at desc limit 1)) each) i on true`;
}
