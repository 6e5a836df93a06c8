import type { Scope } from '../../src/core/record.js';
import { describe, expect, test } from '@jest/globals';
import { answerCase } from '../../src/cases/answers.js';
import { createCase } from '../../src/cases/create.js';
import {
  closeCasesOn,
  closeSettled,
  listOpenCases,
  moveCases,
  type NewCase,
  openCases,
  openCasesOf,
} from '../../src/store/cases.js';
import type { Sql } from '../../src/store/database.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let club: string;
let scope: Scope;
storeTest('cases test', (store) => ({ sql, club, scope } = store));

const conflict = (field: string, details: unknown = {}): NewCase => ({
  kind: 'conflict',
  subject: 'yapla:1',
  linkId: 'yapla:1',
  field,
  details,
});
const open = (cases: readonly NewCase[]) => openCases(sql, scope, null, cases);
const ofLink = async (linkId: string) => (await openCasesOf(sql, scope, [linkId])).get(linkId) ?? [];
const fields = async () => (await listOpenCases(sql, scope)).map((one) => one.field);

describe('a question', () => {
  test('is asked once while it is open, with what is known last, however often it comes up, also at the same time', async () => {
    await open([conflict('city', { yapla: 'Lyon' }), conflict('city', { yapla: 'Nantes' })]);
    await Promise.all([open([conflict('city', { yapla: 'Brest' })]), open([conflict('city', { yapla: 'Brest' })])]);
    const rows = await sql`select details from cases where connection_id = ${club}`;
    expect(rows).toEqual([{ details: { yapla: 'Brest' } }]);
  });

  test('that comes up again after it was closed is a new one', async () => {
    await open([conflict('city')]);
    await closeSettled(sql, await ofLink('yapla:1'));
    expect(await fields()).toEqual([]);
    await open([conflict('city')]);
    expect(await sql`select status from cases where connection_id = ${club} order by id`).toEqual([
      { status: 'closed' },
      { status: 'open' },
    ]);
  });

  test('about one field is closed without those about others, or about other links', async () => {
    await open([conflict('city'), conflict('phone'), { ...conflict('city'), subject: 'yapla:2', linkId: 'yapla:2' }]);
    await closeSettled(
      sql,
      (await ofLink('yapla:1')).filter(({ field }) => field === 'city'),
    );
    expect((await listOpenCases(sql, scope)).map((one) => [one.linkId, one.field])).toEqual([
      ['yapla:1', 'phone'],
      ['yapla:2', 'city'],
    ]);
  });

  test('that was answered in another way since it was looked at is not closed as one that answered itself', async () => {
    await open([conflict('city'), conflict('phone'), conflict('street')]);
    const [city, phone] = await ofLink('yapla:1');
    await answerCase(sql, phone!.id, { take: 'yapla' }, 'ann');
    const seen = await ofLink('yapla:1');
    await answerCase(sql, city!.id, { take: 'value', value: 'Lyon' }, 'ann');
    await answerCase(sql, phone!.id, { take: 'value', value: '+33612345678' }, 'bob');
    await closeSettled(sql, seen);
    expect(await fields()).toEqual(['city', 'phone']);
    await closeSettled(sql, await ofLink('yapla:1'));
    expect(await fields()).toEqual([]);
  });

  test('of a kind about one subject is closed without those about others', async () => {
    const trip = (subject: string, field: string): NewCase => ({ kind: 'guard', subject, field, details: {} });
    await open([
      trip('plan/1', 'a'),
      trip('plan/1', 'b'),
      trip('plan/2', 'a'),
      { ...trip('plan/1', 'c'), kind: 'doubt' },
    ]);
    await closeCasesOn(sql, scope, 'guard', 'plan/1', 'ann');
    expect((await listOpenCases(sql, scope)).map((one) => [one.kind, one.subject])).toEqual([
      ['guard', 'plan/2'],
      ['doubt', 'plan/1'],
    ]);
  });
});

test('open cases are found by the link that they are about, oldest first, with what they saw and without values', async () => {
  const saw = { yapla: { city: 'h1' }, yoplanning: null };
  await open([
    { kind: 'refused', subject: 'yapla:1', linkId: 'yapla:1', details: { words: 'a\u0000b\ud800' }, saw },
    { kind: 'removal', subject: 'yoplanning:9', linkId: 'yapla:2', details: {} },
    conflict('phone'),
    { kind: 'doubt', subject: 'yapla:1', field: 'several', details: {} },
  ]);
  const [refused, removal, phone] = (await listOpenCases(sql, scope)).map(({ id }) => id);
  await answerCase(sql, phone!, { take: 'value', value: '+33612345678' }, 'ann');
  expect(await openCasesOf(sql, scope, ['yapla:1', 'yapla:2', 'yapla:3'])).toEqual(
    new Map([
      [
        'yapla:1',
        [
          { id: refused, kind: 'refused', subject: 'yapla:1', field: '', saw, take: null },
          { id: phone, kind: 'conflict', subject: 'yapla:1', field: 'phone', saw: null, take: 'value' },
        ],
      ],
      ['yapla:2', [{ id: removal, kind: 'removal', subject: 'yoplanning:9', field: '', saw: null, take: null }]],
    ]),
  );
  const [row] = await sql<
    { details: unknown }[]
  >`select details from cases where connection_id = ${club} and code = 'refused'`;
  expect(row!.details).toEqual({ words: 'a\u0000b\ud800' });
});

test('cases of a link that became part of another move to it, but for those asked there already and those that are over', async () => {
  await open([
    conflict('city'),
    conflict('phone'),
    { ...conflict('city'), subject: 'yapla:2', linkId: 'yapla:2' },
    createCase('yapla:1'),
    { kind: 'canary', subject: 'yapla:77', linkId: 'yapla:1', details: {} },
  ]);
  await sql.begin(async (tx) => await moveCases(tx, scope, 'yapla:1', 'yapla:2', ['create']));
  expect((await listOpenCases(sql, scope)).map((one) => [one.kind, one.subject, one.linkId, one.field])).toEqual([
    ['conflict', 'yapla:2', 'yapla:2', 'phone'],
    ['conflict', 'yapla:2', 'yapla:2', 'city'],
    ['canary', 'yapla:77', 'yapla:2', ''],
  ]);
});
