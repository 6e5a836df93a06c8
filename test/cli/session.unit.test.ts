import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { run } from '../../src/cli/main.js';
import { announce, announced } from '../../src/cli/running.js';
import type { Stack } from '../../src/embedded/stack.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { collectedOutput } from '../helpers/collectedOutput.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-session-'));
});
afterEach(() => {
  delete process.env['PASSERELLE_SESSION_TEST'];
  rmSync(directory, { recursive: true });
});

const nowhere = 'http://127.0.0.1:9';

async function passerelle(...words: string[]): Promise<{ status: number; noted: string }> {
  const file = path.join(directory, 'passerelle.config.json');
  process.env['PASSERELLE_SESSION_TEST'] = 'secret-of-nobody';
  const credentials = { yaplaKey: '${PASSERELLE_SESSION_TEST}', yoplanningToken: '${PASSERELLE_SESSION_TEST}' };
  const addresses = { yapla: nowhere, yoplanning: nowhere, control: nowhere };
  const club = sandboxConnection(addresses, { credentials, settings: { webhooks: {} } });
  writeFileSync(file, JSON.stringify({ dataDirectory: directory, connections: { club } }));
  const output = collectedOutput();
  const status = await run(['node', 'passerelle', '--config', file, ...words], output);
  return { status, noted: output.noted.join('\n') };
}

describe('where nothing runs', () => {
  test.each([
    ['sync', 'club'],
    ['progress', 'club'],
    ['plan', 'club'],
    ['approve', 'club', '1'],
    ['pause', 'club'],
    ['cases', 'club'],
    ['case', '1'],
    ['resolve', '1', '--take', 'yapla'],
    ['forget-rule', 'club', 'city'],
  ])('%s %s says so, and what starts it', async (...words) => {
    const { status, noted } = await passerelle(...words);
    expect(status).toBe(2);
    expect(noted).toContain('database.url is not configured');
    expect(noted).toContain('passerelle start');
  });

  test('a worker alone says which setting it lacks', async () => {
    const { status, noted } = await passerelle('worker');
    expect({ status, noted }).toMatchObject({ status: 2, noted: expect.stringContaining('needs database.url') });
  });

  test.each([
    ['sync', 'club', '--samples', 'many'],
    ['plan', 'club', '--samples=-1'],
    ['demo', '--seed', '7th'],
  ])('%s refuses an option that is not a whole number before it does anything (%s %s %s)', async (...words) => {
    const { status, noted } = await passerelle(...words);
    expect(status).toBe(2);
    expect(noted).toMatch(/expected a whole number, 0 or more/);
  });

  test('a connection that is not configured is named, with those that are', async () => {
    const { status, noted } = await passerelle('resume', 'clubb');
    expect(status).toBe(2);
    expect(noted).toContain('there is no connection "clubb"; the configuration has: club');
  });
});

test('a running stack is found by its data directory until it is taken back, and only its owner may read where', async () => {
  const stack = { databaseUrl: 'postgres://x', temporalAddress: '127.0.0.1:7233' } as Stack;
  expect(announced(directory)).toBeNull();
  const takeBack = announce(directory, stack);
  expect(announced(directory)).toEqual({ databaseUrl: 'postgres://x', temporalAddress: '127.0.0.1:7233', uiUrl: null });
  takeBack();
  expect(announced(directory)).toBeNull();
});

test.each([
  ['sync', 'club'],
  ['approve', 'club', '1'],
  ['cases', 'club'],
])('%s %s says that what was announced runs no more, and what starts it', async (...words) => {
  // Port 9 (discard): nothing listens there. A stack that was killed could not take its announcement back.
  announce(directory, { databaseUrl: 'postgres://nobody@127.0.0.1:9/x', temporalAddress: '127.0.0.1:9' } as Stack);
  const { status, noted } = await passerelle(...words);
  expect(status).toBe(2);
  expect(noted).toContain('nothing runs on');
  expect(noted).toContain('no PostgreSQL answers at 127.0.0.1:9');
  expect(noted).toContain('passerelle start');
});
