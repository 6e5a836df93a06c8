/** The table `connection`: which connections this database knows, and the key of their fingerprints. */
import { randomBytes } from 'node:crypto';
import type { MapVersion } from '../core/fieldMap.js';
import type { Sql, Transaction } from './database.js';

/** Makes the connection known; repeatable. Its fingerprint key is made once, here, and never leaves the database. */
export async function ensureConnection(sql: Sql, scope: Scope): Promise<void> {
  await sql`
    insert into connection (id, fingerprint_key) values (${scope.connectionId}, ${scope.kind}, ${randomBytes(32)})
    on conflict (id) do nothing`;
}

/** The key of a connection's fingerprints. */
export async function fingerprintKey(sql: Sql, scope: Scope): Promise<Uint8Array> {
  const [row] = await sql<{ fingerprintKey: Uint8Array }[]>`
    select fingerprint_key as "fingerprintKey" from connection where id = ${connectionId}`;
  if (!row) throw new Error(`connection ${connectionId} is not in the database: call ensureConnection first`);
  return row.fingerprintKey;
}

/** What a connection's links and shadows were made and settled under. */
export interface MadeUnder {
  readonly map: MapVersion | null;
  readonly mapDigest: string | null;
  readonly rulesDigest: string | null;
}

/** Held until the transaction ends: one at a time makes a connection's links anew. */
export async function lockMadeUnder(tx: Transaction, scope: Scope): Promise<MadeUnder> {
  const [row] = await tx<MadeUnder[]>`
    select map_version as map, map_digest as "mapDigest", rules_digest as "rulesDigest"
      from connection where id = ${connectionId} for update`;
  return row!;
}

export async function storeMadeUnder(
  tx: Transaction,
  scope: Scope,
  {
    map,
    mapDigest,
    rulesDigest,
  }: { readonly map: MapVersion; readonly mapDigest: string; readonly rulesDigest: string },
): Promise<void> {
  await tx`
    update connection set map_version = ${JSON.stringify(map)}::text::jsonb, map_digest = ${mapDigest}, rules_digest = ${rulesDigest}
     where id = ${connectionId}`;
}

/** Whether what is stored of a connection was made with this field map: if not, nothing of it is decided about before it is made again. */
export async function isMadeWith(sql: Sql | Transaction, scope: Scope, mapDigest: string): Promise<boolean> {
  const [row] = await sql<{ same: boolean }[]>`
    select map_digest is null or map_digest = ${mapDigest} as same from connection where id = ${connectionId}`;
  return row?.same ?? true;
}
