import { bookingKinds } from '../../src/cases/bookings.js';
import { describe, expect, test } from '@jest/globals';
import { checkAnswer, type Given } from '../../src/cases/answers.js';
import { kinds, type CaseKind } from '../../src/cases/index.js';
import { fieldsSchema } from '../../src/config/fields.js';

const settings = { fields: fieldsSchema.parse(undefined), defaultCountry: 'FR' };
const every = Object.keys(kinds) as CaseKind[];
type Words = Given extends infer One ? (One extends Given ? Omit<One, 'remember'> : never) : never;
const check = (kind: string, given: Words, { field = 'city', remember = false } = {}) =>
  checkAnswer({ kind, field }, { ...given, remember }, settings);
const problem = (...args: Parameters<typeof check>) => {
  const checked = check(...args);
  return 'problem' in checked ? checked.problem.code : null;
};

describe('each way to answer', () => {
  const fits = (given: Words) => every.filter((kind) => problem(kind, given) === null);

  test('answers its kinds, and no others', () => {
    expect(fits({ take: 'yapla' })).toEqual(['conflict', 'notTaken', 'notImported', 'frozen']);
    expect(fits({ take: 'value', text: 'Lyon' })).toEqual(['conflict', 'notTaken', 'notImported', 'frozen']);
    expect(fits({ take: 'create' })).toEqual(['create']);
    expect(fits({ take: 'goOn' })).toEqual(['massChange']);
    expect(fits({ take: 'close', why: null })).toEqual([
      'doubt',
      'removal',
      'refused',
      'notTaken',
      'notImported',
      'canary',
      'massChange',
      'create',
      'unreadable',
      'secondOrder',
      'unreadableEvent',
    ]);
    expect(fits({ take: 'wait' })).toEqual(['noPlace']);
    expect(fits({ take: 'keep' })).toEqual(Object.keys(bookingKinds));
  });

  test('that does not fit says what the case asks for', () => {
    expect(problem('guard', { take: 'close', why: null })).toBe('answeredByPlan');
    expect(problem('frozen', { take: 'close', why: null })).toBe('asksForValue');
    expect(problem('conflict', { take: 'create' })).toBe('asksForValue');
    expect(problem('removal', { take: 'create' })).toBe('asksForNoValue');
    expect(problem('refused', { take: 'yapla' })).toBe('asksForNoValue');
    expect(problem('create', { take: 'value', text: 'yes' })).toBe('asksWhetherToCreate');
    expect(problem('massChange', { take: 'yapla' })).toBe('asksWhetherToGoOn');
    expect(problem('conflict', { take: 'goOn' })).toBe('asksForValue');
    expect(problem('refused', { take: 'goOn' })).toBe('asksForNoValue');
    expect(problem('create', { take: 'goOn' })).toBe('asksWhetherToCreate');
    expect(problem('omen', { take: 'yapla' })).toBe('asksForNoValue');
  });

  test('closing keeps the reason', () => {
    expect(check('removal', { take: 'close', why: 'moved away' })).toEqual({
      resolution: { close: true, why: 'moved away' },
    });
  });
});

describe('a value', () => {
  test('is normalised by the type of its field; the empty text clears it', () => {
    const value = (field: string, text: string) => check('conflict', { take: 'value', text }, { field });
    const answered = (stored: string | null) => ({
      resolution: { close: false, answer: { take: 'value', value: stored }, remember: false },
    });
    expect(value('phone', '06 12 34 56 78')).toEqual(answered('+33612345678'));
    expect(value('city', ' Saint  Malo ')).toEqual(answered('Saint Malo'));
    for (const field of ['city', 'phone', 'birthDate']) expect(value(field, '')).toEqual(answered(null));
  });

  test('that is none of the type, or of a field that is not mapped any more, is a problem that does not repeat it', () => {
    expect(check('frozen', { take: 'value', text: 'ask his mother' }, { field: 'phone' })).toEqual({
      problem: { code: 'notOfType', type: 'phone' },
    });
    expect(problem('frozen', { take: 'value', text: 'x' }, { field: 'nickname' })).toBe('fieldNotMapped');
    expect(problem('frozen', { take: 'yapla' }, { field: 'nickname' })).toBe(null);
  });
});

test('a value of a choice is read by its table, as label or value; what that does not have is a problem', () => {
  const fields = fieldsSchema.parse({
    ...settings.fields,
    title: { choices: { mrs: ['Madame', 'Mme'] }, yapla: 'a', yoplanning: 'b' },
    country: { type: 'country', yapla: { read: 'pays', label: 'fr' }, yoplanning: 'country' },
  });
  const checked = (field: string, text: string) =>
    checkAnswer({ kind: 'conflict', field }, { take: 'value', text, remember: false }, { ...settings, fields });
  const answered = (value: string | null) => ({
    resolution: { close: false, answer: { take: 'value', value }, remember: false },
  });
  expect(checked('title', ' mme ')).toEqual(answered('mrs'));
  expect(checked('title', '')).toEqual(answered(null));
  expect(checked('country', 'Belgique')).toEqual(answered('BE'));
  expect(checked('title', 'Dr')).toEqual({ problem: { code: 'notAChoice', type: 'text', values: ['mrs'] } });
  expect(checked('country', 'Fooland')).toEqual({ problem: { code: 'notAChoice', type: 'country', values: [] } });
});

test("only a system's answer to a conflict becomes a rule", () => {
  const given: readonly Words[] = [
    { take: 'yapla' },
    { take: 'value', text: 'Lyon' },
    { take: 'create' },
    { take: 'goOn' },
    { take: 'close', why: null },
  ];
  const remembered = every.flatMap((kind) =>
    given.flatMap((one) => ('resolution' in check(kind, one, { remember: true }) ? [[kind, one.take]] : [])),
  );
  expect(remembered).toEqual([['conflict', 'yapla']]);
  expect(problem('conflict', { take: 'value', text: 'Lyon' }, { remember: true })).toBe('notRemembered');
});
