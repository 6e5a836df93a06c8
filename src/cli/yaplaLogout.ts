/** The end of a login to Yapla: taken back at the server where it says how, and forgotten here in any case. */
import { credentialsOf } from '../connection.js';
import type { ConnectionConfig } from '../config/schema.js';
import { inFlightTimeoutMs, type Ask } from '../http/client.js';
import { isFailure } from '../http/failures.js';
import { createBudget } from '../store/budget.js';
import type { Sql } from '../store/database.js';
import { createTokenStore, type StoredToken } from '../store/oauthTokens.js';
import { openRevocationHttp } from '../systems/index.js';
import { createOAuthClient, GrantRefused } from '../systems/yapla/oauth.js';
import { UsageError } from './program.js';
import { oauthOf } from './yaplaLogin.js';

/** What became of the login at Yapla. */
export type TakenBack =
  | { readonly is: 'takenBack' }
  /** No address is configured for it. */
  | { readonly is: 'notConfigured' }
  /** In our own words. */
  | { readonly is: 'failed'; readonly why: string };

const ask: Ask = { lane: 'live', purpose: 'logout' };

/**
 * Forgets the login in any case: what is not known here cannot be used here, whether Yapla answers or not.
 *
 * @throws {UsageError} nobody is logged in
 */
export async function endYaplaLogin(sql: Sql, connection: string, config: ConnectionConfig): Promise<TakenBack> {
  const oauth = oauthOf(connection, config);
  const tokens = createTokenStore(sql, connection, oauth);
  const stored = await tokens.read();
  if (!(await tokens.forget()) || stored === null)
    throw new UsageError(`nobody is logged in to Yapla for "${connection}"`);
  if (oauth.revokeUrl === undefined) return { is: 'notConfigured' };
  if ('unopenedKey' in stored)
    return { is: 'failed', why: `the key "${stored.unopenedKey}" that opens its tokens is not configured` };
  return await takenBack(sql, connection, config, { token: stored, revokeUrl: oauth.revokeUrl });
}

async function takenBack(
  sql: Sql,
  connection: string,
  config: ConnectionConfig,
  { token, revokeUrl }: { readonly token: StoredToken; readonly revokeUrl: string },
): Promise<TakenBack> {
  const { limits, breaker, http: httpConfig } = config.yapla;
  const { yapla: credential } = await credentialsOf(sql, config);
  const budget = createBudget({ sql, credential, limits, breaker, inFlightTimeoutMs: inFlightTimeoutMs(httpConfig) });
  const http = openRevocationHttp(connection, config.yapla, revokeUrl, budget);
  try {
    await createOAuthClient(oauthOf(connection, config), http).revoke(token, ask);
    return { is: 'takenBack' };
  } catch (error) {
    if (error instanceof GrantRefused) return { is: 'failed', why: error.message };
    if (isFailure(error)) return { is: 'failed', why: error.what };
    throw error;
  } finally {
    await http.close();
    await budget.end();
  }
}
