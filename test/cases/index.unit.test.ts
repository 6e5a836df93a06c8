import { describe, expect, test } from '@jest/globals';
import {
  answersOf,
  carriedOut,
  type CaseKind,
  fieldsAsked,
  heldBy,
  isAsked,
  isKind,
  kindOf,
  kinds,
  kindsThat,
  questionsOf,
  settledCases,
  toCarryOut,
} from '../../src/cases/index.js';
import { decide, type Decision } from '../../src/core/decide.js';
import type { FieldDefinition, FieldHashes } from '../../src/core/record.js';
import type { CaseAnswer, LinkCase } from '../../src/store/cases.js';
import type { PairHashes } from '../../src/store/linkState.js';

const every = Object.keys(kinds) as CaseKind[];
const now: PairHashes = { yapla: { city: 'b', phone: 'b' }, yoplanning: { city: 'a', phone: 'a' } };
const question = (kind: string, more: Partial<LinkCase> = {}): LinkCase => ({
  id: 1,
  kind,
  subject: kind === 'removal' ? 'yoplanning:a' : 'link',
  field: kindOf(kind).about === 'field' ? 'city' : '',
  saw: now,
  take: null,
  ...more,
});

const fields: readonly FieldDefinition[] = ['city', 'phone'].map((name) => ({
  name,
  type: 'text',
  rule: 'ask',
  direction: 'both',
}));
/** Both fields changed in Yapla only. */
const base = { city: 'a', phone: 'a' };
const decided = (sides: PairHashes, rule: FieldDefinition['rule'] = 'ask', agreed: FieldHashes | null = base) => {
  const side = (hashes: FieldHashes | null) => (hashes === null ? ('absent' as const) : { hashes, times: {} });
  const [yapla, yoplanning] = [side(sides.yapla), side(sides.yoplanning)];
  return decide({ base: agreed, yapla, yoplanning, fields: fields.map((one) => ({ ...one, rule })) });
};
const gone = decide({ base, yapla: { hashes: base, times: {} }, yoplanning: 'gone', fields });
const inSync = decided({ yapla: base, yoplanning: base });
const oneSided: PairHashes = { yapla: base, yoplanning: null };

describe('the kinds', () => {
  test('are known by the code under which they are stored', () => {
    for (const code of every) expect(kinds[code].code).toBe(code);
    expect([isKind('conflict'), isKind('toString'), isKind('')]).toEqual([true, false, false]);
  });

  test('can each be answered in some way', () => {
    for (const code of every) {
      const { value, create, goOn, close, plan, booking = [], map = false } = answersOf(code);
      expect(value || create || goOn || plan || map || close !== null || booking.length > 0).toBe(true);
    }
  });

  test('that hold a field back are about a field, and those that hold a link back are about a link', () => {
    for (const { holds, about } of Object.values(kinds)) if (holds !== null) expect(about).toBe(holds.what);
    expect(kindsThat(({ holds }) => holds !== null)).toEqual([
      'refused',
      'notTaken',
      'notImported',
      'frozen',
      'unreadable',
    ]);
  });

  test('a kind that this version does not know holds nothing back, does not answer itself, and is a person’s to close', () => {
    const unknown = question('omen', { field: 'city' });
    expect(heldBy([unknown], now)).toEqual({ link: false, fields: new Set() });
    expect(settledCases([unknown], inSync)).toEqual([]);
    expect(questionsOf([unknown, question('create')])).toEqual([question('create')]);
    expect(answersOf('omen')).toMatchObject({ close: 'asksAgain', value: false });
    expect(kindsThat(() => true)).not.toContain('unknown');
  });
});

describe('what is held back', () => {
  const elsewhere = { yapla: { city: 'c', phone: 'b' }, yoplanning: { city: 'a', phone: 'a' } };
  const other = { yapla: { city: 'b', phone: 'c' }, yoplanning: { city: 'a', phone: 'a' } };

  test.each([
    ['refused', { link: true, fields: [] }, { link: false, fields: [] }, { link: false, fields: [] }],
    ['notTaken', { link: false, fields: ['city'] }, { link: false, fields: [] }, { link: false, fields: ['city'] }],
    ['frozen', { link: false, fields: ['city'] }, { link: false, fields: ['city'] }, { link: false, fields: ['city'] }],
  ])('by %s, while nothing changed, after its field changed, after another did', (kind, ...held) => {
    const by = (sides: PairHashes) => {
      const { link, fields: names } = heldBy([question(kind)], sides);
      return { link, fields: [...names] };
    };
    expect([by(now), by(elsewhere), by(other)]).toEqual(held);
  });

  test.each(every.filter((kind) => kinds[kind].holds === null))('by %s is nothing', (kind) => {
    expect(heldBy([question(kind, { field: 'city' })], now)).toEqual({ link: false, fields: new Set() });
  });

  test('by a refusal ends when a record comes, goes, or shows another field', () => {
    const refused = question('refused', { saw: oneSided });
    expect(heldBy([refused], oneSided).link).toBe(true);
    expect(heldBy([refused], now).link).toBe(false);
    expect(heldBy([question('refused')], oneSided).link).toBe(false);
    expect(heldBy([question('refused')], { ...now, yapla: { city: 'b' } }).link).toBe(false);
    expect(heldBy([question('refused', { saw: null })], now).link).toBe(false);
  });

  test('of a record that is still to be created is no field: it was held back of the one before it', () => {
    const cases = [question('frozen'), question('notTaken', { saw: oneSided })];
    expect(heldBy(cases, oneSided)).toEqual({ link: false, fields: new Set() });
  });
});

describe('a question answers itself', () => {
  const settles = (one: LinkCase, wanted: Decision) => settledCases([one], wanted).length > 0;
  const cityOnly = decided({ ...now, yapla: { city: 'b', phone: 'a' } });
  const phoneOnly = decided({ ...now, yapla: { city: 'a', phone: 'b' } });

  test.each(['conflict', 'notTaken'])('of kind %s when its field needs nothing any more', (kind) => {
    expect([settles(question(kind), cityOnly), settles(question(kind), phoneOnly)]).toEqual([false, true]);
    expect(settles(question(kind), decided(now, 'ask', { city: 'x', phone: 'b' }))).toBe(false);
  });

  test.each(['conflict', 'notTaken', 'frozen'])(
    'of kind %s not while a value of the person’s own waits to be written',
    (kind) => {
      expect(settles(question(kind, { take: 'value' }), phoneOnly)).toBe(false);
      expect(settles(question(kind, { take: 'yapla' }), phoneOnly)).toBe(true);
    },
  );

  test('of kind frozen only once it is answered', () => {
    expect(settles(question('frozen'), phoneOnly)).toBe(false);
    expect(settles(question('frozen', { take: 'yapla' }), cityOnly)).toBe(false);
  });

  test('of kind refused when nothing is left to write, create or find gone', () => {
    const left = [inSync, decided(now, 'ask', { city: 'x', phone: 'x' }), cityOnly, decided(oneSided), gone];
    expect(left.map((wanted) => settles(question('refused'), wanted))).toEqual([true, true, false, false, false]);
  });

  test('of kind removal when the record is back, of kind create when the person need not be created', () => {
    expect([gone, inSync].map((wanted) => settles(question('removal'), wanted))).toEqual([false, true]);
    const other = { ...gone, gone: 'yapla' as const };
    expect([other, { ...gone, gone: 'both' as const }].map((wanted) => settles(question('removal'), wanted))).toEqual([
      true,
      false,
    ]);
    expect([decided(oneSided), inSync].map((wanted) => settles(question('create'), wanted))).toEqual([false, true]);
  });

  test.each(['doubt', 'canary', 'guard', 'massChange'])(
    'of kind %s never: it is not about what a link needs',
    (kind) => {
      expect(settles(question(kind), inSync)).toBe(false);
    },
  );
});

test('what is asked already is not asked again: while it is open, and for good where a person said to leave it', () => {
  const none = { cases: [], declined: new Set<string>() };
  expect(isAsked(none, 'removal', 'yoplanning:a')).toBe(false);
  expect(isAsked({ ...none, cases: [question('removal')] }, 'removal', 'yoplanning:a')).toBe(true);
  expect(isAsked({ ...none, cases: [question('removal')] }, 'removal', 'yapla:1')).toBe(false);
  expect(isAsked({ ...none, cases: [question('removal')] }, 'create', 'link')).toBe(false);
  const closed = { ...none, declined: new Set(['create link', 'refused link', 'canary link']) };
  expect((['create', 'removal', 'refused', 'canary'] as const).map((kind) => isAsked(closed, kind, 'link'))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(
    fieldsAsked([question('conflict'), question('frozen'), question('conflict', { field: 'phone' })], 'conflict'),
  ).toEqual(['city', 'phone']);
});

test('answers are carried out by field, or by a creation, and each ends with what it asked for', () => {
  const answers: CaseAnswer[] = [
    { caseId: 1, kind: 'conflict', field: 'city', take: 'yapla' },
    { caseId: 2, kind: 'notTaken', field: 'city', take: 'value', value: 'Lyon' },
    { caseId: 3, kind: 'frozen', field: 'phone', take: 'yoplanning' },
    { caseId: 4, kind: 'create', field: '', take: 'create' },
  ];
  expect(toCarryOut(answers)).toEqual({ fields: { city: 'value', phone: 'yoplanning' }, create: true });
  expect(toCarryOut([])).toEqual({ fields: {}, create: false });
  const ended = (done: Parameters<typeof carriedOut>[1]) => carriedOut(answers, done).map(({ caseId }) => caseId);
  expect(ended({ fields: ['city'], created: false })).toEqual([1, 2]);
  expect(ended({ fields: [], created: true })).toEqual([4]);
});
