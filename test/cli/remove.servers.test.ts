/** `passerelle remove`, on real servers: what is deleted, what stays, and when it is refused. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { run } from '../../src/cli/main.js';
import { addEvents } from '../../src/store/inbox.js';
import { holdingsOf } from '../../src/store/removal.js';
import { signalChanged } from '../../src/syncRecord.js';
import { until, untilProgress } from '../helpers/bulkSync.js';
import { collectedOutput } from '../helpers/collectedOutput.js';
import { writeConfigFile } from '../helpers/configFile.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';

const people = { seed: 44, yapla: 1, yoplanning: 1, shared: 3, differing: 1 };
const environment = process.env;

let directory: string;
let house: TestPasserelle;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-remove-'));
});
afterEach(async () => {
  await house.stop();
  process.env = environment;
  rmSync(directory, { recursive: true });
});

/** A command on the house, whose connection the configuration still has, or has no more. */
async function passerelle(names: 'named' | 'forgotten', ...words: readonly string[]) {
  const output = collectedOutput();
  const other = { other: house.connection };
  const { file, env } = writeConfigFile(house, directory, names === 'named' ? {} : { connections: other });
  process.env = { ...environment, ...env };
  const status = await run(['node', 'passerelle', '--config', file, ...words], output);
  return { status, said: [...output.noted, ...output.printed].join('\n') };
}

test('what is left of a connection is shown and deleted, while another’s rows and the request log stay', async () => {
  house = await startPasserelle({ sandbox: { people } });
  const { sql, connectionId: club } = house;
  await (await house.startBulk()).result();
  const event = { kind: null, system: 'yapla', event: 'other', externalId: null, body: '{}' } as const;
  await addEvents(sql, [
    { ...event, connectionId: club },
    { ...event, connectionId: 'neighbour' },
  ]);
  const requests = async () => (await sql`select 1 from request_log`).length;
  const [sent, held] = [await requests(), await holdingsOf(sql, club)];
  expect(held.map(({ table }) => table)).toEqual(
    expect.arrayContaining(['inbox', 'journal', 'link', 'plan', 'shadow']),
  );

  expect(await passerelle('named', 'remove', club, '--yes')).toMatchObject({
    status: 1,
    said: expect.stringContaining(`the configuration still names ${club}`),
  });
  expect(await passerelle('forgotten', 'remove', club)).toMatchObject({
    status: 2,
    said: expect.stringMatching(/nobody is there to be asked[^]*copies of records +\d+/),
  });
  expect(await holdingsOf(sql, club)).toEqual(held);

  expect((await passerelle('forgotten', 'remove', club, '--yes', '--by', 'Ann')).status).toBe(0);
  expect(await holdingsOf(sql, club)).toEqual([]);
  expect((await sql`select 1 from connection where id = ${club}`).length).toBe(0);
  expect(await holdingsOf(sql, 'neighbour')).toEqual([{ table: 'inbox', rows: 1 }]);
  expect([sent > 0, await requests()]).toEqual([true, sent]);
  expect((await passerelle('forgotten', 'audit', club)).said).toMatch(/remove .*shadow \d+.* by Ann/);
  expect(await passerelle('forgotten', 'remove', club, '--yes')).toMatchObject({ status: 2 });
});

test('it is refused while a bulk sync runs, which can be cancelled though the configuration has it no more', async () => {
  house = await startPasserelle({ sandbox: { people }, connection: { settings: { bulk: { autoApprove: false } } } });
  const { sql, connectionId: club } = house;
  const handle = await house.startBulk();
  await untilProgress(handle, ({ phase }) => phase === 'waitingForApproval');
  const held = await holdingsOf(sql, club);
  expect(await passerelle('forgotten', 'remove', club, '--yes')).toMatchObject({
    status: 1,
    said: expect.stringContaining(`"passerelle cancel ${club}" ends it`),
  });
  expect(await holdingsOf(sql, club)).toEqual(held);
  expect((await passerelle('forgotten', 'cancel', club)).status).toBe(0);
  await handle.result();
  expect((await passerelle('forgotten', 'remove', club, '--yes')).status).toBe(0);
});

test('it is refused while single people’s workflows run, which are told to look', async () => {
  house = await startPasserelle({ sandbox: { people }, worker: false });
  const { sql, client, connectionId: club, connection, config, scope } = house;
  await addEvents(sql, [
    { connectionId: club, kind: null, system: 'yapla', event: 'other', externalId: null, body: '{}' },
  ]);
  const { liveTaskQueue } = config.temporal;
  await signalChanged({ client, liveTaskQueue, scope, connection }, 'yapla:1', { yapla: 1, yoplanning: 0 });
  const handle = client.workflow.getHandle(syncRecordId(scope, 'yapla:1'));
  // What runs is found by its search attribute, a moment after it was started.
  const asked = () => passerelle('forgotten', 'remove', club);
  await until(asked, ({ said }) => said.includes('of 1 single people'));
  expect(await passerelle('forgotten', 'remove', club, '--yes')).toMatchObject({
    status: 1,
    said: expect.stringContaining('ask again in a moment'),
  });
  const { events } = await handle.fetchHistory();
  const signals = events!.flatMap((one) => one.workflowExecutionSignaledEventAttributes?.signalName ?? []);
  expect(signals).toEqual(expect.arrayContaining(['changed', 'resume']));
  expect(await holdingsOf(sql, club)).toEqual([{ table: 'inbox', rows: 1 }]);
  await handle.terminate();
  await until(
    () => passerelle('forgotten', 'remove', club, '--yes'),
    ({ status }) => status === 0,
  );
});
