/**
 * Random histories of a connection whose Yapla is read from the files that a person exports (`yapla.read.mode: workbook`) and written by
 * files that a person imports, or not at all: an account without any API. Through the real engine, on the real PostgreSQL, by the real
 * staging. A file is exported, kept, and given late, twice, behind a younger one, as a part of the list, or never; its rows stand apart. Where
 * there are webhooks, they come late and in any order; where there are none, nothing is known of Yapla but what files show.
 *
 * Nobody can be asked for: neither one member nor the list. So these properties read otherwise:
 * 1: once a file of all members was exported after everything and given. A second one writes nothing.
 * 2 and 3: as in fileHistories, where Yapla is written by files.
 * 6: somebody is gone only by a file that is said to be the whole list, and is as young as what is known of them. What a person says of a file
 *    is believed: here they say no more than is true.
 * 8: files have no order but the moments of their export. What is known of a member never goes back behind what was known, whichever file or
 *    body comes when; and everything ends as where the list can be read.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type EngineAction,
  exportBesides,
  exportHistories,
  type Pools,
  runEngineHistory,
} from '../helpers/engineModel.js';
import { type ExportFault, putIntoExports } from '../helpers/engineModel/exportFaults.js';
import { byExports, plainSetting, Violation } from '../helpers/liveModel.js';
import { withPools } from '../helpers/engineModel/withPools.js';
import { checkProperty, wholeNumber } from '../helpers/property.js';

/** Each reads several files to the end: fewer in the quick run. */
const ordinarily = process.env['PASSERELLE_LONG'] === undefined ? 10 : 100;

test('whatever is exported, kept, given and told of, every history ends in sync or in a question, through the real engine', async () => {
  const runs = fc.record({ history: exportHistories, beside: exportBesides });
  await withPools('export histories test', async (pools) => {
    await checkProperty(
      fc.asyncProperty(runs, ({ history, beside }) => runEngineHistory(pools, history, beside)),
      { numRuns: wholeNumber('PASSERELLE_EXPORT_HISTORIES', ordinarily) },
    );
  });
});

describe('the property finds a fault that is put in on purpose', () => {
  const edit = (nth: number): EngineAction => ({ do: 'edit', system: 'yapla', person: 0, field: 'city', nth });
  const press: EngineAction = { do: 'export', leaveOut: 0, form: 1 };
  const give: EngineAction = { do: 'give', nth: 0, whole: true };
  const settle: EngineAction = { do: 'settle' };

  const cases: readonly (readonly [ExportFault, RegExp, readonly EngineAction[]])[] = [
    ['a file counts as of when it is given', /^8:/, [press, edit(2), settle, give]],
    ['a part of the list proves that somebody is gone', /^6:/, [{ ...press, leaveOut: 1 }, give]],
    ['the whole list proves nothing', /^6:/, [{ do: 'archive', person: 0 }, press, give]],
    // The younger of two webhooks is lost, and the older one comes after the file.
    [
      'a body undoes what a file has shown since',
      /^8:/,
      [edit(2), edit(4), { do: 'lose', nth: 1 }, press, give, settle],
    ],
  ];
  const run = async (pools: Pools, actions: readonly EngineAction[], cityRule: 'ask' | 'yapla' = 'ask') => {
    const setting = { ...plainSetting, cityRule, linkedPeople: 2, yapla: byExports, yaplaKeepsReference: false };
    await runEngineHistory(pools, { setting, actions }, { crashes: ['kill'], duringBulk: [] });
  };

  test.each(cases)('%s', async (fault, expected, actions) => {
    await withPools('export histories test', async (pools) => {
      await putIntoExports(pools.sql, fault);
      const found = await run(pools, actions).catch((error: unknown) => error);
      expect(found).toBeInstanceOf(Violation);
      expect((found as Violation).message).toMatch(expected);
    });
  });

  test('and none where nobody is left to be written to: what waited for somebody who is gone waits no more', async () => {
    const written: EngineAction = { do: 'edit', system: 'yoplanning', person: 0, field: 'city', nth: 2 };
    await withPools('export histories test', (pools) =>
      run(pools, [written, settle, { do: 'archive', person: 0 }, press, give]),
    );
  });

  test('and none where somebody is archived and entered anew, and a question stands between the two until a file proves it', async () => {
    const anew: EngineAction = { do: 'enter', system: 'yapla', person: 0 };
    await withPools('export histories test', (pools) =>
      run(pools, [{ do: 'archive', person: 0 }, anew, edit(2), settle], 'yapla'),
    );
  });

  test('and none where there is none', async () => {
    await withPools('export histories test', async (pools) => {
      for (const [, , actions] of cases) await run(pools, actions);
    });
  });
});
