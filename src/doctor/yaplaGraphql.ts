/** Examines the way to write by GraphQL: who is logged in, and whether the account's schema has what is configured. Nothing is written. */
import type { ConnectionConfig } from '../config/schema.js';
import type { YaplaGraphqlConfig } from '../config/yaplaGraphql.js';
import type { TokenStore } from '../store/oauthTokens.js';
import type { YaplaHttp } from '../systems/index.js';
import { graphqlAddress } from '../systems/yapla/graphqlRequest.js';
import { flawsOf, introspect } from '../systems/yapla/graphqlSchema.js';
import { listPlaces, openGraphql } from '../systems/yapla/system.js';
import { ask, Attempts } from './attempt.js';
import type { Tell } from './check.js';
import { observe } from './observe.js';

/** An examination looks and stops nothing. */
export const noStop = {
  stop: () => Promise.resolve(),
  close: () => Promise.resolve(),
  failed: () => Promise.resolve(null),
};

export interface YaplaClients extends YaplaHttp {
  readonly tokens: TokenStore | undefined;
}

/** Where there is no database there is no login either. */
const noTokens: TokenStore = {
  read: () => Promise.resolve(null),
  renewed: () => Promise.resolve(null),
  save: () => Promise.resolve(),
  forget: () => Promise.resolve(false),
};

export function loginOf({ login: http, tokens = noTokens }: YaplaClients) {
  return http === null ? undefined : { http, tokens };
}

/** One request: the schema. Two more where the token turns out to have ended. */
export async function examineGraphql(
  settings: string,
  connection: string,
  { yapla: config, fields: fieldMap, defaultCountry }: ConnectionConfig,
  write: YaplaGraphqlConfig,
  clients: YaplaClients,
  tell: Tell,
): Promise<void> {
  const logIn = `run \`passerelle login ${connection}\``;
  const stored = await (clients.tokens ?? noTokens).read();
  if (stored === null) {
    tell('login', 'failed', 'nobody is logged in to Yapla for this connection', logIn);
    return tell('schema', 'skipped', 'it is read in the name of the person who is logged in');
  }
  const observed = observe(clients.write);
  const options = { connection, config, fieldMap, defaultCountry, writeHttp: observed.http, budget: noStop };
  const { session } = openGraphql({ ...options, login: loginOf(clients) }, write);
  const { origin } = graphqlAddress(config, write);
  const { host } = new URL(origin);
  const account = {
    settings: `${settings}.write`,
    onUnknown: logIn,
    onForbidden: `have GraphQL opened for the client of ${settings}.write.oauth`,
  };
  const failures: Tell = (name, verdict, ...rest) => {
    if (verdict === 'failed') tell(name === 'credential' ? 'login' : 'schema', verdict, ...rest);
  };
  const read = await new Attempts(account, host, observed, failures).run('schema', () =>
    introspect(session, config, write, ask),
  );
  if (!('value' in read)) return;
  tell('login', 'ok', `${host} takes the login; whether members may be written shows with the first write`);
  if ('refused' in read.value) {
    return tell(
      'schema',
      'warning',
      `${read.value.refused}: the documents cannot be held against it`,
      'ask Yapla for the schema, and compare it with the documents by eye: what does not fit shows with the first write',
    );
  }
  const flaws = flawsOf(read.value.schema, write, listPlaces({ config, fieldMap, defaultCountry }));
  if (flaws.length === 0) return tell('schema', 'ok', 'it has all fields and arguments that the documents name');
  tell(
    'schema',
    'failed',
    'it does not have what is configured',
    `correct what stands below in ${settings}.write`,
    flaws.map(({ setting, what }) => `${setting}: ${what}`),
  );
}
