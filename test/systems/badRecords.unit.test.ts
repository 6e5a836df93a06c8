/** What a server answers that nobody announced, to the letter: through both systems, over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectionSchema } from '../../src/config/schema.js';
import { UnexpectedResponse, UnreadableRecord } from '../../src/http/failures.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { openSystems, type Systems } from '../../src/systems/index.js';
import { LocalServer } from '../http/localServer.js';
import { ask, failureOf, GrantingBudget } from './support.js';

let server: LocalServer;
let systems: Systems;
beforeAll(async () => {
  server = await LocalServer.start();
  const addresses = { yapla: server.url, yoplanning: server.url, control: server.url };
  const config = connectionSchema.parse(sandboxConnection(addresses, { shape: 'flat' }));
  systems = openSystems('test', config, {
    budgets: { yapla: new GrantingBudget(), yoplanning: new GrantingBudget() },
  });
});
afterAll(async () => {
  await systems.close();
  await server.stop();
});

const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
const client = (more: string) => `{"id":"${id}","first_name":"Ada","last_name":"Essai","city":"Brest"${more}}`;
const clients = (count: string, ...results: readonly string[]) =>
  `{"count":${count},"next":null,"previous":null,"results":[${results.join(',')}]}`;

describe('a number that JavaScript cannot hold', () => {
  test('goes back as it came when the record is written, wherever it stands', async () => {
    const more = (city: string) =>
      client(',"ledger":12345678901234567,"more":[{"n":-0.12345678901234567}]').replace('Brest', city);
    server.answersWith(200, more('Brest'));
    const result = await systems.yoplanning.update(id, () => ({ set: { city: 'Quimper' } }), ask);
    expect(result.outcome).toBe('written');
    expect(server.received.at(-1)).toMatchObject({ method: 'PUT', body: more('Quimper') });
  });

  test('is read as its digits where it is mapped', async () => {
    server.answersWith(200, client(',"note":12345678901234567').replace('"Brest"', '29200000000000001'));
    const record = await systems.yoplanning.read(id, ask);
    expect(record!.fields['city']).toBe('29200000000000001');
  });
});

describe.each([
  ['a number of nine megabytes', `"n":${'1'.repeat(9_000_000)}`],
  ['a nesting of 9,000 levels', `"n":${'['.repeat(9_000)}${']'.repeat(9_000)}`],
])('%s', (_, member) => {
  test('in a record is an unexpected answer, and no crash', async () => {
    server.answersWith(200, client(`,${member}`));
    const failure = await failureOf(systems.yoplanning.read(id, ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message.length).toBeLessThan(1_000);
  });

  test('beside the records of a page changes nothing', async () => {
    server.answersWith(200, clients('1', client('')).replace('{', `{${member},`));
    expect((await systems.yoplanning.readPage({ from: 0 }, ask)).records).toHaveLength(1);
  });
});

describe('a count that no list has', () => {
  test.each(['2147483648', '12345678901234567890', '1e400'])(
    'is an unexpected answer of Yoplanning: %s',
    async (count) => {
      server.answersWith(200, clients(count, client('')));
      expect(await failureOf(systems.yoplanning.readPage({ from: 0 }, ask))).toBeInstanceOf(UnexpectedResponse);
    },
  );

  test.each(['2147483648', '12345678901234567890', '1e400'])('is an unexpected answer of Yapla: %s', async (count) => {
    server.answersWith(200, `{"result":true,"total":${count},"count":${count},"data":[{"id":7,"first_name":"Ada"}]}`);
    const failure = await failureOf(systems.yapla.readPage({ from: 0 }, ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain('yapla.read.answer.count');
  });
});

const pageOf = async (...results: readonly string[]) => {
  server.answersWith(200, clients(String(results.length), ...results));
  return await systems.yoplanning.readPage({ from: 0 }, ask);
};
const other = (n: number) => client('').replace(id, `00000000-0000-4000-8000-00000000000${n}`);

describe('a page with a record that cannot be read', () => {
  test.each([
    ['a time that is none', client(',"last_update":"0000-00-00 00:00:00"'), 'yoplanning.modifiedField'],
    ['a truth value at a mapped place', client('').replace('"Brest"', 'true'), 'fields.city.yoplanning'],
    ['an object at a mapped place', client('').replace('"Brest"', '{"name":"Brest"}'), 'fields.city.yoplanning'],
    ['a nesting of 9,000 levels', client(`,"n":${'['.repeat(9_000)}${']'.repeat(9_000)}`), 'nested more deeply'],
    ['a number of two megabytes', client(`,"n":${'1'.repeat(2_000_000)}`), 'more digits'],
    ['none of the mapped fields', `{"id":"${id}"}`, 'none of the mapped fields'],
  ])('because of %s gives all the others, and says which and why', async (_, bad, what) => {
    const page = await pageOf(other(1), bad, other(2));
    expect(page.records.map((record) => record.id.at(-1))).toEqual(['1', '2']);
    expect(page.unreadable).toMatchObject([{ position: 1, failure: { id, type: 'UnexpectedResponse' } }]);
    const [{ failure }] = page.unreadable as [(typeof page.unreadable)[number]];
    expect(failure.message).toContain(what);
    expect(failure.message + JSON.stringify(failure)).not.toMatch(/Brest|0000-00-00|11111/);
  });

  test.each([
    ['no id', client('').replace(/"id":"[^"]*",/, '')],
    ['an id that is a list', client('').replace(`"${id}"`, '[1]')],
    ['a text instead of a record', '"Zoé"'],
  ])('because of %s tells its place', async (_, bad) => {
    const page = await pageOf(bad, other(1), bad);
    expect(page.records).toHaveLength(1);
    expect(page.unreadable).toMatchObject([
      { position: 0, failure: { id: null } },
      { position: 2, failure: { id: null } },
    ]);
    expect(JSON.stringify(page.unreadable)).not.toContain('Zoé');
  });

  test('and of none that can is an unexpected answer where the list begins, because then it is not the records', async () => {
    const bad = client('').replace('"Brest"', 'true');
    const failure = await failureOf(pageOf(bad, bad.replace(id, id.replace('0', '1'))));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure).not.toBeInstanceOf(UnreadableRecord);
    expect(failure.message).toContain('fields.city.yoplanning');
  });
});

describe('one record that is read by itself', () => {
  test('and cannot be is that record’s failure', async () => {
    server.answersWith(200, client(',"last_update":"0000-00-00 00:00:00"'));
    const failure = await failureOf(systems.yoplanning.read(id, ask));
    expect(failure).toBeInstanceOf(UnreadableRecord);
    expect(failure).toMatchObject({ id, effect: 'none' });
  });

  test.each(['{"detail":"maintenance"}', '"maintenance"', client('').replace(id, 'another')])(
    'and shows something else is an unexpected answer: %s',
    async (text) => {
      server.answersWith(200, text);
      const failure = await failureOf(systems.yoplanning.read(id, ask));
      expect(failure).toBeInstanceOf(UnexpectedResponse);
      expect(failure).not.toBeInstanceOf(UnreadableRecord);
    },
  );
});

describe.each(['.', '..', ''])('the id %p', (dots) => {
  test('is none: its record is unreadable, and those beside it can be read', async () => {
    server.answersWith(200, clients('2', client(''), client('').replace(id, dots)));
    const page = await systems.yoplanning.readPage({ from: 0 }, ask);
    expect(page.records.map((record) => record.id)).toEqual([id]);
    expect(page.unreadable).toMatchObject([{ position: 1, failure: { id: null } }]);
  });
});
