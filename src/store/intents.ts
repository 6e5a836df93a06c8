/** The table `intent`: creations that were sent or are about to be. One that is not settled is looked up before it is repeated. */
import { type CanonicalFields, type FieldHashes, type Scope, type SystemName, systemNames } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

export interface Intent {
  readonly linkId: string;
  readonly system: SystemName;
  /** The id that the record shall have, where we choose it. */
  readonly externalId: string | null;
  readonly hashes: FieldHashes;
  /** What was sent. Values: they go nowhere else. */
  readonly fields: CanonicalFields;
  /** Times that the creation was sent. */
  readonly sends: number;
  /** When the first of them was about to be sent, by the database's clock. Records that were seen before are not what it made. */
  readonly recordedAtMs: number;
}

/** A creation whose effect is not known, and what lists say about it. */
export interface OpenIntent extends Intent {
  /** A complete list of its system was begun after it was last sent: one that does not show its record proves that there is none. */
  readonly isListed: boolean;
  /** It is in a file that a person is to import (store/importBatches.ts): what became of it is judged with the file. */
  readonly awaitsImport: boolean;
}

/** A creation that is about to be sent. */
export type NewIntent = Omit<Intent, 'sends' | 'recordedAtMs'>;

/** Records that creations are about to be sent. Committed before they are sent. */
export async function recordIntents(
  sql: Sql | Transaction,
  scope: Scope,
  intents: readonly NewIntent[],
): Promise<void> {
  if (intents.length === 0) return;
  await sql`
    insert into intent as i (connection_id, kind, link_id, system, external_id, hashes, fields, status)
    select ${scope.connectionId}, ${scope.kind}, r."linkId", r.system, r."externalId", r.hashes, r.fields, 'sent'
      from json_to_recordset(${JSON.stringify(intents)}::text::json)
        as r("linkId" text, system text, "externalId" text, hashes jsonb, fields jsonb)
    on conflict (connection_id, kind, link_id, system) do update
       set external_id = excluded.external_id, hashes = excluded.hashes, fields = excluded.fields, status = 'sent',
           -- One that was settled is over: this is another creation, and nothing from before can be what it made.
           recorded_at = case when i.status = 'sent' then i.recorded_at else clock_timestamp() end,
           sends = i.sends + 1, sent_at = clock_timestamp()`;
}

/**
 * An attempt at these creations has ended, and nobody knows whether they took effect: they can have reached the server until now, so a list
 * that was begun before says nothing about them. What is settled stays settled.
 */
export async function renewIntents(sql: Sql | Transaction, scope: Scope, linkIds: readonly string[]): Promise<void> {
  if (linkIds.length === 0) return;
  await sql`
    update intent set sent_at = clock_timestamp()
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = any(${linkIds}) and status = 'sent'`;
}

/** These creations took effect, or certainly did not. */
export async function settleIntents(
  sql: Sql | Transaction,
  scope: Scope,
  settled: readonly { readonly linkId: string; readonly system: SystemName }[],
): Promise<void> {
  // One statement for each system, so that no join is left to plan: a plan made for an empty table would go through all that it holds.
  await Promise.all(
    systemNames.map(async (system) => {
      const linkIds = settled.filter((one) => one.system === system).map(({ linkId }) => linkId);
      if (linkIds.length === 0) return;
      await sql`
        update intent set status = 'settled', fields = '{}'
         where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and link_id = any(${linkIds})`;
    }),
  );
}

/** Creations of these links whose effect is not known. */
export async function openIntents(
  sql: Sql | Transaction,
  scope: Scope,
  linkIds: readonly string[] | 'all',
): Promise<OpenIntent[]> {
  return await sql<OpenIntent[]>`
    select link_id as "linkId", system, external_id as "externalId", hashes, fields, sends, "recordedAtMs", "awaitsImport",
           not "awaitsImport" and is_listed as "isListed"
      from (
    select link_id, system, external_id, hashes, fields, sends, floor(extract(epoch from recorded_at) * 1000)::float8 as "recordedAtMs",
           coalesce(sent_at < (select max(c.started_at) from scan c where c.connection_id = intent.connection_id and c.kind = intent.kind
                                  and c.system = intent.system and c.status = 'complete'), false) as is_listed,
           exists (select 1 from waiting w where w.connection_id = intent.connection_id and w.kind = intent.kind and w.link_id = intent.link_id
                      and w.system = intent.system and w.field = '' and w.batch is not null and w.ended is null) as "awaitsImport"
      from intent where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'sent'
       ${linkIds === 'all' ? sql`` : sql`and link_id = any(${linkIds})`}) i
     order by link_id`;
}
