/** What of a worker's metrics says who waits for an import in Yapla, and since when. Counts and times; nothing of anybody. */
import { Gauge, type Registry } from 'prom-client';
import type { ConnectionConfig } from './config/schema.js';
import { personsOf } from './core/record.js';
import type { Sql } from './store/database.js';
import { openBatches } from './store/importBatches.js';
import { countCollected } from './store/waiting.js';
import { importingConnections } from './yaplaImport.js';

export interface ImportMetrics {
  /** Asks the database anew. */
  update(sql: Sql, connections: Readonly<Record<string, ConnectionConfig>>): Promise<void>;
  reset(): void;
}

export function importMetrics(registry: Registry): ImportMetrics {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const people = gauge(
    'passerelle_import_waiting_people',
    'People of whom something waits and is in no import file yet.',
    ['connection'],
  );
  const since = gauge('passerelle_import_waiting_since_seconds', 'Unix time of the oldest of these changes.', [
    'connection',
  ]);
  const filePeople = gauge(
    'passerelle_import_file_people',
    'People in files that are not judged yet. handedOut: somebody is to import them; done: imported, and it is looked what they brought.',
    ['connection', 'state'],
  );
  const fileSince = gauge(
    'passerelle_import_file_since_seconds',
    'Unix time at which the oldest of these files was made.',
    ['connection', 'state'],
  );
  const all = [people, since, filePeople, fileSince];
  const reset = () => all.forEach((one) => one.reset());

  return {
    reset,
    async update(sql, connections) {
      reset();
      for (const connection of importingConnections(connections)) {
        const scope = personsOf(connection);
        const { collected, sinceMs } = await countCollected(sql, scope);
        people.set({ connection }, collected);
        if (sinceMs !== null) since.set({ connection }, sinceMs / 1_000);
        for (const { state, people: inFile, madeAtMs } of await openBatches(sql, scope)) {
          filePeople.inc({ connection, state }, inFile);
          const { values } = await fileSince.get();
          const known = values.find(({ labels }) => labels.connection === connection && labels.state === state);
          fileSince.set({ connection, state }, Math.min(known?.value ?? Number.POSITIVE_INFINITY, madeAtMs / 1_000));
        }
      }
    },
  };
}
