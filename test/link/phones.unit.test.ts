/** Phone numbers of one person in two systems, from the documents to what is decided and written. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createFingerprint } from '../../src/core/fingerprint.js';
import type { JsonObject } from '../../src/core/document.js';
import type { FieldDefinition, SystemName } from '../../src/core/record.js';
import { shadowMaker } from '../../src/connection.js';
import type { LinkedPair } from '../../src/store/links.js';
import { agreementOf } from '../../src/link/results.js';
import { decideOn } from '../helpers/decided.js';
import { valuesToWrite } from '../../src/link/view.js';
import { type FieldMap, readFields, readPhoneForms, valueAt } from '../../src/systems/mapping.js';
import { checkProperty } from '../helpers/property.js';

const fieldMap: FieldMap = {
  phone: { type: 'phone', yapla: 'phone', yoplanning: 'phone' },
  country: { type: 'country', yapla: 'country', yoplanning: 'country' },
};
const fields = Object.entries(fieldMap).map(([name, { type }]): FieldDefinition => ({
  name,
  type,
  rule: 'ask',
  direction: 'both',
}));
const options = { defaultCountry: 'FR' };
const shadowOf = shadowMaker({ fields, matchRules: [], ...options }, createFingerprint(new Uint8Array(32).fill(7)));
const connection = {
  config: options as Parameters<typeof valuesToWrite>[0]['config'],
  fields,
  rawValue: (_: SystemName, document: JsonObject, field: string) => valueAt(document, field, field) ?? null,
};

interface Written {
  readonly phone?: string | null;
  readonly country?: string | null;
}

function shadow(system: SystemName, written: Written) {
  const document = { ...written } as JsonObject;
  return shadowOf({
    id: system,
    document,
    fields: readFields(document, fieldMap, system, options),
    phoneForms: readPhoneForms(document, fieldMap, system, options),
    modifiedAt: null,
    externalReference: null,
  });
}

/** Two records that are one person and have agreed on nothing yet. */
const firstSeen = (yapla: Written, yoplanning: Written): LinkedPair => ({
  linkId: 'yapla:1',
  ids: { yapla: '1', yoplanning: '2' },
  state: 'active',
  version: 1,
  settledVersion: null,
  base: null,
  baseFields: null,
  equal: {},
  shadows: { yapla: shadow('yapla', yapla), yoplanning: shadow('yoplanning', yoplanning) },
  unseen: { yapla: false, yoplanning: false },
});

/** The pair after both have agreed, and what it is decided on when one record is read again. */
function agreed(pair: LinkedPair): LinkedPair {
  const { base, baseFields, equal } = agreementOf(pair, fields);
  return {
    ...pair,
    base: { ...pair.base, ...base },
    baseFields: { ...pair.baseFields, ...baseFields },
    equal: equal ?? pair.equal,
  };
}
const reread = (pair: LinkedPair, system: SystemName, written: Written): LinkedPair => ({
  ...pair,
  shadows: { ...pair.shadows, [system]: shadow(system, written) },
});

const national = '076 461 51 83';
const swiss = '+41 76 461 51 83';
const nothingAboutThePhone = (pair: LinkedPair) => {
  const { write, conflicts, adopt } = decideOn(pair, fields);
  expect([...write.yapla, ...write.yoplanning, ...conflicts, ...adopt]).not.toContain('phone');
};

describe('two records that first agree', () => {
  test.each<[string, Written, Written]>([
    [
      'the same text, the country known to both',
      { phone: national, country: 'CH' },
      { phone: national, country: 'CH' },
    ],
    ['the same text, the country known to one', { phone: national, country: 'CH' }, { phone: national, country: null }],
    ['the same text, two different countries', { phone: national, country: 'CH' }, { phone: national, country: 'FR' }],
    ['the same text, no country returned', { phone: national }, { phone: national, country: 'CH' }],
    ['with and without its country code', { phone: national, country: 'CH' }, { phone: swiss, country: 'CH' }],
    ['with its country code and no country at all', { phone: national }, { phone: swiss }],
    [
      'valid in neither country, spaced differently',
      { phone: '03 12 34 56 7 8', country: 'CA' },
      { phone: '0312345678' },
    ],
  ])('hold the same number: %s', (_, yapla, yoplanning) => {
    const pair = firstSeen(yapla, yoplanning);
    expect(decideOn(pair, fields).adopt).toContain('phone');
    nothingAboutThePhone(agreed(pair));
    const mirrored = firstSeen(yoplanning, yapla);
    expect(decideOn(mirrored, fields).adopt).toContain('phone');
    nothingAboutThePhone(agreed(mirrored));
  });

  test('hold two numbers where both name their country, and the countries differ', () => {
    const pair = firstSeen({ phone: '+33 7 64 61 51 83', country: 'CH' }, { phone: swiss, country: 'CH' });
    expect(decideOn(pair, fields).conflicts).toEqual(['phone']);
  });

  test('agree on the number that names its country, whichever side has it', () => {
    for (const pair of [
      firstSeen({ phone: national }, { phone: swiss }),
      firstSeen({ phone: swiss }, { phone: national }),
    ])
      expect(agreementOf(pair, fields).baseFields).toMatchObject({ phone: '+41764615183' });
  });
});

describe('a change of the country alone', () => {
  const countries = fc.constantFrom('FR', 'CH', 'BE', 'CA', 'DE', '', null, undefined);
  const numbers = fc.constantFrom(
    national,
    swiss,
    '+33 6 12 34 56 78',
    '06 12 34 56 78',
    '0470 12 34 56',
    'voir sa mère',
  );
  const of = (phone: string, country: string | null | undefined): Written =>
    country === undefined ? { phone } : { phone, country };

  test('is no change of the phone, whatever was agreed and however often it changes, in either system', () =>
    checkProperty(
      fc.property(
        numbers,
        fc.boolean(),
        fc.tuple(countries, countries),
        fc.array(fc.tuple(fc.constantFrom<SystemName>('yapla', 'yoplanning'), countries), { maxLength: 4 }),
        (number, bothSwiss, [a, b], changes) => {
          const texts = { yapla: number, yoplanning: bothSwiss && number === national ? swiss : number };
          let pair = agreed(firstSeen(of(texts.yapla, a), of(texts.yoplanning, b)));
          nothingAboutThePhone(pair);
          for (const [system, country] of changes) {
            pair = reread(pair, system, of(texts[system], country));
            nothingAboutThePhone(pair);
            pair = agreed(pair);
            nothingAboutThePhone(pair);
          }
        },
      ),
      { numRuns: 1_000 },
    ));

  test('hides no later change of the number', () => {
    const pair = agreed(firstSeen({ phone: national, country: 'CH' }, { phone: swiss, country: 'CH' }));
    const moved = reread(pair, 'yapla', { phone: '06 12 34 56 78', country: 'FR' });
    expect(decideOn(moved, fields).write).toEqual({ yapla: [], yoplanning: ['phone', 'country'] });
    expect(valuesToWrite(connection, moved, 'yoplanning', ['phone'])).toEqual({ phone: '+33612345678' });
  });
});

describe('a number entered anew', () => {
  const pair = agreed(firstSeen({ phone: swiss, country: null }, { phone: swiss, country: null }));

  test('without its country code, where the record has no country, is the number that the other side knows', () => {
    nothingAboutThePhone(reread(pair, 'yapla', { phone: national, country: null }));
  });

  test('with another country code is a change', () => {
    const corrected = reread(pair, 'yapla', { phone: '+33 7 64 61 51 83', country: null });
    expect(decideOn(corrected, fields).write.yoplanning).toEqual(['phone']);
  });

  test('that no country reads is written as it stands', () => {
    const odd = reread(pair, 'yapla', { phone: '03 12 34 56 7', country: 'CA' });
    expect(valuesToWrite(connection, odd, 'yoplanning', ['phone'])).toEqual({ phone: '03 12 34 56 7' });
  });
});

describe('a number that is written to the other system', () => {
  test.each<[string, Written, Written]>([
    ["is read with the record's own country", { phone: national, country: 'CH' }, { country: null }],
    ["is read with the receiving record's, where its own is not known", { phone: national }, { country: 'CH' }],
  ])('%s', (_, yapla, yoplanning) => {
    const pair = firstSeen(yapla, { ...yoplanning, phone: null });
    expect(decideOn(pair, fields).write.yoplanning).toContain('phone');
    const set = valuesToWrite(connection, pair, 'yoplanning', ['phone']);
    expect(set).toEqual({ phone: '+41764615183' });
    const after = reread(pair, 'yoplanning', { ...yoplanning, phone: set['phone'] as string });
    expect(decideOn(after, fields).adopt).toContain('phone');
    nothingAboutThePhone(agreed(after));
  });

  test('is read with the connection’s country, where nobody knows better', () => {
    const pair = firstSeen({ phone: '06 12 34 56 78' }, { phone: null });
    expect(valuesToWrite(connection, pair, 'yoplanning', ['phone'])).toEqual({ phone: '+33612345678' });
  });
});
