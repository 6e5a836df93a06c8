/** What is known of a creation once an attempt at it has ended. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, describe } from '@jest/globals';
import { NoAnswer } from '../../src/http/failures.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { openIntents } from '../../src/store/intents.js';
import { endScan, openScan } from '../../src/store/scans.js';
import { applyChunk } from '../../src/sync/applyChunk.js';
import { LinkClaims } from '../../src/sync/claims.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { planFor, propose, scanAll } from '../helpers/seededStore.js';
import { freshDatabase, uniqueName, type FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let claims: LinkClaims;
let connection: ScriptedConnection;

beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 6, applicationName: 'creations test' });
});
beforeEach(() => {
  claims = new LinkClaims(sql);
  connection = scriptedConnection(uniqueName('club'));
});
afterEach(async () => await claims.close());
afterAll(async () => {
  await sql.end();
  await database.drop();
});

const zoe = { firstName: 'Zoé', phone: '+33612345678', city: 'Lyon' };

/** A person of Yoplanning, to be created in Yapla, by a plan. */
async function planned(): Promise<number> {
  connection.systems.yoplanning.put('b1', zoe);
  await scanAll(sql, connection);
  return await planFor(sql, connection, await propose(sql, connection, [[null, 'b1']]));
}

const apply = (planId: number) =>
  applyChunk({ sql, claims, connection, planId, isRepeated: false, cancelled: () => false }, 1, 100);

describe('a list that is begun while a creation is on its way', () => {
  const began = async () => {
    const scan = await openScan(sql, connection.id, 'yapla', uniqueName('run'));
    await endScan(sql, scan, 'complete');
  };
  const isListed = async () => (await openIntents(sql, connection.id, 'all')).map((one) => one.isListed);

  test('says nothing about one whose answer is lost', async () => {
    const planId = await planned();
    connection.systems.yapla.arrives = async () => {
      await began();
      expect(await isListed()).toEqual([true]);
    };
    connection.systems.yapla.answers = () => {
      throw new NoAnswer({ connection: 'club', system: 'yapla', method: 'POST', path: '/members' }, 'unknown', 'reset');
    };
    await expect(apply(planId)).rejects.toThrow(NoAnswer);
    expect(await isListed()).toEqual([false]);
    await began();
    expect(await isListed()).toEqual([true]);
  });

  test('says nothing about one that is answered without its record', async () => {
    const planId = await planned();
    connection.systems.yapla.tellsIds = false;
    connection.systems.yapla.arrives = began;
    await apply(planId);
    expect(await isListed()).toEqual([false]);
  });
});
