import { setTimeout as sleep } from 'node:timers/promises';
import { personsOf } from '../../src/core/record.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parseJson, stringifyJson } from '../../src/core/json.js';
import { uuidOf } from '../../src/core/linkId.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { ensureConnection } from '../../src/store/connections.js';
import {
  addEvents,
  addressEvents,
  countPending,
  inboxIsReady,
  lookAtLinks,
  markHandled,
  nextDueInMs,
  readdress,
  releaseSignals,
  reviveStranded,
  takeDueSignals,
  takeEvents,
  type ForwardingRule,
  type NewInboxEvent,
} from '../../src/store/inbox.js';
import { proposeLinks } from '../../src/store/links.js';
import { freshDatabase, uniqueName, type FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let other: Sql;
let club: string;
let rules: readonly [ForwardingRule];
beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 6, applicationName: 'inbox test' });
  other = openDatabase(database.url, { maxConnections: 2, applicationName: 'inbox test, another process' });
});
beforeEach(async () => {
  club = uniqueName('club');
  rules = [{ connectionId: club, debounceMs: 0, resignalMs: 60_000 }];
  await ensureConnection(sql, club);
});
afterEach(async () => {
  await sql`delete from inbox where connection_id = ${club}`;
});
afterAll(async () => {
  await Promise.all([sql.end(), other.end()]);
  await database.drop();
});

const clientId = uuidOf('yapla:1', personsOf('inbox test'));
const fromYapla = (externalId: string, more: Partial<NewInboxEvent> = {}): NewInboxEvent => ({
  connectionId: club,
  kind: 'person',
  system: 'yapla',
  event: 'updated',
  externalId,
  body: JSON.stringify({ event: 'member.updated', data: { id: externalId } }),
  ...more,
});
const fromYoplanning = (externalId: string): NewInboxEvent => ({
  connectionId: club,
  kind: 'person',
  system: 'yoplanning',
  event: 'updated',
  externalId,
  body: '{}',
});
const add = (...events: readonly NewInboxEvent[]) => addEvents(sql, events);
const address = () => addressEvents(sql, rules, 1_000);
const due = async () => {
  const signals = await takeDueSignals(sql, rules, 1_000);
  return signals.map(({ linkId, gathered, attempt }) => ({ linkId, ...gathered, attempt }));
};
const takenIds = async (linkId: string) =>
  (await takeEvents(sql, personsOf(club), linkId)).map(({ externalId }) => externalId);
/** Makes what stands there older, instead of waiting. */
const ageSignals = (milliseconds: number) => sql`
  update link_signal set due_at = due_at - ${milliseconds} * interval '1 ms',
         signalled_at = signalled_at - ${milliseconds} * interval '1 ms' where connection_id = ${club}`;

describe('events', () => {
  test('come back in the order in which they were added, with their bodies to the letter and the time', async () => {
    const before = Date.now();
    const body = '{"data": {"id": 12345678901234567, "note": "\\u0000 \\ud800 é"}, "n": 1.10}';
    await add(fromYapla('7', { event: 'created', body }), fromYapla('7'));
    await address();
    const [first, second] = await takeEvents(sql, personsOf(club), 'yapla:7');
    expect(first).toMatchObject({
      system: 'yapla',
      event: 'created',
      externalId: '7',
      body: parseJson(body),
    });
    expect(stringifyJson(first!.body)).toContain('"id":12345678901234567');
    expect(second).toMatchObject({ event: 'updated' });
    expect(second!.id).toBeGreaterThan(first!.id);
    // Both clocks are this machine's.
    expect(first!.receivedAtMs).toBeGreaterThan(before - 1_000);
    expect(first!.receivedAtMs).toBeLessThan(Date.now() + 1_000);
    const [{ text }] = await sql<[{ text: string }]>`select body::text as text from inbox where id = ${first!.id}`;
    expect(text).toBe(body);
  });

  test('are stored all together or not at all', async () => {
    await expect(add(fromYapla('1'), fromYapla('2', { body: '{' }))).rejects.toThrow();
    expect(await countPending(sql, [club])).toEqual([{ connectionId: club, events: 0, signals: 0 }]);
  });

  test('that nobody acts on are kept, and never signalled', async () => {
    await add(fromYapla('', { event: 'other', externalId: null, body: '{"event":"donation"}' }));
    expect(await address()).toBe(0);
    expect(await due()).toEqual([]);
    const [row] =
      await sql`select body::text, handled_at is not null as handled from inbox where connection_id = ${club}`;
    expect(row).toEqual({ body: '{"event":"donation"}', handled: true });
  });

  test('of a kind that no workflow looks after wait as they came, and are addressed once one does', async () => {
    await add(fromYapla('1', { kind: 'registration' }), fromYapla('2'));
    expect(await addressEvents(sql, rules, 1_000, ['person'])).toBe(1);
    expect(await due()).toMatchObject([{ linkId: 'yapla:2' }]);
    expect(await addressEvents(sql, rules, 1_000, ['person', 'registration'])).toBe(1);
    const [signal] = await takeDueSignals(sql, rules, 1_000);
    expect(signal).toMatchObject({ scope: { kind: 'registration' }, linkId: 'yapla:1' });
  });

  test('stay with their link until they are handled, so that a repeated activity finds them again', async () => {
    await add(fromYapla('1'), fromYapla('1'));
    await address();
    const events = await takeEvents(sql, personsOf(club), 'yapla:1');
    expect(await takenIds('yapla:1')).toEqual(['1', '1']);
    await markHandled(sql, personsOf(club), [events[0]!.id]);
    expect((await takeEvents(sql, personsOf(club), 'yapla:1')).map(({ id }) => id)).toEqual([events[1]!.id]);
  });

  test('of a storm about one person are taken as far as their bodies have room, and the rest is signalled at once', async () => {
    const long = (n: number) => fromYapla('7', { body: JSON.stringify({ n, text: 'x'.repeat(1_000) }) });
    await addEvents(sql, [long(1), fromYoplanning(clientId), long(2), long(3), long(4)]);
    await sql`update inbox set link_id = 'yapla:7' where connection_id = ${club}`;
    const take = async (of: readonly ('yapla' | 'yoplanning')[], mostBytes: number) => {
      const events = await takeEvents(sql, personsOf(club), 'yapla:7', { of, mostBytes });
      return events.map(({ id, system, body }) => ({ id, system, n: (body as { n?: number }).n }));
    };
    // Yoplanning's bodies tell nothing that is looked at.
    const first = await take(['yapla'], 2_500);
    expect(first.map(({ system, n }) => [system, n])).toEqual([
      ['yapla', 1],
      ['yoplanning', undefined],
      ['yapla', 2],
    ]);
    expect(await takeDueSignals(sql, rules, 10)).toMatchObject([{ linkId: 'yapla:7' }]);
    await markHandled(
      sql,
      personsOf(club),
      first.map(({ id }) => id),
    );
    // One that is larger than the room is taken all the same.
    expect(await take(['yapla'], 10)).toMatchObject([{ n: 3 }]);
    expect(await take(['yoplanning'], 10)).toMatchObject([{ n: undefined }, { n: undefined }]);
    expect(await takeDueSignals(sql, rules, 10)).toEqual([]);
  });

  test('of a connection that this process does not know are left to others', async () => {
    await add(fromYapla('1'));
    expect(await addressEvents(sql, [], 1_000)).toBe(0);
    expect(await addressEvents(sql, [{ ...rules[0], connectionId: 'somebody-else' }], 1_000)).toBe(0);
    expect(await address()).toBe(1);
  });
});

describe('one link', () => {
  test('gets one signal for many events of both systems, by which it counts them', async () => {
    await proposeLinks(sql, personsOf(club), [
      { linkId: 'yapla:1', yaplaId: '1', yoplanningId: clientId, matchedBy: 'test' },
    ]);
    await add(fromYapla('1'), fromYoplanning(clientId), fromYapla('1'), fromYapla('2'));
    await address();
    await add(fromYoplanning(clientId));
    await address();
    expect((await due()).sort((one, another) => one.linkId.localeCompare(another.linkId))).toEqual([
      { linkId: 'yapla:1', yapla: 2, yoplanning: 2, attempt: 1 },
      { linkId: 'yapla:2', yapla: 1, yoplanning: 0, attempt: 1 },
    ]);
    expect(await due()).toEqual([]);
  });

  test('keeps the name under which its person was first seen, whichever system the event comes from', async () => {
    const linkId = `yoplanning:${clientId}`;
    await proposeLinks(sql, personsOf(club), [{ linkId, yaplaId: '1', yoplanningId: clientId, matchedBy: 'test' }]);
    await add(fromYapla('1'));
    await address();
    expect(await takenIds(linkId)).toEqual(['1']);
  });

  test('is signalled when its first event has waited for debounceMs, however many follow', async () => {
    rules = [{ ...rules[0], debounceMs: 60_000 }];
    await add(fromYapla('1'));
    await address();
    const first = await nextDueInMs(sql, rules);
    expect(first).toBeGreaterThan(50_000);
    await add(fromYapla('1'));
    await address();
    expect(await nextDueInMs(sql, rules)).toBeLessThanOrEqual(first!);
    expect(await due()).toEqual([]);
    await ageSignals(60_000);
    expect(await nextDueInMs(sql, rules)).toBeLessThanOrEqual(0);
    expect(await due()).toEqual([{ linkId: 'yapla:1', yapla: 2, yoplanning: 0, attempt: 1 }]);
    expect(await nextDueInMs(sql, rules)).toBeNull();
  });

  test('is signalled once by two forwarders at the same time, and each event is addressed once', async () => {
    const people = Array.from({ length: 50 }, (_, n) => String(n));
    await add(...people.flatMap((id) => [fromYapla(id), fromYapla(id)]));
    const addressed = await Promise.all([addressEvents(sql, rules, 60), addressEvents(other, rules, 60)]);
    expect(addressed[0] + addressed[1]).toBe(100);
    const both = await Promise.all([takeDueSignals(sql, rules, 1_000), takeDueSignals(other, rules, 1_000)]);
    const signals = [...both.flat(), ...(await takeDueSignals(sql, rules, 1_000))];
    expect(signals.map(({ linkId }) => linkId).sort()).toEqual(people.map((id) => `yapla:${id}`).sort());
    expect(signals.every(({ gathered }) => gathered.yapla === 2)).toBe(true);
  });

  test('gets no second signal for events that come while the first is under way: they join it', async () => {
    await add(fromYapla('1'));
    await address();
    expect(await due()).toHaveLength(1);
    await add(fromYapla('1'));
    await address();
    expect(await due()).toEqual([]);
    expect(await takenIds('yapla:1')).toEqual(['1', '1']);
  });

  test('gets a new signal for an event that comes after its events were taken', async () => {
    await add(fromYapla('1'));
    await address();
    await due();
    await takenIds('yapla:1');
    await add(fromYapla('1'));
    await address();
    expect(await due()).toEqual([{ linkId: 'yapla:1', yapla: 1, yoplanning: 0, attempt: 1 }]);
  });

  test('loses no event that is added, addressed and taken in the same moment', async () => {
    const people = ['1', '2', '3'];
    let adding = true;
    const seen = new Set<number>();
    const taker = async (connection: Sql, linkId: string) => {
      while (adding) {
        const events = await takeEvents(connection, personsOf(club), linkId);
        for (const { id } of events) seen.add(id);
        await markHandled(
          connection,
          personsOf(club),
          events.map(({ id }) => id),
        );
      }
    };
    const addresser = async (connection: Sql) => {
      while (adding) {
        await addressEvents(connection, rules, 7);
        await takeDueSignals(connection, rules, 2);
      }
    };
    const everything = [
      ...people.map((id) => taker(sql, `yapla:${id}`)),
      taker(other, 'yapla:1'),
      addresser(sql),
      addresser(other),
    ];
    for (let n = 0; n < 100; n += 1) await add(...people.map((id) => fromYapla(id)));
    adding = false;
    await Promise.all(everything);
    // What is left is what a forwarder and a workflow still find: addressed by nobody yet, or with a row that leads to a signal.
    while ((await address()) > 0);
    const [{ stranded }] = await sql<[{ stranded: number }]>`
      select count(*)::int as stranded from inbox i
       where i.connection_id = ${club} and i.handled_at is null
         and not exists (select 1 from link_signal s where s.connection_id = ${club} and s.link_id = i.link_id)`;
    expect(stranded).toBe(0);
    for (const id of people) {
      for (const event of await takeEvents(sql, personsOf(club), `yapla:${id}`)) seen.add(event.id);
    }
    expect(seen.size).toBe(300);
  });

  test('is signalled again, after ever longer pauses, while nobody takes its events', async () => {
    await add(fromYapla('1'));
    await address();
    expect(await due()).toMatchObject([{ attempt: 1 }]);
    await ageSignals(59_000);
    expect(await due()).toEqual([]);
    await ageSignals(1_000);
    expect(await due()).toMatchObject([{ linkId: 'yapla:1', yapla: 1, attempt: 2 }]);
    await ageSignals(119_000);
    expect(await due()).toEqual([]);
    await ageSignals(1_000);
    expect(await due()).toMatchObject([{ attempt: 3 }]);
    await takenIds('yapla:1');
    await ageSignals(1_000_000_000);
    expect(await due()).toEqual([]);
  });

  test('is due again after the pause when its signal could not be sent, as if it had not been tried', async () => {
    await add(fromYapla('1'));
    await address();
    const signals = await takeDueSignals(sql, rules, 10);
    await releaseSignals(sql, signals, 30_000);
    expect(await nextDueInMs(sql, rules)).toBeGreaterThan(25_000);
    expect(await due()).toEqual([]);
    await ageSignals(30_000);
    expect(await due()).toMatchObject([{ linkId: 'yapla:1', attempt: 1 }]);
  });

  test('whose events were taken after all is not signalled again for the failure', async () => {
    await add(fromYapla('1'));
    await address();
    const signals = await takeDueSignals(sql, rules, 10);
    await takenIds('yapla:1');
    await releaseSignals(sql, signals, 0);
    expect(await due()).toEqual([]);
  });
});

describe('a merged link', () => {
  test('hands its unhandled events to the other, which is signalled at once', async () => {
    rules = [{ ...rules[0], debounceMs: 60_000 }];
    await add(fromYapla('1'), fromYoplanning(clientId), fromYoplanning(clientId));
    await address();
    const [handled] = await takeEvents(sql, personsOf(club), `yoplanning:${clientId}`);
    await markHandled(sql, personsOf(club), [handled!.id]);
    expect(await sql.begin((tx) => readdress(tx, personsOf(club), `yoplanning:${clientId}`, 'yapla:1'))).toBe(1);
    expect(await due()).toEqual([{ linkId: 'yapla:1', yapla: 1, yoplanning: 1, attempt: 1 }]);
    expect(await takenIds('yapla:1')).toEqual(['1', clientId]);
    expect(await takenIds(`yoplanning:${clientId}`)).toEqual([]);
  });

  test('leads to a signal where there is nothing to hand over, and where one was sent before', async () => {
    await readdress(sql, personsOf(club), 'yapla:2', 'yapla:1');
    expect(await due()).toEqual([{ linkId: 'yapla:1', yapla: 0, yoplanning: 0, attempt: 1 }]);
    await readdress(sql, personsOf(club), 'yapla:2', 'yapla:1');
    expect(await due()).toMatchObject([{ linkId: 'yapla:1' }]);
  });
});

describe('events that were taken and never handled', () => {
  test('lead to a new signal once they are old, and not before', async () => {
    await add(fromYapla('1'), fromYapla('2'));
    await address();
    await due();
    await takenIds('yapla:1');
    expect(await reviveStranded(sql, rules, 60_000)).toBe(0);
    await sql`update inbox set received_at = received_at - interval '61 seconds' where connection_id = ${club}`;
    // The other link's events were not taken: its signal is on its way.
    expect(await reviveStranded(sql, rules, 60_000)).toBe(1);
    expect(await due()).toEqual([{ linkId: 'yapla:1', yapla: 1, yoplanning: 0, attempt: 1 }]);
  });

  test('that were handled are left alone', async () => {
    await add(fromYapla('1'));
    await address();
    const events = await takeEvents(sql, personsOf(club), 'yapla:1');
    await markHandled(
      sql,
      personsOf(club),
      events.map(({ id }) => id),
    );
    await sql`update inbox set received_at = received_at - interval '61 seconds' where connection_id = ${club}`;
    expect(await reviveStranded(sql, rules, 60_000)).toBe(0);
  });
});

test('what waits is counted by connection: events not handled, addressed or not, and links not taken', async () => {
  await add(fromYapla('1'), fromYapla('2'));
  await address();
  await add(fromYapla('3'));
  await takenIds('yapla:1');
  expect(await countPending(sql, [club, 'empty'])).toEqual([
    { connectionId: club, events: 3, signals: 1 },
    { connectionId: 'empty', events: 0, signals: 0 },
  ]);
});

test('a database is ready for webhooks once it is migrated', async () => {
  expect(await inboxIsReady(sql)).toBe(true);
  const url = new URL(database.url);
  url.pathname = '/postgres';
  const empty = openDatabase(url.href, { maxConnections: 1, applicationName: 'inbox test' });
  expect(await inboxIsReady(empty).finally(() => empty.end())).toBe(false);
});

describe('a link that is to be looked at', () => {
  const scope = () => personsOf(club);
  const stored = () => sql`
    select link_id, yapla, yoplanning, due_at <= now() as due, signals from link_signal where connection_id = ${club} order by 1`;

  test('is signalled once, however often that was asked for, and a signal under way stays as it is', async () => {
    await sql`insert into link_signal (connection_id, kind, link_id, yapla, due_at, signalled_at, signals) values (${club}, 'person', 'yapla:2', 3, now(), now(), 1)`;
    for (const id of ['yapla:1', 'yapla:1', 'yapla:2']) await lookAtLinks(sql, scope(), [id]);
    expect(await stored()).toEqual([
      { link_id: 'yapla:1', yapla: 0, yoplanning: 0, due: true, signals: 0 },
      { link_id: 'yapla:2', yapla: 3, yoplanning: 0, due: true, signals: 1 },
    ]);
  });

  test.each(['a look', 'an event'])('later is looked at now by %s that comes meanwhile', async (what) => {
    await sql`insert into link_signal (connection_id, kind, link_id, due_at) values (${club}, 'person', 'yapla:1', now() + interval '1 hour')`;
    if (what === 'a look') await lookAtLinks(sql, scope(), ['yapla:1']);
    else {
      await addEvents(sql, [fromYapla('1')]);
      await addressEvents(sql, rules, 10);
    }
    expect(await takeDueSignals(sql, rules, 10)).toMatchObject([{ linkId: 'yapla:1' }]);
  });

  test('for a reason that is not committed yet is not taken before it is', async () => {
    await lookAtLinks(sql, scope(), ['yapla:1']);
    const taken = await sql.begin(async (tx) => {
      await addEvents(tx, [fromYapla('1')]);
      await tx`update inbox set link_id = 'yapla:1' where connection_id = ${club}`;
      await lookAtLinks(tx, scope(), ['yapla:1']);
      const [backend] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
      const taking = takeEvents(other, scope(), 'yapla:1');
      const ended = taking.then(() => true);
      // Until it waits for this transaction, or has not waited for it.
      for (;;) {
        const [waiting] = await sql`select 1 from pg_stat_activity where ${backend!.pid} = any(pg_blocking_pids(pid))`;
        if (waiting !== undefined) return { taking };
        expect(await Promise.race([ended, sleep(20, false)])).toBe(false);
      }
    });
    expect(await taken.taking).toHaveLength(1);
    expect(await stored()).toEqual([]);
  });
});
