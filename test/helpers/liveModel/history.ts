/** Histories: what people do, and what befalls webhooks and workers, as lists of actions that fast-check can make and shrink. */
import fc from 'fast-check';
import { systemNames, type SystemName } from '../../../src/core/record.js';
import { byRest, fieldNames, listOnly, people, plainSetting, type Setting } from './setting.js';

/** Numbers named `nth` pick one of what is there at that moment, modulo their number. */
export type Action =
  /** A person is entered in a system by hand. */
  | { readonly do: 'enter'; readonly system: SystemName; readonly person: number }
  | {
      readonly do: 'edit';
      readonly system: SystemName;
      readonly person: number;
      readonly field: string;
      readonly nth: number;
    }
  /** A field that is not mapped. */
  | { readonly do: 'note'; readonly system: SystemName; readonly person: number; readonly nth: number }
  /** In Yoplanning; Yapla cannot delete. */
  | { readonly do: 'remove'; readonly person: number }
  /** A webhook arrives, in any order, once or several times. */
  | { readonly do: 'deliver'; readonly nth: number; readonly times: number }
  | { readonly do: 'lose'; readonly nth: number }
  /** The forwarder tells the workflows; `dies` before it has told them. */
  | { readonly do: 'forward'; readonly dies: boolean }
  | { readonly do: 'work'; readonly nth: number; readonly steps: number }
  | { readonly do: 'crash'; readonly nth: number }
  | { readonly do: 'answer'; readonly nth: number; readonly take: SystemName | 'value'; readonly value: number }
  /** The forwarder tells of everything that arrived, and one workflow goes a few steps. */
  | { readonly do: 'bring'; readonly nth: number; readonly steps: number }
  /** A bulk run. `short`: Yoplanning's list does not show one of its records. */
  | { readonly do: 'repair'; readonly short: boolean }
  /** Everything under way arrives, and all work is done. */
  | { readonly do: 'settle' };

export interface History {
  readonly setting: Setting;
  readonly actions: readonly Action[];
}

const system = fc.constantFrom(...systemNames);
/** Mostly the same one, and mostly the same field: what happens at once is what is hard. */
const person = fc.constantFrom(...[0, 0, 0, 0, ...people.keys()]);
const field = fc.constantFrom(...fieldNames, 'city', 'city', 'city');
const nth = fc.nat({ max: 5 });
const one = <T>(make: T) => fc.constant(make);

const deeds = [
  { weight: 3, arbitrary: fc.record({ do: one('enter' as const), system, person }) },
  { weight: 9, arbitrary: fc.record({ do: one('edit' as const), system, person, field, nth }) },
  { weight: 1, arbitrary: fc.record({ do: one('note' as const), system, person, nth }) },
  { weight: 1, arbitrary: fc.record({ do: one('remove' as const), person }) },
] as const;

/** What people do, without what befalls webhooks and workers. */
export type Deed = Extract<Action, { do: 'enter' | 'edit' | 'note' | 'remove' }>;
export const deed: fc.Arbitrary<Deed> = fc.oneof(...deeds);

const deliver = {
  weight: 6,
  arbitrary: fc.record({ do: one('deliver' as const), nth, times: fc.integer({ min: 1, max: 2 }) }),
};
const bring = {
  weight: 6,
  arbitrary: fc.record({ do: one('bring' as const), nth, steps: fc.integer({ min: 1, max: 12 }) }),
};
const work = {
  weight: 6,
  arbitrary: fc.record({ do: one('work' as const), nth, steps: fc.integer({ min: 1, max: 12 }) }),
};

/** What happens beside a piece of work that goes on from place to place. */
export const beside: fc.Arbitrary<Action> = fc.oneof(...deeds, deliver, work, bring);

export const action: fc.Arbitrary<Action> = fc.oneof(
  ...deeds,
  deliver,
  { weight: 1, arbitrary: fc.record({ do: one('lose' as const), nth }) },
  { weight: 4, arbitrary: fc.record({ do: one('forward' as const), dies: fc.nat({ max: 4 }).map((n) => n === 4) }) },
  work,
  { weight: 3, arbitrary: fc.record({ do: one('crash' as const), nth }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: one('answer' as const),
      nth,
      take: fc.constantFrom(...systemNames, 'value' as const),
      value: nth,
    }),
  },
  bring,
  { weight: 1, arbitrary: fc.record({ do: one('repair' as const), short: fc.boolean() }) },
  { weight: 2, arbitrary: one({ do: 'settle' as const }) },
);

export const setting: fc.Arbitrary<Setting> = fc.record({
  cityRule: fc.constantFrom('ask', 'yapla', 'yoplanning', 'newest'),
  clubDirection: fc.constantFrom('both', 'toYapla', 'toYoplanning'),
  creates: fc.constantFrom(...[true, true, true, false].map((yapla) => ({ yapla, yoplanning: true })), {
    yapla: true,
    yoplanning: false,
  }),
  yapla: fc.constantFrom(byRest, byRest, byRest, listOnly),
  yaplaKeepsReference: fc.boolean(),
  upperCases: fc.boolean(),
  answerLostEvery: fc.nat({ max: 2 }),
  linkedPeople: fc.nat({ max: 2 }),
  mutant: one(plainSetting.mutant),
});

export const histories: fc.Arbitrary<History> = fc.record({
  setting,
  actions: fc.array(action, { minLength: 1, maxLength: 24 }),
});

const few = fc.integer({ min: 0, max: 8 });

/**
 * Histories of which most random ones have nothing: somebody is entered in both systems, or changed in one, while what was done before
 * about them is under way. From step to step they go on in any order, and each may be cut off.
 */
export const encounters: fc.Arbitrary<History> = fc
  .record({
    setting,
    first: system,
    before: few,
    then: fc.constantFrom<Deed['do']>('enter', 'enter', 'edit'),
    field,
    steps: fc.array(fc.tuple(nth, few, fc.constantFrom('work', 'bring', 'work', 'crash')), {
      minLength: 1,
      maxLength: 8,
    }),
  })
  .map(({ setting: about, first, before, then, field: edited, steps }) => {
    const second = then === 'enter' && first === 'yapla' ? 'yoplanning' : 'yapla';
    const met: Action =
      then === 'enter'
        ? { do: 'enter', system: second, person: 0 }
        : { do: 'edit', system: first, person: 0, field: edited, nth: 1 };
    return {
      setting: { ...about, linkedPeople: 0 },
      actions: [
        { do: 'enter', system: first, person: 0 },
        { do: 'bring', nth: 0, steps: before },
        met,
        ...steps.map(([which, many, what]): Action =>
          what === 'crash' ? { do: 'crash', nth: which } : { do: what, nth: which, steps: many },
        ),
      ],
    };
  });

/** For people whose end does not depend on when things arrive: every field edited in one system only, nobody entered twice or removed. */
export function comparablePeople({ setting: { linkedPeople }, actions }: History): readonly number[] {
  return people.flatMap((_, index) => {
    const about = actions.filter((each) => 'person' in each && each.person === index);
    const entered = about.flatMap((each) => (each.do === 'enter' ? [each.system] : []));
    const isLinked = index < linkedPeople;
    if (entered.length !== (isLinked ? 0 : 1) || about.some((each) => each.do === 'remove')) return [];
    const editors = new Map<string, Set<SystemName>>();
    for (const each of about) {
      if (each.do !== 'edit') continue;
      editors.set(each.field, (editors.get(each.field) ?? new Set()).add(each.system));
    }
    const sides = [...editors.values()];
    const alone = isLinked
      ? sides.every((side) => side.size === 1)
      : sides.every((side) => side.size === 1 && side.has(entered[0]!));
    return alone ? [index] : [];
  });
}

/** The same deeds of people, with everything else as it should be: each is dealt with before the next. */
export function withoutMishaps({ setting: about, actions }: History): History {
  const done = actions.filter(
    ({ do: what }) => what === 'enter' || what === 'edit' || what === 'note' || what === 'remove',
  );
  return {
    setting: { ...about, answerLostEvery: 0, mutant: null },
    actions: done.flatMap((deed) => [deed, { do: 'settle' as const }]),
  };
}
