/** Runs of the retention whose histories are kept. */
import type { retention } from '../../workflows/retention.js';
import { uniqueName } from '../helpers/servers.js';
import type { Scenario } from './scenario.js';

export const retentionScenarios: readonly Scenario[] = [
  {
    name: 'retention.swept',
    options: { sandbox: { people: { seed: 32, yapla: 0, yoplanning: 0, shared: 2, differing: 0 } } },
    run: async ({ client, taskQueue }) => {
      const workflowId = uniqueName('retention');
      const handle = await client.workflow.start<typeof retention>('retention', { workflowId, taskQueue });
      await handle.result();
      return handle;
    },
  },
];
