/**
 * What a connection shows to each system, and which connections show the same: a limit is the credential's, no matter who uses it. No I/O.
 */
import type { BreakerConfig, LimitsConfig } from './limits.js';
import { yaplaAddresses, type YaplaConfig } from './yapla.js';
import type { YoplanningConfig } from './yoplanning.js';
import { systemNames, type SystemName } from '../core/record.js';

/** The part of a connection's configuration that says where its credentials go. */
export interface CredentialConfig {
  readonly yapla: Pick<YaplaConfig, 'server' | 'read' | 'limits' | 'breaker'>;
  readonly yoplanning: Pick<YoplanningConfig, 'baseUrl' | 'token' | 'team' | 'limits' | 'breaker'>;
}

/** Names a credential by what makes it one: the server and the token. A secret: for comparing and for hashing, never to be shown. */
export function secretOf(config: CredentialConfig, system: SystemName): string {
  const [address, token] =
    system === 'yapla'
      ? // Reading and writing are one account, with one budget (systems/index.ts).
        [config.yapla.read.baseUrl ?? yaplaAddresses(config.yapla.server).data, config.yapla.read.key?.value ?? '']
      : [config.yoplanning.baseUrl, config.yoplanning.token];
  return `${system} ${originOf(address)} ${token}`;
}

/** The connections that show a system the same credential as this one, in the order of the file; without itself. */
export function sharingConnections(
  connections: Readonly<Record<string, CredentialConfig>>,
  connectionId: string,
  system: SystemName,
): string[] {
  const own = connections[connectionId];
  if (own === undefined) return [];
  const secret = secretOf(own, system);
  return Object.keys(connections).filter(
    (other) => other !== connectionId && secretOf(connections[other]!, system) === secret,
  );
}

/** Connections that share a credential get the strictest of their limits, each: else the one would spend what the other must keep. */
export function withSharedLimits<Connection extends CredentialConfig>(
  connections: Readonly<Record<string, Connection>>,
): Record<string, Connection> {
  return Object.fromEntries(
    Object.entries(connections).map(([id, connection]) => {
      const shared = systemNames.map((system) => {
        const own = connection[system];
        const others = sharingConnections(connections, id, system).map((other) => connections[other]![system]);
        const limits = others.map((other) => other.limits).reduce(strictest, own.limits);
        const breaker = others.map((other) => other.breaker).reduce(mostPatient, own.breaker);
        return [system, { ...own, limits, breaker }];
      });
      return [id, { ...connection, ...Object.fromEntries(shared) } as Connection];
    }),
  );
}

/** The same team of the same server in two connections, each with the one before it: two links per person, and two writers. */
export function doubleTeams(
  connections: Readonly<Record<string, CredentialConfig>>,
): { readonly connection: string; readonly other: string }[] {
  const first = new Map<string, string>();
  return Object.entries(connections).flatMap(([connection, { yoplanning }]) => {
    const team = `${originOf(yoplanning.baseUrl)} ${yoplanning.team.toLowerCase()}`;
    const other = first.get(team);
    if (other === undefined) first.set(team, connection);
    return other === undefined ? [] : [{ connection, other }];
  });
}

/** How long a request of ours waits is each connection's own matter. */
function strictest(one: LimitsConfig, other: LimitsConfig): LimitsConfig {
  return {
    ...one,
    requestsPerSecond: fewer(one.requestsPerSecond, other.requestsPerSecond),
    requestsPerDay: fewer(one.requestsPerDay, other.requestsPerDay),
    secondWindowMs: Math.max(one.secondWindowMs, other.secondWindowMs),
    dayWindowMs: Math.max(one.dayWindowMs, other.dayWindowMs),
    liveShare: Math.max(one.liveShare, other.liveShare),
    idleShare: Math.min(one.idleShare, other.idleShare),
    lateArrivalMs: Math.max(one.lateArrivalMs, other.lateArrivalMs),
  };
}

function mostPatient(one: BreakerConfig, other: BreakerConfig): BreakerConfig {
  return {
    failuresInARow: Math.min(one.failuresInARow, other.failuresInARow),
    firstPauseMs: Math.max(one.firstPauseMs, other.firstPauseMs),
    longestPauseMs: Math.max(one.longestPauseMs, other.longestPauseMs),
  };
}

function fewer(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

/** Anyone who checks a configuration asks for what is no address, too. */
function originOf(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : address;
}

/** The longest window of any limit: a request counts for so long. */
export function longestWindowMs(connections: Readonly<Record<string, CredentialConfig>>): number {
  const limits = Object.values(connections).flatMap(({ yapla, yoplanning }) => [yapla.limits, yoplanning.limits]);
  return Math.max(0, ...limits.flatMap(({ secondWindowMs, dayWindowMs }) => [secondWindowMs, dayWindowMs]));
}
