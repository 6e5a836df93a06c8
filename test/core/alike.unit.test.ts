import { describe, expect, test } from '@jest/globals';
import { alikeAs, formOf, hashForm, rememberedForm, type Spelled } from '../../src/core/alike.js';
import type { FieldType } from '../../src/core/record.js';

const form = (type: FieldType, value: string) => formOf(type, value, 'FR');
const same = (type: FieldType, a: string, b: string) => form(type, a) !== null && form(type, a) === form(type, b);

describe('a person would call the same', () => {
  test.each<[FieldType, string, string]>([
    ['name', 'DUPONT', 'Dupont'],
    ['name', 'Noémie', 'Noemie'],
    ['name', 'Jean-Luc', 'Jean Luc'],
    ['name', 'Le Goff', 'LEGOFF'],
    ['name', 'L’Heureux', "L'Heureux"],
    ['name', 'Lœuil', 'Loeuil'],
    ['text', "Côte-d'Or", 'Cote d Or'],
    ['text', '12, rue du Phare', '12 rue  du phare'],
    ['text', '12 rue Haute\nboîte 3', '12 rue Haute, boîte 3'],
    ['text', 'H2X 1Y4', 'h2x1y4'],
    ['text', 'Straße 3', 'STRASSE 3'],
    ['country', 'Congo', 'CONGO'],
  ])('as a %s: %s and %s', (type, a, b) => expect(same(type, a, b)).toBe(true));
});

describe('nobody would call the same', () => {
  test.each<[FieldType, string, string]>([
    ['name', 'Dupont', 'Dupond'],
    ['text', '1, 12 rue Haute', '11, 2 rue Haute'],
    ['text', '12 rue Haute', '12 rue Basse'],
    ['name', 'কাকা', 'কক'],
    ['name', '?', '!'],
  ])('as a %s: %s and %s', (type, a, b) => expect(same(type, a, b)).toBe(false));

  test('two dates or two e-mail addresses that differ', () => {
    expect([form('date', '2001-05-03'), form('email', 'a@example.org')]).toEqual([null, null]);
  });
});

describe('two sides without a base', () => {
  const spelled = (hash: string, one?: string): Spelled => ({ hash, form: one });

  test('that are alike count as Yapla’s value, those that are not as themselves', () => {
    expect(alikeAs(undefined, spelled('a', 'x'), spelled('b', 'x'))).toBe('a');
    expect(alikeAs(undefined, spelled('a', 'x'), spelled('b', 'y'))).toBeNull();
    expect(alikeAs(undefined, spelled('a'), spelled('b'))).toBeNull();
  });

  test('of which one is empty are not alike', () => {
    expect(alikeAs(undefined, spelled('', '~x'), spelled('b', '~x'))).toBeNull();
  });

  test.each([
    ['=x', '+x', 'b'],
    ['+x', '=x', 'a'],
    ['~x', '+x', 'b'],
    ['~x', '=x', 'b'],
    ['=x', '=x', 'a'],
    ['~x', '~x', 'a'],
    ['+x', '+x', null],
    ['~x', '+y', null],
  ])('whose numbers are %s and %s count as %s: the one whose country is better known', (a, b, winner) => {
    expect(alikeAs(undefined, spelled('a', a), spelled('b', b))).toBe(winner);
  });
});

describe('with a base', () => {
  const spelled = (hash: string, one: string): Spelled => ({ hash, form: one });

  test('another spelling of a text is a change', () => {
    expect(alikeAs('a', spelled('a', 'x'), spelled('b', 'x'))).toBeNull();
  });

  test('a guessed number counts as the other side’s, which knows its country', () => {
    expect(alikeAs('b', spelled('a', '~x'), spelled('b', '+x'))).toBe('b');
    expect(alikeAs('a', spelled('a', '~x'), spelled('b', '+x'))).toBe('b');
  });

  test('a number of the record’s own country is a change, where the other side still holds the base', () => {
    expect(alikeAs('b', spelled('a', '=x'), spelled('b', '+x'))).toBeNull();
    expect(alikeAs('old', spelled('a', '=x'), spelled('b', '+x'))).toBe('b');
  });
});

test('a hashed form keeps the mark of a number and nothing else to read', () => {
  const hash = (text: string) => `hash of ${text.length}`;
  expect(hashForm('~764615183', hash)).toBe('~hash of 9');
  expect(hashForm('dupont', hash)).toBe('hash of 6');
});

test('only national numbers are remembered by their digits, the same whoever’s country read them', () => {
  expect([rememberedForm('=x'), rememberedForm('~x')]).toEqual(['~x', '~x']);
  expect([rememberedForm('+x'), rememberedForm('dupont'), rememberedForm(undefined)]).toEqual([null, null, null]);
});
