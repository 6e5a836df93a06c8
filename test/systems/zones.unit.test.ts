/** Times without zone, in the zone that is configured for the system: read from both, and sent in a filter, over HTTP. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectionSchema } from '../../src/config/schema.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { openSystems, type Systems } from '../../src/systems/index.js';
import { LocalServer } from '../http/localServer.js';
import { ask, GrantingBudget } from './support.js';

let server: LocalServer;
let systems: Systems;
beforeAll(async () => {
  server = await LocalServer.start();
  const addresses = { yapla: server.url, yoplanning: server.url, control: server.url };
  const input = sandboxConnection(addresses, { shape: 'flat' });
  input.yapla.timeZone = 'America/Montreal';
  input.yoplanning.timeZone = 'Europe/Paris';
  systems = openSystems('test', connectionSchema.parse(input), {
    budgets: { yapla: new GrantingBudget(), yoplanning: new GrantingBudget() },
  });
});
afterAll(async () => {
  await systems.close();
  await server.stop();
});

const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
const person = { first_name: 'Ada', last_name: 'Essai' };

test.each([
  ['yapla', '2026-07-15 12:00:00', '2026-07-15T16:00:00Z'],
  ['yapla', '2026-07-15T12:00:00+02:00', '2026-07-15T10:00:00Z'],
  ['yoplanning', '2026-07-15T12:00:00', '2026-07-15T10:00:00Z'],
  ['yoplanning', '2026-01-15T12:00:00Z', '2026-01-15T12:00:00Z'],
] as const)('%s: a record that was modified at %s was so at %s', async (name, written, expected) => {
  const member = { id: 7, ...person, updated_at: written };
  const client = { id, ...person, last_update: written };
  const [list, recordId] =
    name === 'yapla'
      ? [{ result: true, total: 1, data: [member] }, '7']
      : [{ count: 1, next: null, previous: null, results: [client] }, id];
  server.answersWith(200, list);
  const [record] = (await systems[name].readPage({ from: 0 }, ask)).records;
  expect(record).toMatchObject({ id: recordId, modifiedAt: Date.parse(expected) });
});

test('a filter by time is sent in the zone of the system', async () => {
  server.answersWith(200, { count: 0, next: null, previous: null, results: [] });
  const since = new Date('2026-07-15T10:00:00Z');
  await systems.resources.clients.list({ offset: 0, limit: 1, filters: { last_update: { gt: since } } }, ask);
  expect(server.received.at(-1)!.url).toContain('last_update__gt=2026-07-15+12%3A00%3A00');
});
