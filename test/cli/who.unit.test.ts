import { expect, test } from '@jest/globals';
import { run } from '../../src/cli/main.js';
import { UsageError } from '../../src/cli/program.js';
import { nameOf, whoOf } from '../../src/cli/who.js';
import { collectedOutput } from '../helpers/collectedOutput.js';

test('the name that is given comes before that of the account', () => {
  expect(whoOf({ by: ' Ann ' }, { USER: 'root' })).toBe('Ann');
  expect(whoOf({}, { USER: '', LOGNAME: 'bob' })).toBe('bob');
});

test('where neither is there nobody is made up: the command is refused', () => {
  expect(nameOf({ by: ' ' }, { USER: '' })).toBeNull();
  expect(() => whoOf({}, {})).toThrow(UsageError);
});

test.each([
  ['approve', 'club', '1'],
  ['reject', 'club', '1'],
  ['pause', 'club'],
  ['resume', 'club'],
  ['cancel', 'club'],
  ['sync', 'club', '--yes'],
  ['resolve', '1', '--take', 'yapla'],
  ['forget-rule', 'club', 'city'],
])('%s asks who does it, where nobody is logged in', async (...words) => {
  const environment = process.env;
  process.env = { PATH: environment['PATH'] };
  try {
    const output = collectedOutput();
    expect(await run(['node', 'passerelle', ...words], output)).toBe(2);
    expect(output.noted.join('\n')).toContain('--by <who>');
  } finally {
    process.env = environment;
  }
});
