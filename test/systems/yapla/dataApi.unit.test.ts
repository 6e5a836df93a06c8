/** Lists that state no total: where they end, and what is taken for no end. */
import { describe, expect, test } from '@jest/globals';
import { yaplaSchema } from '../../../src/config/yapla.js';
import type { HttpClient, HttpRequest } from '../../../src/http/client.js';
import { UnexpectedResponse } from '../../../src/http/failures.js';
import type { ListEnd } from '../../../src/sandbox/options.js';
import type { System } from '../../../src/systems/system.js';
import { createDataApi } from '../../../src/systems/yapla/dataApi.js';
import { ask, failureOf, opener, type ConnectionInput } from '../support.js';

const open = opener();

type Shape = 'flat' | 'nested';
const shapes: readonly (readonly [Shape, ListEnd])[] = [
  ['flat', 'lastPage'],
  ['flat', 'more'],
  ['flat', 'nothing'],
  ['nested', 'more'],
  ['nested', 'nothing'],
];

const smallPages = (input: ConnectionInput) => {
  input.yapla.read.paging = { ...input.yapla.read.paging, pageSize: 25 };
};
const answerOf = (input: ConnectionInput, answer: Partial<NonNullable<ConnectionInput['yapla']['read']['answer']>>) => {
  input.yapla.read.answer = { ...input.yapla.read.answer, ...answer };
};

/** Reads the whole list as a scan does. */
async function listAll(system: System) {
  const ids: string[] = [];
  for (let from = 0; ;) {
    const page = await system.readPage({ from }, ask);
    expect(page.count).toBeNull();
    page.records.forEach(({ id }, index) => (ids[page.start + index] = id));
    const end = page.start + page.records.length;
    if (page.ends) return ids;
    expect(end - 1).toBeGreaterThan(from);
    from = end - 1;
  }
}

describe.each(shapes)('a list of the %s shape of which pages say: %s', (shape, listEnd) => {
  test.each([0, 1, 24, 25, 26, 49, 50, 107])('with %i members is read to its end, and not beyond', async (yapla) => {
    const sandbox = { people: { yapla }, yapla: { shape, listEnd } };
    const opened = await open({ shape, sandbox, configure: smallPages });
    expect(await listAll(opened.systems.yapla)).toEqual(await opened.sandbox.control.ids('yapla'));
    const { byKind } = (await opened.sandbox.control.counts()).yapla;
    // One record of overlap a page; where the list does not say that it ends, one more finds nothing behind it.
    expect(byKind.list).toBeLessThanOrEqual(Math.ceil(yapla / 20) + 2);
  });
});

describe('a server that gives fewer records than it is asked for', () => {
  const small = (shape: Shape, listEnd: ListEnd) => ({
    shape,
    sandbox: { people: { yapla: 60 }, yapla: { shape, listEnd, maxPageSize: 20 } },
    configure: smallPages,
  });

  test.each(['lastPage', 'more', 'nothing'] as const)(
    'does not end a list whose pages are numbered with its first page (%s): the size to set is named',
    async (listEnd) => {
      const { systems } = await open(small('flat', listEnd));
      const failure = await failureOf(systems.yapla.readPage({ from: 0 }, ask));
      expect(failure).toBeInstanceOf(UnexpectedResponse);
      expect(failure.message).toContain('holds 20 records where 25 were asked for');
      expect(failure.message).toContain('yapla.read.paging.pageSize');
    },
  );

  test.each(['more', 'nothing'] as const)('only costs more pages where they go by position (%s)', async (listEnd) => {
    const { systems, sandbox } = await open(small('nested', listEnd));
    expect(await listAll(systems.yapla)).toEqual(await sandbox.control.ids('yapla'));
  });
});

describe('a path that does not fit', () => {
  const sandbox = { people: { yapla: 60 }, yapla: { listEnd: 'nothing' } } as const;

  test('to the last page is named', async () => {
    const { systems } = await open({
      sandbox,
      configure: (input) => answerOf(input, { lastPage: 'data' }),
    });
    const failure = await failureOf(systems.yapla.readPage({ from: 0 }, ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain('yapla.read.answer.lastPage');
  });

  test('to what says that there is more ends no list', async () => {
    const opened = await open({
      sandbox,
      configure: (input) => {
        smallPages(input);
        answerOf(input, { more: 'nowhere' });
      },
    });
    expect(await listAll(opened.systems.yapla)).toEqual(await opened.sandbox.control.ids('yapla'));
  });
});

test('a server that answers 404 for the page behind the last one has ended its list', async () => {
  const { systems, sandbox } = await open({ sandbox: { people: { yapla: 7 }, yapla: { listEnd: 'nothing' } } });
  await sandbox.control.addFault({ kind: 'list', skip: 1, action: { do: 'status', status: 404 } });
  expect(await systems.yapla.readPage({ from: 0 }, ask)).toMatchObject({ count: null, ends: true });
});

test.each([
  [null, {}],
  [{ parameter: 'sort', value: 'id' }, { sort: 'id' }],
])('the list is asked for in the order that is configured: %j', async (ordering, expected) => {
  const queries: HttpRequest['query'][] = [];
  const context = { connection: 'test', system: 'yapla', access: 'read', method: 'GET', path: '/' };
  const http = {
    send: ({ query }: HttpRequest) => {
      queries.push(query);
      return Promise.resolve({ status: 200, body: { total: 0, data: [] }, context });
    },
  } as unknown as HttpClient;
  const config = yaplaSchema.parse({ read: { key: { value: 'key' }, ordering } });
  const zones = { defaultCountry: 'FR', timeZone: 'UTC' } as const;
  const places = { system: 'yapla', fieldMap: {}, modified: null, reference: null, ...zones } as const;
  const id = { path: 'id', setting: 'yapla.read.answer.id' };
  await createDataApi({ config, places: { ...places, id }, http }).readPage(0, ask);
  expect(queries).toEqual([{ page: 1, limit: 100, ...expected }]);
});
