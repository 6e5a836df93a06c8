/** What a worker looks at when it starts: whether what is configured about writing fits what the accounts tell of themselves. */
import type { ConnectionConfig } from './config/schema.js';
import type { OpenConnection } from './connection.js';
import { personsOf, type Scope, systemNames } from './core/record.js';
import type { Ask } from './http/client.js';
import { isFailure, WritesStopped } from './http/failures.js';
import type { Log } from './log.js';

export interface StartChecks {
  readonly connections: Readonly<Record<string, ConnectionConfig>>;
  readonly open: (scope: Scope) => Promise<OpenConnection>;
  readonly log: Log;
}

/** From what the day has left over: nobody waits for it, and before a first write it is looked at again. */
const ask: Ask = { lane: 'idle', purpose: 'start' };

/**
 * What does not fit stops the writes of its system, and is said here. What could not be looked at is looked at before the first write.
 *
 * Never throws.
 */
export async function checkWritesAtStart({ connections, open, log }: StartChecks): Promise<void> {
  // Of the ways to write this one alone can be held against anything before it is used.
  const checked = Object.keys(connections).filter((id) => connections[id]!.yapla.write.mode === 'graphql');
  for (const connectionId of checked) {
    try {
      const { systems } = await open(personsOf(connectionId));
      for (const system of systemNames) await systems[system].checkWrites?.(ask);
      log.debug({ connectionId }, 'what is configured about writing fits the account');
    } catch (error) {
      if (error instanceof WritesStopped) {
        log.error(
          { connectionId, reason: error.reason },
          'writes are stopped: what is configured does not fit the account',
        );
      } else {
        const failure = isFailure(error) ? error.message : error instanceof Error ? error.name : typeof error;
        log.warn(
          { connectionId, failure },
          'what is configured about writing could not be held against the account yet',
        );
      }
    }
  }
}
