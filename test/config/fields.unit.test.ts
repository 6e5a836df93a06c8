import { describe, expect, test } from '@jest/globals';
import { fieldsSchema } from '../../src/config/fields.js';

const names = {
  firstName: { yapla: 'first_name', yoplanning: 'first_name' },
  lastName: { yapla: 'last_name', yoplanning: 'last_name' },
};

/** What is wrong with a field, as path and message. */
function problems(field: object): readonly string[] {
  const result = fieldsSchema.safeParse({ ...names, title: { yapla: 'civilite', yoplanning: 'title', ...field } });
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a place that is none is refused with an example of one', () => {
  const message = 'expected a dotted path, such as address.city, custom[0] or custom[id=f108].value';
  for (const place of ['custom[id=f108', 'custom[id].value', ''])
    expect(problems({ yapla: { read: place } }).join()).toContain(place === '' ? 'title.yapla.read' : message);
  expect(problems({ yapla: 'custom[id=f108].value' })).toEqual([]);
});

describe('a choice field', () => {
  test('may have its table in one list or by language, and be written by label in one system and by value in the other', () => {
    expect(problems({ choices: { mrs: 'Madame', mr: ['Monsieur', 'M.'] } })).toEqual([]);
    const choices = { mrs: { fr: ['Madame', 'Mme'], code: '2' }, mr: { fr: 'Monsieur', code: '1' } };
    expect(problems({ choices, yapla: { read: 'civilite', label: 'code' } })).toEqual([]);
    expect(problems({ type: 'country', yapla: { read: 'a', write: 'b', label: 'en' } })).toEqual([]);
  });

  test.each([
    [{ type: 'date', choices: { a: 'b' } }, 'title.choices: expected a field of type text, name, country or language'],
    [{ yapla: { read: 'civilite', label: 'fr' } }, 'title.yapla.label: expected `choices` beside it'],
    [{ type: 'language', yapla: { read: 'langue', label: 'nl' } }, 'title.yapla.label: expected fr or en'],
    [
      { choices: { mrs: { fr: 'Madame' }, mr: { en: 'Mr' } }, yapla: { read: 'civilite', label: 'fr' } },
      'title.choices.mr: expected a label in "fr"',
    ],
    [{ choices: { mrs: ['Mme', 'M.'], mr: ['M.'] } }, 'title.choices.mr: expected texts that no other value has'],
  ])('is refused with a sentence where its table cannot be used: %j', (field, expected) => {
    const [problem, ...others] = problems(field);
    expect(problem).toContain(expected);
    expect(others).toEqual([]);
  });
});

describe('a field that takes a fact', () => {
  const derived = { derived: 'nextSession' };

  test('travels one way to a place of the other system, as text, or as a date where it is a day', () => {
    for (const type of ['date', 'text'])
      expect(problems({ type, yoplanning: derived, direction: 'toYapla' })).toEqual([]);
    expect(problems({ yapla: { derived: 'donatedThisYear' }, direction: 'toYoplanning' })).toEqual([]);
  });

  test.each([
    [{ yoplanning: derived }, 'title.direction: expected toYapla'],
    [{ yoplanning: derived, direction: 'toYoplanning' }, 'title.direction: expected toYapla'],
    [{ yapla: { derived: 'lastDonation' }, direction: 'toYapla' }, 'title.direction: expected toYoplanning'],
    [{ yoplanning: { derived: 'activities' }, type: 'date', direction: 'toYapla' }, 'title.type: expected text'],
    [{ yoplanning: derived, type: 'phone', direction: 'toYapla' }, 'title.type: expected text or date'],
    [{ yoplanning: derived, direction: 'toYapla', choices: { a: 'b' } }, 'title.choices: expected none'],
    [{ yoplanning: { derived: 'lastDonation' }, direction: 'toYapla' }, 'title.yoplanning'],
  ])('is refused with a sentence where it cannot: %j', (field, expected) => {
    const [problem, ...others] = problems(field);
    expect(problem).toContain(expected);
    expect(others).toEqual([]);
  });

  test('is refused where both systems would have to derive it', () => {
    const field = { yapla: { derived: 'lastDonation' }, yoplanning: derived, direction: 'toYapla' };
    expect(problems(field).join()).toContain('title.yoplanning: expected a place');
  });

  test('is none of those by which people are matched', () => {
    const email = { type: 'text', yapla: 'email', yoplanning: derived, direction: 'toYapla' };
    const result = fieldsSchema.safeParse({ ...names, email });
    expect(result.error!.issues.map(({ message }) => message).join()).toContain('people are matched by this field');
  });
});
