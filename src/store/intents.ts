/** The table `intent`: creations that were sent or are about to be. One that is not settled is looked up before it is repeated. */
import { systemNames, type FieldHashes, type SystemName } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

export interface Intent {
  readonly linkId: string;
  readonly system: SystemName;
  /** The id that the record shall have, where we choose it. */
  readonly externalId: string | null;
  readonly hashes: FieldHashes;
  /** Times that the creation was sent. */
  readonly sends: number;
  /** When the first of them was about to be sent, by the database's clock. */
  readonly recordedAtMs: number;
}

/** A creation that is about to be sent. */
export type NewIntent = Omit<Intent, 'sends' | 'recordedAtMs'>;

/** Records that creations are about to be sent. Committed before they are sent. */
export async function recordIntents(
  sql: Sql | Transaction,
  connectionId: string,
  intents: readonly NewIntent[],
): Promise<void> {
  if (intents.length === 0) return;
  await sql`
    insert into intent as i (connection_id, link_id, system, external_id, hashes, status)
    select ${connectionId}, r."linkId", r.system, r."externalId", r.hashes, 'sent'
      from json_to_recordset(${JSON.stringify(intents)}::text::json)
        as r("linkId" text, system text, "externalId" text, hashes jsonb)
    on conflict (connection_id, link_id, system) do update
       set external_id = excluded.external_id, hashes = excluded.hashes, status = 'sent', sends = i.sends + 1`;
}

/** These creations took effect, or certainly did not. */
export async function settleIntents(
  sql: Sql | Transaction,
  connectionId: string,
  settled: readonly { readonly linkId: string; readonly system: SystemName }[],
): Promise<void> {
  // One statement for each system, so that no join is left to plan: a plan made for an empty table would go through all that it holds.
  await Promise.all(
    systemNames.map(async (system) => {
      const linkIds = settled.filter((one) => one.system === system).map(({ linkId }) => linkId);
      if (linkIds.length === 0) return;
      await sql`
        update intent set status = 'settled'
         where connection_id = ${connectionId} and system = ${system} and link_id = any(${linkIds})`;
    }),
  );
}

/** Creations of these links whose effect is not known. */
export async function openIntents(
  sql: Sql | Transaction,
  connectionId: string,
  linkIds: readonly string[] | 'all',
): Promise<Intent[]> {
  return await sql<Intent[]>`
    select link_id as "linkId", system, external_id as "externalId", hashes, sends,
           floor(extract(epoch from recorded_at) * 1000)::float8 as "recordedAtMs"
      from intent where connection_id = ${connectionId} and status = 'sent'
       ${linkIds === 'all' ? sql`` : sql`and link_id = any(${linkIds as string[]})`}
     order by link_id`;
}
