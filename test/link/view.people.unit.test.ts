/** What a first sync asks about, over the sandbox's people in the shapes in which both systems return them. */
import { describe, expect, test } from '@jest/globals';
import { connectionSchema } from '../../src/config/schema.js';
import { createFingerprint } from '../../src/core/fingerprint.js';
import type { SystemName } from '../../src/core/record.js';
import { shadowMaker } from '../../src/connection.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { peopleSchema, type YaplaShapeName } from '../../src/sandbox/options.js';
import type { PersonField } from '../../src/sandbox/person.js';
import { populate } from '../../src/sandbox/population.js';
import { flatShape } from '../../src/sandbox/yapla/flat.js';
import { Members } from '../../src/sandbox/yapla/members.js';
import { nestedShape } from '../../src/sandbox/yapla/nested.js';
import { Clients } from '../../src/sandbox/yoplanning/clients.js';
import type { LinkedPair } from '../../src/store/links.js';
import type { Shadow } from '../../src/store/shadows.js';
import { agreementOf } from '../../src/link/results.js';
import { decideOn } from '../helpers/decided.js';
import { type FieldMap, readFields, readPhoneForms } from '../../src/systems/mapping.js';

const options = peopleSchema.parse({ seed: 41, shared: 1_500, differing: 500, respelledShare: 0.7 });

/** Written without looking at the core: what a person who sees both values would answer to "are these the same?". */
function looksTheSame(field: string, a: string, b: string): boolean {
  const letters = (text: string) =>
    text
      .normalize('NFD')
      .replace(/[\u0300-\u036f]/g, '')
      .toLowerCase()
      .replaceAll('œ', 'oe')
      .replace(/[^a-z0-9]/g, '');
  if (field !== 'phone') return letters(a) === letters(b);
  const written = /^\+(?:33|32|41|1)/;
  const digits = (text: string) => text.replace(written, '').replace(/\D/g, '').replace(/^0+/, '');
  const [codeA, codeB] = [written.exec(a)?.[0], written.exec(b)?.[0]];
  return digits(a) === digits(b) && (codeA === codeB || codeA === undefined || codeB === undefined);
}

/** Everybody who stands in both systems, as a first scan finds them: linked by nothing but who they are. */
function firstSync(shape: YaplaShapeName) {
  const origins = { yapla: 'http://127.0.0.1:1', yoplanning: 'http://127.0.0.1:2', control: '' };
  const config = connectionSchema.parse(sandboxConnection(origins, { shape }));
  const members = new Members(
    (member) => (shape === 'flat' ? flatShape : nestedShape).document(member),
    () => undefined,
  );
  const clients = new Clients(() => undefined);
  const truth = populate({ members, clients }, options);
  const fields = Object.entries(config.fields).map(([name, { type, rule, direction }]) => ({
    name,
    type,
    rule,
    direction,
  }));
  const fingerprint = createFingerprint(new Uint8Array(32).fill(7));
  const shadowOf = shadowMaker({ fields, matchRules: [], defaultCountry: config.defaultCountry }, fingerprint);
  const fieldMap = config.fields as FieldMap;
  const shadow = (system: SystemName, id: string): Shadow => {
    const registry = system === 'yapla' ? members : clients;
    const document = registry.show(id)!.document;
    return shadowOf({
      id,
      document,
      fields: readFields(document, fieldMap, system, config),
      phoneForms: readPhoneForms(document, fieldMap, system, config),
      modifiedAt: null,
      externalReference: null,
    });
  };
  const pairs = truth.map(({ ids }): LinkedPair => ({
    linkId: `yapla:${ids.yapla}`,
    ids: { yapla: ids.yapla!, yoplanning: ids.yoplanning! },
    state: 'proposed',
    version: 1,
    settledVersion: null,
    base: null,
    baseFields: null,
    equal: {},
    shadows: { yapla: shadow('yapla', ids.yapla!), yoplanning: shadow('yoplanning', ids.yoplanning!) },
    unseen: { yapla: false, yoplanning: false },
  }));
  /** As somebody who has both systems open sees them. */
  const valuesOf = ({ ids }: LinkedPair, field: string): readonly [string, string] => {
    const people = [members.show(ids.yapla!)!.person, clients.show(ids.yoplanning!)!.person];
    const [a, b] = people.map((person) => (person[field as PersonField] ?? '').trim());
    return [a!, b!];
  };
  return { pairs, fields, valuesOf };
}

describe.each(['flat', 'nested'] as const)('a first sync, Yapla of the shape %s', (shape) => {
  const { pairs, fields, valuesOf } = firstSync(shape);
  const asked = pairs.flatMap((pair) => decideOn(pair, fields).conflicts.map((field) => ({ pair, field })));

  test('asks about nothing that is equal in any sense that a person would accept: at most 1 % of its questions', () => {
    const equal = asked.filter(({ pair, field }) => looksTheSame(field, ...valuesOf(pair, field)));
    expect(asked.length).toBeGreaterThan(200);
    expect(equal.length / asked.length).toBeLessThanOrEqual(0.01);
  });

  test('still asks about everything that differs in truth', () => {
    const questions = new Set(asked.map(({ pair, field }) => `${pair.linkId}/${field}`));
    for (const pair of pairs) {
      for (const { name } of fields) {
        const [a, b] = valuesOf(pair, name);
        if (a !== '' && b !== '' && !looksTheSame(name, a, b)) expect(questions).toContain(`${pair.linkId}/${name}`);
      }
    }
  });

  test('writes nobody another spelling of what they have', () => {
    for (const pair of pairs) {
      const { write } = decideOn(pair, fields);
      for (const field of [...write.yapla, ...write.yoplanning]) expect(valuesOf(pair, field)).toContain('');
    }
  });

  test('leaves nothing to do about what is adopted', () => {
    for (const pair of pairs) {
      const first = decideOn(pair, fields);
      const agreed = { ...pair, ...agreementOf(pair, fields) } as LinkedPair;
      expect(decideOn(agreed, fields)).toMatchObject({ adopt: [], conflicts: first.conflicts, write: first.write });
    }
  });
});
