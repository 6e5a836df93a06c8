import type { Scope } from '../../src/core/record.js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { answerCase, closeCase } from '../../src/cases/answers.js';
import {
  CaseClosed,
  closeCarriedOut,
  closeSettled,
  declinedQuestions,
  findCase,
  listOpenCases,
  type NewCase,
  openCases,
  openCasesOf,
  UnfitAnswer,
  UnknownCase,
} from '../../src/store/cases.js';
import { createCase } from '../../src/cases/create.js';
import type { CaseKind } from '../../src/cases/index.js';
import type { Sql } from '../../src/store/database.js';
import { proposeLinks } from '../../src/store/links.js';
import { findLinkState } from '../../src/store/linkState.js';
import { markGone, upsertShadows } from '../../src/store/shadows.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let scope: Scope;
storeTest('case answers test', (store) => ({ sql, scope } = store));

const link = 'yapla:1';

beforeEach(async () => {
  const linkIds = [link, 'yapla:2'];
  await proposeLinks(
    sql,
    scope,
    linkIds.map((linkId) => ({ linkId, yaplaId: linkId.slice(6), yoplanningId: null, matchedBy: 'test' })),
  );
});

/** The link's questions answer themselves. */
const settle = async () => await closeSettled(sql, (await openCasesOf(sql, scope, [link])).get(link) ?? []);

/** Answers about a link that its workflow would find. */
const openAnswers = async (linkId: string) => (await findLinkState(sql, scope, linkId, { depth: 'hashes' }))!.answers;

/** The same of the questions that it would not ask again. */
const declinedOf = async (linkId: string) => (await findLinkState(sql, scope, linkId, { depth: 'hashes' }))!.declined;

/** Opens a case and returns its id. */
async function ask(kind: CaseKind, field = '', more: Partial<NewCase> = {}): Promise<number> {
  await openCases(sql, scope, null, [{ kind, subject: link, linkId: link, field, details: {}, ...more }]);
  return (await listOpenCases(sql, scope)).at(-1)!.id;
}

const state = async (id: number) => {
  const { answer, answeredBy, closedBy } = (await findCase(sql, id))!;
  return { answer, answeredBy, closedBy };
};

describe('an answer', () => {
  test('is found by its link until it is carried out, values and all', async () => {
    const city = await ask('conflict', 'city');
    const phone = await ask('frozen', 'phone');
    const email = await ask('notTaken', 'email');
    await ask('conflict', 'street');
    await answerCase(sql, city, { take: 'yoplanning' }, 'ann');
    await answerCase(sql, phone, { take: 'value', value: '+33612345678' }, 'ann');
    await answerCase(sql, email, { take: 'value', value: null }, 'ann');
    expect(await openAnswers(link)).toEqual([
      { caseId: city, kind: 'conflict', field: 'city', take: 'yoplanning' },
      { caseId: phone, kind: 'frozen', field: 'phone', take: 'value', value: '+33612345678' },
      { caseId: email, kind: 'notTaken', field: 'email', take: 'value', value: null },
    ]);
    expect(await openAnswers('yapla:2')).toEqual([]);
    await closeCarriedOut(sql, (await openAnswers(link)).slice(0, 2));
    expect((await openAnswers(link)).map((one) => one.caseId)).toEqual([email]);
  });

  test('to the question whether to create is found by the link', async () => {
    await openCases(sql, scope, null, [createCase(link)]);
    const { id } = (await listOpenCases(sql, scope))[0]!;
    await answerCase(sql, id, { take: 'create' }, 'ann');
    expect(await openAnswers(link)).toEqual([{ caseId: id, kind: 'create', field: '', take: 'create' }]);
  });

  test('replaces an earlier one that is not carried out', async () => {
    const id = await ask('conflict', 'city');
    await answerCase(sql, id, { take: 'value', value: 'Lyon' }, 'ann');
    await answerCase(sql, id, { take: 'yapla' }, 'bob');
    expect(await state(id)).toEqual({ answer: { take: 'yapla' }, answeredBy: 'bob', closedBy: null });
  });

  test('stays with its case while the question comes up again', async () => {
    const id = await ask('conflict', 'city');
    await answerCase(sql, id, { take: 'yapla' }, 'ann');
    expect(await ask('conflict', 'city', { details: { yapla: 'Brest' } })).toBe(id);
    expect(await state(id)).toMatchObject({ answer: { take: 'yapla' } });
  });

  test('to a closed case is refused, with when and by whom it was closed', async () => {
    const id = await ask('conflict', 'city');
    await settle();
    const { closedAt } = (await findCase(sql, id))!;
    const refusal = await answerCase(sql, id, { take: 'yapla' }, 'ann').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CaseClosed);
    expect(refusal).toMatchObject({ caseId: id, closedAt, closedBy: 'settled' });
    expect(await state(id)).toMatchObject({ answer: null });
  });

  test('to a case that does not exist, or that asks for something else, is refused', async () => {
    await expect(answerCase(sql, 2 ** 31, { take: 'yapla' }, 'ann')).rejects.toBeInstanceOf(UnknownCase);
    const refused = await ask('refused');
    await expect(answerCase(sql, refused, { take: 'yapla' }, 'ann')).rejects.toBeInstanceOf(UnfitAnswer);
    const conflict = await ask('conflict', 'city');
    await expect(answerCase(sql, conflict, { take: 'create' }, 'ann')).rejects.toBeInstanceOf(UnfitAnswer);
    await expect(closeCase(sql, conflict, 'ann', null)).rejects.toMatchObject({ kind: 'conflict', take: 'close' });
    expect(await openAnswers(link)).toEqual([]);
  });
});

describe('an answer that was carried out', () => {
  test('closes its case in the name of whoever answered', async () => {
    const id = await ask('conflict', 'city');
    await answerCase(sql, id, { take: 'value', value: 'Lyon' }, 'ann');
    await closeCarriedOut(sql, await openAnswers(link));
    expect(await state(id)).toMatchObject({ closedBy: 'ann', answer: { take: 'value', value: 'Lyon' } });
  });

  test('leaves its case open where another answer came meanwhile: that one is still to be carried out', async () => {
    const id = await ask('conflict', 'city');
    await answerCase(sql, id, { take: 'value', value: 'Lyon' }, 'ann');
    const taken = await openAnswers(link);
    await answerCase(sql, id, { take: 'value', value: 'Brest' }, 'bob');
    await closeCarriedOut(sql, taken);
    expect(await openAnswers(link)).toMatchObject([{ caseId: id, value: 'Brest' }]);
  });
});

describe('a case that a person closes', () => {
  test.each(['removal', 'canary', 'refused', 'notTaken', 'doubt', 'create'] as const)(
    'of kind %s keeps who and why, and is closed once',
    async (kind) => {
      const id = await ask(kind);
      await closeCase(sql, id, 'ann', 'moved away');
      expect(await state(id)).toEqual({
        answer: { take: 'close', why: 'moved away' },
        answeredBy: 'ann',
        closedBy: 'ann',
      });
      await expect(closeCase(sql, id, 'bob', null)).rejects.toMatchObject({ name: 'CaseClosed', closedBy: 'ann' });
    },
  );

  test('is a question declined, unless the record came back and was removed once more', async () => {
    const removal = await ask('removal', '', { subject: 'yapla:1' });
    const create = await ask('create', '', { subject: 'yapla:2', linkId: 'yapla:2' });
    expect(await declinedQuestions(sql, scope, ['yapla:1', 'yapla:2'])).toEqual(new Map());
    await closeCase(sql, removal, 'ann', null);
    await closeCase(sql, create, 'ann', null);
    expect(await declinedQuestions(sql, scope, ['yapla:1', 'yapla:2', 'yapla:3'])).toEqual(
      new Map([
        ['yapla:1', new Set(['removal'])],
        ['yapla:2', new Set(['create'])],
      ]),
    );
    expect(await declinedOf('yapla:1')).toEqual(new Set(['removal yapla:1']));
    expect(await declinedOf('yapla:2')).toEqual(new Set(['create yapla:2']));
    const row = {
      id: '1',
      document: {},
      fields: {},
      hashes: {},
      matchKeys: [],
      externalReference: null,
      modifiedAt: null,
    };
    await upsertShadows(sql, scope, 'yapla', [row]);
    await markGone(sql, scope, 'yapla', '1');
    expect([...(await declinedQuestions(sql, scope, ['yapla:1', 'yapla:2'])).keys()]).toEqual(['yapla:2']);
    expect(await declinedOf('yapla:1')).toEqual(new Set());
  });

  test('because it answered itself was not declined', async () => {
    await ask('create');
    await settle();
    expect(await listOpenCases(sql, scope)).toEqual([]);
    expect(await declinedQuestions(sql, scope, [link])).toEqual(new Map());
  });
});
