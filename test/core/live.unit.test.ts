import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decideLive,
  nextStep,
  settlingOf,
  type LinkView,
  type LiveDecision,
  type Trigger,
} from '../../src/core/live.js';
import type { FieldDefinition, FieldHashes, SystemName } from '../../src/core/record.js';
import { checkProperty } from '../helpers/property.js';

const field = (name: string, about: Partial<FieldDefinition> = {}): FieldDefinition => ({
  name,
  type: 'text',
  rule: 'ask',
  direction: 'both',
  ...about,
});
/** @param at when the field `f` was entered */
const there = (hashes: FieldHashes, at: number | null = null) => ({ hashes, times: { f: at } });
const may = { yapla: true, yoplanning: true };

/** Both systems and the base hold the same; what a test is about comes in `about`. */
function view(about: Partial<LinkView> = {}): LinkView {
  return {
    state: 'linked',
    mergedInto: null,
    yapla: there({}),
    yoplanning: there({}),
    base: {},
    fields: [],
    version: 1,
    writes: may,
    creates: may,
    awaiting: null,
    held: false,
    heldFields: [],
    asked: [],
    askedRemoval: false,
    askedCreation: false,
    answers: {},
    openCases: 0,
    ...about,
  };
}

/** One field `f`, with its values in Yapla, in Yoplanning and in the base. */
const differs = (yapla: string, yoplanning: string, base: string | undefined, about: Partial<LinkView> = {}) =>
  view({
    yapla: there({ f: yapla }, 1),
    yoplanning: there({ f: yoplanning }, 2),
    base: base === undefined ? {} : { f: base },
    fields: [field('f')],
    ...about,
  });

const outcomeOf = (about: LinkView, triggers: readonly Trigger[] = ['yapla', 'yoplanning']) => {
  const { do: what, outcome } = nextStep(about, triggers);
  return `${what} ${outcome}`;
};
const writes = ({ write }: LiveDecision, system: SystemName) => write[system];

describe('the next step', () => {
  test('of a link that agrees with its base is none: the event was an echo', () => {
    expect(outcomeOf(view())).toBe('rest echo');
  });

  test('of two sides that agree, but not with the base, is to move the base', () => {
    expect(outcomeOf(differs('x', 'x', 's'))).toBe('apply adopt');
  });

  test('of one changed side is to write the other', () => {
    const fromYapla = differs('x', 's', 's');
    expect(outcomeOf(fromYapla, ['yapla'])).toBe('apply write');
    expect(decideLive(fromYapla, ['yapla']).write).toEqual({ yapla: [], yoplanning: ['f'] });
    const fromYoplanning = differs('s', 'x', 's');
    expect(outcomeOf(fromYoplanning, ['yoplanning'])).toBe('apply write');
    expect(decideLive(fromYoplanning, ['yoplanning']).write).toEqual({ yapla: ['f'], yoplanning: [] });
  });

  test('writes a cleared field like any other', () => {
    expect(decideLive(differs('', 's', 's'), ['yapla']).write.yoplanning).toEqual(['f']);
  });

  test('of a conflict is to ask, and once asked to wait', () => {
    expect(outcomeOf(differs('x', 'y', 's'))).toBe('apply case');
    expect(outcomeOf(differs('x', 'y', 's', { asked: ['f'], openCases: 1 }))).toBe('rest case');
  });

  test('carries out the other fields while one is asked about', () => {
    const both = view({
      yapla: there({ f: 'x', g: 'new' }),
      yoplanning: there({ f: 'y', g: 's' }),
      base: { f: 's', g: 's' },
      fields: [field('f'), field('g')],
      asked: ['f'],
    });
    expect(outcomeOf(both)).toBe('apply write');
    expect(decideLive(both, ['yapla'])).toMatchObject({ write: { yoplanning: ['g'] }, conflicts: ['f'] });
  });

  test('of a one-way field puts the copy back', () => {
    const copyChanged = differs('x', 's', 's', { fields: [field('f', { direction: 'toYapla' })] });
    expect(decideLive(copyChanged, ['yapla']).write).toEqual({ yapla: ['f'], yoplanning: [] });
  });

  test.each([
    ['merged', 'rest merged'],
    ['doubtful', 'rest doubt'],
    ['unknown', 'rest unknown'],
  ] as const)('of a link that is %s is none', (state, expected) => {
    expect(outcomeOf(differs('x', 's', 's', { state }))).toBe(expected);
  });
});

describe('an answer', () => {
  const asked = { asked: ['f'], openCases: 1 };

  test.each(['yapla', 'yoplanning'] as const)('that takes the value of %s writes it to the other system', (take) => {
    const written = take === 'yapla' ? 'yoplanning' : 'yapla';
    const answered = differs('x', 'y', 's', { ...asked, answers: { f: take } });
    expect(outcomeOf(answered, ['answer'])).toBe('apply write');
    const decision = decideLive(answered, ['answer']);
    expect(writes(decision, written)).toEqual(['f']);
    expect(writes(decision, take)).toEqual([]);
    expect(decision.conflicts).toEqual([]);
  });

  test('with a value of its own is written by value, and by nothing else', () => {
    const decision = decideLive(differs('x', 'y', 's', { ...asked, answers: { f: 'value' } }), ['answer']);
    expect(decision).toMatchObject({ values: ['f'], write: { yapla: [], yoplanning: [] }, conflicts: [] });
  });

  test.each(['yapla', 'yoplanning'] as const)(
    'about a frozen field takes the value of %s, whatever the merge says',
    (take) => {
      for (const [yapla, yoplanning] of [
        ['x', 's'],
        ['s', 'x'],
      ] as const) {
        const frozen = differs(yapla, yoplanning, 's', { heldFields: ['f'], openCases: 1, answers: { f: take } });
        const decision = decideLive(frozen, ['answer']);
        expect(writes(decision, take)).toEqual([]);
        expect(writes(decision, take === 'yapla' ? 'yoplanning' : 'yapla')).toEqual(['f']);
      }
    },
  );

  test('that a Yoplanning event finds not carried out yet is carried out all the same', () => {
    const answered = differs('x', 'y', 's', { ...asked, answers: { f: 'yapla' } });
    expect(decideLive(answered, ['yoplanning']).write.yoplanning).toEqual(['f']);
  });
});

describe('what is held back', () => {
  test('a record that a system refuses is not written, and rests', () => {
    const held = differs('x', 's', 's', { held: true, openCases: 1 });
    expect(outcomeOf(held)).toBe('rest held');
    expect(decideLive({ ...held, answers: { f: 'value' } }, ['answer']).values).toEqual([]);
  });

  test('a frozen field stays as it is, and the others go on', () => {
    const frozen = view({
      yapla: there({ f: 'x', g: 'x' }),
      yoplanning: there({ f: 's', g: 's' }),
      base: { f: 's', g: 's' },
      fields: [field('f'), field('g')],
      heldFields: ['f'],
    });
    expect(decideLive(frozen, ['yapla']).write.yoplanning).toEqual(['g']);
    expect(outcomeOf(differs('x', 's', 's', { heldFields: ['f'], openCases: 1 }))).toBe('rest held');
  });

  test('a system that may not be written is not', () => {
    expect(outcomeOf(differs('s', 'x', 's', { writes: { ...may, yapla: false } }))).toBe('rest held');
  });
});

describe('a link that waits for a person', () => {
  test('about a field or a creation that is held is settled: nothing is left to do', () => {
    expect(settlingOf(differs('x', 's', 's', { heldFields: ['f'] }))).toBe('agreed');
    const creation = { yapla: there({ f: 'x' }), yoplanning: 'absent', base: null, fields: [field('f')] } as const;
    expect(settlingOf(view({ ...creation, held: true }))).toBe('agreed');
    expect([settlingOf(differs('x', 's', 's')), settlingOf(view(creation))]).toEqual(['open', 'open']);
  });
});

describe('a record that is missing', () => {
  const onlyInYapla = { yapla: there({ f: 'x' }), yoplanning: 'absent', base: null, fields: [field('f')] } as const;

  test('is created where the rule allows it', () => {
    expect(outcomeOf(view(onlyInYapla))).toBe('apply create');
    expect(decideLive(view(onlyInYapla), ['yapla'])).toMatchObject({
      create: 'yoplanning',
      write: { yoplanning: ['f'] },
    });
  });

  test('is asked about once where the rule is to ask', () => {
    const creates = { ...may, yoplanning: false };
    expect(decideLive(view({ ...onlyInYapla, creates }), ['yapla'])).toMatchObject({
      create: null,
      asksCreation: true,
    });
    expect(outcomeOf(view({ ...onlyInYapla, creates }))).toBe('apply case');
    expect(outcomeOf(view({ ...onlyInYapla, creates, askedCreation: true, openCases: 1 }))).toBe('rest held');
  });

  test('is not created a second time while the first is awaited', () => {
    const onlyInYoplanning = {
      yapla: 'absent',
      yoplanning: there({ f: 'x' }),
      base: null,
      fields: [field('f')],
    } as const;
    expect(outcomeOf(view({ ...onlyInYoplanning, awaiting: 'yapla' }))).toBe('rest awaiting');
  });

  test('that was removed is asked about once, and written nowhere', () => {
    const removed = { ...onlyInYapla, yoplanning: 'gone', base: { f: 's' } } as const;
    expect(outcomeOf(view(removed))).toBe('apply removed');
    expect(decideLive(view(removed), ['yapla']).write).toEqual({ yapla: [], yoplanning: [] });
    expect(outcomeOf(view({ ...removed, askedRemoval: true, openCases: 1 }))).toBe('rest removed');
  });
});

describe('Yoplanning’s own events', () => {
  const only: readonly Trigger[] = ['yoplanning'];

  test('do not bring it what only Yapla knows; Yapla’s event does', () => {
    const emptyThere = differs('x', '', undefined);
    expect(outcomeOf(emptyThere, only)).toBe('rest held');
    expect(outcomeOf(emptyThere, ['yoplanning', 'yapla'])).toBe('apply write');
  });

  test('bring it a change of Yapla that was read before: an attempt that died took its event', () => {
    expect(decideLive(differs('x', 's', 's'), only).write.yoplanning).toEqual(['f']);
  });

  test('bring it a fact that it never had: no event of Yapla tells of one', () => {
    const one = { direction: 'toYoplanning' } as const;
    const shows = (about: Partial<FieldDefinition>) => differs('x', '', undefined, { fields: [field('f', about)] });
    expect(outcomeOf(shows(one), ['yoplanning'])).toBe('rest held');
    expect(outcomeOf(shows({ ...one, derived: true }), ['yoplanning'])).toBe('apply write');
  });

  test('lead to a write to it where a rule decides for Yapla, or the field goes one way', () => {
    const decided = (about: Partial<FieldDefinition>) => differs('x', 'y', 's', { fields: [field('f', about)] });
    expect(decideLive(decided({ rule: 'yapla' }), only).write.yoplanning).toEqual(['f']);
    expect(decideLive(decided({ direction: 'toYoplanning' }), only).write.yoplanning).toEqual(['f']);
    const newest = { ...decided({ rule: 'newest' }), yapla: there({ f: 'x' }, 3) };
    expect(decideLive(newest, only).write.yoplanning).toEqual(['f']);
  });
});

const sides = fc.constantFrom('', 'x', 'y', 's');
const views = fc
  .record({
    yapla: sides,
    yoplanning: sides,
    base: fc.option(sides, { nil: undefined }),
    rule: fc.constantFrom('yapla', 'yoplanning', 'newest', 'ask'),
    direction: fc.constantFrom('both', 'toYapla', 'toYoplanning'),
    held: fc.boolean(),
    heldFields: fc.constantFrom([], ['f']),
    asked: fc.constantFrom([], ['f']),
  })
  .map(({ yapla, yoplanning, base, rule, direction, ...about }) =>
    differs(yapla, yoplanning, base, {
      ...about,
      fields: yapla === yoplanning && yapla === base ? [] : [field('f', { rule, direction })],
    }),
  );

describe('whatever a link holds', () => {
  test('a Yoplanning event alone writes to Yoplanning only for a change of Yapla, a rule or an answer', async () => {
    await checkProperty(
      fc.property(views, (about) => {
        const { write, reasons } = decideLive(about, ['yoplanning']);
        for (const name of write.yoplanning) {
          expect(['changedInYapla', 'ruleYapla', 'newestYapla', 'oneWay', 'ask']).toContain(reasons[name]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('once everything that was decided is done, nothing is left', async () => {
    await checkProperty(
      fc.property(views, (about) => {
        const step = nextStep(about, ['yapla']);
        if (step.do === 'rest') return;
        expect(outcomeOf(carriedOut(about, step.decision), ['yapla'])).toMatch(/^rest/);
      }),
      { numRuns: 500 },
    );
  });
});

/** What the view becomes when the decision about `f` was carried out. */
function carriedOut(about: LinkView, { write, adopt, conflicts }: LiveDecision): LinkView {
  const [yapla, yoplanning] = [about.yapla, about.yoplanning].map((side) =>
    typeof side === 'object' ? side.hashes['f'] : '',
  );
  if (conflicts.length > 0) return { ...about, asked: conflicts };
  const value = write.yapla.length > 0 ? yoplanning : yapla;
  return write.yapla.length + write.yoplanning.length + adopt.length > 0
    ? { ...about, yapla: there({ f: value! }), yoplanning: there({ f: value! }), base: { f: value! }, fields: [] }
    : about;
}
