import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import LongestFirst, { longest } from './longestFirst.js';

const rootDir = process.cwd();
/** As jest hands it over, as far as an order needs it. */
const file = (name: string) => ({
  path: path.join(rootDir, name),
  context: { config: { rootDir, id: 'none', cacheDirectory: '/nowhere' }, hasteFS: { getSize: () => name.length } },
});

test('the files that run first are there', () => {
  expect(longest.filter((name) => !existsSync(name))).toEqual([]);
});

test('the longest come first, in their order, and all others after them', () => {
  const [first, second] = longest;
  const others = ['test/log.unit.test.ts', 'test/connection.servers.test.ts'];
  const sorted = new LongestFirst().sort([others[0]!, second!, others[1]!, first!].map(file));
  const names = sorted.map((one) => path.relative(rootDir, one.path));
  expect(names.slice(0, 2)).toEqual([first, second]);
  expect(names.slice(2).sort()).toEqual([...others].sort());
});
