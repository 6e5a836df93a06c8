import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/cli/main.js';
import type { Diagnosis } from '../../src/doctor/check.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { sandboxCredentials } from '../../src/sandbox/options.js';
import { startSandbox } from '../../src/sandbox/sandbox.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { collectedOutput } from '../helpers/collectedOutput.js';

let sandbox: Sandbox;
let directory: string;

beforeAll(async () => {
  sandbox = await startSandbox({ people: { shared: 5 } });
  directory = mkdtempSync(join(tmpdir(), 'passerelle-doctor-'));
  const connection = sandboxConnection(sandbox.addresses, {
    credentials: { yoplanningToken: '${DOCTOR_TEST_TOKEN}', yaplaKey: '${DOCTOR_TEST_KEY}' },
    settings: { webhooks: {} },
  });
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ connections: { club: connection } }));
  process.env['DOCTOR_TEST_KEY'] = sandboxCredentials.yaplaKey;
});

afterAll(async () => {
  delete process.env['DOCTOR_TEST_KEY'];
  delete process.env['DOCTOR_TEST_TOKEN'];
  rmSync(directory, { recursive: true });
  await sandbox.stop();
});

async function doctor(token: string, ...words: string[]) {
  process.env['DOCTOR_TEST_TOKEN'] = token;
  const output = collectedOutput();
  const status = await run(
    ['node', 'passerelle', 'doctor', '--config', join(directory, 'config.json'), ...words],
    output,
  );
  return { status, printed: output.printed.join('\n'), noted: output.noted.join('\n') };
}

describe('passerelle doctor', () => {
  test('runs without a database, prints a line for each check, and ends with status 0', async () => {
    const { status, printed, noted } = await doctor(sandboxCredentials.yoplanningToken, 'club');
    expect({ status, noted }).toEqual({
      status: 0,
      noted: expect.stringMatching(/^Yapla is written .*\nYapla is read /),
    });
    expect(printed).toMatch(/^Yoplanning\n {2}✓ address {6}127\.0\.0\.1:\d+ answers\n/);
    expect(printed).toMatch(/\n\nYapla\n/);
    expect(printed).toMatch(/\n\nclub is ready\. 5 requests sent\.$/);
  });

  test('says what to do about a failure and ends with status 1, without showing the secret', async () => {
    const { status, printed } = await doctor('a-wrong-token', 'club');
    expect(status).toBe(1);
    expect(printed).toMatch(/✗ credential {3}the server does not know the credential \(401\)\n +→ put the token/);
    expect(printed).toMatch(/\n\nclub is not ready: 1 of \d+ checks failed\. 3 requests sent\.$/);
    expect(printed).not.toContain('a-wrong-token');
  });

  test('prints the same as JSON for programs', async () => {
    const { status, printed } = await doctor('a-wrong-token', 'club', '--json');
    const diagnosis = JSON.parse(printed) as Diagnosis;
    expect(status).toBe(1);
    expect(diagnosis).toMatchObject({ connection: 'club', requests: 3 });
    expect(diagnosis.checks).toContainEqual(
      expect.objectContaining({ system: 'yoplanning', name: 'credential', verdict: 'failed' }),
    );
  });

  test('of a connection that is not in the file ends with status 2 and the name that was probably meant', async () => {
    const { status, noted } = await doctor('any', 'clbu');
    expect({ status, noted }).toEqual({ status: 2, noted: 'There is no connection "clbu". Did you mean "club"?' });
  });
});
