/** The two systems of a connection, each with its budget and its http clients. */
import type { ConnectionConfig } from '../config/schema.js';
import type { SystemName } from '../core/record.js';
import { createHttpClient, type HttpClient, type HttpClientOptions } from '../http/client.js';
import type { OAuthConfig } from '../config/yaplaGraphql.js';
import { graphqlAddress } from './yapla/graphqlRequest.js';
import { ifReadOnly } from './yapla/ways.js';
import type { Budget } from '../store/budget.js';
import type { SchemaStore } from '../store/graphqlSchemas.js';
import type { TokenStore } from '../store/oauthTokens.js';
import type { System } from './system.js';
import { type Bookings, openBookings } from './yoplanning/bookings.js';
import { type Clients, createClients, createTeams, type Teams } from './yoplanning/clients.js';
import { createYaplaSystem } from './yapla/system.js';
import { createYoplanningSystem } from './yoplanning/system.js';
import { yaplaAddresses, type YaplaConfig } from '../config/yapla.js';
import type { YoplanningConfig } from '../config/yoplanning.js';

export interface SystemsDependencies {
  /** The budget of the connection's credential for each system. Not ended by `close`. */
  readonly budgets: Readonly<Record<SystemName, Budget>>;
  /** Where a login to Yapla is kept; needed where `yapla.write.mode` is graphql. */
  readonly tokens?: TokenStore | undefined;
  /** Where the account's schema is kept, where it is graphql; left out: nowhere. */
  readonly schemas?: SchemaStore | undefined;
}

/** One system with the http clients that it alone uses. */
export interface OpenSystem {
  readonly system: System;
  /** Waits for the requests under way and closes the connections. */
  close(): Promise<void>;
}

export interface Systems {
  readonly yapla: System;
  readonly yoplanning: System;
  /** Yoplanning's resources as documented, for what is not a sync of people: events, doctor, checks. */
  readonly resources: { readonly teams: Teams; readonly clients: Clients; readonly bookings: Bookings };
  close(): Promise<void>;
}

/** Opens both systems of a connection. Nothing is sent before the first call. */
export function openSystems(connection: string, config: ConnectionConfig, dependencies: SystemsDependencies): Systems {
  const yapla = openYapla(connection, config, dependencies);
  const { http, ...yoplanning } = openYoplanning(connection, config, dependencies);
  return {
    yapla: yapla.system,
    yoplanning: yoplanning.system,
    resources: {
      teams: createTeams(http, config.yoplanning),
      clients: createClients(http, config.yoplanning),
      bookings: openBookings(http, config.yoplanning),
    },
    close: async () => void (await Promise.all([yapla.close(), yoplanning.close()])),
  };
}

/** Opens one system by name. */
export function createSystem(
  name: SystemName,
  connection: string,
  config: ConnectionConfig,
  dependencies: SystemsDependencies,
): OpenSystem {
  return name === 'yapla'
    ? openYapla(connection, config, dependencies)
    : openYoplanning(connection, config, dependencies);
}

function openYoplanning(
  connection: string,
  { yoplanning: config, fields: fieldMap, defaultCountry }: ConnectionConfig,
  { budgets }: SystemsDependencies,
): OpenSystem & { readonly http: HttpClient } {
  const http = openYoplanningHttp(connection, config, budgets.yoplanning);
  return {
    system: createYoplanningSystem({ config, fieldMap, defaultCountry, http }),
    http,
    close: () => http.close(),
  };
}

function openYapla(
  connection: string,
  { yapla: config, fields: fieldMap, defaultCountry }: ConnectionConfig,
  { budgets, tokens, schemas }: SystemsDependencies,
): OpenSystem {
  const budget = budgets.yapla;
  const { data: dataHttp, write: writeHttp, login: loginHttp } = openYaplaHttp(connection, config, budget);
  const login = loginHttp === null || tokens === undefined ? undefined : { http: loginHttp, tokens };
  return {
    system: createYaplaSystem({
      connection,
      config,
      fieldMap,
      defaultCountry,
      dataHttp,
      writeHttp,
      budget,
      login,
      schemas,
    }),
    close: async () => void (await Promise.all([dataHttp.close(), writeHttp.close(), loginHttp?.close()])),
  };
}

// The http clients of a connection's systems: where each credential goes. Nothing is sent before the first call.

/** `Authorization: Token <token>`, as the vendor documents it. */
export function openYoplanningHttp(connection: string, config: YoplanningConfig, budget: Budget): HttpClient {
  return createHttpClient({
    connection,
    system: 'yoplanning',
    baseUrl: config.baseUrl,
    headers: () => ({ authorization: `Token ${config.token}` }),
    budget,
    http: config.http,
    maxRetryAfterMs: config.limits.maxRetryAfterMs,
    secrets: [config.token],
  });
}

export interface YaplaHttp {
  /** For the DATA API. A key that goes into the query is added by the one who builds the query. */
  readonly data: HttpClient;
  /** For the address of the way to write; without a session's token, which belongs to each request. */
  readonly write: HttpClient;
  /** For the address where tokens are asked for; null: there is no login. */
  readonly login: HttpClient | null;
}

/** All take their permits from one budget: they are one account. */
export function openYaplaHttp(connection: string, config: YaplaConfig, budget: Budget): YaplaHttp {
  const { write } = config;
  const { key } = config.read;
  const addresses = yaplaAddresses(config.server);
  const secrets = [...(key === undefined ? [] : [key.value]), ...writeSecrets(write)];
  const { maxRetryAfterMs } = config.limits;
  const common = { connection, system: 'yapla', budget, http: config.http, maxRetryAfterMs, secrets };
  const keyHeader: Record<string, string> = key?.in === 'header' ? { [key.name]: key.prefix + key.value } : {};
  return {
    data: createHttpClient({ ...common, baseUrl: config.read.baseUrl ?? addresses.data, headers: () => keyHeader }),
    write: createHttpClient({
      ...common,
      baseUrl: write.mode === 'graphql' ? graphqlAddress(config, write).origin : (writeBase(write) ?? addresses.rest),
      headers: () => ({}),
      ifReadOnly: ifReadOnly(write.mode),
    }),
    login: write.mode === 'graphql' ? openLoginHttp(common, write.oauth) : null,
  };
}

function writeSecrets(write: YaplaConfig['write']): readonly string[] {
  if (write.mode === 'rest') return [write.apiKey];
  return write.mode === 'graphql' && write.oauth.clientSecret !== undefined ? [write.oauth.clientSecret] : [];
}

function writeBase(write: YaplaConfig['write']): string | undefined {
  return write.mode === 'rest' ? write.baseUrl : undefined;
}

function openLoginHttp(common: Omit<HttpClientOptions, 'baseUrl' | 'headers'>, { tokenUrl }: OAuthConfig): HttpClient {
  return createHttpClient({ ...common, baseUrl: new URL(tokenUrl).origin, headers: () => ({}) });
}

/** For the address where a login is taken back (`yapla.write.oauth.revokeUrl`). */
export function openRevocationHttp(
  connection: string,
  config: YaplaConfig,
  revokeUrl: string,
  budget: Budget,
): HttpClient {
  const { maxRetryAfterMs } = config.limits;
  return createHttpClient({
    connection,
    system: 'yapla',
    budget,
    http: config.http,
    maxRetryAfterMs,
    secrets: writeSecrets(config.write),
    baseUrl: new URL(revokeUrl).origin,
    headers: () => ({}),
  });
}
