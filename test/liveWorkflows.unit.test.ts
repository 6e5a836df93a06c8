import { expect, test } from '@jest/globals';
import type { LiveTarget } from '../src/syncRecord.js';
import { liveSchema } from '../src/config/live.js';
import { recordKinds } from '../src/core/record.js';
import { tellChanged, toldKinds } from '../src/liveWorkflows.js';

/** @returns the ids of the workflows that were told */
async function told(kind: LiveTarget['scope']['kind']): Promise<string[]> {
  const ids: string[] = [];
  const workflow = {
    signalWithStart: (_: string, { workflowId }: { workflowId: string }) => {
      ids.push(workflowId);
      return Promise.resolve();
    },
  };
  const target = {
    client: { workflow } as unknown as LiveTarget['client'],
    liveTaskQueue: 'live',
    scope: { connectionId: 'club', kind },
    connection: { live: liveSchema.parse({}) },
  };
  await tellChanged(target, 'yapla:1', { yapla: 1, yoplanning: 0 });
  return ids;
}

test.each(toldKinds)("a %s's workflow is told under an id with the kind in it", async (kind) => {
  expect(await told(kind)).toEqual([expect.stringContaining(`${kind}/club/yapla:1`)]);
});

test('no workflow is told of a kind that has none', async () => {
  for (const kind of recordKinds.filter((one) => !toldKinds.includes(one)))
    await expect(told(kind)).rejects.toThrow(TypeError);
});
