import { test } from '@jest/globals';
import fc from 'fast-check';
import { histories, runHistory } from '../helpers/liveModel.js';
import { checkProperty } from '../helpers/property.js';

test('whatever happens, at the end the properties hold', async () => {
  await checkProperty(fc.property(histories, runHistory), { numRuns: 10_000 });
});
