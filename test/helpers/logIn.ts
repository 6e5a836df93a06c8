/** A person logs in to the sandbox's GraphQL: her browser, and what `passerelle login` does with the address that it ends on. */
import { request } from 'undici';
import type { YaplaGraphqlConfig } from '../../src/config/yaplaGraphql.js';
import { beginYaplaLogin } from '../../src/cli/yaplaLogin.js';
import type { Sql } from '../../src/store/database.js';
import type { ConnectionConfig } from '../../src/config/schema.js';
import type { TokenGrant } from '../../src/store/oauthTokens.js';
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
