/** What a server answers that nobody announced, to the letter: through both systems, over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectionSchema } from '../../src/config/schema.js';
import { UnexpectedResponse } from '../../src/http/failures.js';
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
