/**
 * The tables `connection` (which connections this database knows, and the key of their fingerprints) and `made_under` (what the records and
 * links of each scope were made and settled under).
 */
import { randomBytes } from 'node:crypto';
import type { MapVersion } from '../core/fieldMap.js';
import type { Scope } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

/** Makes the connection known; repeatable. Its fingerprint key is made once, here, and never leaves the database. */
export async function ensureConnection(sql: Sql, connectionId: string): Promise<void> {
  await sql`
    insert into connection (id, fingerprint_key) values (${connectionId}, ${randomBytes(32)})
    on conflict (id) do nothing`;
}

/** Names of the connections that the database knows, in order, with how many links each has of every kind. */
export async function listConnections(sql: Sql): Promise<{ readonly id: string; readonly links: number }[]> {
  return await sql<{ id: string; links: number }[]>`
    -- Links of every kind.
    select c.id, (select count(*) from link l where l.connection_id = c.id)::int as links from connection c order by c.id`;
}

/** The key of a connection's fingerprints. */
export async function fingerprintKey(sql: Sql, connectionId: string): Promise<Uint8Array> {
  const [row] = await sql<{ fingerprintKey: Uint8Array }[]>`
    select fingerprint_key as "fingerprintKey" from connection where id = ${connectionId}`;
  if (!row) throw new Error(`connection ${connectionId} is not in the database: call ensureConnection first`);
  return row.fingerprintKey;
}

/** What a scope's links and shadows were made and settled under. */
export interface MadeUnder {
  readonly map: MapVersion;
  readonly mapDigest: string;
  readonly rulesDigest: string;
}

/** Held until the transaction ends: one at a time makes a connection's links anew. @returns null: nothing was made yet */
export async function lockMadeUnder(tx: Transaction, scope: Scope): Promise<MadeUnder | null> {
  // The connection's own row, which is always there.
  await tx`select 1 from connection where id = ${scope.connectionId} for update`;
  const [row] = await tx<MadeUnder[]>`
    select map_version as map, map_digest as "mapDigest", rules_digest as "rulesDigest"
      from made_under where connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
  return row ?? null;
}

/** The caller holds `lockMadeUnder`. */
export async function storeMadeUnder(
  tx: Transaction,
  scope: Scope,
  { map, mapDigest, rulesDigest }: MadeUnder,
): Promise<void> {
  await tx`
    insert into made_under (connection_id, kind, map_version, map_digest, rules_digest)
    values (${scope.connectionId}, ${scope.kind}, ${JSON.stringify(map)}::text::jsonb, ${mapDigest}, ${rulesDigest})
    on conflict (connection_id, kind) do update
       set map_version = excluded.map_version, map_digest = excluded.map_digest, rules_digest = excluded.rules_digest`;
}

/** Whether what is stored of a scope was made with this field map: if not, nothing of it is decided about before it is made again. */
export async function isMadeWith(sql: Sql | Transaction, scope: Scope, mapDigest: string): Promise<boolean> {
  const [row] = await sql<{ same: boolean }[]>`
    select map_digest = ${mapDigest} as same from made_under
     where connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
  return row?.same ?? true;
}
