import { expect, test } from '@jest/globals';
import { recordKinds } from '../src/core/record.js';
import { isLiveWorkflow, liveWorkflowType, toldKinds } from '../src/liveWorkflows.js';
import * as workflows from '../workflows/index.js';

test.each(toldKinds)(
  'the workflow that looks after a %s is one that the worker has, and is found among those that run',
  (kind) => {
    expect(Object.keys(workflows)).toContain(liveWorkflowType(kind));
    expect(isLiveWorkflow).toContain(`'${liveWorkflowType(kind)}'`);
  },
);

test('a kind that has none is refused', () => {
  for (const kind of recordKinds.filter((one) => !toldKinds.includes(one)))
    expect(() => liveWorkflowType(kind)).toThrow(TypeError);
});
