/** A login to Yapla, from its address to its tokens in the database. */
import { setTimeout as sleep } from 'node:timers/promises';
import { credentialsOf } from '../connection.js';
import type { ConnectionConfig } from '../config/schema.js';
import type { OAuthConfig } from '../config/yaplaGraphql.js';
import { inFlightTimeoutMs, type Ask } from '../http/client.js';
import { createBudget } from '../store/budget.js';
import { liftStop, seenStops } from '../store/budgetStops.js';
import { ensureConnection } from '../store/connections.js';
import { noteUse } from '../store/credentials.js';
import type { Sql } from '../store/database.js';
import { beginLogin, loginStage, takeLogin } from '../store/oauthLogins.js';
import { createTokenStore } from '../store/oauthTokens.js';
import { openYaplaHttp } from '../systems/index.js';
import { createOAuthClient, GrantRefused, type OAuthClient } from '../systems/yapla/oauth.js';
import { UsageError } from './program.js';

/** How often it is looked whether the receiver has the answer: a person waits, and another process wrote it. */
const lookEveryMs = 500;

/** Nobody is logged in by it. */
export class LoginFailed extends Error {
  override readonly name = 'LoginFailed';
}

export interface YaplaLogin {
  /** The address that the person opens. */
  readonly address: string;
  /** Where she is sent back to. */
  readonly redirectUri: string;
  /**
   * Resolves when the receiver has taken her answer.
   * @throws {LoginFailed} its time is over @throws the signal's reason
   */
  answered(signal: AbortSignal): Promise<void>;
  /**
   * Ends the login, with the address that the person brings, or with what the receiver took.
   * @returns why the credential was stopped until now; null: it was not
   * @throws {LoginFailed} {UsageError} the address is none that ends a login; it can be tried again
   */
  end(pasted?: string): Promise<{ readonly wasStopped: string | null }>;
  close(): Promise<void>;
}

/** The login's settings. @throws {UsageError} where the connection has no login */
export function oauthOf(connection: string, { yapla: { write } }: ConnectionConfig): OAuthConfig {
  if (write.mode === 'graphql') return write.oauth;
  throw new UsageError(
    `connection "${connection}" needs no login: its yapla.write.mode is "${write.mode}", and only "graphql" has one`,
  );
}

/** Begins a login: its state and its verifier stand in the database until it ends. */
export async function beginYaplaLogin(sql: Sql, connection: string, config: ConnectionConfig): Promise<YaplaLogin> {
  const oauth = oauthOf(connection, config);
  await ensureConnection(sql, connection);
  const { limits, breaker, http: httpConfig } = config.yapla;
  const credentials = await credentialsOf(sql, config);
  await noteUse(sql, connection, credentials);
  const credential = credentials.yapla;
  const budget = createBudget({ sql, credential, limits, breaker, inFlightTimeoutMs: inFlightTimeoutMs(httpConfig) });
  const http = openYaplaHttp(connection, config.yapla, budget);
  const client = createOAuthClient(oauth, http.login!);
  const tokens = createTokenStore(sql, connection, oauth);
  const secrets = client.secrets();
  const { state } = secrets;
  await beginLogin(sql, { connection, ...secrets, lifeMs: oauth.loginMs }, oauth.keys);
  const again = `Begin again with "passerelle login ${connection}"`;

  return {
    address: await client.loginAddress(secrets),
    redirectUri: oauth.redirectUri,

    async answered(signal) {
      for (;;) {
        const stage = await loginStage(sql, state);
        if (stage === 'answered') return;
        if (stage === 'over')
          throw new LoginFailed(`no answer came within ${Math.round(oauth.loginMs / 1_000)} s. ${again}`);
        await sleep(lookEveryMs, undefined, { signal });
      }
    },

    async end(pasted) {
      if (pasted !== undefined) checkAddress(pasted, oauth, state);
      const login = await takeLogin(sql, { connection, state }, oauth.keys);
      const address = pasted ?? login?.answer ?? null;
      if (login === null || address === null) throw new LoginFailed(`this login has ended already. ${again}`);
      // A person mends what stopped it: her own request must go, too.
      const stops = await seenStops(sql, credential);
      for (const stop of stops) await liftStop(sql, credential, stop);
      try {
        await tokens.save(await redeemed(client, new URL(address), { state, verifier: login.verifier }));
      } catch (error) {
        for (const { reason, stopped } of stops) await budget.stop(reason, stopped);
        if (!(error instanceof GrantRefused)) throw error;
        throw new LoginFailed(`${error.what} (${error.code}), so nobody is logged in. ${again}`);
      }
      // A worker that looked meanwhile, with the login of before, has stopped it once more.
      for (const since of await seenStops(sql, credential)) await liftStop(sql, credential, since);
      return { wasStopped: stops[0]?.reason ?? null };
    },

    async close() {
      await budget.end();
      await Promise.all([http.data.close(), http.write.close(), http.login!.close()]);
    },
  };
}

const ask: Ask = { lane: 'live', purpose: 'login' };

async function redeemed(client: OAuthClient, address: URL, secrets: Parameters<OAuthClient['redeem']>[1]) {
  return client.redeem(address, secrets, ask);
}

/** @throws {UsageError} never quoting the address: it holds the code */
function checkAddress(text: string, { redirectUri }: OAuthConfig, state: string): void {
  const trimmed = text.trim();
  const isOurs = URL.canParse(trimmed) && withoutQuery(new URL(trimmed)) === withoutQuery(new URL(redirectUri));
  if (!isOurs) throw new UsageError(`that is not the address that the browser ends on: it begins with ${redirectUri}?`);
  if (new URL(trimmed).searchParams.get('state') !== state)
    throw new UsageError('that address ends another login: open the address above, and paste the one that it ends on');
}

function withoutQuery({ origin, pathname }: URL): string {
  return origin + pathname;
}
