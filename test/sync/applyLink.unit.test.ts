import { beforeEach, describe, expect, test } from '@jest/globals';
import { uuidOf } from '../../src/core/linkId.js';
import type { CanonicalFields, FieldDefinition } from '../../src/core/record.js';
import { ServerFailed } from '../../src/http/failures.js';
import type { LinkedPair } from '../../src/store/links.js';
import { applyLink, LinkInterrupted } from '../../src/sync/applyLink.js';
import type { Applying, Intended } from '../../src/sync/linkWork.js';
import { ClaimLost } from '../../src/sync/claims.js';
import { scriptedConnection, scriptedFields, type ScriptedConnection } from '../helpers/scriptedSystem.js';

let connection: ScriptedConnection;
let intended: Intended[];
beforeEach(() => {
  connection = scriptedConnection('club');
  intended = [];
});

const base = { firstName: 'Zoé', phone: '+33612345678', city: 'Lyon' };

/** A link whose two records are in their systems, and whose shadows are what the last scan saw (by default: the same). */
function pairOf(
  yapla: CanonicalFields | null,
  yoplanning: CanonicalFields | null,
  agreed: CanonicalFields | null = base,
): LinkedPair {
  const { systems, shadowOf, hash } = connection;
  const shadow = (system: 'yapla' | 'yoplanning', fields: CanonicalFields | null) => {
    if (fields === null) return null;
    return shadowOf(systems[system].put(`${system}-1`, fields));
  };
  return {
    linkId: yapla === null ? 'yoplanning:yoplanning-1' : 'yapla:yapla-1',
    ids: { yapla: yapla && 'yapla-1', yoplanning: yoplanning && 'yoplanning-1' },
    state: 'active',
    base: agreed && hash(agreed),
    baseFields: agreed,
    equal: {},
    shadows: { yapla: shadow('yapla', yapla), yoplanning: shadow('yoplanning', yoplanning) },
    unseen: { yapla: false, yoplanning: false },
  };
}

const apply = (pair: LinkedPair, more: Partial<Applying> = {}) =>
  applyLink(
    {
      connection,
      intend: (one) => {
        intended.push(one);
        connection.log.push('intent stands');
        return Promise.resolve('stands' as const);
      },
      verifyClaim: () => Promise.resolve(void connection.log.push('claim verified')),
      ask: (record) => ({ lane: 'bulk', purpose: 'test', record }),
      writeId: 'plan/1/1',
      openIntent: null,
      isRepeated: false,
      ...more,
    },
    pair,
  );

const failed = (system: string, method: string) =>
  new ServerFailed({ connection: 'club', system, method, path: '/x' }, 'unknown', 500);

describe('a write', () => {
  test('is sent after its claim was verified and what it overwrites stands in the journal', async () => {
    const result = await apply(pairOf({ ...base, city: 'Nantes' }, base));
    expect(connection.log).toEqual(['claim verified', 'intent stands', 'yoplanning: update yoplanning-1']);
    expect(intended[0]!.journal).toMatchObject([
      {
        system: 'yoplanning',
        externalId: 'yoplanning-1',
        field: 'city',
        oldValue: 'Lyon',
        newValue: 'Nantes',
        reason: 'changedInYapla',
      },
    ]);
    expect(result).toMatchObject({
      outcome: 'written',
      journal: [{ outcome: 'written', writeId: intended[0]!.journal[0]!.writeId }],
    });
    expect(result.agreement!.base).toEqual(connection.hash({ ...base, city: 'Nantes' }));
    expect(result.shadows).toHaveLength(1);
  });

  test('is not sent without the claim', async () => {
    const lost = apply(pairOf({ ...base, city: 'Nantes' }, base), {
      verifyClaim: () => Promise.reject(new ClaimLost()),
    });
    await expect(lost).rejects.toMatchObject({ name: 'LinkInterrupted', cause: { name: 'ClaimLost' }, done: null });
    expect(connection.log).toEqual([]);
  });

  test('that finds something else than was decided on is decided again, and the newer value stays', async () => {
    const pair = pairOf({ ...base, city: 'Nantes' }, base);
    connection.systems.yoplanning.put('yoplanning-1', { ...base, phone: '+33699999999' });
    const result = await apply(pair);
    expect(result.journal.map((entry) => [entry.system, entry.outcome])).toEqual([
      ['yoplanning', 'abandoned'],
      ['yapla', 'written'],
      ['yoplanning', 'written'],
    ]);
    const both = { ...base, city: 'Nantes', phone: '+33699999999' };
    expect(connection.systems.yapla.records.get('yapla-1')!.fields).toEqual(both);
    expect(connection.systems.yoplanning.records.get('yoplanning-1')!.fields).toEqual(both);
  });

  test('that would overwrite another spelling than its journal shows is journalled again, to the letter, before it is sent', async () => {
    const pair = pairOf({ ...base, city: 'Nantes' }, base);
    const record = connection.systems.yoplanning.records.get('yoplanning-1')!;
    // The same value once normalised, written in another way since we saw it.
    connection.systems.yoplanning.records.set('yoplanning-1', {
      ...record,
      document: { ...record.document, city: ' Lyon ' },
    });
    const result = await apply(pair);
    expect(result.journal.map((entry) => entry.outcome)).toEqual(['abandoned', 'written']);
    const written = intended.flatMap((one) => one.journal).find((one) => one.writeId === result.journal[1]!.writeId);
    expect(written).toMatchObject({ field: 'city', oldValue: ' Lyon ', newValue: 'Nantes' });
  });

  test('repeated after a crash finds the form that the server made of its value, and takes it for its own', async () => {
    const pair = pairOf({ ...base, city: 'Nantes' }, base);
    connection.systems.yoplanning.put('yoplanning-1', { ...base, city: 'NANTES' });
    const result = await apply(pair, { isRepeated: true });
    expect(result).toMatchObject({ outcome: 'written', cases: [] });
    expect(connection.log.filter((line) => line.startsWith('yapla'))).toEqual([]);
    const city = connection.hash({ city: 'Nantes' })['city'];
    expect(result.agreement!.base['city']).toBe(city);
    expect(result.agreement!.equal!.yoplanning!['city']).toEqual({
      [connection.hash({ city: 'NANTES' })['city']!]: city,
    });
  });

  test('whose values are there already (the answer before was lost) only moves the base', async () => {
    const pair = pairOf({ ...base, city: 'Nantes' }, base);
    connection.systems.yoplanning.put('yoplanning-1', { ...base, city: 'Nantes' });
    const result = await apply(pair);
    expect(connection.systems.yoplanning.calls).toEqual([]);
    expect(result).toMatchObject({ outcome: 'written', journal: [{ outcome: 'written', requestId: null }] });
    expect(result.agreement!.base).toEqual(connection.hash({ ...base, city: 'Nantes' }));
  });

  test('has the same name at a later attempt, unless it overwrites other values', async () => {
    const change = { ...base, city: 'Nantes' };
    for (const now of [base, base, { ...base, city: 'Brest' }]) {
      const pair = pairOf(change, now, { ...base, city: null });
      await apply(pair);
    }
    const [first, again, other] = intended.map((one) => one.journal[0]!);
    expect(again!.writeId).toBe(first!.writeId);
    expect(other!.writeId).not.toBe(first!.writeId);
    expect(other!.oldValue).toBe('Brest');
  });

  test('that changed something unmapped is a case with both documents', async () => {
    connection.systems.yoplanning.unmappedChanged = ['note'];
    const { cases } = await apply(pairOf({ ...base, city: 'Nantes' }, base));
    expect(cases).toMatchObject([
      { kind: 'canary', subject: 'yoplanning:yoplanning-1', details: { changed: ['note'] } },
    ]);
  });

  test('that the system accepts without taking it is a case, is not sent again, and holds no other field back', async () => {
    connection.systems.yoplanning.rewrite = (field, value, old) => (field === 'city' ? old : value);
    const result = await apply(pairOf({ ...base, city: 'Nantes', phone: '+33699999999' }, base));
    expect(connection.systems.yoplanning.calls).toHaveLength(1);
    expect(result.cases).toMatchObject([
      { kind: 'notTaken', field: 'city', saw: { yoplanning: connection.hash({ ...base, phone: '+33699999999' }) } },
    ]);
    expect(result.agreement!.base['phone']).toBe(connection.hash({ phone: '+33699999999' })['phone']);
    expect(result.agreement!.base).not.toHaveProperty('city');
  });

  test('whose value the server gives a form of its own is remembered as equal and sent once', async () => {
    connection.systems.yoplanning.rewrite = (_, value) => value?.toUpperCase() ?? null;
    const result = await apply(pairOf({ ...base, city: 'Nantes' }, base));
    expect(connection.systems.yoplanning.calls).toHaveLength(1);
    const [sent, returned] = [
      connection.hash({ city: 'Nantes' })['city']!,
      connection.hash({ city: 'NANTES' })['city']!,
    ];
    expect(result.agreement!.equal).toEqual({ yoplanning: { city: { [returned]: sent } } });
    expect(result.agreement!.base['city']).toBe(sent);
    expect(result.cases).toEqual([]);
  });

  test('is not needed where somebody enters, on the other side, the very form that the server had made of our value', async () => {
    const hash = (city: string) => connection.hash({ city })['city']!;
    const pair = pairOf({ ...base, city: 'NANTES' }, { ...base, city: 'NANTES' }, { ...base, city: 'Nantes' });
    const result = await apply({ ...pair, equal: { yoplanning: { city: { [hash('NANTES')]: hash('Nantes') } } } });
    expect(connection.log).toEqual([]);
    expect(result.agreement!.base['city']).toBe(hash('NANTES'));
  });
});

describe('a record that its system does not have any more', () => {
  test('is proven gone by a read of its own before it becomes a case; nothing is written or made', async () => {
    const pair = pairOf({ ...base, city: 'Nantes' }, base);
    connection.systems.yoplanning.records.clear();
    const result = await apply(pair);
    expect(connection.systems.yoplanning.calls).toEqual(['update yoplanning-1', 'read yoplanning-1']);
    expect(result).toMatchObject({
      outcome: 'removed',
      gone: [{ system: 'yoplanning', id: 'yoplanning-1' }],
      cases: [{ kind: 'removal', subject: 'yoplanning:yoplanning-1' }],
      journal: [{ outcome: 'abandoned' }],
    });
  });

  test('is not gone when the list missed it and a read finds it', async () => {
    const pair = pairOf(base, base);
    const result = await apply({ ...pair, unseen: { yapla: true, yoplanning: false } });
    expect(result).toMatchObject({ outcome: 'agreed', gone: [], cases: [] });
    expect(result.shadows).toMatchObject([{ system: 'yapla' }]);
  });
});

describe('a creation', () => {
  const id = uuidOf('yapla:yapla-1', 'club');
  const intent = (externalId: string | null, system: 'yapla' | 'yoplanning') => ({
    linkId: 'x',
    system,
    externalId,
    hashes: connection.hash(base),
    fields: base,
    sends: 1,
    recordedAtMs: 0,
  });

  test('is sent after its intent stands, under the id that belongs to the link, with the other id as reference', async () => {
    const result = await apply(pairOf(base, null, null));
    expect(connection.log).toEqual(['claim verified', 'intent stands', `yoplanning: create ${id}`]);
    expect(intended[0]).toMatchObject({
      intent: { system: 'yoplanning', externalId: id, hashes: connection.hash(base) },
    });
    expect(connection.systems.yoplanning.records.get(id)!.externalReference).toBe('yapla-1');
    expect(result).toMatchObject({
      outcome: 'created',
      settledIntents: ['yoplanning'],
      agreement: { ids: { yoplanning: id }, base: connection.hash(base) },
    });
  });

  test('that may have taken effect is looked up first, and not repeated when it did', async () => {
    connection.systems.yoplanning.put(id, base);
    const result = await apply(pairOf(base, null, null), { openIntent: intent(id, 'yoplanning') });
    expect(connection.systems.yoplanning.calls).toEqual([`read ${id}`]);
    expect(result).toMatchObject({
      outcome: 'created',
      settledIntents: ['yoplanning'],
      agreement: { ids: { yoplanning: id } },
    });
  });

  test('that took effect has what was sent then as its base: what was changed since is a change, and goes over', async () => {
    connection.systems.yoplanning.put(id, { ...base, firstName: 'ZOÉ' });
    const result = await apply(pairOf({ ...base, city: 'Nantes' }, null, null), {
      openIntent: intent(id, 'yoplanning'),
    });
    expect(connection.systems.yoplanning.calls).toEqual([`read ${id}`, `update ${id}`]);
    expect(connection.systems.yoplanning.records.get(id)!.fields).toEqual({
      ...base,
      firstName: 'ZOÉ',
      city: 'Nantes',
    });
    expect(result).toMatchObject({ agreement: { base: connection.hash({ ...base, city: 'Nantes' }) }, cases: [] });
  });

  test('that did not take effect is repeated after the look-up', async () => {
    await apply(pairOf(base, null, null), { openIntent: intent(id, 'yoplanning') });
    expect(connection.systems.yoplanning.calls).toEqual([`read ${id}`, `create ${id}`]);
  });

  test('that may have taken effect where the system chooses the id is left to the list: nothing is sent', async () => {
    const result = await apply(pairOf(null, base, null), { openIntent: intent(null, 'yapla') });
    expect(connection.log).toEqual([]);
    expect(result).toMatchObject({ outcome: 'unsettled', settledIntents: [], agreement: { base: {} } });
  });

  test('whose answer names no id is left to the list', async () => {
    connection.systems.yapla.tellsIds = false;
    const result = await apply(pairOf(null, base, null));
    expect(result).toMatchObject({ outcome: 'unsettled', settledIntents: [] });
  });

  test('is recorded also when a write that follows it fails: it must not be made twice', async () => {
    connection.systems.yapla.defaults = { city: 'Paris' };
    connection.systems.yoplanning.arrives = () => {
      throw failed('yoplanning', 'PUT');
    };
    const error = await apply(pairOf(null, { ...base, city: null }, null)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LinkInterrupted);
    expect(error).toMatchObject({
      cause: { type: 'ServerFailed' },
      done: { settledIntents: ['yapla'], agreement: { ids: { yapla: 'new-1' } }, shadows: [{ system: 'yapla' }] },
    });
  });
});

test('a conflict that a person must answer is asked with both values and the base, and the other fields go on', async () => {
  const ask: FieldDefinition = { ...scriptedFields[2]!, rule: 'ask' };
  connection = scriptedConnection('club', { fields: [scriptedFields[0]!, scriptedFields[1]!, ask] });
  const result = await apply(pairOf({ ...base, city: 'Nantes', phone: '+33699999999' }, { ...base, city: 'Brest' }));
  expect(result.cases).toEqual([
    {
      kind: 'conflict',
      subject: 'yapla:yapla-1',
      field: 'city',
      linkId: 'yapla:yapla-1',
      details: { yapla: 'Nantes', yoplanning: 'Brest', base: 'Lyon' },
    },
  ]);
  expect(connection.systems.yoplanning.records.get('yoplanning-1')!.fields).toEqual({
    ...base,
    city: 'Brest',
    phone: '+33699999999',
  });
});
