/** Yoplanning as a `System`, against the sandbox over HTTP. */
import { describe, expect, test } from '@jest/globals';
import { AccessRefused, InvalidRecord, RequestRefused, UnexpectedResponse } from '../../../src/http/failures.js';
import { nothingToWrite } from '../../../src/systems/update.js';
import { ask, failureOf, opener } from '../support.js';

const open = opener();
const newId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const ada = { firstName: 'Ada', lastName: 'Essai', email: 'ada@courriel.example', phone: '06 12 34 56 78' };

describe('a page', () => {
  test('begins at the position asked for, holds canonical fields and states the total', async () => {
    const { systems, sandbox } = await open({
      sandbox: { people: { yoplanning: 12 } },
      configure: (input) => (input.yoplanning.pageSize = 5),
    });
    const ids = await sandbox.control.ids('yoplanning');
    const page = await systems.yoplanning.readPage({ from: 4 }, ask);
    expect([page.start, page.count]).toEqual([4, 12]);
    expect(page.records.map(({ id }) => id)).toEqual(ids.slice(4, 9));
    expect(Object.keys(page.records[0]!.fields)).toEqual(expect.arrayContaining(['firstName', 'phone', 'country']));
    expect(page.records[0]!.modifiedAt).toEqual(expect.any(Number));
  });

  test('beyond the end is empty', async () => {
    const { systems } = await open({ sandbox: { people: { yoplanning: 2 } } });
    expect(await systems.yoplanning.readPage({ from: 9 }, ask)).toEqual({
      start: 9,
      count: 2,
      records: [],
      unreadable: [],
    });
  });

  test('that the server answers in an unknown shape is an error that names path and type', async () => {
    const { systems, sandbox } = await open();
    await sandbox.control.addFault({ kind: 'list', action: { do: 'wrongShape' } });
    const failure = await failureOf(systems.yoplanning.readPage({ from: 0 }, ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain('count: expected');
    expect(failure.message).not.toContain('maintenance');
  });

  test('of records that fit no mapped field says which setting to correct', async () => {
    const fields = {
      firstName: { yapla: 'first_name', yoplanning: 'prenom' },
      lastName: { yapla: 'last_name', yoplanning: 'nom' },
    };
    const { systems } = await open({
      sandbox: { people: { yoplanning: 1 } },
      configure: (input) => (input.fields = fields),
    });
    const failure = await failureOf(systems.yoplanning.readPage({ from: 0 }, ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain('fields.*.yoplanning');
  });
});

describe('reading one', () => {
  test('gives canonical fields and the reference to the other system', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yoplanning', ada, { externalReference: '1042' });
    const record = await systems.yoplanning.read(id, ask);
    expect(record).toMatchObject({
      id,
      externalReference: '1042',
      fields: { firstName: 'Ada', phone: '+33612345678' },
    });
    expect(record!.fields['city']).toBeNull();
  });

  test('gives null where there is none', async () => {
    const { systems } = await open();
    expect(await systems.yoplanning.read(newId, ask)).toBeNull();
  });
});

describe('creating', () => {
  const request = { id: newId, fields: { firstName: 'Ada', lastName: 'Essai', city: null }, externalReference: '1042' };

  test('goes by PUT to the given id, and repeated it makes no twin', async () => {
    const { systems, sandbox } = await open();
    const created = await systems.yoplanning.create(request, ask);
    expect(created.record).toMatchObject({ id: newId, externalReference: '1042', fields: { firstName: 'Ada' } });
    await systems.yoplanning.create(request, ask);
    expect(await sandbox.control.ids('yoplanning')).toEqual([newId]);
  });

  test('goes by POST where the account wants it, and answers the id that the server made', async () => {
    const { systems, sandbox } = await open({
      sandbox: { yoplanning: { putCreates: false } },
      configure: (input) => (input.yoplanning.createBy = 'post'),
    });
    expect(systems.yoplanning.choosesIds).toBe(false);
    const created = await systems.yoplanning.create({ ...request, id: null }, ask);
    expect(await sandbox.control.ids('yoplanning')).toEqual([created.record!.id]);
    expect(created.record!.externalReference).toBe('1042');
  });

  test.each([404, 405])('by PUT where the account answers %i says to set createBy', async (status) => {
    const { systems, sandbox } = await open();
    await sandbox.control.addFault({ kind: 'write', action: { do: 'status', status } });
    const failure = await failureOf(systems.yoplanning.create(request, { ...ask, record: newId }));
    expect(failure).toBeInstanceOf(RequestRefused);
    expect(failure.message).toContain('Set yoplanning.createBy to "post"');
    expect(failure.message).toContain(newId);
  });

  test('a record that the server refuses names the fields and quotes nothing', async () => {
    const { systems } = await open();
    const fields = { firstName: 'Ada', lastName: 'Essai', email: 'not-an-address' };
    const failure = await failureOf(systems.yoplanning.create({ ...request, fields }, ask));
    expect(failure).toBeInstanceOf(InvalidRecord);
    expect(failure).toMatchObject({ fields: ['email'] });
    expect(JSON.stringify(failure) + failure.message).not.toContain('not-an-address');
  });
});

describe('updating', () => {
  test('changes the given fields and the reference, and nothing else', async () => {
    const { systems, sandbox } = await open();
    const unmapped = { note: 'à rappeler', state: 'Bretagne', custom: { tags: ['a', 'b'], weight: 61.5 } };
    const id = await sandbox.control.add('yoplanning', ada, { unmapped });
    const before = (await sandbox.control.record('yoplanning', id))!.document;
    const set = { city: 'Brest', email: null };
    const result = await systems.yoplanning.update(id, () => ({ set }), ask, '1042');
    const after = (await sandbox.control.record('yoplanning', id))!.document;
    expect({ ...after, last_update: null }).toEqual({
      ...before,
      city: 'Brest',
      email: null,
      external_reference: '1042',
      last_update: null,
    });
    expect(result).toMatchObject({ outcome: 'written', answered: true, unmappedChanged: [] });
    expect(result).toMatchObject({
      before: { document: before },
      after: { document: after, externalReference: '1042' },
    });
  });

  test('takes both permits before the GET, and uses both', async () => {
    const { systems, sandbox, budgets } = await open();
    const id = await sandbox.control.add('yoplanning', ada);
    const result = await systems.yoplanning.update(id, () => ({ set: { city: 'Brest' } }), ask);
    expect(budgets.yoplanning).toMatchObject({ groups: [2], released: 0, open: 0 });
    expect(budgets.yoplanning.answers.map(({ method }) => method)).toEqual(['GET', 'PUT']);
    expect(result).toMatchObject({ gapMs: expect.any(Number) });
    expect((result as { gapMs: number }).gapMs).toBeGreaterThanOrEqual(0);
  });

  test('that the merge stops writes nothing and gives the second permit back', async () => {
    const { systems, sandbox, budgets } = await open();
    const id = await sandbox.control.add('yoplanning', ada);
    const result = await systems.yoplanning.update(id, () => ({ stop: 'stale' }), ask);
    expect(result).toMatchObject({ outcome: 'stopped', reason: 'stale', before: { id } });
    expect(budgets.yoplanning).toMatchObject({ groups: [2], released: 1, open: 0 });
    expect(await sandbox.control.writes('yoplanning')).toEqual({});
  });

  test('to what the record already holds, in another form, writes nothing', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yoplanning', ada, { externalReference: '1042' });
    const set = { phone: '+33612345678', city: null };
    const result = await systems.yoplanning.update(id, () => ({ set }), ask, '1042');
    expect(result).toMatchObject({ outcome: 'stopped', reason: nothingToWrite });
    expect(await sandbox.control.writes('yoplanning')).toEqual({});
  });

  test('only the reference writes it', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yoplanning', ada);
    await systems.yoplanning.update(id, () => ({ set: {} }), ask, '1042');
    expect((await sandbox.control.record('yoplanning', id))?.document['external_reference']).toBe('1042');
  });

  test('a record that does not exist is `missing`, and gives the second permit back', async () => {
    const { systems, budgets } = await open();
    const result = await systems.yoplanning.update(newId, () => ({ set: { city: 'Brest' } }), ask);
    expect(result).toEqual({ outcome: 'missing' });
    expect(budgets.yoplanning).toMatchObject({ released: 1, open: 0 });
  });

  test('leaves no permit behind when the GET fails or the merge throws', async () => {
    const { systems, sandbox, budgets } = await open();
    const id = await sandbox.control.add('yoplanning', ada);
    await sandbox.control.addFault({ kind: 'read', times: 1, action: { do: 'status', status: 503 } });
    await failureOf(systems.yoplanning.update(id, () => ({ set: {} }), ask));
    const broken = () => {
      throw new RangeError('merge');
    };
    expect(await failureOf(systems.yoplanning.update(id, broken, ask))).toBeInstanceOf(RangeError);
    expect(budgets.yoplanning.open).toBe(0);
  });

  test('on a server that rewrites values returns the record as answered', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yoplanning', ada);
    await sandbox.control.addFault({ kind: 'write', action: { do: 'rewrite', fields: { lastName: 'upper' } } });
    const result = await systems.yoplanning.update(id, () => ({ set: { lastName: 'Test' } }), ask);
    expect(result).toMatchObject({ outcome: 'written', answered: true, after: { fields: { lastName: 'TEST' } } });
  });

  test('the canary names an unmapped value that the server wiped', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yoplanning', ada, { unmapped: { note: 'à rappeler', state: 'Bretagne' } });
    const { document } = (await sandbox.control.record('yoplanning', id))!;
    const body = { ...document, city: 'Brest', note: null, state: 'BRETAGNE' };
    await sandbox.control.addFault({ kind: 'write', action: { do: 'wrongShape', body } });
    const result = await systems.yoplanning.update(id, () => ({ set: { city: 'Brest' } }), ask);
    expect(result).toMatchObject({ outcome: 'written', unmappedChanged: ['note', 'state'] });
  });

  test('an answer about another record is an error', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yoplanning', ada);
    const { document } = (await sandbox.control.record('yoplanning', id))!;
    await sandbox.control.addFault({ kind: 'write', action: { do: 'wrongShape', body: { ...document, id: newId } } });
    const failure = await failureOf(systems.yoplanning.update(id, () => ({ set: { city: 'Brest' } }), ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure).toMatchObject({ effect: 'unknown' });
  });

  test('with a token that may only read stops the budget’s writes, and not its reads', async () => {
    const { systems, sandbox, budgets } = await open({ sandbox: { yoplanning: { mayWrite: false } } });
    const id = await sandbox.control.add('yoplanning', ada);
    const failure = await failureOf(systems.yoplanning.update(id, () => ({ set: { city: 'Brest' } }), ask));
    expect(failure).toBeInstanceOf(AccessRefused);
    expect(budgets.yoplanning.writeStops).toHaveLength(1);
    expect(budgets.yoplanning.stops).toEqual([]);
  });
});
