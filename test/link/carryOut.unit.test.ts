import { beforeEach, describe, expect, test } from '@jest/globals';
import { uuidOf } from '../../src/core/linkId.js';
import { type CanonicalFields, type FieldDefinition, personsOf } from '../../src/core/record.js';
import { ServerFailed, WritesStopped } from '../../src/http/failures.js';
import type { LinkedPair } from '../../src/store/links.js';
import type { WriteAsk } from '../../src/core/guard.js';
import { nextStep, type LiveDecision } from '../../src/core/live.js';
import type { LinkState } from '../../src/store/linkState.js';
import { carryOut, LinkInterrupted, type CarryingOut } from '../../src/link/carryOut.js';
import type { Intended } from '../../src/link/linkWork.js';
import type { LinkResult } from '../../src/link/results.js';
import { viewOf } from '../../src/link/view.js';
import { ClaimLost } from '../../src/link/claims.js';
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
    version: 1,
    settledVersion: null,
    base: agreed && hash(agreed),
    baseFields: agreed,
    equal: {},
    shadows: { yapla: shadow('yapla', yapla), yoplanning: shadow('yoplanning', yoplanning) },
    unseen: { yapla: false, yoplanning: false },
  };
}

interface Given {
  readonly openIntent?: LinkState['intents'][number];
  /** An attempt before this one may have sent the same writes. */
  readonly isRepeated?: boolean;
  readonly verifyClaim?: CarryingOut['verifyClaim'];
  readonly guard?: CarryingOut['guard'];
  readonly answers?: LinkState['answers'];
}

const writeId = 'plan/1/1';
const stateOf = (pair: LinkedPair, { openIntent, isRepeated, answers = [] }: Given): LinkState => ({
  pair,
  cases: [],
  answers,
  guarded: [],
  intents: openIntent === undefined ? [] : [openIntent],
  waiting: [],
  declined: new Set(),
  rules: {},
  writes: { open: isRepeated === true ? [`${writeId}/2/before`] : [], lately: [] },
});

const decisionOf = (state: LinkState): LiveDecision => {
  const step = nextStep(viewOf(connection, state, 'gone'), []);
  if (step.do === 'rest') throw new Error(`nothing to carry out: ${step.outcome}`);
  return step.decision;
};

/** Carries out what the link needs, as it is decided about the pair as it is known. */
const carry = (pair: LinkedPair, given: Given = {}, decision = decisionOf(stateOf(pair, given))) =>
  carryOut({
    connection,
    state: stateOf(pair, given),
    decision,
    intend: (one) => {
      intended.push(one);
      connection.log.push('intent stands');
      return Promise.resolve('stands' as const);
    },
    verifyClaim: given.verifyClaim ?? (() => Promise.resolve(void connection.log.push('claim verified'))),
    ask: (record) => ({ lane: 'bulk', purpose: 'test', record }),
    writeId,
    ...(given.guard === undefined ? {} : { guard: given.guard }),
  });
const apply = async (pair: LinkedPair, given: Given = {}): Promise<LinkResult> => (await carry(pair, given)).result;

const failed = (system: string, method: string) =>
  new ServerFailed(
    { connection: 'club', system, access: method === 'GET' ? 'read' : 'update', method, path: '/x' },
    'unknown',
    500,
  );

describe('a system that takes no writes', () => {
  test('keeps nothing from the other: what went there is done, and the rest is interrupted by what stopped it', async () => {
    const pair = pairOf({ ...base, city: 'Nantes' }, { ...base, phone: '+33698765432' });
    const refused = new WritesStopped(failed('yapla', 'PUT').context, '403 on PUT /x');
    connection.systems.yapla.arrives = () => {
      throw refused;
    };
    const interrupted = await apply(pair).catch((error: unknown) => error);
    expect(interrupted).toBeInstanceOf(LinkInterrupted);
    const { cause, done } = interrupted as LinkInterrupted;
    expect(cause).toBe(refused);
    expect(connection.systems.yoplanning.records.get('yoplanning-1')!.fields['city']).toBe('Nantes');
    expect(done!.journal).toMatchObject([{ system: 'yoplanning', outcome: 'written' }]);
    expect(done!.agreement!.base).toEqual(expect.not.objectContaining({ phone: expect.anything() as unknown }));
  });
});

describe('the guard', () => {
  let asked: WriteAsk[];
  beforeEach(() => {
    asked = [];
  });
  const holding = (...held: readonly string[]) => ({
    guard: (ask: WriteAsk) => {
      asked.push(ask);
      return Promise.resolve(held);
    },
  });

  test('is asked what a write clears and changes before anything of it is sent, and the rest is written', async () => {
    const pair = pairOf({ ...base, phone: null, city: 'Nantes' }, base);
    const { end, written } = await carry(pair, holding('phone'));
    expect(asked).toEqual([
      {
        linkId: 'yapla:yapla-1',
        system: 'yoplanning',
        creates: false,
        fields: [
          { field: 'phone', blanks: true },
          { field: 'city', blanks: false },
        ],
      },
    ]);
    expect({ end, written }).toEqual({ end: 'done', written: { yapla: [], yoplanning: ['city'] } });
    expect(connection.systems.yoplanning.records.get('yoplanning-1')!.fields).toEqual({ ...base, city: 'Nantes' });
  });

  test('that holds all of it leaves nothing to send', async () => {
    const { end, result } = await carry(pairOf({ ...base, phone: null }, base), holding('phone'));
    expect({ end, outcome: result.outcome }).toEqual({ end: 'held', outcome: 'agreed' });
    expect(connection.log).toEqual([]);
    expect(intended).toEqual([]);
  });

  test('that holds a creation leaves nothing to send', async () => {
    const { end, created } = await carry(pairOf(base, null, null), holding(''));
    expect({ end, created }).toEqual({ end: 'held', created: null });
    expect(asked).toEqual([{ linkId: 'yapla:yapla-1', system: 'yoplanning', creates: true, fields: [] }]);
    expect(connection.log).toEqual([]);
  });

  test('is not asked about what a person answered, nor about a creation that was sent before', async () => {
    const answers: LinkState['answers'] = [{ caseId: 1, kind: 'conflict', field: 'phone', take: 'yapla' }];
    const pair = pairOf({ ...base, phone: null, city: 'Nantes' }, { ...base, phone: '+33699999999' });
    const { end, written } = await carry(pair, { ...holding('city'), answers });
    expect(asked.map((one) => one.fields)).toEqual([[{ field: 'city', blanks: false }]]);
    expect({ end, written: written.yoplanning }).toEqual({ end: 'done', written: ['phone'] });

    asked = [];
    const openIntent = {
      linkId: 'yapla:yapla-1',
      system: 'yoplanning',
      externalId: uuidOf('yapla:yapla-1', personsOf('club')),
      hashes: connection.hash(base),
      fields: base,
      sends: 1,
      recordedAtMs: 0,
    } as const;
    await carry(pairOf(base, null, null), { ...holding(''), openIntent });
    expect(asked).toEqual([]);
  });
});

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

  test('that finds something else than was decided on is not sent, and what was read is told', async () => {
    const pair = pairOf({ ...base, city: 'Nantes' }, base);
    connection.systems.yoplanning.put('yoplanning-1', { ...base, phone: '+33699999999' });
    const { end, result } = await carry(pair);
    expect(end).toBe('stale');
    expect(result.journal.map((entry) => [entry.system, entry.outcome])).toEqual([['yoplanning', 'abandoned']]);
    expect(result.shadows).toMatchObject([{ system: 'yoplanning', row: { fields: { phone: '+33699999999' } } }]);
    expect(connection.systems.yoplanning.records.get('yoplanning-1')!.fields['city']).toBe('Lyon');
  });

  test('that would overwrite another spelling than its journal shows is not sent', async () => {
    const pair = pairOf({ ...base, city: 'Nantes' }, base);
    const record = connection.systems.yoplanning.records.get('yoplanning-1')!;
    // The same value once normalised, written in another way since we saw it.
    const document = { ...record.document, city: ' Lyon ' };
    connection.systems.yoplanning.records.set('yoplanning-1', { ...record, document });
    const { end, result } = await carry(pair);
    expect(end).toBe('stale');
    expect(result.journal.map((entry) => entry.outcome)).toEqual(['abandoned']);
    // Decided again on what was read, it is journalled to the letter.
    const again = { ...pair, shadows: { ...pair.shadows, yoplanning: result.shadows[0]!.row } };
    await carry(again);
    expect(intended.at(-1)!.journal).toMatchObject([{ field: 'city', oldValue: ' Lyon ', newValue: 'Nantes' }]);
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
    const { end, result } = await carry(pair);
    expect(end).toBe('stale');
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
    const { end, result } = await carry({ ...pair, unseen: { yapla: true, yoplanning: false } });
    expect(end).toBe('stale');
    expect(result).toMatchObject({ outcome: 'agreed', gone: [], cases: [] });
    expect(result.shadows).toMatchObject([{ system: 'yapla' }]);
  });
});

describe('a creation', () => {
  const id = uuidOf('yapla:yapla-1', personsOf('club'));
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
    expect(connection.log).toEqual(['claim verified', 'intent stands', 'claim verified', `yoplanning: create ${id}`]);
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

  test('is not sent where the claim lapsed while its intent was recorded: somebody else may have looked before that stood', async () => {
    const verifyClaim = () => (intended.length === 0 ? Promise.resolve() : Promise.reject(new ClaimLost()));
    await expect(apply(pairOf(base, null, null), { verifyClaim })).rejects.toMatchObject({
      cause: { name: 'ClaimLost' },
    });
    expect(intended).toHaveLength(1);
    expect(connection.systems.yoplanning.calls).toEqual([]);
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

  test('that took effect has what was sent then as its base: what was changed since is a change, and is left to be decided', async () => {
    connection.systems.yoplanning.put(id, { ...base, firstName: 'ZOÉ' });
    const { settling, result } = await carry(pairOf({ ...base, city: 'Nantes' }, null, null), {
      openIntent: intent(id, 'yoplanning'),
    });
    expect(connection.systems.yoplanning.calls).toEqual([`read ${id}`]);
    expect(settling).toBe('open');
    expect(result).toMatchObject({ agreement: { base: connection.hash(base), settles: null }, cases: [] });
  });

  test('that did not take effect is repeated after the look-up', async () => {
    await apply(pairOf(base, null, null), { openIntent: intent(id, 'yoplanning') });
    expect(connection.systems.yoplanning.calls).toEqual([`read ${id}`, `create ${id}`]);
  });

  test('that may have taken effect where the system chooses the id is left to the list: nothing is sent', async () => {
    const pair = pairOf(null, base, null);
    const planned = decisionOf(stateOf(pair, {}));
    const { result } = await carry(pair, { openIntent: intent(null, 'yapla') }, planned);
    expect(connection.log).toEqual([]);
    expect(result).toMatchObject({ outcome: 'unsettled', settledIntents: [], agreement: { base: {} } });
  });

  test('whose answer names no id is left to the list', async () => {
    connection.systems.yapla.tellsIds = false;
    const result = await apply(pairOf(null, base, null));
    expect(result).toMatchObject({ outcome: 'unsettled', settledIntents: [] });
  });
});

test('a first of two writes is told also when the second fails: it must be recorded', async () => {
  connection.systems.yoplanning.arrives = () => {
    throw failed('yoplanning', 'PUT');
  };
  const pair = pairOf({ ...base, city: 'Nantes' }, { ...base, phone: '+33699999999' });
  const error = await apply(pair).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LinkInterrupted);
  expect(error).toMatchObject({
    cause: { type: 'ServerFailed' },
    done: {
      journal: [{ system: 'yapla', outcome: 'written' }],
      shadows: [{ system: 'yapla' }],
      facts: { base: connection.hash({ phone: '+33699999999' }) },
    },
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
