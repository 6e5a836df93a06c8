/** The two systems of a connection, each with its budget and its http clients. */
import type { ConnectionConfig } from '../config/schema.js';
import type { SystemName } from '../core/record.js';
import type { HttpClient } from '../http/client.js';
import type { Budget } from '../store/budget.js';
import { openYaplaHttp, openYoplanningHttp } from './httpClients.js';
import type { System } from './system.js';
import { createTeams, type Teams } from './yoplanning/teams.js';
import { createClients, type Clients } from './yoplanning/clients.js';
import { createYaplaSystem } from './yapla/system.js';
import { createYoplanningSystem } from './yoplanning/system.js';

export interface SystemsDependencies {
  /** The budget of the connection's credential for each system. Not ended by `close`. */
  readonly budgets: Readonly<Record<SystemName, Budget>>;
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
  /** Yoplanning's resources as documented, for what is not a sync: doctor, checks. */
  readonly resources: { readonly teams: Teams; readonly clients: Clients };
  close(): Promise<void>;
}

/** Opens both systems of a connection. Nothing is sent before the first call. */
export function openSystems(connection: string, config: ConnectionConfig, dependencies: SystemsDependencies): Systems {
  const yapla = openYapla(connection, config, dependencies);
  const { http, ...yoplanning } = openYoplanning(connection, config, dependencies);
  return {
    yapla: yapla.system,
    yoplanning: yoplanning.system,
    resources: { teams: createTeams(http, config.yoplanning), clients: createClients(http, config.yoplanning) },
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
  { budgets }: SystemsDependencies,
): OpenSystem {
  const budget = budgets.yapla;
  const { data: dataHttp, write: writeHttp } = openYaplaHttp(connection, config, budget);
  return {
    system: createYaplaSystem({ connection, config, fieldMap, defaultCountry, dataHttp, writeHttp, budget }),
    close: async () => void (await Promise.all([dataHttp.close(), writeHttp.close()])),
  };
}
