/** How credentials are called in the database (budget, request_log), and which connections use them. The secrets themselves stay out. */
import { createHmac, randomBytes } from 'node:crypto';
import { systemNames, type SystemName } from '../core/record.js';
import type { Sql } from './database.js';

export type Credentials = Readonly<Record<SystemName, string>>;

/**
 * The names of a connection's credentials (config/credentials.ts says what makes one): a hash of server and token, so that connections that share a token share its budget, keyed by
 * this installation's own key, so that nobody can try tokens on it.
 */
export async function credentialNames(sql: Sql, secrets: Readonly<Record<SystemName, string>>): Promise<Credentials> {
  const key = await installationKey(sql);
  const name = (system: SystemName) =>
    `${system}:${createHmac('sha256', key).update(secrets[system], 'utf8').digest().toString('base64url', 0, 16)}`;
  return { yapla: name('yapla'), yoplanning: name('yoplanning') };
}

/** For whoever reads the tables: which connections a credential serves. Repeatable. */
export async function noteUse(sql: Sql, connectionId: string, credentials: Credentials): Promise<void> {
  for (const system of systemNames) {
    await sql`
      insert into budget as known (credential, connections) values (${credentials[system]}, array[${connectionId}])
      on conflict (credential) do update set connections = known.connections || excluded.connections
       where not known.connections @> excluded.connections`;
  }
}

/** Made once, here, and never leaves the database. */
async function installationKey(sql: Sql): Promise<Uint8Array> {
  const find = async () => (await sql<{ key: Uint8Array }[]>`select credential_key as key from installation`)[0]?.key;
  const known = await find();
  if (known !== undefined) return known;
  await sql`insert into installation (credential_key) values (${randomBytes(32)}) on conflict do nothing`;
  return (await find())!;
}
