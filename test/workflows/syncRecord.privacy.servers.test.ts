/** Live work on people leaves none of their values where it does not belong, whatever goes wrong. */
import { afterEach, expect, test } from '@jest/globals';
import { yaplaShapes } from '../../src/sandbox/options.js';
import { answerCase } from '../../src/cases/answers.js';
import type { CaseKind } from '../../src/cases/index.js';
import { listOpenCases, type OpenCase } from '../../src/store/cases.js';
import { signalAnswered } from '../../src/syncRecord.js';
import { everythingSaid } from '../helpers/everythingSaid.js';
import { until, untilHolds, untilQuiet } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';
import { sandboxValues, valuesIn } from '../helpers/sandboxValues.js';

const people = { seed: 23, yapla: 2, yoplanning: 2, shared: 6, differing: 0 };

/** Entered in the course of the test, or quoted by a system that refuses. */
const entered = {
  odile: { firstName: 'Odile', lastName: 'Le Goff', email: 'odile@example.org' },
  cities: ['Plougastel', 'Landerneau', 'Quimper', 'Crozon', 'Morlaix', 'Roscoff'],
  quoted: 'zorglub@example.org',
} as const;
const [inYapla, inYoplanning, answered, refused, cut, unread] = entered.cities;

let house: TestPasserelle;
afterEach(async () => await house.stop());

interface Linked {
  readonly linkId: string;
  readonly yapla: string;
  readonly yoplanning: string;
}

async function linkedPeople(): Promise<[Linked, Linked, Linked, Linked, Linked]> {
  const rows = await house.sql<Linked[]>`
    select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${house.connectionId} and yapla_id is not null and yoplanning_id is not null
     order by link_id limit 5`;
  return [...rows] as [Linked, Linked, Linked, Linked, Linked];
}

async function openCase(kind: CaseKind): Promise<OpenCase> {
  const cases = await until(
    () => listOpenCases(house.sql, house.scope),
    (all) => all.some((one) => one.kind === kind),
  );
  return cases.find((one) => one.kind === kind)!;
}

const long = process.env['PASSERELLE_LONG'] !== undefined;

test.each(long ? yaplaShapes : yaplaShapes.slice(0, 1))(
  'no person’s value is in a history, a search attribute, a memo, a query’s answer or a log line (%s Yapla)',
  async (shape) => {
    house = await startPasserelle({ sandbox: { people, yapla: { shape } }, connection: { rule: 'ask' } });
    const { control } = house.sandbox;
    const before = await sandboxValues(house.sandbox);
    await (await house.startBulk()).result();
    await house.startReceiver();
    const [asked, refusing, removed, broken, garbled] = await linkedPeople();

    await Promise.all([
      control.edit('yapla', asked.yapla, { city: inYapla }),
      control.edit('yoplanning', asked.yoplanning, { city: inYoplanning }),
    ]);
    const { id: caseId } = await openCase('conflict');
    await answerCase(house.sql, caseId, { take: 'value', value: answered }, 'tester');
    const { client, config, connection, scope } = house;
    const target = { client, liveTaskQueue: config.temporal.liveTaskQueue, scope, connection };
    await signalAnswered(target, asked.linkId, caseId);
    await untilHolds(house, 'yoplanning', asked.yoplanning, { city: answered });

    const message = `${entered.quoted} is taken`;
    const write = { system: 'yoplanning', kind: 'write', times: 1 } as const;
    await control.addFault({
      ...write,
      record: refusing.yoplanning,
      action: { do: 'invalid', field: 'email', message },
    });
    await control.addFault({ ...write, record: broken.yoplanning, action: { do: 'reset', effect: 'applied' } });
    await control.addFault({ ...write, record: garbled.yoplanning, action: { do: 'malformed' } });
    await control.edit('yapla', refusing.yapla, { city: refused });
    await control.edit('yapla', broken.yapla, { city: cut });
    await control.edit('yapla', garbled.yapla, { city: unread });
    await control.remove('yoplanning', removed.yoplanning);
    const id = await control.add('yapla', entered.odile);
    // Somebody of the same name, and nothing else to tell who it is.
    await control.add('yoplanning', { firstName: entered.odile.firstName, lastName: entered.odile.lastName });
    for (const kind of ['refused', 'removal'] as const) await openCase(kind);
    await untilHolds(house, 'yoplanning', broken.yoplanning, { city: cut });
    await untilHolds(house, 'yoplanning', garbled.yoplanning, { city: unread });
    await untilQuiet(house);

    const said = await everythingSaid(house);
    // What is looked through does hold the work: who was worked on, what was asked, how it ended, what the worker said of it.
    for (const there of [asked.linkId, `yapla:${id}`, 'changedInYapla', '"caseId":', '"outcome":"refused"', '"came":'])
      expect(said).toContain(there);
    const values = [
      ...before,
      ...(await sandboxValues(house.sandbox)),
      ...Object.values(entered.odile),
      ...entered.cities,
      entered.quoted,
      'zorglub',
    ];
    // Counted, not listed: a failing test must not print them either.
    expect(values.length).toBeGreaterThan(60);
    expect(valuesIn(said, values).length).toBe(0);
  },
);
