/** The table `intent`: creations that were sent or are about to be. One that is not settled is looked up before it is repeated. */
import type { FieldHashes, SystemName } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

export interface Intent {
  readonly linkId: string;
  readonly system: SystemName;
  /** The id that the record shall have, where we choose it. */
  readonly externalId: string | null;
  readonly hashes: FieldHashes;
  /** Times that the creation was sent. */
  readonly sends: number;
}

/** Records that a creation is about to be sent. Committed before it is sent. */
export async function recordIntent(sql: Sql, connectionId: string, intent: Omit<Intent, 'sends'>): Promise<void> {
  await sql`
    insert into intent as i (connection_id, link_id, system, external_id, hashes, status)
    values (${connectionId}, ${intent.linkId}, ${intent.system}, ${intent.externalId}, ${JSON.stringify(intent.hashes)}::text::jsonb, 'sent')
    on conflict (connection_id, link_id, system) do update
       set external_id = excluded.external_id, hashes = excluded.hashes, status = 'sent', sends = i.sends + 1`;
}

/** The creation took effect, or certainly did not. */
export async function settleIntent(sql: Sql | Transaction, connectionId: string, linkId: string, system: SystemName): Promise<void> {
  await sql`
    update intent set status = 'settled'
     where connection_id = ${connectionId} and link_id = ${linkId} and system = ${system}`;
}

/** Creations of these links whose effect is not known. */
export async function openIntents(sql: Sql | Transaction, connectionId: string, linkIds: readonly string[] | 'all'): Promise<Intent[]> {
  return await sql<Intent[]>`
    select link_id as "linkId", system, external_id as "externalId", hashes, sends
      from intent where connection_id = ${connectionId} and status = 'sent'
       ${linkIds === 'all' ? sql`` : sql`and link_id = any(${linkIds as string[]})`}
     order by link_id`;
}
