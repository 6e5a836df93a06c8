/**
 * Wakes the people's workflows that wait for a credential, as soon as it may be used again: its stop was lifted (by whom and wherever), the
 * time that a 429 named is over, or the breaker has closed. Left alone they would find out by their own timers, hours later where it was
 * stopped. What is seen here is the database, so every worker sees what any of them met.
 *
 * Repeatable and never needed for what is right: a wake-up too much costs a look, one too few a wait until the workflow's own timer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { wakeCatalogue } from './catalogue.js';
import { bulkSyncId, resumeSignal } from '../workflows/bulkSync.messages.js';
import type { ConnectionConfig } from './config/schema.js';
import { credentialsOf } from './connection.js';
import { systemNames } from './core/record.js';
import type { Log } from './log.js';
import type { Sql } from './store/database.js';
import { type Held, heldCredentials, type WatchedCredential } from './store/credentials.js';
import { listConnections } from './store/connections.js';
import { resumeStoppedRecords, wakeRecords } from './syncRecord.js';

export interface WakingOptions {
  readonly sql: Sql;
  readonly client: { readonly workflow: Pick<Client['workflow'], 'getHandle' | 'list'> };
  readonly connections: Readonly<Record<string, ConnectionConfig>>;
  readonly log: Log;
}

/**
 * A worker starts with what a person has mended: a new token, another setting, a connection that is configured again. Those that had stopped
 * look again. What still runs of a connection that was taken out is told to look, too, and ends in good order.
 *
 * Never throws: those who are not told wait for `resume`, or for their own next look, which is no reason not to work.
 */
export async function lookAgainAtStart({ sql, client, connections, log }: WakingOptions): Promise<void> {
  const configured = Object.keys(connections);
  for (const connectionId of configured) {
    try {
      const records = await resumeStoppedRecords(client, connectionId);
      await wakeCatalogue(client, connectionId);
      if (records > 0) log.info({ connectionId, records }, 'records that had stopped look again');
    } catch (error) {
      log.warn({ connectionId, error: nameOf(error) }, 'records that had stopped could not be told to look again');
    }
  }
  try {
    const takenOut = (await listConnections(sql)).map(({ id }) => id).filter((id) => !configured.includes(id));
    for (const connectionId of takenOut) {
      const records = await wakeRecords(client, connectionId);
      const bulk = await resumeBulk(client, connectionId);
      const catalogue = await wakeCatalogue(client, connectionId);
      if (records === 0 && !bulk && !catalogue) continue;
      log.info(
        { connectionId, records, bulk, catalogue },
        'the configuration does not have this connection any more: what runs of it ends, and what is left to do stays in the database',
      );
    }
  } catch (error) {
    log.warn({ error: nameOf(error) }, 'what runs of connections that were taken out could not be told to look');
  }
}

/** @returns whether one ran */
async function resumeBulk(client: WakingOptions['client'], connectionId: string): Promise<boolean> {
  try {
    await client.workflow.getHandle(bulkSyncId(connectionId)).signal(resumeSignal);
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return false;
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

/**
 * Looks this time, and once more the next: who began to wait just before a credential was free may not be listed by Temporal yet, which
 * learns of it a moment later.
 */
const looks = 2;

/** Looks after the credentials of all connections, until the signal fires. Never throws. */
export async function keepWaking(options: WakingOptions, signal: AbortSignal): Promise<void> {
  const { connections, log } = options;
  const everyMs = Math.min(...Object.values(connections).map(({ live }) => live.wakeMs));
  if (!Number.isFinite(everyMs)) return;
  const waking = new Waking(options);
  while (!signal.aborted) {
    try {
      await waking.look();
    } catch (error) {
      // The database or Temporal is away: the next look finds the same.
      log.debug({ error: nameOf(error) }, 'nobody could be woken');
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/** What is held, from nothing to all that is sent. */
function weightOf(held: Held | undefined): number {
  if (held === undefined) return 0;
  return held === 'writes' ? 1 : 2;
}

interface Watched extends WatchedCredential {
  readonly connectionId: string;
}

/** One look after the other. Exported for its test. */
export class Waking {
  private held: ReadonlyMap<string, Held> = new Map();
  /** Credentials that are free, or free to read, and whose connections are to be told so, so many times more. */
  private readonly toTell = new Map<string, number>();
  private readonly known = new Map<string, readonly Watched[]>();

  constructor(private readonly options: WakingOptions) {}

  async look(): Promise<void> {
    const watched = await this.credentials();
    const held = await heldCredentials(this.options.sql, watched);
    for (const { credential } of watched) {
      const [before, now] = [weightOf(this.held.get(credential)), weightOf(held.get(credential))];
      if (now < before) this.toTell.set(credential, looks);
      if (now > before) this.toTell.delete(credential);
    }
    this.held = held;
    for (const [credential, times] of [...this.toTell]) {
      const told = watched.filter((one) => one.credential === credential).map((one) => one.connectionId);
      for (const connectionId of new Set(told)) await this.wake(connectionId);
      if (times > 1) this.toTell.set(credential, times - 1);
      else this.toTell.delete(credential);
    }
  }

  private async wake(connectionId: string): Promise<void> {
    const { client, log } = this.options;
    const records = await resumeStoppedRecords(client, connectionId);
    await wakeCatalogue(client, connectionId);
    if (records > 0)
      log.info({ connectionId, records }, 'a credential may be used again: records that waited look again');
  }

  /** Of the connections that there are now. */
  private async credentials(): Promise<Watched[]> {
    const { sql, connections } = this.options;
    const watched: Watched[] = [];
    for (const [connectionId, connection] of Object.entries(connections)) {
      let both = this.known.get(connectionId);
      if (both === undefined) {
        const credentials = await credentialsOf(sql, connection);
        both = systemNames.map((system) => {
          const { failuresInARow } = connection[system].breaker;
          return { connectionId, credential: credentials[system], failuresInARow };
        });
        this.known.set(connectionId, both);
      }
      watched.push(...both);
    }
    return watched;
  }
}
