/** The table `connection`: which connections this database knows, and the key of their fingerprints. */
import { randomBytes } from 'node:crypto';
import type { Sql } from './database.js';

/** Makes the connection known; repeatable. Its fingerprint key is made once, here, and never leaves the database. */
export async function ensureConnection(sql: Sql, connectionId: string): Promise<void> {
  await sql`
    insert into connection (id, fingerprint_key) values (${connectionId}, ${randomBytes(32)})
    on conflict (id) do nothing`;
}

/** The key of a connection's fingerprints. */
export async function fingerprintKey(sql: Sql, connectionId: string): Promise<Uint8Array> {
  const [row] = await sql<{ fingerprintKey: Uint8Array }[]>`
    select fingerprint_key as "fingerprintKey" from connection where id = ${connectionId}`;
  if (!row) throw new Error(`connection ${connectionId} is not in the database: call ensureConnection first`);
  return row.fingerprintKey;
}
