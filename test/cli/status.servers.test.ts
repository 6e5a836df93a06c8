/** `passerelle status`, as a person or a script runs it, on real servers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { run } from '../../src/cli/main.js';
import { collectedOutput } from '../helpers/collectedOutput.js';
import { writeConfigFile } from '../helpers/configFile.js';
import { linkedPerson, until, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 14, yapla: 0, yoplanning: 0, shared: 2, differing: 0 };
const environment = process.env;

let directory: string;
let house: TestPasserelle;
beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-status-'));
  house = await startPasserelle({
    sandbox: { people },
    connection: { settings: { live: { stoppedRetryMs: 3_600_000 } } },
    live: true,
  });
});
afterEach(async () => {
  await house.stop();
  process.env = environment;
  rmSync(directory, { recursive: true });
});

async function status(...words: readonly string[]): Promise<{ status: number; said: string }> {
  const { file, env } = writeConfigFile(house, directory);
  process.env = { ...environment, ...env };
  const output = collectedOutput();
  const code = await run(['node', 'passerelle', '--config', file, 'status', ...words], output);
  return { status: code, said: output.printed.join('\n') };
}

test('shows a stop and who waits because of it with status 1, and after it nothing, with status 0', async () => {
  await (await house.startBulk()).result();
  const { yapla } = await linkedPerson(house);
  await house.sandbox.control.edit('yapla', yapla, { city: 'Rennes' });
  await untilQuiet(house);
  const before = await status(house.connectionId);
  expect(before.said).toContain('webhooks of yapla: the last came 0 minutes ago');
  expect(before.said).toContain('people: nobody waits');
  expect(before.status).toBe(0);

  await house.sandbox.control.addFault({ system: 'yoplanning', action: { do: 'revoke' } });
  await house.sandbox.control.edit('yapla', yapla, { city: 'Brest' });
  const stopped = await until(
    () => status(),
    ({ said }) => said.includes('people: 1 stopped'),
  );
  expect(stopped.status).toBe(1);
  expect(stopped.said).toMatch(/yoplanning: stopped \(401 on .*passerelle resume/);
  const [found] = JSON.parse((await status('--json')).said) as [Record<string, unknown>];
  expect(found).toMatchObject({ connection: house.connectionId, people: { stopped: 1 } });
});

test('shows that nothing came for longer than usual', async () => {
  await (await house.startBulk()).result();
  await house.sql`update connection set created_at = now() - interval '30 days'`;
  await house.sql`delete from inbox where connection_id = ${house.connectionId}`;
  const { status: code, said } = await status(house.connectionId);
  expect(said).toContain('longer than usual: is it still set up');
  expect(code).toBe(1);
});
