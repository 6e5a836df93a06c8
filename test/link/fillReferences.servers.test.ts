import { describe, expect, test } from '@jest/globals';
import { answerCase } from '../../src/cases/answers.js';
import { AccessRefused, NoAnswer, ServerFailed, UnexpectedResponse } from '../../src/http/failures.js';
import { fillReferences } from '../../src/link/fillReferences.js';
import { LinkClaims } from '../../src/link/claims.js';
import { pairHashes } from '../../src/link/view.js';
import { listOpenCases, openCases } from '../../src/store/cases.js';
import type { Sql } from '../../src/store/database.js';
import { agree, pairsByIds } from '../../src/store/links.js';
import type { System } from '../../src/systems/system.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { propose, scanAll } from '../helpers/seededStore.js';
import { uniqueName } from '../helpers/servers.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
storeTest('references test', (store) => ({ sql } = store));

const zoe = { firstName: 'Zoé', phone: '+33612345678', city: 'Lyon' };

/** Links whose clients in Yoplanning carry no id of Yapla's. */
async function unreferenced(n: number): Promise<ScriptedConnection> {
  const connection = scriptedConnection(uniqueName('club'), { bulk: { parallelItems: 1 } });
  const limits = { requestsPerDay: null };
  Object.assign(connection.config, { yapla: { limits }, yoplanning: { limits } });
  Object.assign(connection.config.bulk, { chunkItems: 4 });
  const { yapla, yoplanning } = connection.systems;
  const pairs = Array.from({ length: n }, (_, at) => [`a${at + 1}`, `b${at + 1}`] as const);
  for (const [a, b] of pairs) {
    yapla.put(a, zoe, b);
    yoplanning.put(b, zoe);
  }
  await scanAll(sql, connection);
  const linkIds = await propose(sql, connection, pairs);
  const base = connection.hash(zoe);
  await agree(
    sql,
    connection.scope,
    linkIds.map((linkId) => ({ linkId, base, baseFields: zoe })),
  );
  return connection;
}

type Fails = (id: string, nth: number) => Error | undefined;

/** Fills the references of {@link unreferenced}. @param fails says what a request for a record's write ends with, where it fails */
async function fill(connection: ScriptedConnection, fails: Fails) {
  const { yoplanning } = connection.systems;
  const asked: string[] = [];
  const update: System['update'] = (id, merge, _ask, reference) => {
    asked.push(id);
    const failure = fails(id, asked.filter((one) => one === id).length);
    if (failure !== undefined) return Promise.reject(failure);
    const before = yoplanning.records.get(id)!;
    merge(before);
    const after = yoplanning.put(id, before.fields, reference);
    const result = { before, after, answered: true, gapMs: 0, unmappedChanged: [], requestId: 'request' };
    return Promise.resolve({ outcome: 'written', ...result } as const);
  };
  Object.assign(yoplanning, { update });
  const claims = new LinkClaims(sql);
  try {
    const references = await fillReferences({ sql, claims, connection, cancelled: () => false });
    const filled = [...yoplanning.records.values()].filter((one) => one.externalReference !== null);
    return { ...references, asked, holding: filled.map(({ id }) => id) };
  } finally {
    await claims.close();
  }
}

const about = (record: string) => ({
  connection: 'club',
  system: 'yoplanning',
  access: 'update' as const,
  method: 'PUT',
  path: `/clients/${record}`,
  record,
});
const serverFails = (id: string) => new ServerFailed(about(id), 'unknown', 500);

describe('one record that fails', () => {
  test('once is tried again after the others, and nobody waits for it', async () => {
    const connection = await unreferenced(6);
    const fails: Fails = (id, nth) => (id === 'b2' && nth === 1 ? serverFails(id) : undefined);
    const { filled, failed, asked } = await fill(connection, fails);
    expect({ filled, failed }).toEqual({ filled: 6, failed: 0 });
    expect(asked).toEqual(['b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b2']);
  });

  test.each([
    ['by 5xx', serverFails],
    ['by answers that are no records', (id: string) => new UnexpectedResponse(about(id), 'unknown', 'not JSON')],
    ['by silence', (id: string) => new NoAnswer(about(id), 'unknown', 'ECONNRESET')],
  ])('%s for ever is left to the next run, and all others have their references', async (_, failure) => {
    const connection = await unreferenced(6);
    const { filled, failed, asked, holding } = await fill(connection, (id) => (id === 'b2' ? failure(id) : undefined));
    expect({ filled, failed }).toEqual({ filled: 5, failed: 1 });
    expect(asked.filter((id) => id === 'b2')).toHaveLength(3);
    expect(holding.sort()).toEqual(['b1', 'b3', 'b4', 'b5', 'b6']);
  });
});

test('a server that fails at whatever is asked is left alone after three requests, and nobody waits for it', async () => {
  const connection = await unreferenced(6);
  const { filled, asked } = await fill(connection, (id) => (id === 'b1' ? undefined : serverFails(id)));
  expect(filled).toBe(1);
  expect(asked).toEqual(['b1', 'b2', 'b3', 'b4']);
});

test('a refused token is everybody’s: it ends the work with that failure', async () => {
  const connection = await unreferenced(3);
  await expect(fill(connection, (id) => new AccessRefused(about(id), 401))).rejects.toMatchObject({
    type: 'AccessRefused',
  });
});

test('a form of the server’s own is nobody’s change, also where a person answers while the reference is stored', async () => {
  const connection = scriptedConnection(uniqueName('club'));
  const limits = { requestsPerDay: null };
  Object.assign(connection.config, { yapla: { limits }, yoplanning: { limits } });
  Object.assign(connection.config.bulk, { chunkItems: 10 });
  const { yapla, yoplanning } = connection.systems;
  yapla.put('a1', zoe, 'b1');
  yoplanning.put('b1', zoe);
  await scanAll(sql, connection);
  const [linkId] = (await propose(sql, connection, [['a1', 'b1']])) as [string];
  await agree(sql, connection.scope, [{ linkId, base: connection.hash(zoe), baseFields: zoe }]);
  await openCases(sql, connection.scope, null, [
    { kind: 'frozen', subject: linkId, field: 'phone', linkId, details: {} },
  ]);

  const update: System['update'] = async (id, merge, _ask, reference) => {
    const before = yoplanning.records.get(id)!;
    merge(before);
    const [one] = await listOpenCases(sql, connection.scope);
    await answerCase(sql, one!.id, { take: 'yapla' }, 'ann');
    const after = yoplanning.put(id, { ...before.fields, city: 'LYON' }, reference);
    return { outcome: 'written', before, after, answered: true, gapMs: 0, unmappedChanged: [], requestId: 'request' };
  };
  Object.assign(yoplanning, { update });
  const claims = new LinkClaims(sql);
  expect(await fillReferences({ sql, claims, connection, cancelled: () => false })).toEqual({ filled: 1, failed: 0 });
  await claims.close();
  const pair = (await pairsByIds(sql, connection.scope, [linkId])).get(linkId)!;
  expect(pair.shadows.yoplanning!.fields['city']).toBe('LYON');
  expect(pairHashes(pair).yoplanning).toEqual(connection.hash(zoe));
});
