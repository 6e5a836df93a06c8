import { expect, test } from '@jest/globals';
import { connectionSchema } from '../src/config/schema.js';
import { openConnection } from '../src/connection.js';
import type { RecordKind, Scope } from '../src/core/record.js';
import { sandboxConnection } from '../src/sandbox/connections.js';
import type { Sql } from '../src/store/database.js';
import { storeTest } from './helpers/storeTest.js';

let sql: Sql;
let scope: Scope;
storeTest('connection test', (store) => ({ sql, scope } = store));

const nowhere = 'http://127.0.0.1:9';
const config = connectionSchema.parse(
  sandboxConnection({ yapla: nowhere, yoplanning: nowhere, control: nowhere }, { shape: 'flat' }),
);

test('a connection opens for a kind that both of its systems have', async () => {
  const open = await openConnection(sql, scope, config);
  expect(open.scope).toEqual(scope);
  await open.close();
});

test('a connection is refused for a kind that a system does not have, and names it', async () => {
  const registrations = { ...scope, kind: 'registration' as RecordKind };
  await expect(openConnection(sql, registrations, config)).rejects.toMatchObject({
    name: 'KindNotOffered',
    scope: registrations,
    systems: ['yapla', 'yoplanning'],
    message: expect.stringContaining('"registration": not offered by yapla'),
  });
});
