/** Histories for the real engine: those of the model in memory, what a person at the import wizard does, and what they have no words for. */
import fc from 'fast-check';
import { action, beside, encounters, histories, setting, type Action, type History } from '../liveModel/history.js';
import { fieldNames, type GraphqlWays, type Mishap, type Setting, type YaplaWays } from '../liveModel/setting.js';
import type { ExportAction } from './exports.js';
import type { ImportAction } from './imports.js';
import type { Crash } from './workflow.js';

export type EngineAction = Action | ImportAction | ExportAction;

export interface EngineHistory {
  readonly setting: Setting;
  readonly actions: readonly EngineAction[];
}

type BulkCrash = Exclude<Crash, 'lapse'>;

/** What histories have no words for, because there a bulk run is one step. */
export interface Besides {
  /** Of the live work that crashes, taken in turn. */
  readonly crashes: readonly Crash[];
  /** What happens at the places of bulk runs, one after the other, as long as there is something left. */
  readonly duringBulk: readonly (EngineAction | BulkCrash | null)[];
}

const bulkCrash = fc.constantFrom<BulkCrash>('kill', 'fail');

function besidesOf(during: fc.Arbitrary<EngineAction>): fc.Arbitrary<Besides> {
  return fc.record({
    crashes: fc.array(fc.constantFrom<Crash>('kill', 'fail', 'lapse'), { minLength: 1, maxLength: 3 }),
    duringBulk: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constant(null) },
        { weight: 4, arbitrary: during },
        { weight: 1, arbitrary: bulkCrash },
      ),
      { maxLength: 24 },
    ),
  });
}

export const besides = besidesOf(beside);

/** Mostly the newest file, and all of it. */
const file = fc.constantFrom(0, 0, 0, 1, 2);
const lost = fc.constantFrom(0, 0, 0, 0, 1, 2);
const one = <T>(make: T) => fc.constant(make);

const ask = one<ImportAction>({ do: 'ask' });
const imports: fc.Arbitrary<ImportAction> = fc.record({ do: one('import' as const), nth: file, lost });
const done: fc.Arbitrary<ImportAction> = fc.record({ do: one('done' as const), nth: file });
const importing = fc.oneof(
  { weight: 3, arbitrary: ask },
  { weight: 4, arbitrary: imports },
  { weight: 3, arbitrary: done },
);

/** What gives a file something to bring. */
const edit: fc.Arbitrary<Action> = fc.record({
  do: one('edit' as const),
  system: fc.constantFrom('yoplanning', 'yoplanning', 'yapla'),
  person: fc.constantFrom(0, 0, 0, 0, 1, 2),
  field: fc.constantFrom('city', 'city', 'city', 'city', 'city', ...fieldNames),
  // Mostly another city than the first, and seldom none.
  nth: fc.constantFrom(2, 3, 4, 2, 4, 0, 1, 5),
});
const enter: fc.Arbitrary<Action> = fc.record({
  do: one('enter' as const),
  system: fc.constantFrom('yoplanning', 'yoplanning', 'yapla'),
  person: fc.constantFrom(2, 2, 1),
});
/** All of it is seen and dealt with, or some, or nothing yet. */
const onward: fc.Arbitrary<readonly Action[]> = fc.oneof(
  { weight: 5, arbitrary: one<readonly Action[]>([{ do: 'settle' }]) },
  {
    weight: 2,
    arbitrary: fc
      .record({ do: one('bring' as const), nth: fc.nat({ max: 5 }), steps: fc.integer({ min: 1, max: 12 }) })
      .map((bring) => [bring]),
  },
  { weight: 1, arbitrary: one<readonly Action[]>([]) },
);

const some = <T>(of: fc.Arbitrary<T>, maxLength: number) => fc.array(of, { maxLength, size: 'max' });
const seldomNot = <T>(of: fc.Arbitrary<T>) => fc.option(of, { freq: 8, nil: null });
const meanwhile = some(fc.oneof({ weight: 4, arbitrary: edit }, { weight: 1, arbitrary: action }), 2);

/** The life of a file: something is to be written, a file is made, imported and told of, and people go on meanwhile. Each may be left out. */
const chapter: fc.Arbitrary<readonly EngineAction[]> = fc
  .tuple(
    fc.array(fc.oneof({ weight: 5, arbitrary: edit }, { weight: 1, arbitrary: enter }), { minLength: 1, maxLength: 2 }),
    onward,
    seldomNot(ask),
    onward,
    meanwhile,
    onward,
    some(imports, 2),
    meanwhile,
    onward,
    seldomNot(done),
    onward,
  )
  .map(([deeds, seen, asked, made, since, noted, imported, then, shown, said, judged]) =>
    [...deeds, ...seen, asked, ...made, ...since, ...noted, ...imported, ...then, ...shown, said, ...judged].filter(
      (each) => each !== null,
    ),
  );

/** Files carry no id of the other system, and are not answered. */
const fileSetting: fc.Arbitrary<Setting> = fc
  .tuple(setting, fc.constantFrom<YaplaWays['reads']>('one', 'one', 'list'), fc.constantFrom(1, 1, 2))
  .map(([about, reads, linkedPeople]) => ({
    ...about,
    linkedPeople,
    yapla: { writes: 'workbook', reads },
    yaplaKeepsReference: false,
    answerLostEvery: 0,
  }));

const scattered: fc.Arbitrary<readonly EngineAction[]> = fc.array(
  fc.oneof({ weight: 6, arbitrary: action }, { weight: 4, arbitrary: importing }),
  { minLength: 1, maxLength: 24, size: 'max' },
);
const chapters = fc
  .array(chapter, { minLength: 1, maxLength: 3, size: 'max' })
  .map((all): readonly EngineAction[] => all.flat());

/** Histories of a connection whose changes for Yapla wait for files that a person imports. */
export const fileHistories: fc.Arbitrary<EngineHistory> = fc.record({
  setting: fileSetting,
  actions: fc.oneof({ weight: 3, arbitrary: chapters }, { weight: 1, arbitrary: scattered }),
});

export const fileBesides = besidesOf(fc.oneof({ weight: 3, arbitrary: beside }, { weight: 1, arbitrary: importing }));

/** Mostly the newest file, and all of the list. */
const pressing: fc.Arbitrary<ExportAction> = fc.record({
  do: one('export' as const),
  leaveOut: fc.constantFrom(0, 0, 0, 0, 1, 2, 3),
  form: fc.nat({ max: 5 }),
});
const giving: fc.Arbitrary<ExportAction> = fc.record({
  do: one('give' as const),
  nth: fc.constantFrom(0, 0, 0, 1, 1, 2),
  whole: fc.constantFrom(true, true, true, false),
});
const archiving: fc.Arbitrary<ExportAction> = fc.record({
  do: one('archive' as const),
  person: fc.constantFrom(0, 0, 1, 2),
});
const exporting = fc.oneof(
  { weight: 4, arbitrary: pressing },
  { weight: 4, arbitrary: giving },
  { weight: 1, arbitrary: archiving },
);
const lose: fc.Arbitrary<Action> = fc.record({ do: one('lose' as const), nth: fc.nat({ max: 1 }) });

/** The life of an export: something is changed, exported, changed again, and given; imported and told of, too. Each may be left out. */
const exportChapter: fc.Arbitrary<readonly EngineAction[]> = fc
  .tuple(
    fc.array(fc.oneof({ weight: 5, arbitrary: edit }, { weight: 1, arbitrary: enter }), { minLength: 1, maxLength: 2 }),
    fc.option(fc.oneof({ weight: 2, arbitrary: lose }, { weight: 1, arbitrary: archiving }), { freq: 2, nil: null }),
    onward,
    fc.option(ask, { nil: null }),
    onward,
    fc.option(imports, { nil: null }),
    fc.option(done, { nil: null }),
    seldomNot(pressing),
    fc.array(fc.oneof({ weight: 4, arbitrary: edit }, { weight: 1, arbitrary: action }), { maxLength: 2, size: 'max' }),
    fc.option(lose, { nil: null }),
    onward,
    seldomNot(giving),
    onward,
  )
  .map(([deeds, missed, seen, asked, made, imported, said, pressed, since, lostToo, noted, given, judged]) =>
    [
      ...deeds,
      missed,
      ...seen,
      asked,
      ...made,
      imported,
      said,
      pressed,
      ...since,
      lostToo,
      ...noted,
      given,
      ...judged,
    ].filter((each) => each !== null),
  );

/** Files show no id of the other system, and there is no API that could be asked for anything, or answer. */
const exportSetting: fc.Arbitrary<Setting> = fc
  .tuple(
    setting,
    fc.constantFrom<YaplaWays['writes']>('workbook', 'workbook', 'none'),
    fc.nat({ max: 2 }),
    fc.constantFrom(1, 1, 2),
  )
  .map(([about, writes, silent, linkedPeople]) => ({
    ...about,
    linkedPeople,
    yapla: { writes, reads: 'file', isSilent: silent === 0 },
    yaplaKeepsReference: false,
    answerLostEvery: 0,
  }));

const scatteredExports: fc.Arbitrary<readonly EngineAction[]> = fc.array(
  fc.oneof({ weight: 6, arbitrary: action }, { weight: 2, arbitrary: importing }, { weight: 4, arbitrary: exporting }),
  { minLength: 1, maxLength: 24, size: 'max' },
);
const exportChapters = fc
  .array(exportChapter, { minLength: 1, maxLength: 3, size: 'max' })
  .map((all): readonly EngineAction[] => all.flat());

/** Histories of a connection whose Yapla is read from the files that a person exports, and written by files or not at all. */
export const exportHistories: fc.Arbitrary<EngineHistory> = fc.record({
  setting: exportSetting,
  actions: fc.oneof({ weight: 3, arbitrary: exportChapters }, { weight: 1, arbitrary: scatteredExports }),
});

/** No file is given while another is read: who gives one waits for the sync before it. */
export const exportBesides = besidesOf(
  fc.oneof(
    { weight: 3, arbitrary: beside },
    { weight: 1, arbitrary: importing },
    { weight: 1, arbitrary: fc.oneof(pressing, archiving) },
  ),
);

const mishap = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Mishap>(
      'empty',
      'field fails',
      'field not found',
      'record fails',
      'record not shown',
      'fails before',
      'fails after',
      'throttled',
      'token ends',
      'token unknown',
    ),
  },
);

const graphqlWays: fc.Arbitrary<GraphqlWays> = fc.record({
  renames: fc.boolean(),
  created: fc.constantFrom('member', 'member', 'id', 'nothing'),
  showsUpdated: fc.constantFrom(true, true, false),
  neverWithout: fc.boolean(),
  mishaps: fc.array(mishap, { maxLength: 24, size: 'max' }),
});

/** Histories of a connection whose Yapla is read and written by GraphQL. */
export const graphqlHistories: fc.Arbitrary<History> = fc
  .tuple(fc.oneof({ weight: 3, arbitrary: histories }, { weight: 1, arbitrary: encounters }), graphqlWays)
  .map(([{ setting: about, actions }, graphql]) => ({
    setting: { ...about, yapla: { writes: 'graphql', reads: 'one', graphql } },
    actions,
  }));
