import { chmodSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { privateDirectory } from '../../src/embedded/privateDirectory.js';
import { temporaryDirectory } from './directories.js';

test('nobody else may list the data directory or write to it, whether it is new or was there', () => {
  const [fresh, open] = [path.join(temporaryDirectory(), 'fresh'), path.join(temporaryDirectory(), 'open')];
  mkdirSync(open);
  chmodSync(open, 0o777);
  for (const directory of [fresh, open]) {
    privateDirectory(directory);
    expect(statSync(directory).mode & 0o066).toBe(0);
  }
});
