/** Runs of the catalogue's mirror whose histories are kept. They do not end: kept is what was done by then. */
import { until } from '../helpers/live.js';
import type { PasserelleOptions, TestPasserelle } from '../helpers/passerelle.js';
import { mirrorCatalogueId, mirrorProgressQuery, type MirrorProgress } from '../../workflows/mirrorCatalogue.messages.js';
import { resumeConnection } from '../../src/cli/resume.js';
import type { Scenario } from './scenario.js';

const catalogue = { everyMs: 100, requestsPerDay: 10_000_000 };

const options = (more: object = {}): PasserelleOptions => ({
  sandbox: { people: { seed: 73, yapla: 0, yoplanning: 0, shared: 4, differing: 0 } },
  connection: {
    events: true,
    settings: { events: { catalogue: { ...catalogue, ...more } }, live: { stoppedRetryMs: 3_600_000 } },
  },
});

const handleOf = ({ client, connectionId }: TestPasserelle, runId?: string) =>
  client.workflow.getHandle(mirrorCatalogueId(connectionId), runId);

const untilProgress = async (house: TestPasserelle, accept: (progress: MirrorProgress) => boolean) =>
  await until(() => handleOf(house).query(mirrorProgressQuery), accept);

export const mirrorScenarios: readonly Scenario[] = [
  {
    name: 'mirrorCatalogue.stopped-and-resumed',
    options: options(),
    run: async (house) => {
      await untilProgress(house, ({ totals }) => totals.turns > 2);
      const fault = await house.sandbox.control.addFault({ system: 'yoplanning', action: { do: 'revoke' } });
      await untilProgress(house, ({ state }) => state === 'stopped');
      await house.sandbox.control.removeFault(fault);
      const { client, sql, config, connectionId } = house;
      await resumeConnection({ client, sql, connections: config.connections }, connectionId);
      const { totals } = await untilProgress(house, ({ state }) => state === 'running');
      await untilProgress(house, (progress) => progress.totals.turns > totals.turns + 2);
      return handleOf(house);
    },
  },
  {
    name: 'mirrorCatalogue.continued-as-new',
    options: options({ maxHistoryEvents: 100 }),
    run: async (house) => {
      const { runId } = await handleOf(house).describe();
      await until(
        () => handleOf(house).describe(),
        (now) => now.runId !== runId,
      );
      return handleOf(house, runId);
    },
  },
];
