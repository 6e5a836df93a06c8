import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { run } from '../../src/cli/main.js';
import { collectedOutput } from '../helpers/collectedOutput.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-receiver-'));
  process.env['PASSERELLE_RECEIVER_TEST'] = 'secret-of-nobody-0123456789';
});
afterEach(() => {
  delete process.env['PASSERELLE_RECEIVER_TEST'];
  rmSync(directory, { recursive: true });
});

async function receiver(settings: object, webhooks: object): Promise<{ status: number; noted: string }> {
  const secret = '${PASSERELLE_RECEIVER_TEST}';
  const club = {
    create: 'none',
    yapla: { read: { key: { value: secret } } },
    yoplanning: { token: secret, team: '5a90332e-568f-4980-9859-88a984844a4d' },
    webhooks,
  };
  const file = path.join(directory, 'passerelle.config.json');
  writeFileSync(file, JSON.stringify({ dataDirectory: directory, ...settings, connections: { club } }));
  const output = collectedOutput();
  const status = await run(['node', 'passerelle', '--config', file, 'receiver'], output);
  return { status, noted: output.noted.join('\n') };
}

const servers = { database: { url: 'postgres://127.0.0.1:9/x' }, temporal: { address: '127.0.0.1:9' } };
const webhooks = { yapla: { secret: '${PASSERELLE_RECEIVER_TEST}' } };

test.each([
  ['database.url', { temporal: servers.temporal }],
  ['temporal.address', { database: servers.database }],
])('a receiver alone says that it lacks %s', async (missing, settings) => {
  const { status, noted } = await receiver(settings, webhooks);
  expect(status).toBe(2);
  expect(noted).toContain(`needs ${missing}`);
});

test('a receiver that nobody can deliver to says which settings are missing', async () => {
  const { status, noted } = await receiver(servers, {});
  expect(status).toBe(2);
  expect(noted).toContain('webhooks.yapla.secret');
});
