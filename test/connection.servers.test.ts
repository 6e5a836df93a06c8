import { expect, test } from '@jest/globals';
import { connectionSchema } from '../src/config/schema.js';
import { openConnection } from '../src/connection.js';
import type { Scope } from '../src/core/record.js';
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
  const registrations: Scope = { ...scope, kind: 'registration' };
  await expect(openConnection(sql, registrations, config)).rejects.toMatchObject({
    name: 'KindNotOffered',
    scope: registrations,
    systems: ['yapla', 'yoplanning'],
    message: expect.stringContaining('"registration": not offered by yapla'),
  });
});

test('two values of a choice that look alike are two, while another field’s are compared loosely', async () => {
  const choices = { plus: 'C++', sharp: 'C#', 'c-1': 'C 1', c1: 'C1' };
  const course = { ...config.fields['city']!, choices };
  const open = await openConnection(sql, scope, { ...config, fields: { ...config.fields, course } });
  const fields = { course: 'c-1', city: 'Saint-Malo' };
  const { forms } = open.shadowOf({ id: '7', document: {}, fields, modifiedAt: null, externalReference: null });
  expect(Object.keys(forms ?? {})).toEqual(['city']);
  await open.close();
});

test('the field map is another one where rows of a table are, not where labels are written in another language', async () => {
  const opened = async (country: object) => {
    const fields = { ...config.fields, country: { ...config.fields['country']!, ...country } };
    const open = await openConnection(sql, scope, { ...config, fields });
    await open.close();
    return open.mapDigest;
  };
  const labelled = await opened({ yapla: { read: 'country', label: 'fr' } });
  expect(labelled).not.toBe(await opened({}));
  expect(await opened({ yapla: { read: 'country', write: 'country', label: 'en' } })).toBe(labelled);
  expect(await opened({ yapla: { read: 'country', label: 'fr' }, choices: { XX: 'Elbonie' } })).not.toBe(labelled);
});
