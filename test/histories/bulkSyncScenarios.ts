/** Bulk syncs whose histories are kept. */
import type { BulkSyncHandle } from '../../src/bulk.js';
import { approveUpdate, pauseUpdate, resumeSignal, resumeUpdate } from '../../workflows/bulkSync.messages.js';
import { untilProgress } from '../helpers/bulkSync.js';
import type { Scenario } from './scenario.js';

const people = { seed: 31, yapla: 6, yoplanning: 4, shared: 5, differing: 5 };

async function toItsEnd(handle: BulkSyncHandle): Promise<BulkSyncHandle> {
  await handle.result();
  return handle;
}

export const bulkSyncScenarios: readonly Scenario[] = [
  {
    name: 'bulkSync.applied',
    options: { sandbox: { people } },
    run: async (house) => await toItsEnd(await house.startBulk()),
  },
  {
    name: 'bulkSync.nothing-to-do',
    options: { sandbox: { people } },
    run: async (house) => {
      await (await house.startBulk()).result();
      return await toItsEnd(await house.startBulk());
    },
  },
  {
    name: 'bulkSync.approved-by-a-person-paused-and-resumed',
    options: {
      sandbox: { people, yoplanning: { limits: {}, latency: { inboundMs: 10, outboundMs: 10 } } },
      connection: { settings: { bulk: { chunkItems: 3, parallelItems: 1, parallelChunks: 1 } } },
    },
    run: async (house) => {
      const handle = await house.startBulk({ autoApprove: false });
      const { plan } = await untilProgress(handle, ({ phase }) => phase === 'waitingForApproval');
      await handle.executeUpdate(approveUpdate, { args: [{ plan: plan!.number, decision: 1 }] });
      await untilProgress(handle, ({ phase }) => phase === 'applying');
      await handle.executeUpdate(pauseUpdate);
      await untilProgress(handle, ({ state }) => state.kind === 'paused');
      await handle.executeUpdate(resumeUpdate);
      return await toItsEnd(handle);
    },
  },
  {
    // The run that is kept is the one whose plan waited.
    name: 'bulkSync.superseded',
    options: { sandbox: { people } },
    run: async (house) => {
      const handle = await house.startBulk({ autoApprove: false });
      await untilProgress(handle, ({ phase }) => phase === 'waitingForApproval');
      const { runId } = await handle.describe();
      await (await house.startBulk()).result();
      return house.client.workflow.getHandle(handle.workflowId, runId);
    },
  },
  {
    name: 'bulkSync.quota-spent-and-token-revoked',
    options: {
      sandbox: { people, yoplanning: { limits: { requestsPerDay: 12, dayWindowMs: 3_000 } } },
      connection: { limits: { yoplanning: { requestsPerDay: 12, dayWindowMs: 3_000, liveShare: 0, longWaitMs: 100 } } },
    },
    run: async (house) => {
      const fault = await house.sandbox.control.addFault({ system: 'yapla', skip: 5, action: { do: 'revoke' } });
      const handle = await house.startBulk();
      await untilProgress(handle, ({ state }) => state.kind === 'stopped');
      await house.sandbox.control.removeFault(fault);
      await handle.signal(resumeSignal);
      return await toItsEnd(handle);
    },
  },
  {
    name: 'bulkSync.creations-settled',
    options: { sandbox: { people } },
    run: async (house) => {
      const lost = { system: 'yapla', kind: 'create', times: 2 } as const;
      await house.sandbox.control.addFault({ ...lost, action: { do: 'reset', effect: 'applied' } });
      await house.sandbox.control.addFault({ ...lost, skip: 2, action: { do: 'reset', effect: 'none' } });
      return await toItsEnd(await house.startBulk());
    },
  },
];
