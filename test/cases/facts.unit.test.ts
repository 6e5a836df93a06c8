/** What each kind stores when it is asked, and what it tells of it. */
import { describe, expect, test } from '@jest/globals';
import { canaryCase } from '../../src/cases/canary.js';
import { conflictCases } from '../../src/cases/conflict.js';
import { createCase } from '../../src/cases/create.js';
import { doubtCase } from '../../src/cases/doubt.js';
import { frozenCase } from '../../src/cases/frozen.js';
import { guardCase } from '../../src/cases/guard.js';
import { factsOf, kinds, type CaseKind } from '../../src/cases/index.js';
import { massChangeCase } from '../../src/cases/massChange.js';
import { notTakenCase } from '../../src/cases/notTaken.js';
import { neverAppearedCase, refusedCase } from '../../src/cases/refused.js';
import { removalCase } from '../../src/cases/removal.js';
import { foundUnreadable } from '../../src/cases/unreadable.js';
import { InvalidRecord, ServerFailed, UnexpectedResponse, UnreadableRecord } from '../../src/http/failures.js';
import type { NewCase } from '../../src/store/cases.js';
import type { LinkedPair } from '../../src/store/links.js';

/** As it comes back from the store. */
const told = ({ kind, subject, field = '', details }: NewCase) =>
  factsOf({ kind, subject, field, details: JSON.parse(JSON.stringify(details)) as unknown });

const shadow = (id: string, city: string | null) => ({
  id,
  document: {},
  fields: { city },
  hashes: { city: `hash of ${city}` },
  modifiedAt: null,
  externalReference: null,
});
const pair: LinkedPair = {
  linkId: 'yapla:1',
  ids: { yapla: '1', yoplanning: 'x' },
  state: 'active',
  version: 1,
  settledVersion: null,
  base: { city: 'hash of Lyon' },
  baseFields: { city: 'Lyon' },
  equal: {},
  shadows: { yapla: shadow('1', 'Nantes'), yoplanning: shadow('x', null) },
  unseen: { yapla: false, yoplanning: false },
};
const saw = { yapla: { city: 'hash of Nantes' }, yoplanning: { city: 'hash of null' } };
const context = {
  connection: 'club',
  system: 'yoplanning',
  access: 'update',
  method: 'PUT',
  path: '/clients/x',
} as const;

describe('a new case', () => {
  test('about the value of a field holds both values and the base, and what it is compared with later', () => {
    const values = { yapla: 'Nantes', yoplanning: null, base: 'Lyon' };
    const about = { subject: 'yapla:1', linkId: 'yapla:1', field: 'city' };
    expect(conflictCases(pair, ['city'])).toEqual([{ ...about, kind: 'conflict', details: values }]);
    expect(frozenCase(pair, 'city', 4)).toEqual({ ...about, kind: 'frozen', details: { ...values, times: 4 }, saw });
    expect(told(frozenCase(pair, 'city', 4))).toEqual([{ code: 'flipped', times: 4 }]);
    const kept = notTakenCase('yapla:1', 'city', 'yoplanning', saw);
    expect(kept).toEqual({ ...about, kind: 'notTaken', details: { system: 'yoplanning' }, saw });
    expect(told(kept)).toEqual([{ code: 'keptOldValue', system: 'yoplanning' }]);
  });

  test('about a record that cannot be read holds its place and what was expected there, and no value', () => {
    const places = [{ path: 'city', expected: 'a single value' }];
    const failure = (id: string | null) =>
      new UnreadableRecord(new UnexpectedResponse(context, 'none', 'fields.city leads to a boolean', places), id);
    const named = foundUnreadable('yapla', failure('7'), 41);
    expect(named).toMatchObject({ id: '7', position: 41, question: { kind: 'unreadable', subject: 'yapla:7' } });
    const about = { code: 'unreadable', system: 'yapla', what: 'fields.city leads to a boolean', places };
    expect(told(named.question)).toEqual([{ ...about, position: null }]);
    const nameless = foundUnreadable('yapla', failure(null), 41);
    expect(nameless).toMatchObject({ id: '#41', question: { subject: 'yapla:#41' } });
    expect(told(nameless.question)).toEqual([{ ...about, position: 41 }]);
  });

  test('about a refused record holds the words of the server, which its failure does not show elsewhere', () => {
    const failure = new InvalidRecord(context, 400, ['city'], 'no such city: Nantes');
    const refused = refusedCase('yapla:1', failure, saw);
    expect(refused).toMatchObject({ kind: 'refused', subject: 'yapla:1', linkId: 'yapla:1', saw });
    const request = { system: 'yoplanning', method: 'PUT', path: '/clients/x' };
    expect(told(refused)).toEqual([
      { code: 'refusal', failure: 'InvalidRecord', ...request, fields: ['city'], words: 'no such city: Nantes' },
    ]);
    expect(told(refusedCase('yapla:1', new ServerFailed(context, 'unknown', 500), saw))).toEqual([
      { code: 'refusal', failure: 'ServerFailed', ...request, fields: [], words: null },
    ]);
    expect(told(neverAppearedCase('yapla:1', 'yapla', 2, saw))).toEqual([
      { code: 'neverAppeared', system: 'yapla', sends: 2 },
    ]);
  });

  test('about a record that is gone names the record and the proof, and is about its link', () => {
    const removal = removalCase('yapla:1', 'yoplanning', 'x', 'notFound');
    expect(removal).toMatchObject({ subject: 'yoplanning:x', linkId: 'yapla:1' });
    expect(told(removal)).toEqual([{ code: 'gone', system: 'yoplanning', proof: 'notFound' }]);
  });

  test('whether to create is about the link', () => {
    expect(createCase('yapla:1')).toEqual({ kind: 'create', subject: 'yapla:1', linkId: 'yapla:1', details: {} });
  });

  test('about records that may be one person names them all, and no link', () => {
    const doubt = doubtCase({ kind: 'several', by: 'email', yapla: ['1', '2'], yoplanning: ['x'] });
    expect(doubt).toMatchObject({ subject: 'yapla:1 yapla:2 yoplanning:x', field: 'several' });
    expect(doubt).not.toHaveProperty('linkId');
    expect(told(doubt)).toEqual([{ code: 'foundBy', rule: 'email', why: 'several' }]);
  });

  test('about what a write changed beside what is mapped tells each place before and after', () => {
    const before = { notes: [{ text: 'a' }], vip: true };
    const canary = canaryCase('yapla:1', 'yoplanning', 'x', {
      requestId: 'r-9',
      changed: ['notes.0.text', 'vip'],
      before,
      after: { notes: [{ text: 'b' }] },
    });
    expect(canary).toMatchObject({ subject: 'yoplanning:x', linkId: 'yapla:1' });
    const changes = [
      { path: 'notes.0.text', before: 'a', after: 'b' },
      { path: 'vip', before: true, after: undefined },
    ];
    expect(told(canary)).toEqual([{ code: 'changedUnmapped', record: 'yoplanning:x', requestId: 'r-9', changes }]);
  });

  test('about a plan stands once for each threshold and system', () => {
    const trip = { code: 'tooManyCreated', system: 'yapla', count: 9, of: 10, share: 0.9, maxShare: 0.3 } as const;
    expect(guardCase(7, trip)).toMatchObject({ subject: 'plan/7', field: 'tooManyCreated/yapla' });
    expect(guardCase(7, { ...trip, code: 'tooManyChanged', system: null }).field).toBe('tooManyChanged');
    expect(told(guardCase(7, trip))).toEqual([{ code: 'thresholdExceeded', trip }]);
  });

  test('about a mass change stands once for each kind of write and system, and tells how much is held under it where that is known', () => {
    const trip = { kind: 'created', system: 'yapla', window: 'day', count: 9, allowed: 8, of: 10 } as const;
    const asked = massChangeCase(trip);
    expect(asked).toEqual({ kind: 'massChange', subject: 'live', field: 'created/yapla', details: trip });
    expect(told(asked)).toEqual([{ code: 'rateExceeded', trip }]);
    const held = { links: 3, fields: 3 };
    expect(factsOf({ ...asked, field: 'created/yapla', held })).toEqual([
      { code: 'rateExceeded', trip },
      { code: 'holds', what: 'created', ...held },
    ]);
  });
});

test('details that an older version stored otherwise, or not at all, are no reason to fail', () => {
  for (const kind of Object.keys(kinds) as CaseKind[])
    for (const details of [{}, null, { system: 'yapla' }])
      expect(Array.isArray(factsOf({ kind, subject: 'yapla:1', field: '', details }))).toBe(true);
});
