/** A person's answer while Temporal cannot be reached: stored by the command, forwarded by the receiver, carried out once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { run } from '../../src/cli/main.js';
import { systemNames } from '../../src/core/record.js';
import { startReceiver } from '../../src/receiver/receiver.js';
import { sandboxWebhookUrl } from '../../src/sandbox/connections.js';
import { findCase, listOpenCases } from '../../src/store/cases.js';
import { lazyTemporal } from '../../src/temporal.js';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import { collectedOutput } from '../helpers/collectedOutput.js';
import { writeConfigFile } from '../helpers/configFile.js';
import { linkedPerson, recordProgress, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';
import { temporalAddress } from '../helpers/servers.js';
import { openGate, type Gate } from '../receiver/gate.js';

const people = { seed: 19, yapla: 0, yoplanning: 0, shared: 2, differing: 0 };

const environment = process.env;

let directory: string;
let house: TestPasserelle;
let gate: Gate;
const stops: (() => Promise<unknown>)[] = [];

/** The worker reaches Temporal always; the command and the receiver go through a gate. */
beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-resolve-'));
  gate = await openGate(temporalAddress());
  house = await startPasserelle({ sandbox: { people }, connection: { rule: 'ask' } });
  await (await house.startBulk()).result();
  const { config, connectionId, databaseUrl, sandbox } = house;
  const { connection, client } = lazyTemporal({ address: gate.address, namespace: 'default' });
  const quick = { signalTimeoutMs: 300, retryMs: 50, maxRetryMs: 200, pollMs: 100 };
  const receiver = await startReceiver({
    config: { ...config, receiver: { ...config.receiver, ...quick } },
    databaseUrl,
    client,
    port: 0,
    log: pino({ level: 'silent' }),
  });
  stops.push(
    () => receiver.stop(),
    () => connection.close(),
    () => gate.close(),
  );
  for (const system of systemNames) {
    await sandbox.control.setWebhooks(system, { url: sandboxWebhookUrl(receiver.address, connectionId, system) });
  }
  await sandbox.control.resetCounts();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await house.stop();
  process.env = environment;
  rmSync(directory, { recursive: true });
});

/** `passerelle resolve`, with a configuration that names the gate as Temporal. @returns what it said to the person */
async function resolve(...words: readonly string[]): Promise<{ status: number; noted: string }> {
  const temporal = { ...house.config.temporal, address: gate.address };
  const { file, env } = writeConfigFile(house, directory, { temporal });
  process.env = { ...environment, ...env };
  const output = collectedOutput();
  const status = await run(['node', 'passerelle', '--config', file, 'resolve', ...words], output);
  return { status, noted: output.noted.join('\n') };
}

test('an answer given while Temporal is down is stored, and lands once when the receiver reaches it again', async () => {
  const { control } = house.sandbox;
  const { linkId, yapla, yoplanning } = await linkedPerson(house);
  await Promise.all([
    control.edit('yapla', yapla, { city: 'Rennes' }),
    control.edit('yoplanning', yoplanning, { city: 'Brest' }),
  ]);
  const [asked] = await until(
    () => listOpenCases(house.sql, house.scope),
    (cases) => cases.length === 1,
  );
  await untilQuiet(house);

  await gate.close();
  const { status, noted } = await resolve(String(asked!.id), '--take', 'yapla', '--by', 'ann');
  expect(status).toBe(0);
  expect(noted).toContain(`The answer to case ${asked!.id} is stored.`);
  expect(noted).toContain('Temporal cannot be reached: it is carried out when the receiver reaches it again');
  expect(await findCase(house.sql, asked!.id)).toMatchObject({ answer: { take: 'yapla' }, closedAt: null });
  expect(await house.sql`select link_id from link_signal`).toEqual([{ link_id: linkId }]);
  expect(await recordProgress(house, linkId)).toMatchObject({ state: 'waiting' });

  await gate.open();
  await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
  await untilQuiet(house);
  expect(await findCase(house.sql, asked!.id)).toMatchObject({ closedBy: 'ann', answer: { take: 'yapla' } });
  expect(await control.writes('yoplanning')).toEqual({ [yoplanning]: 1 });
  expect(await control.writes('yapla')).toEqual({});
  expect(await signalledCounts(linkId)).toContainEqual({ yapla: 0, yoplanning: 0 });
});

/** What the link's workflow was told had come, signal by signal. */
async function signalledCounts(linkId: string): Promise<unknown[]> {
  const { events } = await house.client.workflow.getHandle(syncRecordId(house.scope, linkId)).fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
    (signal?.input?.payloads ?? []).map(({ data }) => JSON.parse(Buffer.from(data!).toString()) as unknown),
  );
}
