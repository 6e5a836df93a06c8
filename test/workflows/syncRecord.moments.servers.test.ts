/** Events that come in the very moment in which a workflow ends or begins anew, or in which a bulk run works on the same people. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import { recordTotals, recordWorkflows, untilQuiet } from '../../src/cli/recordWorkflows.js';
import { otherSystem, systemNames, type SystemName } from '../../src/core/record.js';
import { Random } from '../../src/sandbox/random.js';
import { expectNoTwin, expectProven } from '../helpers/books.js';
import { recordResult, until, untilHolds } from '../helpers/live.js';
import { Ledger } from '../helpers/lives/ledger.js';
import { neighbours } from '../helpers/neighbours.js';
import type { PasserelleOptions, TestPasserelle } from '../helpers/passerelle.js';
import { propertySeed } from '../helpers/property.js';

const startPasserelle = neighbours();

const seed = propertySeed();

let house: TestPasserelle;
afterEach(async () => await house.stop());

interface Linked extends Readonly<Record<SystemName, string>> {
  readonly linkId: string;
}

/** Everybody is linked, and nobody was told of anything yet. */
async function linkedPeople(shared: number, live: object, options: PasserelleOptions = {}): Promise<readonly Linked[]> {
  const people = { seed: 15, yapla: 0, yoplanning: 0, shared, differing: 0 };
  house = await startPasserelle({ sandbox: { people }, connection: { settings: { live } }, ...options });
  await (await house.startBulk()).result();
  await house.startReceiver();
  await house.sandbox.control.resetCounts();
  return await house.sql<Linked[]>`
    select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${house.connectionId} and yapla_id is not null and yoplanning_id is not null order by link_id`;
}

/** How many runs ended in which way, by workflow. */
async function runsBy(status: 'COMPLETED' | 'CONTINUED_AS_NEW'): Promise<Map<string, number>> {
  const runs = new Map<string, number>();
  for (const one of await recordWorkflows(house)) {
    if (one.status.name === status) runs.set(one.workflowId, (runs.get(one.workflowId) ?? 0) + 1);
  }
  return runs;
}

/** Values that our own writes gave one field of one record more than once. */
async function writtenTwice(): Promise<readonly unknown[]> {
  return await house.sql`
    select link_id, system, field from journal j join journal_outcome o on o.journal_id = j.id and o.outcome = 'written'
     where connection_id = ${house.connectionId} and new_value is not null
     group by link_id, system, field, new_value having count(*) > 1`;
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, n) => total + n, 0);
const street = (nth: number) => `${nth} rue des Lilas`;

describe('an edit that comes when a workflow is about to complete', () => {
  test(`is never lost, and arrives once (seed ${seed})`, async () => {
    const rounds = 6;
    const people = await linkedPeople(12, { debounceMs: 3, lingerMs: 10 });
    await Promise.all(
      people.map(async (one, nth) => {
        const random = new Random(seed + nth);
        const edit = async (system: SystemName, value: string) => {
          await house.sandbox.control.edit(system, one[system], { street: value });
          const other = otherSystem(system);
          await untilHolds(house, other, one[other], { street: value });
        };
        await edit('yapla', street(0));
        const arrivedAtMs = Date.now();
        await recordResult(house, one.linkId);
        // So long it takes on this machine at this hour, echo included: the next edits come at random distances around it.
        const toItsEndMs = Date.now() - arrivedAtMs;
        for (let round = 1; round <= rounds; round++) {
          await edit(systemNames[round % 2]!, street(round));
          await sleep(random.next() * 2 * toItsEndMs);
        }
      }),
    );
    await untilQuiet(house, house.sandbox.control);
    const each = (writes: number, system: SystemName) => Object.fromEntries(people.map((one) => [one[system], writes]));
    expect(await house.sandbox.control.writes('yapla')).toEqual(each(rounds / 2, 'yapla'));
    expect(await house.sandbox.control.writes('yoplanning')).toEqual(each(1 + rounds / 2, 'yoplanning'));
    // Some edits found their workflow completed and started it anew; others found it alive.
    await until(
      () => runsBy('COMPLETED'),
      (runs) => runs.size === people.length,
    );
    const runs = sum((await runsBy('COMPLETED')).values());
    expect(runs).toBeGreaterThan(2 * people.length);
    expect(runs).toBeLessThan((1 + rounds) * people.length);
  });
});

describe('events that come in bursts while a workflow continues as new', () => {
  test(`are all taken, and what they tell is written once (seed ${seed})`, async () => {
    const last = new Map<string, string>();
    const continued = async ({ linkId }: Linked) =>
      (await runsBy('CONTINUED_AS_NEW')).has(syncRecordId(house.scope, linkId));
    const people = await linkedPeople(8, { debounceMs: 0, lingerMs: 10_000, maxHistoryEvents: 50 });
    await Promise.all(
      people.map(async (one, nth) => {
        const random = new Random(seed + nth);
        // Each person is edited on one side: what is entered between our GET and our PUT of the very record could be lost, by design.
        const system = systemNames[nth % 2]!;
        // On a slow machine more of them gather, and it takes more edits to fill a history.
        for (let edit = 1; edit <= 40 || edit % 10 !== 1 || !(await continued(one)); edit++) {
          last.set(one.linkId, street(edit));
          await house.sandbox.control.edit(system, one[system], { street: street(edit) });
          await sleep(random.next() * random.pick([5, 30, 120]));
        }
      }),
    );
    await untilQuiet(house, house.sandbox.control);
    for (const one of people) {
      for (const system of systemNames) {
        expect((await house.sandbox.control.record(system, one[system]))!.person.street).toBe(last.get(one.linkId));
      }
    }
    expect(await writtenTwice()).toEqual([]);
    // A read that was dropped may have taken events that nobody counted; none is counted twice, and none is left.
    const [inbox] = await house.sql<{ n: number; left: number }[]>`
      select count(*)::int as n, count(*) filter (where handled_at is null)::int as left from inbox
       where connection_id = ${house.connectionId}`;
    expect(inbox!.left).toBe(0);
    const { events } = await recordTotals(house);
    expect(events).toBeLessThanOrEqual(inbox!.n);
    expect(events).toBeGreaterThan(inbox!.n / 2);
    expect((await runsBy('CONTINUED_AS_NEW')).size).toBe(people.length);
  });
});

describe('a bulk run and edits of the same people at once', () => {
  test(`end in sync: no edit is lost, nobody is there twice, and nothing is written twice (seed ${seed})`, async () => {
    const ledger = new Ledger();
    const latency = { inboundMs: 2, outboundMs: 2, jitterMs: 4 };
    house = await startPasserelle({
      hooks: ledger.hooks,
      live: true,
      sandbox: {
        people: { seed: 16, yapla: 8, yoplanning: 8, shared: 8, differing: 12 },
        yapla: { latency },
        yoplanning: { latency },
      },
      connection: { settings: { bulk: { chunkItems: 5, parallelItems: 2 } } },
    });
    const { control } = house.sandbox;
    const random = new Random(seed);
    const members = await control.ids('yapla');
    const handle = await house.startBulk();
    const isOver = handle.result().then(() => true);
    const entered = new Map<string, string>();
    for (let edit = 1; !(await Promise.race([isOver, sleep(random.next() * 120, false)])); edit++) {
      const id = random.pick(members);
      entered.set(id, street(edit));
      await control.edit('yapla', id, { street: street(edit) });
      const newcomer = { firstName: 'Odile', lastName: `Le Goff ${'abcdefghij'.charAt(edit % 10)}${edit}` };
      if (edit % 10 === 0) await control.add(random.pick(systemNames), newcomer);
    }
    expect(await handle.result()).toMatchObject({ outcome: 'applied' });
    await untilQuiet(house, control);

    const links = await house.sql<Linked[]>`
      select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link where connection_id = ${house.connectionId}`;
    const inBoth = new Map(links.map((one) => [one.yapla, one.yoplanning]));
    const lost: string[] = [];
    // Of members whom we wrote to, an edit between our GET and our PUT could be gone, by design.
    const written = new Set(
      ledger
        .all()
        .flatMap(({ system, id, versions }) =>
          system === 'yapla' && versions.some(({ by }) => by === 'api') ? [id] : [],
        ),
    );
    for (const [id, wanted] of entered) {
      if (written.has(id)) continue;
      const [there] = ledger.present('yoplanning', (record) => record.id === inBoth.get(id));
      if (there?.person.street !== wanted) lost.push(id);
    }
    expect(lost).toEqual([]);
    expect([...entered.keys()].some((id) => !written.has(id))).toBe(true);
    expect(await writtenTwice()).toEqual([]);
    await expectNoTwin(house);
    // What single creations could not say yet is filled in: the other system's ids.
    await (await house.startBulk()).result();
    await untilQuiet(house, control);
    await expectProven(house);
    for (const system of systemNames) {
      expect(await control.ids(system)).toHaveLength(new Set(links.map((one) => one[system])).size);
    }
  });
});
