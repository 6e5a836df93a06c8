import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { resumeConnection } from '../../src/cli/resume.js';
import { configSchema, type Config } from '../../src/config/schema.js';
import { openConnection, type OpenConnection } from '../../src/connection.js';
import { personsOf, type SystemName } from '../../src/core/record.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { PermitPostponed, PermitsStopped } from '../../src/store/budget.js';
import type { Sql } from '../../src/store/database.js';
import { uniqueName } from '../helpers/servers.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
storeTest('resume test', (store) => ({ sql } = store));

const nowhere = 'http://127.0.0.1:9';
const addresses = { yapla: nowhere, yoplanning: nowhere, control: nowhere };
const ask = { lane: 'live', purpose: 'test' } as const;

/** No workflow runs: what is asked of Temporal stands in test/workflows. */
const client = {
  workflow: {
    async *list() {},
    getHandle: (id: string) => ({
      executeUpdate: () => Promise.reject(new WorkflowNotFoundError('none', id, undefined)),
      signal: () => Promise.reject(new WorkflowNotFoundError('none', id, undefined)),
    }),
  },
  withDeadline: (_: number, send: () => Promise<unknown>) => send(),
} as unknown as Client;

let connections: Config['connections'];
let open: OpenConnection;

/** The club and the choir have one token of Yoplanning and two keys of Yapla. */
beforeEach(async () => {
  const yoplanningToken = uniqueName('token');
  const connection = (yoplanningTeam: string) =>
    sandboxConnection(addresses, { credentials: { yoplanningToken, yoplanningTeam, yaplaKey: uniqueName('key') } });
  ({ connections } = configSchema.parse({
    connections: {
      club: connection('5a90332e-568f-4980-9859-88a984844a4d'),
      choir: connection('6b90332e-568f-4980-9859-88a984844a4d'),
    },
  }));
  open = await openConnection(sql, personsOf('club'), connections['club']!);
  await open.budgets.yapla.stop('401 on GET /members');
  await open.budgets.yoplanning.stop('403 on GET /teams/');
});
afterEach(async () => await open.close());

async function stateOf(system: SystemName) {
  return await open.budgets[system].take(1, ask).then(
    () => 'open',
    (error: unknown) =>
      error instanceof PermitsStopped ? 'stopped' : error instanceof PermitPostponed ? error.blockedBy : error,
  );
}

test('resume lifts the stops of both systems, and names the other connections that go on with them', async () => {
  const resumed = await resumeConnection({ client, sql, connections }, 'club');
  expect(resumed).toEqual({
    bulkSync: 'none',
    records: 0,
    lifted: [
      { system: 'yapla', stopped: 'all', reason: '401 on GET /members', others: [] },
      { system: 'yoplanning', stopped: 'all', reason: '403 on GET /teams/', others: ['choir'] },
    ],
    waits: [],
  });
  expect([await stateOf('yapla'), await stateOf('yoplanning')]).toEqual(['open', 'open']);
});

test('resume lifts a stop of writes as it lifts one of everything, and says which it was', async () => {
  await open.budgets.yapla.stop('403 on PUT /members/1', 'writes');
  const { lifted } = await resumeConnection({ client, sql, connections, systems: ['yapla'] }, 'club');
  expect(lifted.map(({ stopped, reason }) => [stopped, reason])).toEqual([
    ['all', '401 on GET /members'],
    ['writes', '403 on PUT /members/1'],
  ]);
  await expect(open.budgets.yapla.take(1, { ...ask, writes: true })).resolves.toHaveLength(1);
});

test('resume of one system leaves the stop of the other', async () => {
  const { lifted } = await resumeConnection({ client, sql, connections, systems: ['yapla'] }, 'club');
  expect(lifted.map(({ system }) => system)).toEqual(['yapla']);
  expect([await stateOf('yapla'), await stateOf('yoplanning')]).toEqual(['open', 'stopped']);
});

test('resume lifts no time that the server named, and tells it', async () => {
  await open.budgets.yapla.close(86_368_000, '429');
  const { waits } = await resumeConnection({ client, sql, connections }, 'club');
  expect(waits).toEqual([{ system: 'yapla', until: expect.any(String) }]);
  expect([await stateOf('yapla'), await stateOf('yoplanning')]).toEqual(['closed', 'open']);
});
