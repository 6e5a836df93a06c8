import { expect, test } from '@jest/globals';
import { answering } from '../../src/cli/demoLive.js';
import { whoOf, type ByOption } from '../../src/cli/who.js';

test.each<[string, NodeJS.ProcessEnv]>([
  ['somebody is logged in', { USER: 'ada' }],
  ['nobody is logged in', {}],
])('the demo answers its case in a name where %s', (_, environment) => {
  const words = answering(23, environment);
  expect(words.slice(0, 4)).toEqual(['resolve', '23', '--take', 'yapla']);
  const at = words.indexOf('--by');
  const given: ByOption = at < 0 ? {} : { by: words[at + 1]! };
  expect(whoOf(given, environment)).toBe(environment['USER'] ?? 'demo');
});
