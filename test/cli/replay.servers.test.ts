/** `passerelle replay` as a person types it, against the real server and on files; what replays, in a process of its own. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { run } from '../../src/cli/main.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import { collectedOutput } from '../helpers/collectedOutput.js';
import { linkedPerson, recordResult, untilHolds } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';
import { temporalAddress } from '../helpers/servers.js';

const program = path.resolve('bin/passerelle.js');
const environment = process.env;
const people = { seed: 41, yapla: 0, yoplanning: 0, shared: 3, differing: 0 };

let house: TestPasserelle;
let directory: string;
let config: string;
let workflowId: string;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-replay-'));
  house = await startPasserelle({ sandbox: { people }, connection: { settings: { live: { lingerMs: 100 } } } });
  await (await house.startBulk()).result();
  await house.startReceiver();
  const { linkId, yapla, yoplanning } = await linkedPerson(house);
  await house.sandbox.control.setWebhooks('yoplanning', null);
  await house.sandbox.control.edit('yapla', yapla, { city: 'Rennes' });
  await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
  await recordResult(house, linkId);
  workflowId = syncRecordId(house.scope, linkId);
  config = configured();
});
afterAll(async () => {
  process.env = environment;
  await house.stop();
  rmSync(directory, { recursive: true });
});

/** Writes the configuration, with its secret in the environment. @returns the file */
function configured(): string {
  const secret = '${PASSERELLE_REPLAY_SECRET}';
  const credentials = {
    yaplaKey: secret,
    yoplanningToken: secret,
    yaplaWebhookSecret: secret,
    yoplanningWebhookSecret: secret,
  };
  const connection = sandboxConnection(house.sandbox.addresses, { credentials });
  const file = path.join(directory, 'passerelle.config.json');
  const temporal = { address: temporalAddress() };
  writeFileSync(file, JSON.stringify({ dataDirectory: directory, temporal, connections: { club: connection } }));
  process.env = { ...environment, PASSERELLE_REPLAY_SECRET: 'a-secret-of-nobody-which-is-long-enough' };
  return file;
}

/** In a process of its own. */
async function replay(...words: readonly string[]) {
  const env = { ...process.env, NODE_OPTIONS: '' };
  try {
    const execute = promisify(execFile);
    const { stdout, stderr } = await execute(process.execPath, [program, '--config', config, 'replay', ...words], {
      env,
    });
    return { status: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, stdout, stderr };
  }
}

/** In this process: what is refused before anything is replayed. */
async function refused(...words: readonly string[]) {
  const output = collectedOutput();
  const status = await run(['node', 'passerelle', '--config', config, 'replay', ...words], output);
  return { status, printed: output.printed, noted: output.noted.join('\n') };
}

/** The history as `temporal workflow show --output json` writes it. */
async function fileOf(edit: (json: string) => string): Promise<string> {
  const history = await house.client.workflow.getHandle(workflowId).fetchHistory();
  const file = path.join(directory, 'history.json');
  writeFileSync(file, edit(historyToJSON({ events: history.events ?? [] })));
  return file;
}

describe('passerelle replay', () => {
  test('shows what a workflow on the server decided, and that it would go on', async () => {
    const { status, stdout, stderr } = await replay(workflowId);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`${workflowId} (syncRecord)`);
    expect(stdout).toContain('decided (write): write to yoplanning: city (changedInYapla)');
    expect(stdout).toContain('Deterministic: today’s code asks for the same things in the same order.');
    expect(stdout).not.toContain('Rennes');
  });

  test('says of a history that this code cannot have made where they part, with status 1', async () => {
    // A local attempt names its activity in the marker's data.
    const guess = (data: string) =>
      Buffer.from(data, 'base64').toString().replaceAll('"applyDecision"', '"applyGuess"');
    const file = await fileOf((json) =>
      json.replaceAll(/(?<="data": ?")[^"]+/g, (data) => Buffer.from(guess(data)).toString('base64')),
    );
    const { status, stdout } = await replay(file);
    expect(status).toBe(1);
    expect(stdout).toMatch(/Not deterministic: history and today’s code part at event \d+\./);
    expect(stdout).toContain('the history has:  the local activity applyGuess (MarkerRecorded)');
    expect(stdout).toContain('the code wanted:  the local activity applyDecision');
    expect(stdout).toContain('patched()');
  });

  test.each([
    ['an id that the server does not know', () => ['person/club/yapla:0'], /the server has no workflow person/],
    [
      'a run that the server does not know',
      () => [workflowId, '--run', '01a205b0-c5d4-74bf-8846-1a7c0fea6c65'],
      /run 01a205b0/,
    ],
    ['what is no run’s id', () => [workflowId, '--run', 'newest'], /run newest/],
    ['a file that is not there', () => ['nothing.json'], /there is no file nothing\.json/],
    ['a run of a file', () => [program, '--run', 'x'], /--run goes with a workflow id/],
    ['a file that is no JSON', () => [program], /holds no JSON/],
    ['a file that is no history', () => [path.resolve('package.json')], /no workflow history|has no events/],
  ])('refuses %s, with status 2', async (_, words, message) => {
    const { status, printed, noted } = await refused(...words());
    expect({ status, printed }).toEqual({ status: 2, printed: [] });
    expect(noted).toMatch(message);
  });

  test('refuses a history of somebody else’s workflow, with status 2', async () => {
    const file = await fileOf((json) => json.replaceAll('"syncRecord"', '"syncStars"'));
    expect(await refused(file)).toMatchObject({
      status: 2,
      noted: expect.stringMatching(/this code has bulkSync, .*syncRecord/),
    });
  });
});
