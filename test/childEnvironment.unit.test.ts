import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { childEnvironment } from '../src/childEnvironment.js';

const secret = 'not-for-children';
const secrets = [
  'YAPLA_API_KEY',
  'YOPLANNING_TOKEN',
  'DATABASE_URL',
  'PGPASSWORD',
  'AWS_SECRET_ACCESS_KEY',
  'NODE_OPTIONS',
];
const real = process.env;
beforeEach(() => {
  process.env = { ...real, https_proxy: 'http://proxy:3128', LC_CTYPE: 'fr_FR.UTF-8' };
  for (const name of secrets) process.env[name] = secret;
});
afterEach(() => {
  process.env = real;
});

describe('the environment of a program that we start', () => {
  test('has none of our secrets, whether it fetches something or not', () => {
    for (const network of [false, true]) expect(Object.values(childEnvironment({}, { network }))).not.toContain(secret);
  });

  test('has what a program needs to run, and what it is given', () => {
    const seen = childEnvironment({ GOBIN: '/tmp/bin' });
    expect(seen).toMatchObject({ PATH: process.env['PATH'], LC_CTYPE: 'fr_FR.UTF-8', GOBIN: '/tmp/bin' });
    expect(seen).not.toHaveProperty('https_proxy');
  });

  test('has the way to the network where it fetches something', () => {
    expect(childEnvironment({}, { network: true })).toHaveProperty('https_proxy', 'http://proxy:3128');
  });
});

test('each program of the embedded stack is started with an environment of its own', () => {
  const folder = path.resolve('src/embedded');
  const starts = readdirSync(folder).flatMap((file) =>
    [
      ...readFileSync(path.join(folder, file), 'utf8').matchAll(
        /\b(?:spawn|spawnSync|execFileSync|promisify\(execFile\))\(([\s\S]*?)\);/g,
      ),
    ].map(([call]) => ({ file, call })),
  );
  expect(starts.length).toBeGreaterThan(5);
  // Options that are handed on carry the environment with them.
  expect(starts.filter(({ call }) => !/\benv\b|\boptions\b/.test(call)).map(({ file }) => file)).toEqual([]);
});
