import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  afterApplying,
  answerConflicts,
  decide,
  restrict,
  type DecideInput,
  type Decision,
  type Side,
} from '../../src/core/decide.js';
import {
  otherSystem,
  systemNames,
  type FieldDefinition,
  type FieldHashes,
  type FieldTimes,
  type SystemName,
} from '../../src/core/record.js';
import { mirrorDecision, mirrorInput } from '../helpers/mirror.js';
import { checkProperty } from '../helpers/property.js';

const field = (name: string, about: Partial<FieldDefinition> = {}): FieldDefinition => ({
  name,
  type: 'text',
  rule: 'ask',
  direction: 'both',
  ...about,
});
const side = (hashes: FieldHashes, times: FieldTimes = {}): Side => ({ hashes, times });

/** Decides about the one field `f`; `undefined` stands for a field not returned, or never agreed on. */
function decideField(
  base: string | undefined,
  yapla: string | undefined,
  yoplanning: string | undefined,
  about: Partial<FieldDefinition> = {},
  entered: { yapla: number | null; yoplanning: number | null } = { yapla: null, yoplanning: null },
): Decision {
  const hashes = (value: string | undefined): FieldHashes => (value === undefined ? {} : { f: value });
  return decide({
    base: hashes(base),
    yapla: side(hashes(yapla), { f: entered.yapla }),
    yoplanning: side(hashes(yoplanning), { f: entered.yoplanning }),
    fields: [field('f', about)],
  });
}

const nothing: Decision = {
  kind: 'inSync',
  write: { yapla: [], yoplanning: [] },
  adopt: [],
  conflicts: [],
  create: null,
  gone: null,
  reasons: {},
};
const writes = (system: SystemName, reason: string) =>
  expect.objectContaining({ kind: 'write', write: { ...nothing.write, [system]: ['f'] }, reasons: { f: reason } });

describe('with a base', () => {
  test('both equal to it is in sync, and the decision is empty', () => {
    expect(decideField('s', 's', 's')).toEqual(nothing);
  });

  test('equal to each other but not to it moves the base and writes nothing', () => {
    expect(decideField('s', 'x', 'x')).toEqual({
      ...nothing,
      kind: 'adopt',
      adopt: ['f'],
      reasons: { f: 'bothChangedSame' },
    });
  });

  test('a change on one side is written to the other', () => {
    expect(decideField('s', 'x', 's')).toEqual(writes('yoplanning', 'changedInYapla'));
    expect(decideField('s', 's', 'x')).toEqual(writes('yapla', 'changedInYoplanning'));
  });

  test('a cleared field is a change like any other', () => {
    expect(decideField('s', '', 's')).toEqual(writes('yoplanning', 'changedInYapla'));
  });

  test('a field that a system did not return is left alone on both sides', () => {
    expect(decideField('s', undefined, 'x')).toEqual({ ...nothing, reasons: { f: 'notReturned' } });
  });

  test.each([
    ['yapla', 'yoplanning', 'ruleYapla'],
    ['yoplanning', 'yapla', 'ruleYoplanning'],
  ] as const)('changes on both sides follow the rule %s', (rule, written, reason) => {
    expect(decideField('s', 'x', 'y', { rule })).toEqual(writes(written, reason));
    expect(decideField('s', '', 'y', { rule })).toEqual(writes(written, reason));
  });

  test('the rule ask opens a conflict', () => {
    expect(decideField('s', 'x', 'y')).toEqual({
      ...nothing,
      kind: 'conflict',
      conflicts: ['f'],
      reasons: { f: 'ask' },
    });
  });

  test('the rule newest takes the value entered later, and asks without two different times', () => {
    const newest = { rule: 'newest' } as const;
    expect(decideField('s', 'x', 'y', newest, { yapla: 2, yoplanning: 1 })).toEqual(
      writes('yoplanning', 'newestYapla'),
    );
    expect(decideField('s', 'x', 'y', newest, { yapla: 1, yoplanning: 2 })).toEqual(
      writes('yapla', 'newestYoplanning'),
    );
    expect(decideField('s', 'x', 'y', newest, { yapla: 2, yoplanning: 2 }).conflicts).toEqual(['f']);
    expect(decideField('s', 'x', 'y', newest, { yapla: 2, yoplanning: null }).conflicts).toEqual(['f']);
  });
});

describe('without a base', () => {
  test('equal values are adopted', () => {
    expect(decideField(undefined, 'x', 'x')).toEqual({
      ...nothing,
      kind: 'adopt',
      adopt: ['f'],
      reasons: { f: 'firstEqual' },
    });
  });

  test('the side that knows nothing is filled, whatever the rule', () => {
    expect(decideField(undefined, '', 'x', { rule: 'yapla' })).toEqual(writes('yapla', 'emptyInYapla'));
    expect(decideField(undefined, 'x', '', { rule: 'yoplanning' })).toEqual(writes('yoplanning', 'emptyInYoplanning'));
  });

  test('two different values follow the rule', () => {
    expect(decideField(undefined, 'x', 'y', { rule: 'yapla' })).toEqual(writes('yoplanning', 'ruleYapla'));
    expect(decideField(undefined, 'x', 'y').conflicts).toEqual(['f']);
  });
});

describe('a one-way field', () => {
  const toYapla = { direction: 'toYapla' } as const;

  test('travels its one way', () => {
    expect(decideField('s', 's', 'x', toYapla)).toEqual(writes('yapla', 'changedInYoplanning'));
    expect(decideField('s', 's', '', toYapla)).toEqual(writes('yapla', 'changedInYoplanning'));
    expect(decideField(undefined, '', 'x', toYapla)).toEqual(writes('yapla', 'emptyInYapla'));
  });

  test("has the receiving system's own change put back", () => {
    expect(decideField('s', 'x', 's', toYapla)).toEqual(writes('yapla', 'oneWay'));
    expect(decideField('s', 'x', 'y', { ...toYapla, rule: 'yapla' })).toEqual(writes('yapla', 'oneWay'));
    expect(decideField(undefined, 'x', 'y', toYapla)).toEqual(writes('yapla', 'oneWay'));
  });

  test('wipes nothing where the sending system never had a value', () => {
    expect(decideField(undefined, 'x', '', toYapla)).toEqual({ ...nothing, reasons: { f: 'nothingToSend' } });
  });
});

describe('a record that is missing', () => {
  const fields = [field('name'), field('phone'), field('onlyToYapla', { direction: 'toYapla' })];
  const known = side({ name: 'n', phone: '', onlyToYapla: 'o' });

  test('is created with what the other system knows and may send', () => {
    expect(decide({ base: null, yapla: known, yoplanning: 'absent', fields })).toEqual({
      ...nothing,
      kind: 'create',
      create: 'yoplanning',
      write: { yapla: [], yoplanning: ['name'] },
      reasons: { name: 'created' },
    });
  });

  test('is removed, and nothing written, only when it is proven gone', () => {
    expect(decide({ base: { name: 's' }, yapla: known, yoplanning: 'gone', fields })).toEqual({
      ...nothing,
      kind: 'remove',
      gone: 'yoplanning',
    });
    expect(decide({ base: { name: 's' }, yapla: 'gone', yoplanning: known, fields })).toEqual({
      ...nothing,
      kind: 'remove',
      gone: 'yapla',
    });
    expect(decide({ base: null, yapla: 'gone', yoplanning: 'gone', fields })).toEqual({
      ...nothing,
      kind: 'remove',
      gone: 'both',
    });
    expect(decide({ base: null, yapla: 'gone', yoplanning: 'absent', fields })).toEqual({
      ...nothing,
      kind: 'remove',
      gone: 'both',
    });
  });
});

test('a conflict on one field holds no other field back', () => {
  const decision = decide({
    base: { a: 's', b: 's', c: 's' },
    yapla: side({ a: 'x', b: 'x', c: 'x' }),
    yoplanning: side({ a: 'y', b: 's', c: 'x' }),
    fields: [field('a'), field('b'), field('c')],
  });
  expect(decision).toEqual({
    ...nothing,
    kind: 'conflict',
    conflicts: ['a'],
    write: { yapla: [], yoplanning: ['b'] },
    adopt: ['c'],
    reasons: { a: 'ask', b: 'changedInYapla', c: 'bothChangedSame' },
  });
});

test('an answer to one conflict leaves the others open, and an answer to no conflict changes nothing', () => {
  const decision = { ...nothing, kind: 'conflict', conflicts: ['a', 'b'] } as const;
  expect(answerConflicts(decision, { a: 'yoplanning', z: 'yapla' })).toEqual({
    ...nothing,
    kind: 'conflict',
    conflicts: ['b'],
    write: { yapla: ['a'], yoplanning: [] },
  });
});

describe('whatever the three sides hold', () => {
  const names = ['a', 'b', 'c', 'd'] as const;
  const fieldArbitrary = (name: string) =>
    fc.record({
      name: fc.constant(name),
      type: fc.constant('text' as const),
      rule: fc.constantFrom('yapla' as const, 'yoplanning' as const, 'newest' as const, 'ask' as const),
      direction: fc.constantFrom('both' as const, 'both' as const, 'toYapla' as const, 'toYoplanning' as const),
    });
  const hash = fc.constantFrom('', '1', '2', '3');
  const hashes = fc.record(Object.fromEntries(names.map((name) => [name, hash])), {
    requiredKeys: [],
  }) as fc.Arbitrary<FieldHashes>;
  const time = fc.option(fc.integer({ min: 1, max: 3 }));
  const times = fc.record(Object.fromEntries(names.map((name) => [name, time])), {
    requiredKeys: [],
  }) as fc.Arbitrary<FieldTimes>;
  const present = fc.record({ hashes, times });
  const anySide: fc.Arbitrary<Side> = fc.oneof(
    { weight: 6, arbitrary: present },
    fc.constantFrom('absent' as const, 'gone' as const),
  );
  const input: fc.Arbitrary<DecideInput> = fc.record({
    base: fc.option(hashes),
    yapla: anySide,
    yoplanning: anySide,
    fields: fc.tuple(...names.map(fieldArbitrary)),
  });
  const hashesOf = (one: Side) => (typeof one === 'object' ? one.hashes : null);

  test('decide is symmetric', async () => {
    await checkProperty(
      fc.property(input, (question) => {
        expect(decide(mirrorInput(question))).toEqual(mirrorDecision(decide(question)));
      }),
      { numRuns: 400 },
    );
  });

  test('the rule newest takes a field’s younger value, and no other field’s time moves that', async () => {
    await checkProperty(
      fc.property(input, fc.constantFrom(...names), times, (question, name, others) => {
        const { yapla, yoplanning } = question;
        fc.pre(typeof yapla === 'object' && typeof yoplanning === 'object');
        const fields = question.fields.map((one) => ({ ...one, rule: 'newest' as const }));
        const of = (one: Exclude<Side, string>, rest: FieldTimes): Side => ({
          ...one,
          times: { ...rest, ...(one.times[name] === undefined ? {} : { [name]: one.times[name] }) },
        });
        const without = ({ [name]: _, ...rest }: FieldTimes) => rest;
        const decision = decide({ ...question, fields });
        const moved = decide({
          ...question,
          fields,
          yapla: of(yapla, without(others)),
          yoplanning: of(yoplanning, {}),
        });
        expect(moved.reasons[name]).toBe(decision.reasons[name]);
        const [a, b] = [yapla.times[name] ?? null, yoplanning.times[name] ?? null];
        if (decision.reasons[name] === 'newestYapla') expect(a).toBeGreaterThan(b!);
        if (decision.reasons[name] === 'newestYoplanning') expect(b).toBeGreaterThan(a!);
        if (decision.conflicts.includes(name)) expect(a === null || b === null || a === b).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('decide invents nothing: what is written anywhere is the value that the other system returned', async () => {
    await checkProperty(
      fc.property(input, (question) => {
        const decision = decide(question);
        for (const system of systemNames) {
          const source = hashesOf(question[otherSystem(system)]);
          for (const name of decision.write[system]) expect(source).toHaveProperty(name);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('no field stands in two lists, or is written against its direction', async () => {
    await checkProperty(
      fc.property(input, (question) => {
        const { write, adopt, conflicts } = decide(question);
        const all = [...write.yapla, ...write.yoplanning, ...adopt, ...conflicts];
        expect(new Set(all).size).toBe(all.length);
        for (const { name, direction } of question.fields) {
          if (direction === 'toYapla') expect([...write.yoplanning, ...conflicts]).not.toContain(name);
          if (direction === 'toYoplanning') expect([...write.yapla, ...conflicts]).not.toContain(name);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('in sync means that two-way fields both returned are equal to each other and to the base', async () => {
    await checkProperty(
      fc.property(input, (question) => {
        const decision = decide(question);
        const a = hashesOf(question.yapla);
        const b = hashesOf(question.yoplanning);
        if (decision.kind !== 'inSync' || !a || !b) return;
        expect([
          ...decision.write.yapla,
          ...decision.write.yoplanning,
          ...decision.adopt,
          ...decision.conflicts,
        ]).toEqual([]);
        for (const { name, direction } of question.fields) {
          if (direction !== 'both' || a[name] === undefined || b[name] === undefined) continue;
          expect([b[name], question.base?.[name]]).toEqual([a[name], a[name]]);
        }
      }),
      { numRuns: 300 },
    );
  });

  /** Carries a decision out as the systems would: each written field takes the other system's value; a new record has all fields. */
  function apply(question: DecideInput, decision: Decision): DecideInput {
    const before = { yapla: hashesOf(question.yapla), yoplanning: hashesOf(question.yoplanning) };
    const written = (system: SystemName): Side => {
      const own = before[system];
      if (own === null && decision.create !== system) return question[system];
      const start = own ?? Object.fromEntries(names.map((name) => [name, '']));
      const source = before[otherSystem(system)];
      return side(
        { ...start, ...Object.fromEntries(decision.write[system].map((name) => [name, source?.[name] ?? 'missing'])) },
        Object.fromEntries(names.map((name) => [name, 4])),
      );
    };
    return {
      ...question,
      yapla: written('yapla'),
      yoplanning: written('yoplanning'),
      base: afterApplying(decision, before.yapla, before.yoplanning, question.base),
    };
  }

  test('after applying its decision, conflicts answered either way, decide says in sync', async () => {
    const answers = fc.record(Object.fromEntries(names.map((name) => [name, fc.constantFrom(...systemNames)])));
    await checkProperty(
      fc.property(input, answers, (question, winners) => {
        fc.pre(question.yapla !== 'gone' && question.yoplanning !== 'gone');
        const decision = decide(question);
        const answered = answerConflicts(decision, winners);
        expect(answered.conflicts).toEqual([]);
        expect(decide(apply(question, answered))).toMatchObject({ kind: 'inSync' });
      }),
      { numRuns: 400 },
    );
  });

  test('a conflict left open is asked again, the same, and nothing else is left to do', async () => {
    await checkProperty(
      fc.property(input, (question) => {
        fc.pre(typeof question.yapla === 'object' && typeof question.yoplanning === 'object');
        // `newest` may find its answer in the times that the other fields' writes move, so it is left out here.
        const fields = question.fields.map((one) => (one.rule === 'newest' ? { ...one, rule: 'ask' as const } : one));
        const decision = decide({ ...question, fields });
        const next = decide(apply({ ...question, fields }, decision));
        expect(next).toMatchObject({ conflicts: decision.conflicts, adopt: [], write: { yapla: [], yoplanning: [] } });
      }),
      { numRuns: 300 },
    );
  });
});

describe('what a connection may not carry out', () => {
  const decision: Decision = {
    ...nothing,
    kind: 'conflict',
    write: { yapla: ['a'], yoplanning: ['b'] },
    adopt: ['c'],
    conflicts: ['d'],
  };
  const none = { writes: { yapla: false, yoplanning: false }, creates: () => false };
  const onlyYoplanning = { writes: { yapla: false, yoplanning: true }, creates: () => true };

  test('is left out of the decision: what is only read is not written, questions and the base go on', () => {
    expect(restrict(decision, onlyYoplanning)).toEqual({ ...decision, write: { yapla: [], yoplanning: ['b'] } });
    expect(restrict({ ...decision, conflicts: [] }, none)).toEqual({
      ...decision,
      kind: 'adopt',
      write: nothing.write,
      conflicts: [],
    });
  });

  test('makes nobody where people are not created, and writes nothing of them', () => {
    const create: Decision = {
      ...nothing,
      kind: 'create',
      create: 'yoplanning',
      write: { yapla: [], yoplanning: ['a'] },
    };
    expect(restrict(create, { ...onlyYoplanning, creates: () => false })).toEqual(nothing);
    expect(restrict(create, onlyYoplanning)).toEqual(create);
  });

  test('takes nothing from a removal: it writes nothing, and its proof is a question of its own', () => {
    const removal: Decision = { ...nothing, kind: 'remove', gone: 'yapla' };
    expect(restrict(removal, none)).toEqual(removal);
  });
});
