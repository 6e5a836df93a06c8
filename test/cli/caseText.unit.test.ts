import { personsOf } from '../../src/core/record.js';
import { describe, expect, test } from '@jest/globals';
import { escapePath } from 'dot-prop';
import { caseText, casesText, nextStep } from '../../src/cli/caseText.js';
import type { Case, OpenCase } from '../../src/store/cases.js';
import type { LinkedPair } from '../../src/store/links.js';
import { factsOf, kindOf } from '../../src/cases/index.js';
import { collectedOutput } from '../helpers/collectedOutput.js';

const at = new Date(Date.UTC(2026, 0, 2, 10));
const nowMs = at.getTime() + 90_000;
const open = (kind: string, more: Partial<OpenCase> = {}): OpenCase => ({
  id: 12,
  kind,
  subject: 'yapla:1',
  field: '',
  linkId: 'yapla:1',
  openedAt: at,
  answeredBy: null,
  planNumber: null,
  ...more,
});
const shadow = (id: string, city: string, hash: string) => ({
  id,
  document: {},
  fields: { city },
  hashes: { city: hash },
  modifiedAt: null,
  externalReference: null,
});
/** Yoplanning wrote the city in its own way, which counts as ours. */
const pair: LinkedPair = {
  linkId: 'yapla:1',
  ids: { yapla: '1', yoplanning: 'x' },
  state: 'active',
  version: 1,
  settledVersion: null,
  base: { city: 'lyon' },
  baseFields: { city: 'Lyon' },
  equal: { yoplanning: { city: { 'LYON as written there': 'lyon' } } },
  shadows: { yapla: shadow('1', 'Nantes', 'nantes'), yoplanning: shadow('x', 'LYON', 'LYON as written there') },
  unseen: { yapla: false, yoplanning: false },
};
function told(kind: string, more: Partial<Case> = {}, about: LinkedPair | null = pair): string {
  const question: Case = {
    ...open(kind),
    scope: personsOf('club'),
    details: {},
    saw: null,
    answer: null,
    answeredAt: null,
    closedAt: null,
    closedBy: null,
    ...more,
  };
  const view = {
    question,
    kind: kindOf(kind),
    facts: factsOf(question),
    pair: about,
    records: [],
    writes: [],
    alternatives: [],
    changed: null,
  };
  return caseText(view, collectedOutput(), nowMs);
}
const steering = (text: string) =>
  [...text].filter((character) => character !== '\n' && /[\p{Cc}\p{Cf}]/u.test(character));

test.each([
  ['conflict', 'resolve 12 --take yapla|yoplanning|<value>'],
  ['frozen', 'resolve 12 --take yapla|yoplanning|<value>'],
  ['notTaken', 'resolve 12 --take yapla|yoplanning|<value>, or --close to try again'],
  ['create', 'resolve 12 --take create, or --close'],
  ['refused', 'case 12, then resolve 12 --close to try again'],
  ['removal', 'case 12, then resolve 12 --close'],
  ['doubt', 'case 12, then resolve 12 --close'],
  ['canary', 'case 12, then resolve 12 --close'],
  ['guard', 'approve club 3, or reject'],
])('the next step of a case of kind %s is to %s', (kind, step) => {
  expect(nextStep({ id: 12, kind: kind, planNumber: 3, scope: personsOf('club') })).toBe(step);
});

describe('one case', () => {
  test('shows a value that only the system’s own way of writing tells from the base as agreed', () => {
    const said = told('conflict', { field: 'city' });
    expect(said).toContain('Yapla 1: "Nantes", changed');
    expect(said).toContain('Yoplanning x: "LYON", as agreed');
  });

  test('says in words what its details hold', () => {
    const trip = { code: 'tooManyChanged', system: null, count: 9, of: 10, share: 0.9, maxShare: 0.3 };
    expect(told('guard', { details: trip })).toContain('90 % of the linked people would be changed (9 of 10');
    expect(told('frozen', { field: 'city', details: { times: 4 } })).toContain('the same value 4 times');
    expect(told('notTaken', { field: 'city', details: { system: 'yoplanning' } })).toContain(
      'Kept its old value: Yoplanning',
    );
    expect(told('removal', { details: { system: 'yapla', proof: 'notFound' } })).toContain(
      'Gone from Yapla: it has no record',
    );
    expect(told('removal', { details: { system: 'yapla', proof: 'notListed' } })).toContain(
      'complete list does not show it',
    );
    const lost = { failure: 'neverAppeared', system: 'yapla', sends: 2 };
    expect(told('refused', { details: lost })).toMatch(/Yapla: never showed .* sent 2 times/);
    expect(told('refused', { details: {} })).toContain('A system: refused');
  });

  test('of a kind that this version does not know says so, and how it is closed', () => {
    const said = told('omen', { details: { anything: 1 } });
    expect(said).toContain('does not know');
    expect(said).toContain('Next: passerelle case 12, then resolve 12 --close');
  });
});

test('nothing in ids, fields, names or words of others steers the terminal', () => {
  const bad = 'a\u001b[2J\u202eb\nPlan: 0';
  const ids = { yapla: bad, yoplanning: bad };
  const bent = { ...pair, ids, shadows: { ...pair.shadows, yapla: shadow(bad, bad, 'h') } };
  const words = { failure: bad, system: bad, method: bad, path: bad, fields: [bad], words: bad };
  const changed = { requestId: bad, changed: [escapePath(bad)], before: { [bad]: bad }, after: {} };
  const said = [
    casesText(
      'club',
      [open('conflict', { linkId: bad, field: bad }), open('doubt', { linkId: null, subject: bad })],
      collectedOutput().colours,
      nowMs,
    ),
    told('conflict', { linkId: bad, field: bad }, bent),
    told('conflict', { linkId: bad, field: 'city' }, bent),
    told('refused', { linkId: bad, details: words }, bent),
    told('canary', { subject: bad, linkId: bad, details: changed }, bent),
    told('doubt', { subject: bad, linkId: null, details: { by: bad } }, null),
    told('removal', { answer: { take: 'close', why: bad }, closedAt: at, closedBy: bad }),
  ].join('\n');
  expect(steering(said)).toEqual([]);
  expect(said.split('\n').filter((line) => line.startsWith('Plan: '))).toEqual([]);
});
