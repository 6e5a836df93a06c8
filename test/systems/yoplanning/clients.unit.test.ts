/** Every documented verb of Yoplanning, against the sandbox over HTTP. */
import { describe, expect, test } from '@jest/globals';
import { RecordMissing, RequestRefused, UnexpectedResponse } from '../../../src/http/failures.js';
import type { JsonObject } from '../../../src/systems/system.js';
import { mergeFields } from '../../../src/systems/mapping.js';
import { filterQuery } from '../../../src/systems/yoplanning/resource.js';
import type { Clients } from '../../../src/systems/yoplanning/clients.js';
import { ask, failureOf, opener } from '../support.js';

const open = opener();
const newId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const lea = { first_name: 'Léa', last_name: 'Invent', birth_date: '1996-02-29' };

describe('teams', () => {
  test('are listed, and read one by one', async () => {
    const { systems, config } = await open();
    const { teams } = systems.resources;
    const page = await teams.list({ offset: 0, limit: 1 }, ask);
    expect(page.value).toMatchObject({
      count: 1,
      next: null,
      previous: null,
      results: [{ id: config.yoplanning.team }],
    });
    expect((await teams.get(config.yoplanning.team, ask)).value?.id).toBe(config.yoplanning.team);
  });

  test('are created where the token may', async () => {
    const { systems } = await open({ sandbox: { yoplanning: { mayCreateTeams: true } } });
    const { teams } = systems.resources;
    const created = await teams.post({ name: 'Club des inventeurs' }, ask);
    expect((await teams.get(created.value!.id, ask)).value).toEqual(created.value);
  });
});

describe('clients', () => {
  test('are created by POST, read, replaced by PUT and deleted', async () => {
    const { systems, sandbox } = await open();
    const { clients } = systems.resources;
    const created = (await clients.post({ ...lea, note: 'first' }, ask)).value!;
    expect((await clients.get(created.id, ask)).value).toEqual(created);
    const replaced = await clients.put(created.id, { ...created, note: 'second', external_reference: '1042' }, ask);
    expect(replaced.value).toMatchObject({ ...lea, note: 'second', external_reference: '1042' });
    expect((await sandbox.control.record('yoplanning', created.id))?.document).toEqual(replaced.value);
    await clients.delete(created.id, ask);
    expect((await clients.get(created.id, ask)).value).toBeNull();
    expect(await sandbox.control.ids('yoplanning')).toEqual([]);
  });

  test('are created by PUT to an id that does not exist', async () => {
    const { systems, sandbox } = await open();
    const created = await systems.resources.clients.put(newId, lea, ask);
    expect(created.value).toMatchObject({ ...lea, id: newId });
    expect(await sandbox.control.ids('yoplanning')).toEqual([newId]);
  });

  test('that do not exist cannot be deleted', async () => {
    const { systems } = await open();
    expect(await failureOf(systems.resources.clients.delete(newId, ask))).toBeInstanceOf(RecordMissing);
  });

  test('keep the order of keys and what we know nothing of', async () => {
    const { systems, sandbox } = await open();
    const person = { firstName: 'Ada', lastName: 'Essai' };
    const id = await sandbox.control.add('yoplanning', person, { unmapped: { custom: { b: [1.5], a: null } } });
    const stored = (await sandbox.control.record('yoplanning', id))!.document;
    const read = await systems.resources.clients.get(id, ask);
    expect(JSON.stringify(read.value)).toBe(JSON.stringify(stored));
  });

  test('are paged by position', async () => {
    const { systems, sandbox } = await open({ sandbox: { people: { yoplanning: 7 } } });
    const page = await systems.resources.clients.list({ offset: 2, limit: 3 }, ask);
    const ids = await sandbox.control.ids('yoplanning');
    expect(page.value.results.map(({ id }) => id)).toEqual(ids.slice(2, 5));
    expect(page.value.count).toBe(7);
    expect(page.value.next).toContain('offset=5');
    expect(page.value.previous).not.toBeNull();
  });

  test('are filtered by equality and by range, and sorted', async () => {
    const { systems, sandbox } = await open();
    const people: [string, string][] = [
      ['Ada', '1990-01-01'],
      ['Bea', '1995-01-25'],
      ['Cleo', '2000-06-30'],
      ['Ada', '2001-06-30'],
    ];
    for (const [firstName, birthDate] of people) {
      await sandbox.control.add('yoplanning', { firstName, lastName: 'Essai', birthDate });
    }
    const born = async (request: Parameters<Clients['list']>[0] & { expand?: never }) =>
      (await systems.resources.clients.list(request, ask)).value.results.map((client) => client.birth_date);
    const all = { offset: 0, limit: 10 };
    expect(await born({ ...all, filters: { first_name: 'Ada' } })).toEqual(['1990-01-01', '2001-06-30']);
    expect(await born({ ...all, filters: { birth_date: { gt: '1995-01-25', lte: '2000-06-30' } } })).toEqual([
      '2000-06-30',
    ]);
    expect(await born({ ...all, filters: { birth_date: '1995-01-25' } })).toEqual(['1995-01-25']);
    expect(await born({ ...all, ordering: '-birth_date' })).toEqual(people.map(([, date]) => date).reverse());
    const past = new Date(Date.now() - 3_600_000);
    const future = new Date(Date.now() + 3_600_000);
    expect(await born({ ...all, filters: { last_update: { gt: past, lt: future } } })).toHaveLength(4);
    expect(await born({ ...all, filters: { last_update: { gt: future } } })).toEqual([]);
  });

  test('of a list that is not there are an error that names the settings', async () => {
    const { systems } = await open({
      configure: (input) => (input.yoplanning.paths = { clients: '/teams/{team}/customers' }),
    });
    const failure = await failureOf(systems.resources.clients.list({ offset: 0, limit: 1 }, ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain('yoplanning.paths');
  });

  test('are not written through a redirect when the slash is configured wrongly', async () => {
    const { systems, sandbox } = await open({
      configure: (input) => (input.yoplanning.paths = { client: '/teams/{team}/clients/{id}/' }),
    });
    expect(await failureOf(systems.resources.clients.put(newId, lea, ask))).toBeInstanceOf(RequestRefused);
    expect(await sandbox.control.ids('yoplanning')).toEqual([]);
  });
});

test('filters become query parameters in the form that the vendor documents', () => {
  type Spec = { first_name: 'text'; category: 'number'; birth_date: 'date'; last_modified: 'datetime' };
  const at = new Date('2019-05-23T10:53:00Z');
  const query = filterQuery<Spec>(
    {
      first_name: 'Norbert',
      category: { gte: 302 },
      birth_date: { gt: '1995-01-25', lt: '2000-01-01' },
      last_modified: { lte: at },
    },
    'UTC',
  );
  expect(query).toEqual({
    first_name: 'Norbert',
    category__gte: '302',
    birth_date__gt: '1995-01-25',
    birth_date__lt: '2000-01-01',
    last_modified__lte: '2019-05-23 10:53:00',
  });
});

/**
 * Checked by the compiler, never run: what was read with `expand` cannot be written, also after it was copied or merged. Each
 * `@ts-expect-error` fails the type check when the line below it is allowed after all.
 */
export async function neverWriteWhatWasExpanded(clients: Clients): Promise<void> {
  const whole = (await clients.get(newId, ask)).value!;
  await clients.put(newId, whole, ask);
  await clients.put(newId, { ...whole, note: 'x' }, ask);
  await clients.put(newId, { first_name: 'Léa' } satisfies JsonObject, ask);
  const expanded = (await clients.get(newId, ask, { expand: ['sessions.staff'] })).value!;
  // @ts-expect-error read with expand
  await clients.put(newId, expanded, ask);
  // @ts-expect-error read with expand, and copied
  await clients.put(newId, { ...expanded, note: 'x' }, ask);
  // @ts-expect-error read with expand, and merged
  await clients.put(newId, mergeFields(expanded, {}, {}, 'yoplanning'), ask);
  const page = await clients.list({ offset: 0, limit: 1, expand: ['sessions'] }, ask);
  // @ts-expect-error listed with expand
  await clients.post(page.value.results[0]!, ask);
  // @ts-expect-error text is compared for equality only
  await clients.list({ offset: 0, limit: 1, filters: { first_name: { gt: 'A' } } }, ask);
  // @ts-expect-error not a field to filter by
  await clients.list({ offset: 0, limit: 1, filters: { shoe_size: '42' } }, ask);
}
