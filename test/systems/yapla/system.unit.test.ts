/** Yapla as a `System`, against the sandbox over HTTP, in the shapes that the sandbox plays. */
import { describe, expect, test } from '@jest/globals';
import { AccessRefused, InvalidRecord, RequestRefused, UnexpectedResponse } from '../../../src/http/failures.js';
import { readableShapes, type YaplaShapeName } from '../../../src/sandbox/options.js';
import type { JsonObject, System } from '../../../src/systems/system.js';
import { ask, failureOf, opener, type ConnectionInput } from '../support.js';

const open = opener();
const ada = {
  firstName: 'Ada',
  lastName: 'Essai',
  email: 'ada@courriel.example',
  phone: '06 12 34 56 78',
  birthDate: '1996-02-29',
  city: 'Quimper',
  country: 'FR',
};
const unmapped = { groups: ['Voile', 'Bureau'], organisation: 'Club fictif', custom: { taille: 'M', note: 1.5 } };
/** Times of modification: the server's own. */
const volatile: Record<YaplaShapeName, JsonObject> = {
  flat: { updated_at: '' },
  nested: { dateModification: '' },
  listed: { updated_at: '' },
};

type RestInput = Extract<ConnectionInput['yapla']['write'], { mode: 'rest' }>;
const rest = (input: ConnectionInput) => input.yapla.write as RestInput;

/** Reads the whole list as a scan does: each page from the last record of the page before. */
async function listAll(system: System) {
  const seen: { position: number; id: string }[] = [];
  let pages = 0;
  for (let from = 0, end = 0, ended = false; !ended; from = end - 1) {
    const page = await system.readPage({ from }, ask);
    expect(page.start).toBeLessThanOrEqual(from);
    page.records.forEach(({ id }, index) => seen.push({ position: page.start + index, id }));
    end = page.start + page.records.length;
    ended = page.count === null ? page.ends! : end >= page.count;
    pages += 1;
  }
  return { seen, pages };
}

describe.each(readableShapes)('in the %s shape', (shape) => {
  test('pages with overlap hold every record at its position', async () => {
    const { systems, sandbox } = await open({
      shape,
      sandbox: { people: { yapla: 107 } },
      configure: (input) => (input.yapla.read.paging = { ...input.yapla.read.paging, pageSize: 25 }),
    });
    const ids = await sandbox.control.ids('yapla');
    const { seen, pages } = await listAll(systems.yapla);
    for (const { position, id } of seen) expect(id).toBe(ids[position]);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(107);
    expect(seen.length).toBeGreaterThanOrEqual(107 + pages - 1);
    expect(pages).toBeLessThanOrEqual(6);
  });

  test('an empty list is a page of nothing', async () => {
    const { systems } = await open({ shape });
    expect(await systems.yapla.readPage({ from: 0 }, ask)).toEqual({ start: 0, count: 0, records: [], unreadable: [] });
  });

  test('a record is read with canonical fields, its id as text and its document as it came', async () => {
    const { systems, sandbox } = await open({ shape });
    const id = await sandbox.control.add('yapla', ada, { unmapped });
    const record = (await systems.yapla.read(id, ask))!;
    const { firstName, lastName, email, birthDate, city, country } = ada;
    expect(record.fields).toMatchObject({
      firstName,
      lastName,
      email,
      birthDate,
      city,
      country,
      phone: '+33612345678',
    });
    expect(record.fields['street']).toBeNull();
    expect(record.id).toBe(id);
    expect(record.modifiedAt).toEqual(expect.any(Number));
    const { document } = (await sandbox.control.record('yapla', id))!;
    expect(JSON.stringify(record.document)).toBe(JSON.stringify(document));
    expect((await systems.yapla.readPage({ from: 0 }, ask)).records).toEqual([record]);
  });

  test('a record that does not exist is null when read and `missing` when updated', async () => {
    const { systems, budgets } = await open({ shape });
    expect(await systems.yapla.read('999999', ask)).toBeNull();
    expect(await systems.yapla.update('999999', () => ({ set: { city: 'Brest' } }), ask)).toEqual({
      outcome: 'missing',
    });
    expect(budgets.yapla.open).toBe(0);
  });

  test('an update changes the given fields and keeps everything else', async () => {
    const { systems, sandbox } = await open({ shape });
    const id = await sandbox.control.add('yapla', ada, { unmapped });
    const before = (await sandbox.control.record('yapla', id))!;
    const set = { city: 'Brest', phone: '+33698765432', birthDate: '1996-03-01', email: null };
    const result = await systems.yapla.update(id, () => ({ set }), ask);
    const after = (await sandbox.control.record('yapla', id))!;
    expect(after.person).toEqual({ ...before.person, ...set });
    const reread = (await systems.yapla.read(id, ask))!;
    expect(reread.fields).toEqual({ ...(result as { before: { fields: object } }).before.fields, ...set });
    expect(result).toMatchObject({ outcome: 'written', unmappedChanged: [], after: { fields: reread.fields } });
    // Put back what was changed: then nothing at all differs from before.
    const { fields } = (result as { before: { fields: Record<string, string | null> } }).before;
    await systems.yapla.update(id, () => ({ set: fields }), ask);
    const restored = (await systems.yapla.read(id, ask))!;
    expect(restored.fields).toEqual(fields);
    const unmappedOf = (document: JsonObject) => withoutMapped(document, shape);
    expect(unmappedOf(restored.document)).toEqual(unmappedOf(before.document));
  });

  test('an update takes both permits before it reads, and the session is no part of the gap', async () => {
    const { systems, sandbox, budgets } = await open({ shape });
    const id = await sandbox.control.add('yapla', ada);
    await systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask);
    expect(budgets.yapla.groups).toEqual([1, 2]);
    expect(budgets.yapla).toMatchObject({ released: 0, open: 0 });
    expect(budgets.yapla.answers.map(({ method }) => method)).toEqual([
      'POST',
      'GET',
      shape === 'flat' ? 'PUT' : 'PATCH',
    ]);
  });

  test('an update that the merge stops writes nothing and gives the second permit back', async () => {
    const { systems, sandbox, budgets } = await open({ shape });
    const id = await sandbox.control.add('yapla', ada);
    expect(await systems.yapla.update(id, () => ({ stop: 'stale' }), ask)).toMatchObject({
      outcome: 'stopped',
      reason: 'stale',
    });
    expect(budgets.yapla).toMatchObject({ released: 1, open: 0 });
    expect(await sandbox.control.writes('yapla')).toEqual({});
  });

  test('a creation answers the id that Yapla gave', async () => {
    const { systems, sandbox } = await open({ shape });
    const fields = { firstName: 'Ada', lastName: 'Essai', birthDate: '1996-02-29', phone: '+33612345678', city: null };
    const created = await systems.yapla.create({ id: null, fields, externalReference: null }, ask);
    expect(await sandbox.control.ids('yapla')).toEqual([created.record!.id]);
    expect((await systems.yapla.read(created.record!.id, ask))!.fields).toMatchObject(fields);
    expect(created.record!.fields).toMatchObject({ firstName: 'Ada', phone: '+33612345678' });
  });

  test('a creation whose answer holds no id by configuration gives no record', async () => {
    const { systems, sandbox } = await open({
      shape,
      configure: (input) => (rest(input).create = { ...rest(input).create, id: null, record: null }),
    });
    const fields = { firstName: 'Ada', lastName: 'Essai' };
    const created = await systems.yapla.create({ id: null, fields, externalReference: null }, ask);
    expect(created.record).toBeNull();
    expect(await sandbox.control.ids('yapla')).toHaveLength(1);
  });

  test('a record that Yapla refuses names no value', async () => {
    const { systems } = await open({ shape });
    const fields = { firstName: 'Ada', lastName: 'Essai', email: 'not-an-address' };
    const failure = await failureOf(systems.yapla.create({ id: null, fields, externalReference: null }, ask));
    expect(failure).toBeInstanceOf(InvalidRecord);
    expect(JSON.stringify(failure) + failure.message).not.toContain('not-an-address');
  });

  test('a session that the server ends is renewed once, for a read and in the middle of an update', async () => {
    const { systems, sandbox, budgets } = await open({ shape });
    const id = await sandbox.control.add('yapla', ada);
    await systems.yapla.read(id, ask);
    await sandbox.control.expireSessions();
    expect((await systems.yapla.read(id, ask))?.id).toBe(id);
    await sandbox.control.addFault({ system: 'yapla', kind: 'write', times: 1, action: { do: 'revoke' } });
    const result = await systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask);
    expect(result.outcome).toBe('written');
    expect((await sandbox.control.counts()).yapla.byKind.session).toBe(3);
    expect(budgets.yapla).toMatchObject({ open: 0, stops: [] });
  });

  test('a second 401 refuses access and stops the budget, without another session', async () => {
    const { systems, sandbox, budgets } = await open({ shape });
    const id = await sandbox.control.add('yapla', ada);
    await sandbox.control.addFault({ system: 'yapla', kind: 'write', action: { do: 'revoke' } });
    const failure = await failureOf(systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask));
    expect(failure).toBeInstanceOf(AccessRefused);
    expect(budgets.yapla.stops).toHaveLength(1);
    expect((await sandbox.control.counts()).yapla.byKind.session).toBe(2);
    expect(budgets.yapla.open).toBe(0);
  });

  test.each([
    ['yapla.read.answer.records', (input: ConnectionInput) => void (answerOf(input).records = 'nowhere.list')],
    ['yapla.read.answer.count', (input: ConnectionInput) => void (answerOf(input).count = 'nowhere.total')],
    ['yapla.read.answer.id', (input: ConnectionInput) => void (answerOf(input).id = 'nowhere.id')],
    [
      'fields.firstName.yapla',
      (input: ConnectionInput) => void placeOf(input, 'firstName', shape === 'flat' ? 'groups' : 'identite'),
    ],
    [
      'fields.city.yapla',
      (input: ConnectionInput) =>
        void placeOf(input, 'city', shape === 'flat' ? 'city.name' : 'coordonnees.adresse.ville.nom'),
    ],
    ['yapla.read.membersPath', (input: ConnectionInput) => void (input.yapla.read.membersPath = '/nowhere')],
  ])('a wrong %s is named, and no value', async (setting, configure) => {
    const { systems, sandbox } = await open({ shape, configure });
    await sandbox.control.add('yapla', ada, { unmapped });
    const failure = await failureOf(systems.yapla.readPage({ from: 0 }, ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain(setting);
    expect(failure.message).not.toMatch(/Ada|Quimper|Voile/);
  });

  test('a wrong yapla.write.answerRecord is named before anything is written', async () => {
    const { systems, sandbox, budgets } = await open({
      shape,
      configure: (input) => (rest(input).answerRecord = 'nowhere'),
    });
    const id = await sandbox.control.add('yapla', ada);
    const failure = await failureOf(systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain('yapla.write.answerRecord');
    expect(await sandbox.control.writes('yapla')).toEqual({});
    expect(budgets.yapla.open).toBe(0);
  });

  test('a server that gives smaller pages than asked for is an error that says which size to set', async () => {
    const { systems } = await open({ shape, sandbox: { people: { yapla: 60 }, yapla: { shape, maxPageSize: 20 } } });
    const failure = await failureOf(systems.yapla.readPage({ from: 0 }, ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain('holds 20 records where 100 were asked for, and the list has 60');
    expect(failure.message).toContain('yapla.read.paging.pageSize');
  });

  test('a server that does not take the size is an error that names its parameter', async () => {
    const { systems } = await open({
      shape,
      sandbox: { people: { yapla: 60 } },
      configure: (input) =>
        (input.yapla.read.paging = { ...input.yapla.read.paging, pageSize: 25, sizeParameter: 'per_page' }),
    });
    const failure = await failureOf(systems.yapla.readPage({ from: 0 }, ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain('yapla.read.paging.sizeParameter');
  });

  test('without a way to write, writing is refused before anything is sent', async () => {
    const { systems, sandbox } = await open({
      shape,
      configure: (input) => {
        input.yapla.write = { mode: 'none' };
        input.create = 'yoplanning';
      },
    });
    expect(systems.yapla).toMatchObject({ writes: false, readsOne: false });
    const creation = systems.yapla.create({ id: null, fields: { firstName: 'Ada' }, externalReference: null }, ask);
    expect(await failureOf(creation)).toBeInstanceOf(RequestRefused);
    const failure = await failureOf(systems.yapla.update('1042', () => ({ set: {} }), ask));
    expect(failure.message).toContain('record 1042');
    expect((await sandbox.control.counts()).yapla.requests).toBe(0);
  });
});

describe('the way of an update', () => {
  test('on a server that rewrites values returns the record as answered', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada);
    await sandbox.control.addFault({ kind: 'write', action: { do: 'rewrite', fields: { lastName: 'upper' } } });
    const result = await systems.yapla.update(id, () => ({ set: { lastName: 'Test' } }), ask);
    expect(result).toMatchObject({ answered: true, after: { fields: { lastName: 'TEST' } } });
  });

  test('without an answered record says so, and returns what was sent', async () => {
    const { systems, sandbox } = await open({ shape: 'nested' });
    const id = await sandbox.control.add('yapla', ada);
    const result = await systems.yapla.update(id, () => ({ set: { phone: '+33698765432' } }), ask);
    expect(result).toMatchObject({ answered: false, after: { fields: { phone: '+33698765432', city: 'Quimper' } } });
  });

  test('the canary names an unmapped value that the server wiped', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada, { unmapped });
    const { document } = (await sandbox.control.record('yapla', id))!;
    const data = { ...document, city: 'Brest', groups: [], organization: '' };
    await sandbox.control.addFault({ kind: 'write', action: { do: 'wrongShape', body: { result: true, data } } });
    const result = await systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask);
    expect(result).toMatchObject({ unmappedChanged: ['groups.0', 'groups.1', 'organization'] });
  });

  test('by the DATA API where REST 2.0 cannot read one member', async () => {
    const { systems, sandbox, budgets } = await open({
      configure: (input) => {
        input.yapla.read.memberPath = '/campaign/{campaign}/members/{id}';
        rest(input).memberPath = null;
      },
    });
    const id = await sandbox.control.add('yapla', ada, { unmapped });
    const result = await systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask);
    expect(result).toMatchObject({ outcome: 'written', unmappedChanged: [] });
    expect(budgets.yapla).toMatchObject({ groups: [1, 2], open: 0 });
  });

  test('of only our fields without reading goes by what the caller knows', async () => {
    const { systems, sandbox } = await open({ shape: 'nested', configure: (input) => (rest(input).memberPath = null) });
    expect(systems.yapla.readsOne).toBe(false);
    const id = await sandbox.control.add('yapla', ada, { unmapped });
    const before = (await sandbox.control.record('yapla', id))!.document;
    const result = await systems.yapla.update(
      id,
      (seen) => ({ set: { city: seen.id === id ? 'Brest' : 'Lost' } }),
      ask,
    );
    expect(result).toMatchObject({ outcome: 'written', answered: false, after: { fields: { city: 'Brest' } } });
    const after = (await sandbox.control.record('yapla', id))!;
    expect(after.person.city).toBe('Brest');
    expect(withoutMapped(after.document, 'nested')).toEqual(withoutMapped(before, 'nested'));
    expect((await sandbox.control.counts()).yapla.byKind).toMatchObject({ read: 0, write: 1 });
  });

  describe('where no member can be read', () => {
    const known = async (document: JsonObject) => {
      const { systems } = await open({ shape: 'listed' });
      return systems.yapla.recordOf(document, {
        context: { connection: 'test', system: 'yapla', access: 'read', method: 'GET', path: '' },
      });
    };

    test.each([
      ['the word that it is done', { result: true }, null],
      ['an empty object', {}, null],
      ['an empty object', {}, 'data'],
      ['the word that it is done, and a member was expected', { result: true }, 'data'],
      ['a part of the member', { result: true, data: { id: 1001, updated_at: '2030-01-02 03:04:05' } }, 'data'],
      ['what changed, in the server’s own form', { result: true, data: { city: 'BREST' } }, 'data'],
    ] as const)(
      'lays what was sent over what is known, and over that what is answered: %s',
      async (_, body, record) => {
        const { systems, sandbox } = await open({
          shape: 'listed',
          configure: (input) => (rest(input).update = { ...rest(input).update, record }),
        });
        const id = await sandbox.control.add('yapla', ada, { unmapped });
        const before = await known((await sandbox.control.record('yapla', id))!.document);
        await sandbox.control.addFault({ kind: 'write', action: { do: 'wrongShape', body } });
        const result = await systems.yapla.update(
          id,
          () => ({ set: { city: 'Brest', phone: null } }),
          ask,
          undefined,
          before,
        );
        const shown: JsonObject = 'data' in body ? body.data : {};
        const city = shown['city'] ?? 'Brest';
        const fields = { ...before.fields, phone: null, city };
        expect(result).toMatchObject({ outcome: 'written', before, after: { id, fields } });
        const { after } = result as Extract<typeof result, { outcome: 'written' }>;
        expect(after.document).toEqual({ ...before.document, city: 'Brest', phone: null, ...shown });
        expect((await sandbox.control.counts()).yapla.byKind).toMatchObject({ read: 0, write: 1 });
      },
    );

    test('an answer to a creation that shows a part of the member leaves what was sent known', async () => {
      const { systems, sandbox } = await open({
        shape: 'listed',
        configure: (input) => (rest(input).create = { id: 'data.id', record: 'data' }),
      });
      await sandbox.control.addFault({
        kind: 'create',
        action: { do: 'wrongShape', body: { result: true, data: { id: 7, last_name: 'ESSAI' } } },
      });
      const { firstName, lastName, city } = ada;
      const made = await systems.yapla.create(
        { id: null, fields: { firstName, lastName, city }, externalReference: null },
        ask,
      );
      expect(made.record).toMatchObject({ id: '7', fields: { firstName, lastName: 'ESSAI', city } });
    });
  });

  test('a reference field is written with the fields, and read back', async () => {
    const { systems, sandbox } = await open({
      configure: (input) => (input.yapla.referenceField = 'custom_fields.yoplanning'),
    });
    const id = await sandbox.control.add('yapla', ada, { unmapped });
    const reference = '8d23503e-041e-4180-98d1-641183bc5ead';
    const result = await systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask, reference);
    expect(result).toMatchObject({ unmappedChanged: [], after: { externalReference: reference } });
    expect((await sandbox.control.record('yapla', id))?.document['custom_fields']).toEqual({
      ...unmapped.custom,
      yoplanning: reference,
    });
    expect((await systems.yapla.read(id, ask))?.externalReference).toBe(reference);
  });
});

describe('an error inside an answer with status 200', () => {
  test('of a page is an unexpected response that names the setting', async () => {
    const { systems, sandbox } = await open();
    await sandbox.control.addFault({ kind: 'list', action: { do: 'errorInside' } });
    const failure = await failureOf(systems.yapla.readPage({ from: 0 }, ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain('yapla.read.answer.errorWhen');
  });

  test('of a write is a refused record, with the words kept for its case', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada);
    await sandbox.control.addFault({ kind: 'write', action: { do: 'errorInside' } });
    const failure = await failureOf(systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask));
    expect(failure).toBeInstanceOf(InvalidRecord);
    expect(failure).toHaveProperty('words', expect.stringContaining('Internal error.'));
    expect(JSON.stringify(failure) + failure.message).not.toContain('Internal error.');
  });

  test('of the session refuses access and stops the budget', async () => {
    const { systems, sandbox, budgets } = await open();
    const id = await sandbox.control.add('yapla', ada);
    await sandbox.control.addFault({ kind: 'session', action: { do: 'errorInside' } });
    expect(await failureOf(systems.yapla.read(id, ask))).toBeInstanceOf(AccessRefused);
    expect(budgets.yapla.stops).toHaveLength(1);
  });
});

function answerOf(input: ConnectionInput) {
  return (input.yapla.read.answer ??= {});
}

function placeOf(input: ConnectionInput, field: string, path: string): void {
  const fields = input.fields as Record<string, { yapla: unknown }>;
  fields[field]!.yapla = path;
}

/** A document without what the field map covers and what the server itself changes. */
function withoutMapped(document: JsonObject, shape: YaplaShapeName): JsonObject {
  const mapped =
    shape === 'flat'
      ? [
          'first_name',
          'last_name',
          'email',
          'phone',
          'birth_date',
          'language',
          'address',
          'city',
          'postal_code',
          'country',
        ]
      : ['identite', 'coordonnees'];
  const ours = [...mapped, ...Object.keys(volatile[shape])];
  return Object.fromEntries(Object.entries(document).filter(([key]) => !ours.includes(key)));
}
