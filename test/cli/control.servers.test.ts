/** The commands that steer a bulk sync, as a person or cron runs them, on real servers. */
import { personsOf } from '../../src/core/record.js';
import { describe, expect, test } from '@jest/globals';
import { findPlan } from '../../src/store/plans.js';
import { stateKey } from '../../workflows/searchAttributes.js';
import { untilProgress } from '../helpers/bulkSync.js';
import { commandsOn } from '../helpers/commands.js';
import { neighbours } from '../helpers/neighbours.js';
import type { PasserelleOptions, TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 27, yapla: 2, yoplanning: 2, shared: 5, differing: 2 };

let house: TestPasserelle;
const passerelle = commandsOn(() => house);

async function start(options: PasserelleOptions = {}): Promise<void> {
  house = await startPasserelle({ sandbox: { people }, ...options });
}

const asks = { connection: { settings: { bulk: { autoApprove: false } } } };

describe('a plan that waits', () => {
  test('is refused or taken in words, with a status that a script can rely on', async () => {
    await start(asks);
    const club = house.connectionId;
    const handle = await house.startBulk();
    await untilProgress(handle, ({ phase }) => phase === 'waitingForApproval');
    expect((await handle.describe()).typedSearchAttributes.get(stateKey)).toBe('waitingForApproval');
    expect(await passerelle('approve', club, '2')).toEqual({ status: 1, said: `${club} has no plan 2` });
    const resumed = await passerelle('resume', club);
    expect(resumed).toMatchObject({ status: 0, said: expect.stringContaining('neither paused nor stopped') });
    expect(await passerelle('pause', club)).toMatchObject({ status: 0 });
    expect(await passerelle('pause', club)).toEqual({ status: 1, said: `the bulk sync of ${club} is paused already` });
    expect((await passerelle('progress', club)).said).toContain(`${club}: waitingForApproval, paused`);
    expect(await passerelle('resume', club)).toMatchObject({
      status: 0,
      said: expect.stringContaining('Its bulk sync goes on'),
    });
    expect(await passerelle('reject', club, '1', '--by', 'the secretary')).toEqual({
      status: 0,
      said: 'Plan 1: rejected by the secretary.',
    });
    await handle.result();
    const late = await passerelle('approve', club, '1');
    expect(late).toMatchObject({ status: 1, said: expect.stringMatching(/^plan 1 was rejected, and is not approved/) });
    expect(await passerelle('pause', club)).toMatchObject({
      status: 2,
      said: expect.stringContaining(`no bulk sync of ${club} is running`),
    });
  });

  test('is superseded by the next night’s sync, which says so, and leaves its own plan waiting', async () => {
    await start(asks);
    const club = house.connectionId;
    const night = await passerelle('sync', club);
    expect(night).toMatchObject({ status: 1, said: expect.stringContaining('plan 1 waits for approval') });
    const next = await passerelle('sync', club);
    expect(next.status).toBe(1);
    expect(next.said).toContain('A plan waited for approval: it is dropped for a new one.');
    expect(next.said).toContain('plan 2 waits for approval');
    expect((await findPlan(house.sql, personsOf(club), 1))?.status).toBe('superseded');
    const third = await passerelle('sync', club, '--yes');
    expect(third.status).toBe(0);
    expect(third.said).toContain('Bulk sync applied');
    expect((await findPlan(house.sql, personsOf(club), 3))?.status).toBe('applied');
  });
});

describe('a plan over a threshold of the guard', () => {
  test('is not approved by --yes, which was said before it was drawn; --beyond-guard says that it is meant', async () => {
    await start({ connection: { settings: { guard: { maxCreatedShare: 0, minPeople: 2 } } } });
    const club = house.connectionId;
    const first = await passerelle('sync', club, '--yes');
    expect(first.status).toBe(1);
    expect(first.said).toContain('plan 1 waits for approval by a person, as it is over the guard');
    expect((await findPlan(house.sql, personsOf(club), 1))?.status).toBe('ready');
    expect(await passerelle('sync', club, '--beyond-guard')).toMatchObject({ status: 2 });
    const meant = await passerelle('sync', club, '--yes', '--beyond-guard');
    expect(meant).toMatchObject({ status: 0, said: expect.stringContaining('Bulk sync applied') });
    expect((await findPlan(house.sql, personsOf(club), 2))?.status).toBe('applied');
  });
});

test('open cases as JSON have the ids of the records that they are about', async () => {
  const sandbox = { people: { ...people, differing: 8, duplicates: { yapla: 1, yoplanning: 0 } } };
  await start({ sandbox, connection: { rule: 'ask' } });
  await (await house.startBulk()).result();
  const { status, said } = await passerelle('cases', house.connectionId, '--json');
  const cases = JSON.parse(said) as { linkId: string | null; records: { yapla: string[]; yoplanning: string[] } }[];
  const linked = await house.sql<{ linkId: string; yapla: string; yoplanning: string }[]>`
    select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${house.connectionId}`;
  expect([status, cases.length > 0]).toEqual([0, true]);
  for (const { linkId, records } of cases) {
    const of = linked.find((one) => one.linkId === linkId);
    if (of !== undefined) expect(records).toEqual({ yapla: [of.yapla], yoplanning: [of.yoplanning] });
    else expect(records.yapla.length + records.yoplanning.length).toBeGreaterThan(1);
  }
});
