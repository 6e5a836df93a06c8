import { personsOf } from '../../src/core/record.js';
import { describe, expect, test } from '@jest/globals';
import { readResolution, type ResolveOptions } from '../../src/cli/caseAnswer.js';
import { UsageError } from '../../src/cli/program.js';
import { fieldsSchema } from '../../src/config/fields.js';
import type { CaseKind } from '../../src/cases/index.js';

const settings = { fields: fieldsSchema.parse(undefined), defaultCountry: 'FR' };
const question = (kind: CaseKind, field = '') => ({ id: 12, kind, field, planNumber: null, scope: personsOf('club') });
const read = (options: ResolveOptions, kind: CaseKind = 'conflict', field = 'city') =>
  readResolution(options, question(kind, field), settings);

describe('--take', () => {
  test.each(['conflict', 'frozen', 'notTaken'] as const)("takes a system's value for a case of kind %s", (kind) => {
    for (const take of ['yapla', 'yoplanning'] as const)
      expect(read({ take }, kind)).toEqual({ close: false, answer: { take }, remember: false });
  });

  test('takes any other text as a value, which is normalised by the type of its field', () => {
    const value = (field: string, text: string) => read({ take: text }, 'conflict', field);
    const answered = (text: string | null) => ({
      close: false,
      answer: { take: 'value', value: text },
      remember: false,
    });
    expect(value('phone', '06 12 34 56 78')).toEqual(answered('+33612345678'));
    expect(value('birthDate', '3/5/2001')).toEqual(answered('2001-05-03'));
    expect(value('email', ' Zoe@Example.ORG ')).toEqual(answered('zoe@example.org'));
    expect(value('country', 'Belgique')).toEqual(answered('BE'));
    expect(value('language', 'French')).toEqual(answered('fr'));
    expect(value('city', ' Saint  Malo ')).toEqual(answered('Saint Malo'));
  });

  test('of a choice names what may be chosen, and does not repeat what was entered', () => {
    const fields = fieldsSchema.parse({
      ...settings.fields,
      title: { choices: { mrs: 'Madame', mr: 'Monsieur' }, yapla: 'a', yoplanning: 'b' },
    });
    const answer = (take: string) => readResolution({ take }, question('conflict', 'title'), { ...settings, fields });
    expect(answer('Monsieur')).toMatchObject({ answer: { take: 'value', value: 'mr' } });
    const wrong = () => answer('Docteur');
    expect(wrong).toThrow(UsageError);
    expect(wrong).toThrow('title is a choice: expected mrs, or mr');
    expect(wrong).not.toThrow('Docteur');
  });

  test('clears the field with the empty text, whatever its type', () => {
    for (const field of ['city', 'phone', 'birthDate', 'email', 'country', 'language'])
      expect(read({ take: '' }, 'frozen', field)).toMatchObject({ answer: { take: 'value', value: null } });
  });

  test.each([
    ['phone', 'ask his mother', 'phone number'],
    ['phone', '999', 'phone number'],
    ['birthDate', '2001-04-31', 'a day that exists'],
    ['birthDate', '05/13/2001', 'day first'],
    ['email', 'zoe at example', 'e-mail'],
    ['country', 'Atlantis', 'a country'],
    ['language', 'Klingon!', 'a language'],
  ])('refuses what is no value of the type of %s (%s), without repeating it', (field, text, words) => {
    const refusal = catching(() => read({ take: text }, 'conflict', field));
    expect(refusal.message).toContain(words);
    expect(refusal.message).not.toContain(text);
  });

  test('create answers the question whether to create, and nothing else', () => {
    expect(read({ take: 'create' }, 'create', '')).toEqual({
      close: false,
      answer: { take: 'create' },
      remember: false,
    });
    expect(catching(() => read({ take: 'create' })).message).toContain('--value create');
    expect(catching(() => read({ take: 'go-on' })).message).toContain('--value go-on');
    expect(catching(() => read({ take: 'yapla' }, 'create', '')).message).toContain('--take create');
  });

  test.each(['removal', 'canary', 'refused', 'doubt'] as const)('does not answer a case of kind %s', (kind) => {
    expect(catching(() => read({ take: 'yapla' }, kind)).message).toContain('--close');
  });
});

test('--value takes a word that --take knows as a value', () => {
  for (const value of ['yapla', 'create']) expect(read({ value })).toMatchObject({ answer: { take: 'value', value } });
});

test('a value for a field that is not mapped any more is refused', () => {
  expect(catching(() => read({ take: 'x' }, 'conflict', 'nickname')).message).toContain('does not map');
});

describe('--remember', () => {
  test("makes a rule of a system's answer to a conflict", () => {
    expect(read({ take: 'yapla', remember: true })).toMatchObject({ answer: { take: 'yapla' }, remember: true });
  });

  test.each([
    ['a value', { take: 'Lyon' }, 'conflict'],
    ['a frozen field', { take: 'yapla' }, 'frozen'],
    ['a creation', { take: 'create' }, 'create'],
    ['a closing', { close: true }, 'refused'],
  ] as const)('is refused for %s', (_, options, kind) => {
    expect(catching(() => read({ ...options, remember: true }, kind)).message).toContain('--remember');
  });
});

describe('--close', () => {
  test.each(['removal', 'canary', 'refused', 'notTaken', 'doubt', 'create'] as const)(
    'closes a case of kind %s, with the reason given',
    (kind) => {
      expect(read({ close: true }, kind)).toEqual({ close: true, why: null });
      expect(read({ close: true, why: 'moved away' }, kind)).toEqual({ close: true, why: 'moved away' });
    },
  );

  test.each(['conflict', 'frozen'] as const)('does not close a case of kind %s: it asks for a value', (kind) => {
    expect(catching(() => read({ close: true }, kind)).message).toContain('--take yapla');
  });
});

test('a case about a plan names the commands that answer it', () => {
  const guard = { ...question('guard', 'tooManyChanged'), planNumber: 3 };
  for (const options of [{ take: 'yapla' }, { close: true }])
    expect(catching(() => readResolution(options, guard, settings)).message).toContain('passerelle approve club 3');
});

test('a case about what live work would change is answered with go-on, or closed', () => {
  const asked = question('massChange', 'blanked/yoplanning');
  expect(readResolution({ take: 'go-on' }, asked, settings)).toEqual({ close: true, why: null, goOn: true });
  expect(readResolution({ close: true, why: 'mended' }, asked, settings)).toEqual({ close: true, why: 'mended' });
  for (const options of [{ take: 'yapla' }, { value: 'go-on' }])
    expect(catching(() => readResolution(options, asked, settings)).message).toContain('--take go-on');
  expect(catching(() => readResolution({ take: 'go-on', remember: true }, asked, settings))).toBeInstanceOf(UsageError);
});

test.each([
  ['nothing', {}],
  ['two answers', { take: 'yapla', close: true }],
  ['two values', { take: 'Lyon', value: 'Lyon' }],
  ['a reason without --close', { take: 'yapla', why: 'newer' }],
])('%s is a mistake of usage', (_, options) => {
  expect(catching(() => read(options, 'notTaken'))).toBeInstanceOf(UsageError);
});

function catching(action: () => unknown): UsageError {
  try {
    action();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('expected a UsageError, and nothing was thrown');
}
