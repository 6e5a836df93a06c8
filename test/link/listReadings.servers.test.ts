/** The list, read once for all whose webhooks cannot do for a reading. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { CanonicalFields } from '../../src/core/record.js';
import { BudgetExhausted, UnexpectedResponse } from '../../src/http/failures.js';
import { LinkClaims } from '../../src/link/claims.js';
import { ListAwaited, ListReadings } from '../../src/link/listReadings.js';
import type { Lane } from '../../src/store/budget.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { addEvents, addressEvents, takeEvents } from '../../src/store/inbox.js';
import { shadowsByIds, upsertShadows } from '../../src/store/shadows.js';
import type { Page, System } from '../../src/systems/system.js';
import { failureOf } from '../systems/support.js';
import { until } from '../helpers/live.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { scanAll } from '../helpers/seededStore.js';
import { freshDatabase, uniqueName, type FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let claims: LinkClaims[];
let connection: ScriptedConnection;
let pagesAsked: { readonly from: number; readonly lane: Lane }[];
/** Called as each page is asked for. */
let asked: (nth: number) => Promise<void>;

const pageSize = 10;
const ids = Array.from({ length: 50 }, (_, n) => `m${String(n).padStart(2, '0')}`);
const old: CanonicalFields = { firstName: 'Zoé', phone: null, city: 'Lyon' };
const context = { connection: 'club', system: 'yapla', access: 'read', method: 'GET', path: '/' } as const;

beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 8, applicationName: 'list readings test' });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});
beforeEach(async () => {
  claims = [];
  pagesAsked = [];
  asked = () => Promise.resolve();
  connection = scriptedConnection(uniqueName('club'));
  Object.assign(connection.config, {
    live: { ...connection.config.live, listGatherMs: 20, listIntervalMs: 20 },
    bulk: { ...connection.config.bulk, maxScanRestarts: 1 },
  });
  const { yapla } = connection.systems;
  for (const id of ids) yapla.put(id, old);
  await scanAll(sql, connection);
  const readPage: System['readPage'] = async ({ from }, { lane }): Promise<Page> => {
    pagesAsked.push({ from, lane });
    // What the page shows was read when it was asked for.
    const records = [...yapla.records.values()].slice(from, from + pageSize);
    await asked(pagesAsked.length);
    return { start: from, records, unreadable: [], count: yapla.records.size };
  };
  Object.assign(yapla, { readPage, pageSize, readsOne: false });
});
afterEach(async () => {
  for (const one of claims) await one.close();
});

/** As of a process of its own. */
const process = () => {
  const own = new LinkClaims(sql);
  claims.push(own);
  return new ListReadings(sql, own);
};
const wish = (lane: Lane = 'live') => ({ connection, system: 'yapla', lane, patient: true }) as const;

/** A webhook about each of these, which waits to be taken. */
async function told(...about: readonly string[]): Promise<void> {
  const { connectionId } = connection.scope;
  const event = { ...connection.scope, system: 'yapla', event: 'updated', body: '{"a":1}' } as const;
  await addEvents(
    sql,
    about.map((externalId) => ({ ...event, externalId })),
  );
  await addressEvents(sql, [{ connectionId, debounceMs: 0, resignalMs: 60_000 }], 100);
}
const isAnswered = async (id: string) =>
  (await takeEvents(sql, connection.scope, `yapla:${id}`)).every((event) => event.listed === true);
const cityOf = async (id: string) =>
  (await shadowsByIds(sql, connection.scope, 'yapla', [id])).get(id)?.fields['city'] ?? null;
const moved = (id: string, city: string) => void connection.systems.yapla.put(id, { ...old, city });

describe('a reading', () => {
  test('is one for all who wait, stores what it shows of them and of nobody else, and ends once they were found', async () => {
    for (const id of ['m03', 'm12', 'm40']) moved(id, 'Brest');
    await told('m03', 'm12');
    const lists = process();
    await Promise.all(Array.from({ length: 50 }, () => lists.read(wish())));
    // Each page begins with the last record of the one before: the second page holds m12.
    expect(pagesAsked.map(({ from }) => from)).toEqual([0, 9]);
    expect([await cityOf('m03'), await cityOf('m12'), await cityOf('m40')]).toEqual(['Brest', 'Brest', 'Lyon']);
    expect([await isAnswered('m03'), await isAnswered('m12')]).toEqual([true, true]);
  });

  test('that reaches the end answers those, too, whom the list does not show', async () => {
    await told('m49', 'stranger');
    await process().read(wish());
    expect(pagesAsked).toHaveLength(6);
    expect([await isAnswered('m49'), await isAnswered('stranger')]).toEqual([true, true]);
    expect(await cityOf('stranger')).toBeNull();
  });

  test('does not answer what came after it was begun', async () => {
    await told('m49');
    asked = async (nth) => {
      if (nth === 1) await told('m48');
    };
    await process().read(wish());
    expect([await isAnswered('m49'), await isAnswered('m48')]).toEqual([true, false]);
  });

  test('does not answer about a record that was stored while its page was on the way', async () => {
    moved('m03', 'Brest');
    await told('m03', 'm04');
    asked = async (nth) => {
      if (nth > 1) return;
      const younger = connection.systems.yapla.recordOf({ id: 'm03', ...old, city: 'Rennes' });
      await upsertShadows(sql, connection.scope, 'yapla', [connection.shadowOf(younger)]);
    };
    await process().read(wish());
    expect([await isAnswered('m03'), await isAnswered('m04')]).toEqual([false, true]);
    expect(await cityOf('m03')).toBe('Rennes');
  });

  test('is made by one process at a time, for those of all', async () => {
    moved('m12', 'Brest');
    await told('m12');
    const [here, there] = [process(), process()];
    let other: Promise<Error> | undefined;
    asked = async (nth) => {
      if (nth > 1) return;
      other = failureOf(there.read(wish()));
      expect(await other).toBeInstanceOf(ListAwaited);
    };
    await here.read(wish());
    expect(pagesAsked).toHaveLength(2);
    expect(await isAnswered('m12')).toBe(true);
    // Nobody waits any more: the other one asks for nothing.
    await there.read(wish());
    expect(pagesAsked).toHaveLength(2);
  });

  test('goes on in the lane of the most urgent who waits', async () => {
    await told('m49');
    const lists = process();
    const idle = lists.read(wish('idle'));
    let joined: Promise<void> | undefined;
    asked = async (nth) => {
      if (nth === 2) joined = lists.read(wish('live'));
      await Promise.resolve();
    };
    await Promise.all([idle, joined]);
    expect(pagesAsked.map(({ lane }) => lane)).toEqual(['idle', 'idle', 'live', 'live', 'live', 'live']);
  });
});

describe('a reading that fails', () => {
  const exhausted = () => new BudgetExhausted(context, Date.now() + 3_600_000, 'day');

  test('tells all who wait, and those who come to hear of it, for no more requests; and goes on where it was', async () => {
    await told('m49');
    connection.config.live.listIntervalMs = 300;
    const lists = process();
    asked = async (nth) => {
      if (nth === 4) throw exhausted();
      await Promise.resolve();
    };
    const ends = await Promise.all([1, 2, 3].map(() => failureOf(lists.read(wish()))));
    for (const end of ends) expect(end).toBeInstanceOf(BudgetExhausted);
    expect(await failureOf(lists.read(wish()))).toBeInstanceOf(BudgetExhausted);
    expect(pagesAsked).toHaveLength(4);

    const reads = () =>
      lists.read(wish()).then(
        () => true,
        () => false,
      );
    await until(reads, (ended) => ended);
    expect(pagesAsked.map(({ from }) => from)).toEqual([0, 9, 18, 27, 27, 36, 45]);
    expect(await isAnswered('m49')).toBe(true);
  });

  test('with an answer that cannot be read asks for that page three times in all', async () => {
    await told('m49');
    asked = () => Promise.reject(new UnexpectedResponse(context, 'none', 'no list'));
    expect(await failureOf(process().read(wish()))).toBeInstanceOf(UnexpectedResponse);
    expect(pagesAsked.map(({ from }) => from)).toEqual([0, 0, 0]);
  });
});

test('a wish without patience is noted, and the reading made all the same', async () => {
  await told('m03');
  const lists = process();
  expect(await failureOf(lists.read({ ...wish(), patient: false }))).toBeInstanceOf(ListAwaited);
  await lists.read(wish());
  expect(pagesAsked).toHaveLength(1);
  expect(await isAnswered('m03')).toBe(true);
});
