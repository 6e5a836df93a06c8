/** Two readings of one record cross: a list stores it while it is read or written by itself. Nobody can tell which is the younger. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decideLive } from '../../src/core/live.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { addEvents, addressEvents, takeEvents, tellsNothing } from '../../src/store/inbox.js';
import { recordIntents } from '../../src/store/intents.js';
import { agree, lockLinks, pairsByIds } from '../../src/store/links.js';
import { databaseTime, endScan, openScan, storePage } from '../../src/store/scans.js';
import { markGone, shadowsByIds, upsertShadows } from '../../src/store/shadows.js';
import type { CanonicalFields, SystemName } from '../../src/core/record.js';
import { applyDecision } from '../../src/link/carryOut.js';
import { LinkBusy, LinkClaims } from '../../src/link/claims.js';
import { readRecord } from '../../src/link/readRecord.js';
import type { System } from '../../src/systems/system.js';
import { commitResults } from '../../src/link/results.js';
import { waitFor } from '../embedded/waitFor.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { propose, scanAll } from '../helpers/seededStore.js';
import { freshDatabase, type FreshDatabase, uniqueName } from '../helpers/servers.js';

let database: FreshDatabase;
let pool: Sql;
let sql: Sql;
let claims: LinkClaims;
let connection: ScriptedConnection;
let linkId: string;

const old = { firstName: 'Zoé', phone: '+33612345678', city: 'Lyon' };
const edited = { ...old, city: 'Brest' };
const live = { maxFlips: 3, flipWindowMs: 3_600_000, maxAttempts: 4, maxBodiesBytes: 4_194_304 };

beforeAll(async () => {
  database = await freshDatabase();
  pool = openDatabase(database.url, { maxConnections: 4, applicationName: 'crossing test' });
  sql = pool.another({ plans: 'kept' });
});
afterAll(async () => {
  await sql.end();
  await pool.end();
  await database.drop();
});
beforeEach(async () => {
  claims = new LinkClaims(pool);
  connection = scriptedConnection(uniqueName('club'));
  Object.assign(connection.config, { live, create: 'both' });
  connection.systems.yapla.put('a1', old);
  connection.systems.yoplanning.put('b1', old);
  await scanAll(sql, connection);
  [linkId] = (await propose(sql, connection, [['a1', 'b1']])) as [string];
  await agree(sql, connection.scope, [{ linkId, base: connection.hash(old), baseFields: old }]);
});
afterEach(async () => await claims.close());

const rule = () => [{ connectionId: connection.scope.connectionId, debounceMs: 0, resignalMs: 60_000 }];
const reading = () => readRecord({ sql, claims, connection, linkId, lane: 'live' });
const shadow = async (system: SystemName, id: string) =>
  (await shadowsByIds(sql, connection.scope, system, [id])).get(id)?.fields;

const recordOf = (id: string, fields: CanonicalFields) => ({
  id,
  document: { id, ...fields },
  fields,
  modifiedAt: null,
  externalReference: null,
});

/** Somebody waits for a row that somebody else has changed and not committed. */
async function untilBlocked(): Promise<void> {
  await waitFor('a statement waits for another', async () => {
    const [row] = await pool<{ n: number }[]>`
      select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return row!.n > 0;
  });
}

/** As a page of a list that shows the record so. */
async function listShows(system: SystemName, id: string, fields: CanonicalFields, askedAt?: string): Promise<void> {
  const scanId = await openScan(sql, connection.scope, system, uniqueName('run'));
  await storePage(
    sql,
    { scope: connection.scope, system, scanId, pass: 1 },
    {
      start: 0,
      count: 1,
      rows: [connection.shadowOf(recordOf(id, fields))],
      askedAt: askedAt ?? (await databaseTime(sql)),
    },
  );
}

async function isTold(system: SystemName, id: string): Promise<void> {
  await addEvents(sql, [{ ...connection.scope, system, event: 'updated', externalId: id, body: '{"id":1}' }]);
  await addressEvents(sql, rule(), 10);
}

/** Records that are to be looked at again, and nobody was told so by their system. */
async function lookedAtAgain(): Promise<string[]> {
  await addressEvents(sql, rule(), 10);
  return (await takeEvents(sql, connection.scope, linkId)).filter(tellsNothing).map((one) => one.externalId);
}

describe('a reading that a list crosses', () => {
  test('is read once more, and what is read then counts', async () => {
    await isTold('yapla', 'a1');
    const { yapla } = connection.systems;
    yapla.put('a1', edited);
    yapla.arrives = async () => {
      if (yapla.calls.length > 1) return;
      await listShows('yapla', 'a1', { ...old, city: 'Nantes' });
    };
    const { view, events } = await reading();
    expect(yapla.calls).toEqual(['read a1', 'read a1']);
    expect(await shadow('yapla', 'a1')).toEqual(edited);
    expect(view.yapla).toMatchObject({ hashes: { city: connection.hash(edited)['city'] } });
    expect(events).toEqual([{ system: 'yapla', event: 'updated', n: 1 }]);
    expect(await takeEvents(sql, connection.scope, linkId)).toEqual([]);
  });

  test('that finds the record gone is read once more, too', async () => {
    await isTold('yapla', 'a1');
    const { yapla } = connection.systems;
    yapla.records.delete('a1');
    yapla.arrives = async () => {
      if (yapla.calls.length > 1) return;
      await listShows('yapla', 'a1', edited);
      yapla.put('a1', edited);
    };
    await reading();
    expect(await shadow('yapla', 'a1')).toEqual(edited);
  });

  test('time and again is left for a later attempt, and its events with it', async () => {
    await isTold('yapla', 'a1');
    connection.systems.yapla.arrives = async () => await listShows('yapla', 'a1', edited);
    await expect(reading()).rejects.toThrow(LinkBusy);
    expect(await takeEvents(sql, connection.scope, linkId)).toHaveLength(1);
  });
});

describe('a write that a list crosses', () => {
  const applying = async () => {
    const { view } = await reading();
    const decision = decideLive(view, ['yapla']);
    return await applyDecision({
      sql,
      claims,
      connection,
      linkId,
      decision,
      version: view.version,
      writeId: 'live/test',
    });
  };

  test('keeps its own answer, and has the record looked at again', async () => {
    connection.systems.yapla.put('a1', edited);
    await isTold('yapla', 'a1');
    const { yoplanning } = connection.systems;
    yoplanning.arrives = async (call) => {
      if (call === 'update') await listShows('yoplanning', 'b1', old);
    };
    expect((await applying()).outcome).toBe('done');
    expect(await shadow('yoplanning', 'b1')).toEqual(edited);
    expect(await lookedAtAgain()).toEqual(['b1']);
  });

  test('of a system in which none can be read lays what was sent over what the list shows', async () => {
    const { yapla, yoplanning } = connection.systems;
    // Stands on what is known of the record, and answers with that and what was sent.
    const update: System['update'] = async (id, merge, _ask, _reference, known) => {
      const decision = merge(known!);
      if ('stop' in decision) return { outcome: 'stopped', reason: decision.stop, before: known! };
      await listShows('yapla', 'a1', { ...old, phone: '+33699999999' });
      const after = recordOf(id, { ...known!.fields, ...decision.set });
      return {
        outcome: 'written',
        before: known!,
        after,
        answered: false,
        gapMs: 0,
        unmappedChanged: [],
        requestId: 'request',
      };
    };
    Object.assign(yapla, { readsOne: false, update });
    yoplanning.put('b1', edited);
    await isTold('yoplanning', 'b1');
    const { view } = await reading();
    const decision = decideLive(view, ['yoplanning']);
    const { version } = view;
    await applyDecision({ sql, claims, connection, linkId, decision, version, writeId: 'live/unread' });
    expect(await shadow('yapla', 'a1')).toEqual({ ...edited, phone: '+33699999999' });
  });

  test('of which the list knows nothing has nothing looked at again', async () => {
    connection.systems.yapla.put('a1', edited);
    await isTold('yapla', 'a1');
    expect((await applying()).outcome).toBe('done');
    expect(await lookedAtAgain()).toEqual([]);
  });
});

describe("a creation's answer", () => {
  let lonely: string;
  const record = recordOf('a2', old);

  /** Known to Yoplanning only, and on its way to Yapla. */
  beforeEach(async () => {
    connection.systems.yoplanning.put('b2', old);
    await scanAll(sql, connection);
    [lonely] = (await propose(sql, connection, [[null, 'b2']])) as [string];
    await recordIntents(sql, connection.scope, [
      { linkId: lonely, system: 'yapla', externalId: null, hashes: connection.hash(old), fields: old },
    ]);
  });
  const answered = async () => {
    const result = {
      linkId: lonely,
      version: (await pairsByIds(sql, connection.scope, [lonely])).get(lonely)!.version,
      decidedOn: { base: null, readAt: { yapla: null, yoplanning: null } },
      facts: { base: connection.hash(old), baseFields: old, ids: { yapla: 'a2' }, equal: {} },
      outcome: 'created' as const,
      shadows: [{ system: 'yapla' as const, row: connection.shadowOf(record) }],
      agreement: { linkId: lonely, base: connection.hash(old), baseFields: old, ids: { yapla: 'a2' } },
      journal: [],
      cases: [],
      settledIntents: ['yapla' as const],
      gone: [],
      carriedOut: [],
      item: null,
    };
    await commitResults(sql, { scope: connection.scope, plan: null }, [result]);
    expect((await pairsByIds(sql, connection.scope, [lonely])).get(lonely)!.ids.yapla).toBe('a2');
    linkId = lonely;
  };

  test('is the shadow where nobody read the record since', async () => {
    await answered();
    expect(await shadow('yapla', 'a2')).toEqual(old);
    expect(await lookedAtAgain()).toEqual([]);
  });

  test('gives way to what somebody read of the record since, and it is looked at again', async () => {
    await upsertShadows(sql, connection.scope, 'yapla', [connection.shadowOf(recordOf('a2', edited))]);
    await answered();
    expect(await shadow('yapla', 'a2')).toEqual(edited);
    expect(await lookedAtAgain()).toEqual(['a2']);
  });

  test('gives way to the proof that the record is gone already, and it is looked at again', async () => {
    await markGone(sql, connection.scope, 'yapla', 'a2');
    await answered();
    expect(await shadow('yapla', 'a2')).toBeUndefined();
    expect(await lookedAtAgain()).toEqual(['a2']);
  });

  test('is the shadow of a record that was known, and gone, before', async () => {
    await upsertShadows(sql, connection.scope, 'yapla', [connection.shadowOf(record)]);
    await markGone(sql, connection.scope, 'yapla', 'a2');
    await answered();
    expect(await shadow('yapla', 'a2')).toEqual(old);
  });
});

test('that an unknown record is gone is not remembered where nothing is being created, and no list is read', async () => {
  await markGone(sql, connection.scope, 'yapla', 'a9');
  const rows =
    await sql`select 1 from shadow where connection_id = ${connection.scope.connectionId} and external_id = 'a9'`;
  expect(rows).toHaveLength(0);
});

describe('a page that was asked for before a record was read', () => {
  test('does not replace what is being recorded while the page is stored, and has the record looked at again', async () => {
    const askedAt = await databaseTime(sql);
    let storing: Promise<void>;
    await pool.begin(async (tx) => {
      await upsertShadows(tx, connection.scope, 'yapla', [connection.shadowOf(recordOf('a1', edited))]);
      storing = listShows('yapla', 'a1', old, askedAt);
      await untilBlocked();
    });
    await storing!;
    expect(await shadow('yapla', 'a1')).toEqual(edited);
    expect(await lookedAtAgain()).toEqual(['a1']);
  });

  test('waits for whoever holds the link, also where it shows what is stored, and then finds what was written', async () => {
    const askedAt = await databaseTime(sql);
    let storing: Promise<void>;
    await pool.begin(async (tx) => {
      await lockLinks(tx, connection.scope, ['yapla:a1']);
      storing = listShows('yapla', 'a1', old, askedAt);
      await untilBlocked();
      await upsertShadows(tx, connection.scope, 'yapla', [connection.shadowOf(recordOf('a1', edited))]);
    });
    await storing!;
    expect(await shadow('yapla', 'a1')).toEqual(edited);
    expect(await lookedAtAgain()).toEqual(['a1']);
  });

  test('replaces what an older reading records meanwhile, also where it shows what stood there before', async () => {
    let storing: Promise<void>;
    await pool.begin(async (tx) => {
      await upsertShadows(tx, connection.scope, 'yapla', [connection.shadowOf(recordOf('a1', edited))]);
      storing = listShows('yapla', 'a1', old, await databaseTime(sql));
      await untilBlocked();
    });
    await storing!;
    expect(await shadow('yapla', 'a1')).toEqual(old);
  });

  test('does not bring back a record that was found gone before anything was known of it', async () => {
    const scanId = await openScan(sql, connection.scope, 'yapla', uniqueName('run'));
    const askedAt = await databaseTime(sql);
    await addEvents(sql, [
      { ...connection.scope, system: 'yapla', event: 'deleted', externalId: 'a9', body: '{"id":1}' },
    ]);
    await addressEvents(sql, rule(), 10);
    await readRecord({ sql, claims, connection, linkId: 'yapla:a9', lane: 'live' });
    await listShows('yapla', 'a9', old, askedAt);
    await endScan(sql, scanId, 'complete');
    expect(await shadow('yapla', 'a9')).toBeUndefined();
  });

  test('has the record looked at again where it shows something else', async () => {
    const askedAt = await databaseTime(sql);
    await scanAll(sql, connection);
    await listShows('yapla', 'a1', edited, askedAt);
    expect(await shadow('yapla', 'a1')).toEqual(old);
    expect(await lookedAtAgain()).toEqual(['a1']);
  });

  test('has nothing looked at again where it shows the same', async () => {
    const askedAt = await databaseTime(sql);
    await scanAll(sql, connection);
    await listShows('yapla', 'a1', old, askedAt);
    expect(await lookedAtAgain()).toEqual([]);
  });
});
