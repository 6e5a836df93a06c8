/** What is over its time: deleted of each kind of data, and kept where something still needs it. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { kindsThat } from '../../src/cases/index.js';
import type { Scope } from '../../src/core/record.js';
import { noteDeed } from '../../src/store/audit.js';
import { openCases, storeClosing } from '../../src/store/cases.js';
import type { Sql } from '../../src/store/database.js';
import { findExport, listMembers, openExport, stageRows } from '../../src/store/exports.js';
import { RowChunk } from '../../src/store/exportRows.js';
import { addEvents } from '../../src/store/inbox.js';
import { recordIntents } from '../../src/store/intents.js';
import { recordIntended, recordOutcomes } from '../../src/store/journal.js';
import { proposeLinks } from '../../src/store/links.js';
import { addItems } from '../../src/store/planItems.js';
import { draftPlan, endPlan } from '../../src/store/plans.js';
import { deleteExpired, type DataKind } from '../../src/store/retention.js';
import { endScan, openScan } from '../../src/store/scans.js';
import { upsertShadows } from '../../src/store/shadows.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let scope: Scope;
storeTest('retention test', (store) => ({ sql, scope } = store));

const dayMs = 24 * 3_600_000;
const declining = kindsThat(({ answers }) => answers.close === 'notAskedAgain');

/** Deletes what is older than a day, to the end. @returns rows */
async function sweep(kind: DataKind, limit = 100): Promise<number> {
  let rows = 0;
  for (;;) {
    const batch = await deleteExpired(sql, kind, { olderThanMs: dayMs, limit, declining });
    rows += batch;
    if (batch < limit) return rows;
  }
}

/** Makes a row two days old. */
async function age(table: string, column: string, where: ReturnType<Sql>): Promise<void> {
  const { count } = await sql`
    update ${sql(table)} set ${sql(column)} = now() - interval '2 days' where ${where}`;
  expect(count).toBeGreaterThan(0);
}

const shadow = (id: string) => ({
  id,
  document: { id },
  fields: {},
  hashes: {},
  matchKeys: [],
  modifiedAt: null,
  externalReference: null,
});

// A sweep looks at all connections.
beforeEach(async () => {
  await sql`delete from connection where id <> ${scope.connectionId}`;
  for (const table of ['inbox', 'request_log', 'audit']) await sql`delete from ${sql(table)}`;
});

test('of webhooks those that were handled long ago go, a batch at a time; what waits stays, however old', async () => {
  const { connectionId, kind } = scope;
  const event = { connectionId, kind, system: 'yapla', externalId: '1', body: '{}' } as const;
  const other = { ...event, kind: null, event: 'other', externalId: null } as const;
  await addEvents(sql, [other, other, other, { ...event, event: 'updated' }]);
  expect(await sweep('webhooks')).toBe(0);
  await sql`update inbox set handled_at = handled_at - interval '2 days', received_at = received_at - interval '2 days'`;
  await addEvents(sql, [other]);
  expect(await deleteExpired(sql, 'webhooks', { olderThanMs: dayMs, limit: 2, declining })).toBe(2);
  expect(await sweep('webhooks', 2)).toBe(1);
  expect(await sql`select event from inbox order by id`).toMatchObject([{ event: 'updated' }, { event: 'other' }]);
});

test('of the request log what counts no more goes', async () => {
  const log = (daysAgo: number) => sql`
    insert into request_log (credential, lane, purpose, sent_at, counts_from)
    values ('c', 'live', ${String(daysAgo)}, now(), now() - ${daysAgo} * interval '1 day')`;
  await log(0);
  await log(2);
  await sweep('requestLog');
  expect(await sql`select purpose from request_log where credential = 'c'`).toMatchObject([{ purpose: '0' }]);
});

test('of plans the items go once they are over; a plan that waits keeps its own, and each keeps its row', async () => {
  const item = { n: 1, kind: 'write', linkId: 'yapla:1', decision: {}, version: 1 } as const;
  const plans: number[] = [];
  for (const run of ['ended', 'forsaken', 'waiting']) {
    const { id } = await draftPlan(sql, scope, run);
    await addItems(sql, id, 'remote', [item]);
    plans.push(id);
  }
  await endPlan(sql, plans[0]!, 'applied');
  await age('plan', 'ended_at', sql`id = ${plans[0]!}`);
  await age('plan', 'created_at', sql`id = any(${plans})`);
  // The second was cut off: a newer one is there.
  expect(await sweep('planItems')).toBe(2);
  expect(await sql`select plan_id::int as id from plan_item where plan_id = any(${plans})`).toEqual([{ id: plans[2] }]);
  expect(await sql`select 1 from plan where id = any(${plans})`).toHaveLength(3);
});

test('of scans the newest complete one of a system stays, whatever its age', async () => {
  const ids: number[] = [];
  for (const [run, end] of [
    ['1', 'complete'],
    ['2', 'failed'],
    ['3', 'complete'],
    ['4', null],
  ] as const) {
    const id = await openScan(sql, scope, 'yapla', run);
    if (end !== null) await endScan(sql, id, end);
    ids.push(id);
    await sql`update scan set started_at = now() - interval '3 days' + ${Number(run)} * interval '1 hour' where id = ${id}`;
  }
  expect(await sweep('scans')).toBe(2);
  expect(await sql`select run_id as run from scan where id = any(${ids}) order by id`).toMatchObject([
    { run: '3' },
    { run: '4' },
  ]);
});

test('of exports those that were given long ago go, with all of their rows, a batch at a time', async () => {
  const about = { found: [], ignored: [], headerRow: 1, otherSheets: 0, orders: {} };
  const given = { exportedAt: new Date(), whole: true };
  const stage = async (digest: string) => {
    const { fileId } = await openExport(sql, scope, { digest, about, given });
    const rows = new RowChunk();
    for (const row of [2, 3, 4]) rows.add({ row, number: String(row), values: [], problem: null });
    await stageRows(sql, scope, fileId, { after: 0, lastRow: 4, rows, before: 0, numbersAreIds: false });
    await listMembers(sql, scope, fileId, true);
    return fileId;
  };
  const old = await stage('old');
  await age('export_file', 'given_at', sql`digest = 'old'`);
  const young = await stage('young');
  expect(await deleteExpired(sql, 'exports', { olderThanMs: dayMs, limit: 2, declining })).toBe(2);
  expect(await sweep('exports', 2)).toBe(5);
  expect(await findExport(sql, scope, old)).toBeNull();
  expect(await findExport(sql, scope, young)).not.toBeNull();
  for (const table of ['export_row', 'export_member']) {
    expect(await sql`select distinct file_id::int as id from ${sql(table)}`).toEqual([{ id: young }]);
  }
});

test('of closed cases those stay by which a person said not to be asked again, as long as their link', async () => {
  await proposeLinks(sql, scope, [{ linkId: 'yapla:1', yaplaId: '1', yoplanningId: null, matchedBy: 'test' }]);
  const question = (linkId: string, kind: string) => ({ kind, subject: linkId, linkId, details: {} });
  const kinds = [question('yapla:1', 'create'), question('yapla:2', 'create'), question('yapla:1', 'refused')];
  await openCases(sql, scope, null, [...kinds, question('yapla:1', 'frozen')]);
  const rows = await sql<{ id: number; kind: string; linkId: string }[]>`
    select id::int as id, code as kind, link_id as "linkId" from cases order by id`;
  for (const { id, kind } of rows) if (kind !== 'frozen') await storeClosing(sql, id, 'Ann', null, [kind]);
  expect(await sweep('closedCases')).toBe(0);
  await age('cases', 'closed_at', sql`closed_at is not null`);
  expect(await sweep('closedCases')).toBe(2);
  const left = await sql`select code, link_id as "linkId" from cases order by id`;
  expect(left).toMatchObject([{ code: 'create', linkId: 'yapla:1' }, { code: 'frozen' }]);
});

test('of the journal what was recorded to its end goes; what may have been sent stays as long as its link', async () => {
  await proposeLinks(sql, scope, [{ linkId: 'yapla:1', yaplaId: '1', yoplanningId: null, matchedBy: 'test' }]);
  const entry = (linkId: string, writeId: string) =>
    ({
      linkId,
      system: 'yapla',
      externalId: '1',
      field: 'city',
      oldValue: 'Brest',
      newValue: 'Lille',
      origin: 'yoplanning',
      reason: 'test',
      writeId,
    }) as const;
  await recordIntended(sql, scope, [
    entry('yapla:1', 'ended'),
    entry('yapla:1', 'cut off'),
    entry('yapla:2', 'of nobody'),
  ]);
  const outcome = {
    linkId: 'yapla:1',
    writeId: 'ended',
    system: 'yapla',
    outcome: 'written',
    requestId: null,
  } as const;
  await recordOutcomes(sql, scope, [outcome]);
  expect(await sweep('journal')).toBe(0);
  await age('journal', 'at', sql`true`);
  expect(await sweep('journal')).toBe(2);
  expect(await sql`select write_id as id from journal`).toMatchObject([{ id: 'cut off' }]);
});

test('of the audit what is old goes', async () => {
  const deed = { ...scope, verb: 'pause', by: 'Ann' } as const;
  const old = await noteDeed(sql, deed);
  await noteDeed(sql, deed);
  await age('audit', 'at', sql`id = ${old}`);
  expect(await sweep('audit')).toBe(1);
  expect(await sql`select 1 from audit where id = ${old}`).toHaveLength(0);
});

describe('of records that are gone', () => {
  /** A link of both sides, one of yapla alone, and a record without a link; those named are gone. */
  async function given(goneLongAgo: readonly string[]): Promise<void> {
    await upsertShadows(sql, scope, 'yapla', [shadow('1'), shadow('2'), shadow('3')]);
    await upsertShadows(sql, scope, 'yoplanning', [shadow('a')]);
    await proposeLinks(sql, scope, [
      { linkId: 'yapla:1', yaplaId: '1', yoplanningId: 'a', matchedBy: 'test' },
      { linkId: 'yapla:2', yaplaId: '2', yoplanningId: null, matchedBy: 'test' },
    ]);
    await age('reading', 'gone_at', sql`external_id = any(${goneLongAgo})`);
  }
  const left = async () => ({
    records: (await sql<{ id: string }[]>`select external_id as id from shadow order by 1`).map(({ id }) => id),
    links: (await sql<{ id: string }[]>`select link_id as id from link order by 1`).map(({ id }) => id),
  });

  test('one whose counterpart is there keeps its open place, one without goes, with a link that nothing else needs', async () => {
    await given(['1', '2', '3']);
    expect(await sweep('tombstones')).toBe(2);
    expect(await left()).toEqual({ records: ['1', 'a'], links: ['yapla:1'] });
  });

  test('both of a link go with it once both are gone for long enough', async () => {
    await given(['1', 'a']);
    await sql`update reading set gone_at = now() where external_id = 'a'`;
    expect(await sweep('tombstones')).toBe(0);
    await age('reading', 'gone_at', sql`external_id = 'a'`);
    expect(await sweep('tombstones', 1)).toBe(2);
    expect(await left()).toEqual({ records: ['2', '3'], links: ['yapla:2'] });
  });

  test.each([
    [
      'a creation is under way',
      () =>
        recordIntents(sql, scope, [
          { linkId: 'yapla:2', system: 'yoplanning', externalId: 'b', hashes: {}, fields: {} },
        ]),
    ],
    [
      'a question is open',
      () => openCases(sql, scope, null, [{ kind: 'create', subject: 'yapla:2', linkId: 'yapla:2', details: {} }]),
    ],
    [
      'an event waits',
      async () => {
        await addEvents(sql, [
          {
            ...scope,
            connectionId: scope.connectionId,
            system: 'yapla',
            event: 'updated',
            externalId: '2',
            body: '{}',
          },
        ]);
        await sql`update inbox set link_id = 'yapla:2'`;
      },
    ],
  ])('a link stays while %s', async (_, happens) => {
    await given(['2']);
    await happens();
    expect(await sweep('tombstones')).toBe(0);
    expect(await left()).toEqual({ records: ['1', '2', '3', 'a'], links: ['yapla:1', 'yapla:2'] });
  });

  test('one that comes back while it is deleted stays', async () => {
    await given(['2']);
    // Somebody else holds the record: it is left to the next run.
    await sql.begin(async (tx) => {
      await tx`select 1 from reading where external_id = '2' and kind = ${scope.kind} for update`;
      expect(await sweep('tombstones')).toBe(0);
    });
    await upsertShadows(sql, scope, 'yapla', [shadow('2')]);
    expect(await sweep('tombstones')).toBe(0);
    expect((await left()).records).toContain('2');
  });
});
