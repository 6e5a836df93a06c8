import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../../src/core/document.js';
import { parseBody, readYapla } from '../../src/receiver/endpoints.js';
import { Refusal } from '../../src/receiver/refusals.js';
import { testConfig } from './testServer.js';

type Settings = NonNullable<Parameters<typeof testConfig>[0]>;

const read = (body: JsonObject, more: Settings = {}) => readYapla(testConfig(more).connections['club']!, body);
const refusal = (body: JsonObject, more?: Settings) => {
  try {
    read(body, more);
    return null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.reason;
  }
};

describe('in the assumed shape', () => {
  test.each(['.', '..', ''])('"%s" is no id: in a path it would mean another place', (id) => {
    expect(refusal({ event: 'member.updated', data: { id } })).toBe('shape');
  });

  test('a member was created or updated', () => {
    expect(read({ event: 'member.created', data: { id: 1042 } })).toEqual({
      kind: 'person',
      event: 'created',
      externalId: '1042',
    });
    expect(read({ event: 'Member.Updated ', data: { id: 'm-7' } })).toEqual({
      kind: 'person',
      event: 'updated',
      externalId: 'm-7',
    });
  });

  test('an id of more digits than JavaScript can count is that id, to the last digit', () => {
    const text = '{"event":"member.updated","data":{"id":12345678901234567}}';
    const { body } = parseBody(Buffer.from(text))!;
    expect(read(body)).toMatchObject({ event: 'updated', externalId: '12345678901234567' });
    for (const id of ['1234567890123456.7', '1e300', '"\\u0000number:12345678901234567"', '9'.repeat(201)]) {
      expect(refusal(parseBody(Buffer.from(text.replace('12345678901234567', id)))!.body)).toBe('shape');
    }
  });

  test.each([{ event: 'donation.created', data: { id: 1 } }, { data: { id: 1 } }, { event: 7 }, {}])(
    'nothing that we act on: %j',
    (body) => {
      expect(read(body)).toEqual({ kind: null, event: 'other', externalId: null });
    },
  );

  test.each([
    { event: 'member.updated' },
    { event: 'member.updated', data: [] },
    { event: 'member.updated', data: {} },
    { event: 'member.updated', data: { id: '' } },
    { event: 'member.updated', data: { id: null } },
    { event: 'member.updated', data: { id: 1.5 } },
    { event: 'member.updated', data: { id: 1e300 } },
    { event: 'member.updated', data: { id: 'a\u0000b' } },
    { event: 'member.updated', data: { id: 'half a pair \ud800' } },
    { event: 'member.updated', data: { id: 'x'.repeat(201) } },
    { event: 'member.updated', data: { id: { $ne: 1 } } },
  ])('an event about nobody is refused, so that it is noticed: %j', (body) => {
    expect(refusal(body)).toBe('shape');
  });
});

describe('in a configured shape', () => {
  const event = { path: 'hook.action', created: ['Création'], updated: ['Edit a member'], deleted: ['Suppression'] };

  test('the word, the member and its id stand where the configuration says', () => {
    const yapla = { event, member: 'payload.member', id: 'ids.public' };
    const body = (action: string) => ({ hook: { action }, payload: { member: { id: 1, ids: { public: 'p1' } } } });
    expect(read(body('création'), { yapla })).toEqual({ kind: 'person', event: 'created', externalId: 'p1' });
    expect(read(body('edit a member'), { yapla })).toEqual({ kind: 'person', event: 'updated', externalId: 'p1' });
    expect(read(body('SUPPRESSION'), { yapla })).toEqual({ kind: 'person', event: 'deleted', externalId: 'p1' });
    expect(refusal({ hook: { action: 'Création' }, payload: { member: { id: 1 } } }, { yapla })).toBe('shape');
  });

  test('every delivery is an update where no word says what happened, and the body itself may be the member', () => {
    const yapla = { event: { path: null }, member: '' };
    expect(read({ id: 3, name: 'Nobody' }, { yapla })).toEqual({ kind: 'person', event: 'updated', externalId: '3' });
  });

  test('the id stands where the API has it, unless webhooks have it elsewhere', () => {
    const connection = { yapla: { read: { key: { value: 'key' }, answer: { id: 'memberId' } } } };
    expect(read({ event: 'member.updated', data: { memberId: 5, id: 6 } }, { connection })).toMatchObject({
      externalId: '5',
    });
  });
});
