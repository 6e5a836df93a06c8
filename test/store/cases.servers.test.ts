import { describe, expect, test } from '@jest/globals';
import { answerCase } from '../../src/store/caseAnswers.js';
import { closeAnsweredCases, countInQuestion, listOpenCases, openCases, type NewCase } from '../../src/store/cases.js';
import type { Sql } from '../../src/store/database.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let club: string;
storeTest('cases test', (store) => ({ sql, club } = store));

const conflict = (field: string, details: unknown = {}): NewCase => ({
  kind: 'conflict',
  subject: 'yapla:1',
  linkId: 'yapla:1',
  field,
  details,
});
const open = (cases: readonly NewCase[]) => openCases(sql, club, null, cases);
const fields = async () => (await listOpenCases(sql, club)).map((one) => one.field);

describe('a question', () => {
  test('is asked once while it is open, with what is known last, however often it comes up, also at the same time', async () => {
    await open([conflict('city', { yapla: 'Lyon' }), conflict('city', { yapla: 'Nantes' })]);
    await Promise.all([open([conflict('city', { yapla: 'Brest' })]), open([conflict('city', { yapla: 'Brest' })])]);
    const rows = await sql`select details from cases where connection_id = ${club}`;
    expect(rows).toEqual([{ details: { yapla: 'Brest' } }]);
  });

  test('that comes up again after it was closed is a new one', async () => {
    await open([conflict('city')]);
    await closeAnsweredCases(sql, club, [{ linkId: 'yapla:1', fields: [], kinds: [] }]);
    expect(await fields()).toEqual([]);
    await open([conflict('city')]);
    expect(await sql`select status from cases where connection_id = ${club} order by id`).toEqual([
      { status: 'closed' },
      { status: 'open' },
    ]);
  });

  test('about one field is closed without those about others, or about other links', async () => {
    await open([conflict('city'), conflict('phone'), { ...conflict('city'), subject: 'yapla:2', linkId: 'yapla:2' }]);
    await closeAnsweredCases(sql, club, [{ linkId: 'yapla:1', fields: ['phone'], kinds: [] }]);
    expect((await listOpenCases(sql, club)).map((one) => [one.linkId, one.field])).toEqual([
      ['yapla:1', 'phone'],
      ['yapla:2', 'city'],
    ]);
  });

  test('that was answered with a value of the person’s own is not closed because both systems agree on another', async () => {
    await open([conflict('city'), conflict('phone'), { ...conflict('street'), kind: 'frozen' }]);
    const [city, phone, street] = await listOpenCases(sql, club);
    await answerCase(sql, city!.id, { take: 'value', value: 'Lyon' }, 'ann');
    await answerCase(sql, phone!.id, { take: 'yapla' }, 'ann');
    await closeAnsweredCases(sql, club, [{ linkId: 'yapla:1', fields: ['phone'], kinds: [] }]);
    expect(await fields()).toEqual(['city', 'phone', 'street']);
    await closeAnsweredCases(sql, club, [{ linkId: 'yapla:1', fields: [], kinds: [] }]);
    expect(await fields()).toEqual(['city', 'street']);
    await answerCase(sql, street!.id, { take: 'yapla' }, 'ann');
    await closeAnsweredCases(sql, club, [{ linkId: 'yapla:1', fields: ['street'], kinds: [] }]);
    expect(await fields()).toEqual(['city', 'street']);
    await closeAnsweredCases(sql, club, [{ linkId: 'yapla:1', fields: [], kinds: [] }]);
    expect(await fields()).toEqual(['city']);
  });

  test('about a link as a whole is closed when the link needs nothing of its kind any more', async () => {
    await open([
      { kind: 'refused', subject: 'yapla:1', linkId: 'yapla:1', details: {} },
      { kind: 'removal', subject: 'yoplanning:9', linkId: 'yapla:1', details: {} },
      { kind: 'create', subject: 'yapla:1', details: {} },
      { kind: 'canary', subject: 'yapla:1', linkId: 'yapla:1', details: {} },
      conflict('city'),
    ]);
    await closeAnsweredCases(sql, club, [{ linkId: 'yapla:1', fields: ['city'], kinds: ['removal'] }]);
    expect((await listOpenCases(sql, club)).map((one) => one.kind).sort()).toEqual(['canary', 'conflict', 'removal']);
  });
});

test('links are in question once, however many of their questions are open, and details are kept to the letter', async () => {
  const saw = { yapla: { city: 'h1' }, yoplanning: null };
  await open([
    { kind: 'refused', subject: 'yapla:1', linkId: 'yapla:1', details: { words: 'a\u0000b\ud800' }, saw },
    conflict('phone'),
  ]);
  expect(await countInQuestion(sql, club)).toBe(1);
  const [row] = await sql<
    { details: unknown }[]
  >`select details from cases where connection_id = ${club} and kind = 'refused'`;
  expect(row!.details).toEqual({ words: 'a\u0000b\ud800' });
});
