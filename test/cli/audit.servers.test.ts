/** `passerelle audit`: who did what by a command, on real servers. */
import { expect, test } from '@jest/globals';
import { storeResolution } from '../../src/cases/answers.js';
import { findCase, listOpenCases, openCases, type OpenCase } from '../../src/store/cases.js';
import { ensureConnection } from '../../src/store/connections.js';
import { rememberRule } from '../../src/store/fieldRules.js';
import { untilProgress } from '../helpers/bulkSync.js';
import { commandsOn } from '../helpers/commands.js';
import { textOf } from '../helpers/historyText.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

const people = { seed: 91, yapla: 1, yoplanning: 0, shared: 3, differing: 2 };

let house: TestPasserelle;
const passerelle = commandsOn(() => house);

interface Told {
  readonly verb: string;
  readonly by: string;
  readonly about: unknown;
  readonly outcome: string | null;
}

async function audited(): Promise<Told[]> {
  const { said } = await passerelle('audit', house.connectionId, '--json');
  return (JSON.parse(said) as Told[]).map(({ verb, by, about, outcome }) => ({ verb, by, about, outcome }));
}

test('who steered a bulk sync and decided about its plan is told, with what was refused, and stands in no history', async () => {
  house = await startPasserelle({ sandbox: { people }, connection: { settings: { bulk: { autoApprove: false } } } });
  const club = house.connectionId;
  const handle = await house.startBulk();
  await untilProgress(handle, ({ phase }) => phase === 'waitingForApproval');
  const by = ['--by', 'Ann the secretary'];
  await passerelle('pause', club, ...by);
  await passerelle('pause', club, ...by);
  await passerelle('resume', club, ...by);
  await passerelle('approve', club, '1', '--by', 'Bob the treasurer');
  await handle.result();
  await passerelle('cancel', club, ...by);
  expect(await audited()).toEqual([
    { verb: 'pause', by: 'Ann the secretary', about: {}, outcome: 'done' },
    { verb: 'pause', by: 'Ann the secretary', about: {}, outcome: 'refused' },
    { verb: 'resume', by: 'Ann the secretary', about: {}, outcome: 'done' },
    { verb: 'approve', by: 'Bob the treasurer', about: { plan: 1 }, outcome: 'done' },
    { verb: 'cancel', by: 'Ann the secretary', about: {}, outcome: 'refused' },
  ]);
  expect((await passerelle('audit')).said).toMatch(/approve +plan 1 +by Bob the treasurer/);
  expect(textOf(await handle.fetchHistory())).not.toMatch(/secretary|treasurer/);
  const [plan] = await house.sql`select approved_by as by from plan`;
  expect(plan).toEqual({ by: 'Bob the treasurer' });
});

test('each answer to a case is told, the one that another replaced too, and whoever took a rule back', async () => {
  // No worker carries the answers out: the second replaces the first.
  house = await startPasserelle({ sandbox: { people }, worker: false });
  await ensureConnection(house.sql, house.connectionId);
  await openCases(house.sql, house.scope, null, [
    { kind: 'conflict', subject: 'yapla:1', field: 'city', linkId: 'yapla:1', details: {} },
  ]);
  const [{ id }] = (await listOpenCases(house.sql, house.scope)) as [OpenCase];
  const answer = async (take: 'yapla' | 'yoplanning', by: string) => {
    const question = (await findCase(house.sql, id))!;
    await storeResolution(house.sql, question, { close: false, answer: { take }, remember: false }, by);
  };
  await answer('yapla', 'Ann');
  await answer('yoplanning', 'Bob');
  await rememberRule(house.sql, house.scope, 'city', 'yapla', id, 'Ann');
  await passerelle('forget-rule', house.connectionId, 'city', '--by', 'Cy');
  await passerelle('forget-rule', house.connectionId, 'city', '--by', 'Cy');
  expect(await audited()).toEqual([
    { verb: 'answer', by: 'Ann', about: { case: id, take: 'yapla' }, outcome: 'done' },
    { verb: 'answer', by: 'Bob', about: { case: id, take: 'yoplanning', replaces: true }, outcome: 'done' },
    { verb: 'forgetRule', by: 'Cy', about: { field: 'city' }, outcome: 'done' },
  ]);
});
