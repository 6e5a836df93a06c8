/**
 * Random histories of a connection whose Yapla is written by files that a person imports (`yapla.write.mode: workbook`), through the real
 * engine, on the real PostgreSQL. The person imports late, in part, twice, or not at all, and says of it what they like.
 *
 * Four properties read otherwise here. 1: what a file cannot carry, or no file brought, stands in an open case; at the end nothing waits.
 * 2: what an import overwrote comes back as the other system spells it.
 * 3: a file can overwrite what somebody entered after it was made, also about somebody whom it was to create; as far as that was known, it
 * stands in the journal once the import is.
 * 8: whatever people do at the wizard, everything ends as where Yapla is written at once. Only an old file, imported after a younger one was
 * made, is an edit like any other.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type EngineAction, fileBesides, fileHistories, runEngineHistory, type Pools } from '../helpers/engineModel.js';
import { putIn, type WaitingFault } from '../helpers/engineModel/waitingFaults.js';
import { byFiles, plainSetting, Violation } from '../helpers/liveModel.js';
import { withPools } from '../helpers/engineModel/withPools.js';
import { checkProperty, wholeNumber } from '../helpers/property.js';

test('whatever people do, import, lose and say, every history ends in sync or in a question, through the real engine', async () => {
  const runs = fc.record({ history: fileHistories, beside: fileBesides });
  await withPools('file histories test', async (pools) => {
    await checkProperty(
      fc.asyncProperty(runs, ({ history, beside }) => runEngineHistory(pools, history, beside)),
      { numRuns: wholeNumber('PASSERELLE_FILE_HISTORIES', 30) },
    );
  });
});

describe('the property finds a fault that is put in on purpose', () => {
  const edit = (system: 'yapla' | 'yoplanning', nth: number): EngineAction => ({
    do: 'edit',
    system,
    person: 0,
    field: 'city',
    nth,
  });
  const settle: EngineAction = { do: 'settle' };
  const handedOut: readonly EngineAction[] = [edit('yoplanning', 2), settle, { do: 'ask' }, settle];
  const imported: EngineAction = { do: 'import', nth: 0, lost: 0 };
  const done: EngineAction = { do: 'done', nth: 0 };

  const cases: readonly (readonly [WaitingFault, RegExp, readonly EngineAction[]])[] = [
    // The import and the other system's next value are seen at once.
    ['what a file brought does not move the base', /^8:/, [...handedOut, imported, edit('yoplanning', 4), settle]],
    [
      'a newer value does not replace the one that waits',
      /^[89]:/,
      [edit('yoplanning', 2), settle, edit('yoplanning', 4), settle],
    ],
    ['a file is believed when a person says that it is imported', /^8:/, [...handedOut, done, settle]],
    [
      'an edit while a file is out goes unnoticed',
      /^[13]:/,
      [...handedOut, edit('yapla', 4), settle, imported, settle],
    ],
    [
      'an edit that an import overwrites is not journalled',
      /^3:/,
      [...handedOut, edit('yapla', 4), settle, imported, settle],
    ],
  ];
  const run = async (pools: Pools, actions: readonly EngineAction[]) => {
    const setting = { ...plainSetting, cityRule: 'yapla', yapla: byFiles } as const;
    await runEngineHistory(pools, { setting, actions }, { crashes: ['kill'], duringBulk: [] });
  };

  test.each(cases)('%s', async (fault, expected, actions) => {
    await withPools('file histories test', async (pools) => {
      await putIn(pools.sql, fault);
      const found = await run(pools, actions).catch((error: unknown) => error);
      expect(found).toBeInstanceOf(Violation);
      expect((found as Violation).message).toMatch(expected);
    });
  });

  /** Somebody is entered in Yapla while a file is out that makes her there. She is recognised at once, or another town sets her apart. */
  const met: readonly (readonly EngineAction[])[] = [
    [settle, edit('yapla', 4), settle],
    [edit('yapla', 4), settle],
  ].map((known) => [
    { do: 'enter', system: 'yoplanning', person: 0 },
    ...[settle, { do: 'ask' } as const, settle],
    { do: 'enter', system: 'yapla', person: 0 },
    ...[...known, imported, settle, done, settle],
  ]);
  const meet = async (pools: Pools) => {
    for (const cityRule of ['ask', 'yapla'] as const) {
      for (const actions of met) {
        const setting = { ...plainSetting, cityRule, linkedPeople: 0, yapla: byFiles, yaplaKeepsReference: false };
        await runEngineHistory(pools, { setting, actions }, { crashes: ['kill'], duringBulk: [] });
      }
    }
  };

  test('what a file of new people finds and overwrites is not journalled', async () => {
    await withPools('file histories test', async (pools) => {
      await putIn(pools.sql, 'what a file of new people overwrites is not journalled');
      await expect(meet(pools)).rejects.toThrow(/^3:/);
    });
  });

  test('and none where it is', async () => {
    await withPools('file histories test', meet);
  });

  test('and none where there is none', async () => {
    await withPools('file histories test', async (pools) => {
      for (const [, , actions] of cases) await run(pools, actions);
    });
  });
});
