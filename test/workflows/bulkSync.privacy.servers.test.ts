import { afterEach, expect, test } from '@jest/globals';
import { yaplaShapes } from '../../src/sandbox/options.js';
import { historyText } from '../helpers/historyText.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';
import { sandboxValues, valuesIn } from '../helpers/sandboxValues.js';

const people = {
  seed: 17,
  yapla: 14,
  yoplanning: 8,
  shared: 10,
  differing: 8,
  duplicates: { yapla: 1, yoplanning: 1 },
};

let house: TestPasserelle;
afterEach(async () => await house.stop());

const long = process.env['PASSERELLE_LONG'] !== undefined;

test.each(long ? yaplaShapes : yaplaShapes.slice(0, 1))(
  'no person’s value is in a history, a search attribute or a log line, whatever goes wrong (%s Yapla)',
  async (shape) => {
    house = await startPasserelle({ sandbox: { people, yapla: { shape } }, connection: { rule: 'ask' } });
    const { control } = house.sandbox;
    const before = await sandboxValues(house.sandbox);
    for (const system of ['yapla', 'yoplanning'] as const) {
      await control.addFault({ system, kind: 'list', times: 1, action: { do: 'malformed' } });
      await control.addFault({
        system,
        kind: ['create', 'write'],
        skip: 1,
        times: 1,
        action: { do: 'invalid', field: 'email', message: 'zorglub@example.org is taken' },
      });
      await control.addFault({
        system,
        kind: ['create', 'write'],
        skip: 3,
        times: 2,
        action: { do: 'reset', effect: 'applied' },
      });
      await control.addFault({
        system,
        kind: ['create', 'write'],
        skip: 6,
        times: 1,
        action: { do: 'status', status: 502, effect: 'applied' },
      });
      await control.addFault({ system, kind: ['create', 'write'], skip: 8, times: 1, action: { do: 'malformed' } });
      await control.addFault({
        system,
        kind: 'write',
        action: { do: 'rewrite', fields: { lastName: 'upper', phone: 'digits' } },
      });
    }
    const handle = await house.startBulk();
    expect(await handle.result()).toMatchObject({ outcome: 'applied' });
    const again = await house.startBulk();
    await again.result();

    const described = await Promise.all([handle, again].map((one) => one.describe()));
    const said = [
      await historyText(handle),
      await historyText(again),
      ...described.map(({ typedSearchAttributes, memo }) => JSON.stringify([typedSearchAttributes.getAll(), memo])),
      ...house.logLines,
    ].join('\n');
    // What is looked through does hold the run: its scans, its items, its worker's lines.
    for (const there of [house.connectionId, 'applyItems', 'remoteItems', 'worker started'])
      expect(said).toContain(there);
    const values = [...before, ...(await sandboxValues(house.sandbox)), 'zorglub'];
    // Counted, not listed: a failing test must not print them either. Invented as they are, the habit counts.
    expect(values.length).toBeGreaterThan(150);
    expect(valuesIn(said, values).length).toBe(0);
  },
);
