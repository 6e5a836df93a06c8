import { expect, test } from '@jest/globals';
import { connectionSchema } from '../../src/config/schema.js';
import { credentialsOf, openConnection } from '../../src/connection.js';
import { personsOf } from '../../src/core/record.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { PermitPostponed, PermitsStopped } from '../../src/store/budget.js';
import type { Sql } from '../../src/store/database.js';
import { uniqueName } from '../helpers/servers.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
storeTest('credentials test', (store) => ({ sql } = store));

const nowhere = 'http://127.0.0.1:9';
const addresses = { yapla: nowhere, yoplanning: nowhere, control: nowhere };
const teams = ['5a90332e-568f-4980-9859-88a984844a4d', '6b90332e-568f-4980-9859-88a984844a4d'];
const limits = {
  yapla: { requestsPerDay: 2 },
  yoplanning: { requestsPerSecond: null, requestsPerDay: 2, liveShare: 0 },
};

function configured(team: string, yoplanningToken: string) {
  return connectionSchema.parse(
    sandboxConnection(addresses, { limits, credentials: { yoplanningTeam: team, yoplanningToken } }),
  );
}

const ask = { lane: 'live', purpose: 'test' } as const;

test('connections with one token have one budget and one stop, though neither knows of the other', async () => {
  const token = uniqueName('token');
  const open = await Promise.all(
    teams.map((team) => openConnection(sql, personsOf(uniqueName('club')), configured(team, token))),
  );
  const [one, other] = open.map(({ budgets }) => budgets.yoplanning);
  await one!.take(1, ask);
  await other!.take(1, ask);
  await expect(one!.take(1, ask)).rejects.toThrow(PermitPostponed);
  await expect(other!.take(1, ask)).rejects.toThrow(PermitPostponed);
  await one!.stop('401 on GET /teams/');
  await expect(other!.take(1, ask)).rejects.toThrow(PermitsStopped);
  const [row] = await sql<
    [{ connections: string[] }]
  >`select connections from budget where credential = ${open[0]!.credentials.yoplanning}`;
  expect(new Set(row.connections)).toEqual(new Set(open.map(({ scope }) => scope.connectionId)));
  await Promise.all(open.map((connection) => connection.close()));
});

test('connections with two tokens have two budgets', async () => {
  const names = await Promise.all(
    teams.map(async (team) => await credentialsOf(sql, configured(team, uniqueName('token')))),
  );
  expect(names[0]!.yoplanning).not.toBe(names[1]!.yoplanning);
  expect(names[0]!.yapla).toBe(names[1]!.yapla);
});

test('a credential is called by the system and a hash: the token cannot be found in its name, nor tried on it elsewhere', async () => {
  const token = uniqueName('token');
  const { yoplanning } = await credentialsOf(sql, configured(teams[0]!, token));
  expect(yoplanning).toMatch(/^yoplanning:[\w-]{22}$/);
  expect(yoplanning).not.toContain(token);
  await sql
    .begin(async (tx) => {
      await tx`delete from installation`;
      expect((await credentialsOf(tx as unknown as Sql, configured(teams[0]!, token))).yoplanning).not.toBe(yoplanning);
      throw new RangeError('undone');
    })
    .catch((error: unknown) => expect(error).toBeInstanceOf(RangeError));
});
