/** `passerelle idle`, as a script runs it, on real servers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { run } from '../../src/cli/main.js';
import { resumeConnection } from '../../src/cli/resume.js';
import { collectedOutput } from '../helpers/collectedOutput.js';
import { writeConfigFile } from '../helpers/configFile.js';
import { linkedPerson, until, untilHolds } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

const people = { seed: 14, yapla: 0, yoplanning: 0, shared: 2, differing: 0 };
const environment = process.env;

let directory: string;
let house: TestPasserelle;
beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-idle-'));
  house = await startPasserelle({
    sandbox: { people },
    connection: { settings: { live: { stoppedRetryMs: 3_600_000 } } },
  });
});
afterEach(async () => {
  await house.stop();
  process.env = environment;
  rmSync(directory, { recursive: true });
});

async function idle(...words: readonly string[]): Promise<{ status: number; said: string }> {
  const { file, env } = writeConfigFile(house, directory);
  process.env = { ...environment, ...env };
  const output = collectedOutput();
  const status = await run(['node', 'passerelle', '--config', file, 'idle', house.connectionId, ...words], output);
  return { status, said: output.printed.join('\n') };
}

test('live work is at rest where nothing is to be done, and not while a record is stopped, which is named', async () => {
  await (await house.startBulk()).result();
  await house.startReceiver();
  expect(await idle()).toMatchObject({ status: 0, said: expect.stringContaining('at rest') });
  const { linkId, yapla, yoplanning } = await linkedPerson(house);
  const fault = await house.sandbox.control.addFault({ system: 'yoplanning', action: { do: 'revoke' } });
  await house.sandbox.control.edit('yapla', yapla, { city: 'Rennes' });
  const named = `person/${house.connectionId}/${linkId} stopped`;
  const stopped = await until(idle, ({ said }) => said.includes(named));
  expect(stopped.status).toBe(1);
  expect(await idle('--wait', '--timeout-ms', '1')).toMatchObject({ status: 1, said: expect.stringContaining(named) });

  await house.sandbox.control.removeFault(fault);
  await until(
    () => resumeConnection({ ...house, connections: house.config.connections }, house.connectionId),
    ({ records }) => records === 1,
  );
  await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
  expect(await idle('--wait')).toMatchObject({ status: 0 });
});
