/** What a workflow does that somebody else than our own commands started. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { newBulkRun } from '../../workflows/bulkRun.js';
import { bulkSyncId } from '../../workflows/bulkSync.messages.js';
import { untilProgress } from '../helpers/bulkSync.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

let house: TestPasserelle;
beforeAll(async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 9, yapla: 2, yoplanning: 0, shared: 2, differing: 0 } },
    connection: { settings: { bulk: { autoApprove: false } } },
  });
});
afterAll(async () => await house.stop());

const start = async (type: string, workflowId: string, input: object): Promise<WorkflowHandle> =>
  await house.client.workflow.start(type, { workflowId, taskQueue: house.taskQueue, args: [input] });

async function failureType(handle: WorkflowHandle): Promise<string | null | undefined> {
  const failure: unknown = await handle.result().catch((error: unknown) => error);
  const cause = failure instanceof WorkflowFailedError ? failure.cause : undefined;
  return cause instanceof ApplicationFailure ? cause.type : undefined;
}

describe('started by a stranger', () => {
  test('a bulk sync ends at once under another id, and touches no system', async () => {
    const { connectionId } = house;
    const handle = await start('bulkSync', `bulk/${connectionId}/mine`, { connectionId });
    expect(await failureType(handle)).toBe('ForeignStart');
    const { yapla, yoplanning } = await house.sandbox.control.counts();
    expect([yapla.requests, yoplanning.requests]).toEqual([0, 0]);
  });

  test('a bulk sync ends at once with a state that approves its own plan', async () => {
    const { connectionId } = house;
    const carried = {
      ...newBulkRun(connectionId, 'mine'),
      step: 'storeApproval',
      decision: { verb: 'approve', by: { rule: 'autoApprove' } },
    };
    const handle = await start('bulkSync', bulkSyncId(connectionId), { connectionId, carried });
    expect(await failureType(handle)).toBe('ForeignStart');
  });

  test('a bulk sync asks a person whatever its input says: approving by rule is the configuration’s', async () => {
    const { connectionId } = house;
    const input = { connectionId, autoApprove: true };
    await start('bulkSync', bulkSyncId(connectionId), input);
    const handle = house.client.workflow.getHandle(bulkSyncId(connectionId));
    const { phase } = await untilProgress(
      handle as Parameters<typeof untilProgress>[0],
      (seen) => seen.phase === 'waitingForApproval' || seen.decision !== null,
    );
    expect(phase).toBe('waitingForApproval');
    await handle.cancel();
    await handle.result();
  });

  test('a record’s workflow ends at once under another id', async () => {
    const { connectionId } = house;
    const input = { connectionId, kind: 'person', linkId: 'yapla:1', settings: house.connection.live };
    expect(await failureType(await start('syncRecord', `person/${connectionId}/yapla:2`, input))).toBe('ForeignStart');
  });
});
