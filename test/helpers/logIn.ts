/** A person logs in to the sandbox's GraphQL: her browser, and what `passerelle login` does with the address that it ends on. */
import { request } from 'undici';
import type { YaplaGraphqlConfig } from '../../src/config/yaplaGraphql.js';
import { beginYaplaLogin } from '../../src/cli/yaplaLogin.js';
import type { Sql } from '../../src/store/database.js';
import type { ConnectionConfig } from '../../src/config/schema.js';
import type { TokenGrant, StoredToken, TokenStore } from '../../src/store/oauthTokens.js';
import { createOAuthClient, type OAuthClient } from '../../src/systems/yapla/oauth.js';
import type { Ask } from '../../src/http/client.js';
import type { Budget } from '../../src/store/budget.js';
import { openYaplaHttp } from '../../src/systems/index.js';

const ask: Ask = { lane: 'live', purpose: 'login' };

/** The address that the browser ends on. */
export async function finalAddress(loginAddress: string): Promise<URL> {
  const { headers, body } = await request(loginAddress);
  await body.dump();
  const { location } = headers;
  if (typeof location !== 'string') throw new Error('the browser was not sent back');
  return new URL(location);
}

/** The login of a connection by its configuration, and what it gave. */
export async function loggedIn(config: ConnectionConfig, budget: Budget): Promise<TokenGrant> {
  const http = openYaplaHttp('test', config.yapla, budget);
  try {
    return await logIn(createOAuthClient(graphqlOf(config).oauth, http.login!));
  } finally {
    await Promise.all([http.data.close(), http.write.close(), http.login!.close()]);
  }
}

/** A person logs in, by what `passerelle login` does, and pastes the address that her browser ends on. */
export async function logInto(sql: Sql, connection: string, config: ConnectionConfig): Promise<void> {
  const login = await beginYaplaLogin(sql, connection, config);
  try {
    await login.end((await finalAddress(login.address)).href);
  } finally {
    await login.close();
  }
}

/** @returns what the server gave */
export async function logIn(client: OAuthClient): Promise<TokenGrant> {
  const secrets = client.secrets();
  return client.redeem(await finalAddress(await client.loginAddress(secrets)), secrets, ask);
}

export function graphqlOf({ yapla: { write } }: ConnectionConfig): YaplaGraphqlConfig {
  if (write.mode !== 'graphql') throw new Error('expected yapla.write.mode: graphql');
  return write;
}

/** Tokens of one process, in its memory. */
export class MemoryTokens implements TokenStore {
  stored: (StoredToken & { readonly endsAtMs: number | null }) | null = null;
  /** How often somebody renewed. */
  renewals = 0;
  #last: Promise<unknown> = Promise.resolve();

  read(): Promise<StoredToken | null> {
    if (this.stored === null) return Promise.resolve(null);
    const { endsAtMs } = this.stored;
    return Promise.resolve({ ...this.stored, lifeMs: endsAtMs === null ? null : endsAtMs - Date.now() });
  }

  renewed(seen: number, renew: (refreshToken: string | null) => Promise<TokenGrant>): Promise<StoredToken | null> {
    const turn = this.#last.then(async () => {
      if (this.stored?.version === seen) {
        const { refreshToken } = this.stored;
        const grant = await renew(refreshToken);
        this.renewals += 1;
        await this.save({ ...grant, refreshToken: grant.refreshToken ?? refreshToken });
      }
      return this.read();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  save({ accessToken, refreshToken, lifeMs }: TokenGrant): Promise<void> {
    const version = (this.stored?.version ?? 0) + 1;
    const endsAtMs = lifeMs === null ? null : Date.now() + lifeMs;
    this.stored = { accessToken, refreshToken, lifeMs, wholeLifeMs: lifeMs, version, endsAtMs };
    return Promise.resolve();
  }

  forget(): Promise<boolean> {
    const wasThere = this.stored !== null;
    this.stored = null;
    return Promise.resolve(wasThere);
  }
}
