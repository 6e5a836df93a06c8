import { expect, test } from '@jest/globals';
import type { JsonObject } from '../../src/core/document.js';
import { idIn } from '../../src/core/idIn.js';
import { parseJson } from '../../src/core/json.js';

const read = (json: string) => idIn((parseJson(`{"id":${json}}`) as JsonObject)['id']);

test.each([
  ['1042', '1042'],
  ['"m-7"', 'm-7'],
  ['12345678901234567', '12345678901234567'],
])('%s is the id %s', (json, id) => {
  expect(read(json)).toBe(id);
});

test.each([
  '1.5',
  '1e300',
  '""',
  '"."',
  '".."',
  'null',
  'true',
  '{}',
  '["7"]',
  '"a\\u0000"',
  '"\\ud800"',
  `"${'9'.repeat(201)}"`,
])('%s is no id', (json) => {
  expect(read(json)).toBeNull();
});
