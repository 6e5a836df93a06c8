import { describe, expect, test } from '@jest/globals';
import { createInboxWriter } from '../../src/receiver/inboxWriter.js';
import { DatabaseError } from '../../src/store/database.js';
import type { NewInboxEvent } from '../../src/store/inbox.js';

const event = (externalId: string, body = '{}'): NewInboxEvent => ({
  connectionId: 'club',
  kind: 'person',
  system: 'yapla',
  event: 'updated',
  externalId,
  body,
});

/** An inbox whose inserts end when the test says so. */
function scripted(timeoutMs = 60_000) {
  const inserts: { readonly ids: readonly string[]; end(error?: Error): void }[] = [];
  const ends: unknown[] = [];
  const writer = createInboxWriter({
    timeoutMs,
    onInsert: (_milliseconds, error) => void ends.push(error),
    insert: (events) =>
      new Promise((resolve, reject) => {
        inserts.push({
          ids: events.map(({ externalId }) => externalId!),
          end: (error) => (error === undefined ? resolve() : reject(error)),
        });
      }),
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { ...writer, inserts, ends, turn };
}

const reasonOf = (promise: Promise<void>) =>
  promise.then(
    () => 'stored',
    (error: unknown) => (error as { reason?: string }).reason,
  );

test('what arrives together is one insert; what comes while two are under way is the next', async () => {
  const { add, inserts, turn } = scripted();
  const first = [add(event('1')), add(event('2'))];
  await turn();
  const second = add(event('3'));
  await turn();
  const later = [add(event('4')), add(event('5')), add(event('6'))];
  await turn();
  expect(inserts.map(({ ids }) => ids)).toEqual([['1', '2'], ['3']]);
  inserts[0]!.end();
  await Promise.all(first);
  await turn();
  expect(inserts.map(({ ids }) => ids)).toEqual([['1', '2'], ['3'], ['4', '5', '6']]);
  for (const insert of inserts) insert.end();
  await Promise.all([second, ...later]);
});

test('nothing is acknowledged before its insert has ended', async () => {
  const { add, inserts, turn } = scripted();
  let acknowledged = false;
  const stored = add(event('1')).then(() => (acknowledged = true));
  await turn();
  await turn();
  expect(acknowledged).toBe(false);
  inserts[0]!.end();
  await stored;
});

test('one insert takes a bounded number of events and of bytes', async () => {
  const { add, inserts, turn } = scripted();
  const large = 'x'.repeat(1_500_000);
  const all = [
    ...Array.from({ length: 600 }, (_, n) => event(String(n))),
    event('a', large),
    event('b', large),
    event('c', large),
  ].map(add);
  await turn();
  await turn();
  expect(inserts.map(({ ids }) => ids.length)).toEqual([500, 102]);
  for (const insert of inserts) insert.end();
  await turn();
  await turn();
  expect(inserts[2]!.ids).toEqual(['c']);
  inserts[2]!.end();
  await Promise.all(all);
});

describe('when PostgreSQL', () => {
  test('fails, all of the insert are told to deliver again, and the next are tried', async () => {
    const { add, inserts, ends, turn } = scripted();
    const failed = [add(event('1')), add(event('2'))].map(reasonOf);
    await turn();
    inserts[0]!.end(Object.assign(new Error('connection lost'), { code: 'CONNECTION_CLOSED' }));
    expect(await Promise.all(failed)).toEqual(['unavailable', 'unavailable']);
    const next = reasonOf(add(event('3')));
    await turn();
    await turn();
    inserts[1]!.end();
    expect(await next).toBe('stored');
    expect(ends).toEqual([expect.objectContaining({ code: 'CONNECTION_CLOSED' }), null]);
  });

  test('cannot hold one body, the others are stored, and that one is refused for good', async () => {
    const stored: string[] = [];
    const { add } = createInboxWriter({
      timeoutMs: 60_000,
      onInsert: () => undefined,
      insert: async (events) => {
        // statement_too_complex: nested more deeply than its stack allows.
        if (events.some(({ externalId }) => externalId === '3'))
          throw new DatabaseError('54001', undefined, undefined, undefined);
        stored.push(...events.map(({ externalId }) => externalId!));
      },
    });
    const ends = await Promise.all(['1', '2', '3', '4', '5'].map((id) => reasonOf(add(event(id)))));
    expect(ends).toEqual(['stored', 'stored', 'json', 'stored', 'stored']);
    expect(stored.sort()).toEqual(['1', '2', '4', '5']);
  });

  test('does not answer, deliveries are refused in time, and dropped if they still waited', async () => {
    const { add, inserts, turn } = scripted(20);
    const hanging = [add(event('1'))];
    await turn();
    hanging.push(add(event('2')));
    await turn();
    hanging.push(add(event('3')), add(event('4')));
    expect(await Promise.all(hanging.map(reasonOf))).toEqual(Array(4).fill('unavailable'));
    for (const insert of inserts) insert.end();
    await turn();
    const next = reasonOf(add(event('5')));
    await turn();
    await turn();
    expect(inserts.map(({ ids }) => ids)).toEqual([['1'], ['2'], ['5']]);
    inserts[2]!.end();
    expect(await next).toBe('stored');
  });
});
