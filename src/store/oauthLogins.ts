/**
 * Logins under way: what `passerelle login` must know again when the person comes back, and where the receiver puts what she brings. Each
 * ends once, and in time. The state is known to her browser alone: here is its hash.
 */
import { createHash } from 'node:crypto';
import type { Sql } from './database.js';
import { seal, type SealKey, unseal } from './seal.js';

export type LoginKeys = readonly { readonly id: string; readonly key: string }[];

export interface BegunLogin {
  readonly connection: string;
  readonly state: string;
  /** Of PKCE. */
  readonly verifier: string;
  readonly lifeMs: number;
}

const hashOf = (state: string) => createHash('sha256').update(state).digest();
const place = (connection: string, what: string) => `oauth_login ${connection} ${what}`;
const all = (keys: LoginKeys) => keys as [SealKey, ...SealKey[]];

/** Forgets those whose time is over, of whatever connection. */
export async function beginLogin(sql: Sql, { connection, state, verifier, lifeMs }: BegunLogin, keys: LoginKeys) {
  const { keyId, bytes } = seal(verifier, all(keys), place(connection, 'verifier'));
  await sql`delete from oauth_login where expires_at < clock_timestamp()`;
  await sql`
    insert into oauth_login (state_hash, connection, key_id, verifier, expires_at)
    values (${hashOf(state)}, ${connection}, ${keyId}, ${bytes}, clock_timestamp() + ${lifeMs}::float8 * interval '1 millisecond')`;
}

/** The person came back with this state. @param address the final one @returns false: no such login waits, or it has its answer */
export async function answerLogin(
  sql: Sql,
  { connection, state, address }: { readonly connection: string; readonly state: string; readonly address: string },
  keys: LoginKeys,
): Promise<boolean> {
  const { keyId, bytes } = seal(address, all(keys), place(connection, 'answer'));
  const { count } = await sql`
    update oauth_login set answer = ${bytes}, answer_key = ${keyId}
     where state_hash = ${hashOf(state)} and connection = ${connection} and answer is null and expires_at > clock_timestamp()`;
  return count > 0;
}

/** `waits`: for the person. */
export type LoginStage = 'waits' | 'answered' | 'over';

export async function loginStage(sql: Sql, state: string): Promise<LoginStage> {
  const [row] = await sql<{ answered: boolean }[]>`
    select answer is not null as answered from oauth_login
     where state_hash = ${hashOf(state)} and expires_at > clock_timestamp()`;
  if (row === undefined) return 'over';
  return row.answered ? 'answered' : 'waits';
}

/** Takes a login, once. Null: it was taken before, or its time is over. @returns the verifier, and the answer that the receiver took */
export async function takeLogin(
  sql: Sql,
  { connection, state }: Pick<BegunLogin, 'connection' | 'state'>,
  keys: LoginKeys,
): Promise<{ readonly verifier: string; readonly answer: string | null } | null> {
  const [row] = await sql<
    { keyId: string; verifier: Uint8Array; answer: Uint8Array | null; answerKey: string | null; inTime: boolean }[]
  >`
    delete from oauth_login where state_hash = ${hashOf(state)} and connection = ${connection}
    returning key_id as "keyId", verifier, answer, answer_key as "answerKey", expires_at > clock_timestamp() as "inTime"`;
  if (row === undefined || !row.inTime) return null;
  const { keyId, verifier, answer, answerKey } = row;
  return {
    verifier: unseal({ keyId, bytes: verifier }, keys, place(connection, 'verifier')),
    answer: answer === null ? null : unseal({ keyId: answerKey!, bytes: answer }, keys, place(connection, 'answer')),
  };
}
