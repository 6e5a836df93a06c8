/** Writing to Yapla by GraphQL, against the sandbox's own schema and login. */
import { describe, expect, test } from '@jest/globals';
import type { YaplaGraphqlConfig } from '../../../src/config/yaplaGraphql.js';
import {
  AccessRefused,
  InvalidRecord,
  RequestRefused,
  ServerFailed,
  Throttled,
  WritesStopped,
} from '../../../src/http/failures.js';
import type { Fault } from '../../../src/sandbox/faults.js';
import type { Sandbox } from '../../../src/sandbox/sandbox.js';
import type { SystemRecord } from '../../../src/systems/system.js';
import { ask, failureOf, opener, type ConnectionInput, type Opening } from '../support.js';

const openAny = opener();
const open = (opening: Opening = {}) => openAny({ write: 'graphql', ...opening });

const ada = {
  firstName: 'Ada',
  lastName: 'Essai',
  email: 'ada@courriel.example',
  phone: '06 12 34 56 78',
  birthDate: '1996-02-29',
  city: 'Quimper',
  country: 'FR',
};
const unmapped = { groups: ['Voile', 'Bureau'], organisation: 'Club fictif' };

type GraphqlInput = Extract<ConnectionInput['yapla']['write'], { mode: 'graphql' }>;
const graphql = (input: ConnectionInput) => input.yapla.write as GraphqlInput;

/** No query reads one member; nor does anything else. */
const unread = (input: ConnectionInput) => void (graphql(input).read = null);

const written = (result: unknown) => result as { after: SystemRecord; before: SystemRecord };

const inside = (errors: readonly object[], data: unknown = null): Fault['action'] => ({
  do: 'errorInside',
  body: { errors, data } as never,
});
const coded = (code: string) => ({ message: 'Zoé, zoe@courriel.example', extensions: { code } });

/** What an answer does, to which kind of request. */
const strike = (sandbox: Sandbox, kind: Fault['kind'], action: Fault['action'], times = 1) =>
  sandbox.control.addFault({ system: 'yapla', kind, times, action });

describe('a member', () => {
  test('is read by the configured query, in the form of the list', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada, { unmapped });
    const record = (await systems.yapla.read(id, ask))!;
    const [listed] = (await systems.yapla.readPage({ from: 0 }, ask)).records;
    expect(record.id).toBe(id);
    expect(record.fields).toEqual(listed!.fields);
    expect(record.document).toMatchObject({ first_name: 'Ada', phone: ada.phone, address: null });
    expect(systems.yapla).toMatchObject({ readsOne: true, writes: true });
    // What was shown can be read again, and is the same person.
    const again = systems.yapla.recordOf(record.document, {
      context: { connection: 'test', system: 'yapla', access: 'none', method: 'none', path: '' },
    });
    expect(again.fields).toEqual(record.fields);
    expect(await systems.yapla.read('999999', ask)).toBeNull();
  });

  test('is changed in the given fields only: a part is sent, and everything else stays', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada, { unmapped });
    const before = (await sandbox.control.record('yapla', id))!;
    const set = { city: 'Brest', phone: '+33698765432', birthDate: '1996-03-01', email: null };
    const result = await systems.yapla.update(id, () => ({ set }), ask);
    const after = (await sandbox.control.record('yapla', id))!;
    expect(after.person).toEqual({ ...before.person, ...set });
    expect(after.document).toMatchObject({ groups: unmapped.groups, organization: unmapped.organisation });
    expect(result).toMatchObject({ outcome: 'written', answered: true, unmappedChanged: [] });
    expect(written(result).after.fields).toEqual({ ...written(result).before.fields, ...set });
    expect(written(result).after.document).toMatchObject({ city: 'Brest', email: null });
  });

  test('is decided about as the list shows it, and what is known of it besides stays known', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada, { unmapped });
    const [known] = (await systems.yapla.readPage({ from: 0 }, ask)).records;
    let seen: SystemRecord | undefined;
    const result = await systems.yapla.update(
      id,
      (before) => {
        seen = before;
        return { set: { city: 'Brest' } };
      },
      ask,
      undefined,
      known,
    );
    expect(seen!.document).toMatchObject({ city: 'Quimper', first_name: 'Ada' });
    expect(written(result).after.document).toMatchObject({
      city: 'Brest',
      member_number: '00001',
      groups: unmapped.groups,
    });
  });

  test('that changed meanwhile, or holds all that was to be written, is not written, and the second permit goes back', async () => {
    const { systems, sandbox, budgets } = await open();
    const id = await sandbox.control.add('yapla', ada);
    const stopped = await systems.yapla.update(id, () => ({ stop: 'stale' }), ask);
    expect(stopped).toMatchObject({ outcome: 'stopped', reason: 'stale' });
    const same = await systems.yapla.update(id, ({ fields }) => ({ set: fields }), ask);
    expect(same).toMatchObject({ outcome: 'stopped', reason: 'nothingToWrite' });
    expect(await sandbox.control.writes('yapla')).toEqual({});
    expect(budgets.yapla).toMatchObject({ open: 0, released: 2 });
  });

  test('that does not exist is missing when updated, whether it was read before or not', async () => {
    for (const configure of [() => undefined, unread]) {
      const { systems, budgets } = await open({ configure });
      const result = await systems.yapla.update('999999', () => ({ set: { city: 'Brest' } }), ask);
      expect(result).toEqual({ outcome: 'missing' });
      expect(budgets.yapla.open).toBe(0);
    }
  });

  test('is created, and the new id is told as text', async () => {
    const { systems, sandbox } = await open();
    const { record } = await systems.yapla.create(
      { id: null, fields: { ...ada, phone: '+33612345678' }, externalReference: null },
      ask,
    );
    const [id] = await sandbox.control.ids('yapla');
    expect(record).toMatchObject({ id, fields: { firstName: 'Ada', city: 'Quimper' } });
    expect((await sandbox.control.record('yapla', id!))!.person).toMatchObject({
      email: ada.email,
      phone: '+33612345678',
    });
    expect((await systems.yapla.read(id!, ask))!.fields).toEqual({ ...record!.fields });
  });

  test('that no query reads is written on what is known of it, in one request', async () => {
    const { systems, sandbox } = await open({ configure: unread });
    const id = await sandbox.control.add('yapla', ada, { unmapped });
    const [known] = (await systems.yapla.readPage({ from: 0 }, ask)).records;
    await sandbox.control.resetCounts();
    const result = await systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask, undefined, known);
    expect(result).toMatchObject({ outcome: 'written', answered: true });
    expect(written(result).after).toMatchObject({
      fields: { ...known!.fields, city: 'Brest' },
      document: { city: 'Brest', member_number: '00001', groups: unmapped.groups },
    });
    expect((await sandbox.control.counts()).yapla.byKind).toMatchObject({ read: 0, write: 1 });
  });

  test('that the DATA API reads and GraphQL writes is compared in what is mapped alone', async () => {
    const { systems, sandbox } = await open({
      configure: (input) => {
        unread(input);
        input.yapla.read.memberPath = '/campaign/{campaign}/members/{id}';
      },
    });
    const id = await sandbox.control.add('yapla', ada, { unmapped });
    const result = await systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask);
    expect(result).toMatchObject({ outcome: 'written', unmappedChanged: [], after: { fields: { city: 'Brest' } } });
    expect((await sandbox.control.record('yapla', id))!.person).toMatchObject({ city: 'Brest', email: ada.email });
  });

  test('whose payload is not asked for holds what was sent', async () => {
    const { systems, sandbox } = await open({
      configure: (input) => {
        const { create, update } = graphql(input);
        create.document = 'mutation ($input: MemberInput!) { createMember(input: $input) { node { id } } }';
        create.record = null;
        update.document = 'mutation ($id: ID!, $patch: MemberPatch!) { updateMember(id: $id, patch: $patch) { done } }';
        update.record = null;
      },
    });
    const { record } = await systems.yapla.create(
      { id: null, fields: { lastName: 'Essai' }, externalReference: null },
      ask,
    );
    const result = await systems.yapla.update(record!.id, () => ({ set: { city: 'Brest' } }), ask);
    expect(result).toMatchObject({
      outcome: 'written',
      answered: false,
      after: { fields: { lastName: 'Essai', city: 'Brest' } },
    });
    expect((await sandbox.control.record('yapla', record!.id))!.person).toMatchObject({ city: 'Brest' });
  });
});

describe('an error inside an answer of status 200', () => {
  test.each([
    ['forbidden', 'FORBIDDEN', AccessRefused, 'none'],
    ['told to be read only', 'READ_ONLY', AccessRefused, 'none'],
    ['throttled', 'THROTTLED', Throttled, 'none'],
    ['invalid', 'BAD_USER_INPUT', InvalidRecord, 'none'],
    ['a document that is refused', 'GRAPHQL_VALIDATION_FAILED', RequestRefused, 'none'],
    ['a server that failed', 'INTERNAL_SERVER_ERROR', ServerFailed, 'unknown'],
  ] as const)('is %s by its code (%s), and none of its words are told', async (_, code, type, effect) => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada);
    await strike(sandbox, 'write', inside([coded(code)]));
    const failure = await failureOf(systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask));
    expect(failure).toBeInstanceOf(type);
    expect(failure).toMatchObject({ effect });
    expect(failure.message + JSON.stringify(failure)).not.toMatch(/zo[eé]/i);
  });

  test.each(['ALIEN', undefined, 'zoe@courriel.example'])(
    'with another code (%s) is an answer that nobody expected',
    async (code) => {
      const { systems, sandbox } = await open();
      const id = await sandbox.control.add('yapla', ada);
      const nobodyExpects = inside([{ message: 'Zoé', ...(code && { extensions: { code } }) }]);
      await strike(sandbox, 'read', nobodyExpects);
      const read = await failureOf(systems.yapla.read(id, ask));
      expect(read).toMatchObject({ type: 'UnexpectedResponse', effect: 'none' });
      await strike(sandbox, 'write', nobodyExpects);
      const write = await failureOf(systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask));
      expect(write).toMatchObject({ type: 'UnexpectedResponse', effect: 'unknown' });
      expect(read.message + write.message).not.toMatch(/zo[eé]/i);
    },
  );

  test('counts as the one that concerns everybody, where there are several', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada);
    await strike(sandbox, 'write', inside([coded('BAD_USER_INPUT'), coded('ALIEN'), coded('THROTTLED')]));
    expect(await failureOf(systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask))).toBeInstanceOf(
      Throttled,
    );
  });

  test('means what the configuration says, before what is common', async () => {
    const { systems, sandbox } = await open({
      configure: (input) => void (graphql(input).errors = { code: 'kind', codes: { FORBIDDEN: 'invalid' } }),
    });
    const id = await sandbox.control.add('yapla', ada);
    await strike(sandbox, 'write', inside([{ message: 'no', kind: 'FORBIDDEN' }]));
    expect(await failureOf(systems.yapla.update(id, () => ({ set: { city: 'B' } }), ask))).toBeInstanceOf(
      InvalidRecord,
    );
  });

  test('beside partial data is no success: after a write it is not known what took effect', async () => {
    const { systems, sandbox } = await open({
      configure: (input) => {
        const { update, read } = graphql(input);
        update.document = update.document.replace('{ id ', '{ id medicalNote ');
        read!.document = read!.document.replace('{ id ', '{ id medicalNote ');
      },
    });
    const id = await sandbox.control.add('yapla', ada);
    const read = await failureOf(systems.yapla.read(id, ask));
    expect(read).toMatchObject({ type: 'AccessRefused', effect: 'none' });
    const known = (await systems.yapla.readPage({ from: 0 }, ask)).records[0]!;
    const blind = await open({
      configure: (input) => {
        unread(input);
        const { update } = graphql(input);
        update.document = update.document.replace('{ id ', '{ id medicalNote ');
      },
    });
    const other = await blind.sandbox.control.add('yapla', ada);
    const failure = await failureOf(
      blind.systems.yapla.update(other, () => ({ set: { city: 'Brest' } }), ask, undefined, { ...known, id: other }),
    );
    expect(failure).toMatchObject({ type: 'UnexpectedResponse', effect: 'unknown' });
    expect((await blind.sandbox.control.record('yapla', other))!.person.city).toBe('Brest');
    expect(blind.budgets.yapla.stops).toEqual([]);
  });

  const notFoundAt = (...path: string[]) => ({ ...coded('NOT_FOUND'), path });

  test.each([
    ['within a member that is shown', notFoundAt('member', 'groups'), { member: { id: '1', groups: null } }],
    ['within a member that cannot be shown for it', notFoundAt('member', 'id'), { member: null }],
    ['beside a member that is shown', coded('NOT_FOUND'), { member: { id: '1' } }],
    ['elsewhere in the query', notFoundAt('campaign'), { member: null, campaign: null }],
  ])('about something not found %s is no proof that the member is gone', async (_, error, data) => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada);
    await strike(sandbox, 'read', inside([error], data));
    const failure = await failureOf(systems.yapla.read(id, ask));
    expect(failure).toMatchObject({ type: 'UnexpectedResponse', effect: 'none' });
  });

  test('about the member itself is one: it is not found', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada);
    for (const error of [notFoundAt('member'), coded('NOT_FOUND')]) {
      await strike(sandbox, 'read', inside([error], { member: null }));
      expect(await systems.yapla.read(id, ask)).toBeNull();
    }
  });

  test.each(['NOT_FOUND', 'BAD_USER_INPUT', 'FORBIDDEN', 'INTERNAL_SERVER_ERROR'])(
    'below the mutation (%s) tells that it was carried out, also where null stands in the place of all data',
    async (code) => {
      const { systems, sandbox, budgets } = await open();
      const request = { id: null, fields: ada, externalReference: null };
      for (const data of [null, { createMember: null }]) {
        const error = { ...coded(code), path: ['createMember', 'node', 'groups'] };
        await strike(sandbox, 'create', inside([error], data));
        const failure = await failureOf(systems.yapla.create(request, ask));
        expect(failure).toMatchObject({ type: 'UnexpectedResponse', effect: 'unknown' });
      }
      expect(budgets.yapla.stops).toEqual([]);
    },
  );

  test('at a place of the input is a refusal of the input', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada);
    const error = { ...coded('BAD_USER_INPUT'), path: ['patch', 'email'] };
    await strike(sandbox, 'write', inside([error], { updateMember: null }));
    expect(await failureOf(systems.yapla.update(id, () => ({ set: { city: 'B' } }), ask))).toBeInstanceOf(
      InvalidRecord,
    );
  });

  test('names the refused fields, and keeps the words for the case', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada);
    const failure = await failureOf(systems.yapla.update(id, () => ({ set: { email: 'nobody' } }), ask));
    expect(failure).toMatchObject({ type: 'InvalidRecord', fields: ['contact.email'] });
    expect(failure instanceof InvalidRecord && failure.words).toContain('nobody');
    expect(failure.message).not.toContain('nobody');
  });
});

describe('what the server refuses by its status', () => {
  test.each([400, 404, 422])(
    '%s without an error is a refusal of the request, and no case about a record',
    async (status) => {
      const { systems, sandbox } = await open();
      const id = await sandbox.control.add('yapla', ada);
      await strike(sandbox, 'write', { do: 'status', status, body: {} });
      const failure = await failureOf(systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask));
      expect(failure).toBeInstanceOf(RequestRefused);
    },
  );

  test('a query whose answer is lost changed nothing, and a mutation may have', async () => {
    const { systems, sandbox } = await open();
    const id = await sandbox.control.add('yapla', ada);
    await systems.yapla.read(id, ask);
    await strike(sandbox, 'read', { do: 'reset' });
    expect(await failureOf(systems.yapla.read(id, ask))).toMatchObject({ type: 'NoAnswer', effect: 'none' });
    await strike(sandbox, 'write', { do: 'reset', effect: 'applied' });
    const lost = await failureOf(systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask));
    expect(lost).toMatchObject({
      type: 'NoAnswer',
      effect: 'unknown',
      context: { access: 'update' },
    });
    await strike(sandbox, 'create', { do: 'malformed' });
    const made = systems.yapla.create({ id: null, fields: { lastName: 'Essai' }, externalReference: null }, ask);
    expect(await failureOf(made)).toMatchObject({ type: 'UnexpectedResponse', effect: 'unknown' });
  });
});

describe('an account that may read and not write', () => {
  test('has its writes stopped, with one sentence that names the other ways to write, and is read on', async () => {
    const { systems, sandbox, budgets } = await open({ sandbox: { yapla: { graphql: { mayWrite: false } } } });
    const id = await sandbox.control.add('yapla', ada);
    const failure = await failureOf(systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask));
    expect(failure).toBeInstanceOf(AccessRefused);
    expect(budgets.yapla.writeStops).toHaveLength(1);
    for (const mode of ['rest', 'workbook', 'none']) expect(budgets.yapla.writeStops[0]).toContain(mode);
    expect(failure.message).toContain('passerelle resume');
    expect(budgets.yapla.stops).toEqual([]);
    expect(await systems.yapla.read(id, ask)).not.toBeNull();
  });

  test('by REST 2.0 is told the same, with GraphQL among the others', async () => {
    const { systems, sandbox, budgets } = await openAny({ write: 'rest' });
    const id = await sandbox.control.add('yapla', ada);
    await strike(sandbox, 'write', { do: 'forbid' });
    await failureOf(systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask));
    expect(budgets.yapla.writeStops).toEqual([expect.stringContaining('graphql (GraphQL), workbook')]);
    expect(budgets.yapla.stops).toEqual([]);
  });
});

describe('the documents', () => {
  const updating = (change: (write: YaplaGraphqlConfig | GraphqlInput) => void): Opening => ({
    configure: (input) => change(graphql(input)),
  });

  test.each([
    [
      'a field that does not exist',
      (write: GraphqlInput) =>
        (write.update.document =
          'mutation ($id: ID!, $patch: MemberPatch!) { updateMember(id: $id, patch: $patch) { node { id surname } } }'),
      'surname',
    ],
    [
      'an argument that does not exist',
      (write: GraphqlInput) =>
        (write.update.document =
          'mutation ($id: ID!, $patch: MemberPatch!) { updateMember(number: $id, patch: $patch) { node { id } } }'),
      'number',
    ],
    [
      'an input that lacks a mapped field',
      (write: GraphqlInput) => (write.member!.fields!['city'] = 'contact.town'),
      'contact',
    ],
  ])('with %s are held against the schema, and stop the writes before anything is sent', async (_, change, named) => {
    const { systems, sandbox, budgets } = await open(updating((write) => void change(write)));
    const id = await sandbox.control.add('yapla', ada);
    for (let nth = 0; nth < 2; nth += 1) {
      const failure = await failureOf(systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask));
      expect(failure).toBeInstanceOf(WritesStopped);
      expect(failure.message).toContain(named);
      expect(failure.message).toContain('not sent');
    }
    expect(budgets.yapla.writeStops[0]).toContain(named);
    expect(budgets.yapla.stops).toEqual([]);
    const { byKind } = (await sandbox.control.counts()).yapla;
    expect(byKind).toMatchObject({ schema: 1, read: 0, write: 0, create: 0 });
    // The query that reads a member fits: it is used.
    expect(await systems.yapla.read(id, ask)).not.toBeNull();
  });

  test('of which the query does not fit leave the member unread, and say so', async () => {
    const { systems, sandbox } = await open(
      updating((write) => void (write.read!.document = write.read!.document.replace('{ id ', '{ id surname '))),
    );
    const id = await sandbox.control.add('yapla', ada);
    const failure = await failureOf(systems.yapla.read(id, ask));
    expect(failure).toBeInstanceOf(RequestRefused);
    expect(failure.message).toContain('surname');
    expect((await sandbox.control.counts()).yapla.byKind).toMatchObject({ schema: 1, read: 0 });
  });

  test('are sent unchecked where the server does not tell its schema', async () => {
    const { systems, sandbox } = await open({ sandbox: { yapla: { graphql: { introspection: false } } } });
    const id = await sandbox.control.add('yapla', ada);
    await systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask);
    expect((await sandbox.control.record('yapla', id))!.person.city).toBe('Brest');
  });
});
