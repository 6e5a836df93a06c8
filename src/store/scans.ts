/** The table `scan`: one reading of one system's whole list. The rules of paging are in core/scan.ts. */
import { isDeepStrictEqual } from 'node:util';
import type { PageFacts } from '../core/scan.js';
import type { Scope, SystemName } from '../core/record.js';
import type { Sql, Transaction } from './database.js';
import { markScanned } from './awaited.js';
import { lookAgain } from './inbox.js';
import { endUnlisted, type FoundUnreadable, recordUnreadable } from './unreadable.js';
import { hashesByIds, markSeen, storedSince, storeListed, type ShadowRow } from './shadows.js';

export interface ScanKey {
  readonly scope: Scope;
  readonly system: SystemName;
  readonly scanId: number;
  readonly pass: number;
}

/** What a scan reads where it does not read its system. */
export interface ScanInstead {
  /** Null: nothing at all. What is known stays as it is. */
  readonly fileId: number | null;
  /** It is not the whole list: it proves nothing about whom it does not show. */
  readonly partial: boolean;
  /** When what it shows was so; null: now. */
  readonly asOf: Date | null;
}

/** Opens a scan for a workflow run, or finds the one that an earlier attempt opened. */
export async function openScan(
  sql: Sql,
  scope: Scope,
  system: SystemName,
  runId: string,
  instead: ScanInstead = { fileId: null, partial: false, asOf: null },
): Promise<number> {
  const { fileId, partial, asOf } = instead;
  const [row] = await sql<{ id: number }[]>`
    insert into scan (connection_id, kind, system, run_id, file_id, partial, started_at)
    values (${scope.connectionId}, ${scope.kind}, ${system}, ${runId}, ${fileId}, ${partial}, coalesce(${asOf}::timestamptz, now()))
    on conflict (connection_id, kind, system, run_id) do update set run_id = excluded.run_id
    returning id::int as id`;
  return row!.id;
}

/** What a scan reads instead of its system; null: it reads its system. */
export async function scanInstead(sql: Sql, scanId: number): Promise<(ScanInstead & { readonly asOf: string }) | null> {
  const [row] = await sql<(ScanInstead & { readonly asOf: string })[]>`
    select file_id as "fileId", partial, started_at::text as "asOf" from scan where id = ${scanId} and (file_id is not null or partial)`;
  return row ?? null;
}

/** Whether a system's whole list was ever read. */
export async function wasListed(sql: Sql, scope: Scope, system: SystemName): Promise<boolean> {
  const [row] = await sql<{ listed: boolean }[]>`
    select exists (select 1 from scan where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and status = 'complete') as listed`;
  return row!.listed;
}

/** When what was last read of a system's list was so, whole or not; null: nothing ever was. */
export async function lastListedAt(sql: Sql, scope: Scope, system: SystemName): Promise<Date | null> {
  const [row] = await sql<{ at: Date | null }[]>`
    select max(started_at) as at from scan
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system}
       and (status = 'complete' or status = 'partial' and file_id is not null)`;
  return row!.at;
}

export interface ScannedPage {
  readonly start: number;
  readonly count: number | null;
  /** Where no total is stated: whether the list ends with this page. */
  readonly ends?: boolean | undefined;
  readonly rows: readonly ShadowRow[];
  /** Those of the page that cannot be read. */
  readonly unreadable?: readonly FoundUnreadable[];
  /** By the database's clock, from before the page was asked for: a shadow that was read after that is younger than the page. */
  readonly askedAt: string;
  /** What it shows was so at `askedAt`, and is stored as read then: a file. What was stored later is younger for certain. */
  readonly isOld?: boolean;
}

/** The time by which `ScannedPage.askedAt` goes, to the microsecond. */
export async function databaseTime(sql: Sql): Promise<string> {
  const [row] = await sql<{ now: string }[]>`select clock_timestamp()::text as now`;
  return row!.now;
}

/**
 * Stores one page, in one transaction, and says what it proves. Repeatable: a page stored twice counts once.
 *
 * A page that does not begin with a record seen in this pass proves nothing about what stands before it, so nothing of it is
 * marked as seen (core/scan.ts).
 */
export async function storePage(sql: Sql, key: ScanKey, page: ScannedPage): Promise<PageFacts> {
  const { scope, system, scanId, pass } = key;
  return await sql.begin(async (tx) => {
    // A page that a crash of the database loses takes its marks with it: the pass does not add up, and is read again.
    const unhurried = tx`select set_config('synchronous_commit', 'off', true)`;
    // First of those that are sent together, for its lock: of two attempts that store one page at the same time, the second must see what
    // the first has marked.
    // A new pass begins with nothing seen; an attempt repeated after its commit finds the pass already begun.
    const begun = tx<{ pass: number; seen: number }[]>`
      update scan set seen = case when pass < ${pass} then 0 else seen end, pass = greatest(pass, ${pass}),
             ids_sum = case when pass < ${pass} then 0 else ids_sum end, pages = pages + 1, stated_count = ${page.count}
       where id = ${scanId} returning pass, seen`;
    const { rows, unreadable = [] } = page;
    const ids = idsOf([...rows, ...unreadable]);
    const first = unreadable.find(({ position }) => position === page.start) ?? rows[0];
    const marks = tx<{ first: boolean; all: number; sum: string }[]>`
      select coalesce(bool_or(external_id = ${first?.id ?? ''}), false) as first, count(*)::int as all,
             coalesce(sum(hashtextextended(external_id, 0)), 0)::text as sum from (
        select external_id from reading
         where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id = any(${ids})
           and scan_id = ${scanId} and scan_pass = ${pass}
        union
        select external_id from unreadable
         where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id = any(${ids})
           and scan_id = ${scanId} and scan_pass = ${pass}) marked`;
    const [, [scan], [marked]] = await Promise.all([unhurried, begun, marks]);
    // A late attempt of a pass that is over: nobody waits for its answer, and its marks would be missing from the pass that is read now.
    const isLate = scan!.pass > pass;
    const firstKnown = page.start === 0 || marked!.first;
    let seen = scan!.seen;
    if (firstKnown && !isLate && ids.length > 0) {
      // What was stored while the page was on its way stays. Where the page shows something else, nobody knows which is the younger.
      const younger = await storeListed(tx, scope, system, rows, {
        seenBy: { scanId, pass },
        replaces: { storedUntil: page.askedAt },
        ...(page.isOld === true ? { readAt: page.askedAt } : {}),
      });
      await markSeen(tx, { scope, system, scanId, pass }, younger);
      const crossed = page.isOld === true ? [] : younger;
      const stored = await hashesByIds(tx, { scope, system }, crossed);
      const differing = rows.filter((row) => stored.has(row.id) && !isDeepStrictEqual(stored.get(row.id), row.hashes));
      await lookAgain(
        tx,
        scope,
        system,
        differing.map((row) => row.id),
      );
      // Nor does a file undo that a record could be read since.
      const later =
        page.isOld === true && unreadable.length > 0
          ? await storedSince(tx, { scope, system }, idsOf(unreadable), page.askedAt)
          : new Set<string>();
      await markSeen(tx, { scope, system, scanId, pass }, [...later]);
      const unread = unreadable.filter(({ id }) => !later.has(id));
      await recordUnreadable(tx, scope, system, unread, { scanId, pass });
      const distinct = [...new Set(ids)];
      seen += distinct.length - marked!.all;
      await tx`
        update scan set seen = ${seen}, ids_sum = ids_sum - ${marked!.sum}::numeric
               + (select sum(hashtextextended(id, 0)) from unnest(${distinct}::text[]) as r(id))
         where id = ${scanId}`;
    }
    const facts = { start: page.start, received: rows.length + unreadable.length, firstKnown, seen, count: page.count };
    if (page.count !== null) return facts;
    const ends = page.ends ?? false;
    return ends && firstKnown && !isLate ? { ...facts, ends, ...(await atTheEnd(tx, key)) } : { ...facts, ends };
  });
}

function idsOf(records: readonly { readonly id: string }[]): string[] {
  return records.map(({ id }) => id);
}

/**
 * What a pass that has reached the end of a list without a total proves (core/scan.ts). Something is looked for where a known record was not
 * seen, where a creation was sent whose effect nobody knows, and in a first list: anyone whom it does not show would be created.
 */
async function atTheEnd(
  tx: Transaction,
  { scope, system, scanId, pass }: ScanKey,
): Promise<Pick<PageFacts, 'lacksNothing' | 'repeats'>> {
  const [row] = await tx<{ lacking: boolean; repeats: boolean }[]>`
    with ended as (
      update scan set passes = passes || jsonb_build_object(${pass}::text, jsonb_build_array(seen, ids_sum::text))
       where id = ${scanId} returning passes, started_at)
    select exists (select 1 from reading
                    where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and gone_at is null
                      and read_at < ended.started_at)
           or exists (select 1 from intent
                       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and status = 'sent')
           or not exists (select 1 from scan
                           where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and status = 'complete')
             as lacking,
           exists (select 1 from jsonb_each(passes) as p(n, saw) where p.n::int < ${pass} and p.saw = passes -> ${pass}::text) as repeats
      from ended`;
  return { lacksNothing: !row!.lacking, repeats: row!.repeats };
}

/** Ends a scan. One that was never meant to be whole is not: it ends as `partial`. */
export async function endScan(sql: Sql, scanId: number, status: 'complete' | 'failed'): Promise<void> {
  await sql`
    update scan set status = case when partial and ${status} = 'complete' then 'partial' else ${status} end, ended_at = now() where id = ${scanId}`;
  await endUnlisted(sql, scanId);
  await markScanned(sql, scanId);
}

/** Records of a system that this complete scan did not show, and that are not proven gone yet. */
export async function countUnseen(sql: Sql, key: Omit<ScanKey, 'pass'>): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from reading s join scan c on c.id = ${key.scanId} and c.status = 'complete'
     where s.connection_id = ${key.scope.connectionId} and s.kind = ${key.scope.kind} and s.system = ${key.system} and s.gone_at is null
       and s.read_at < c.started_at`;
  return row!.n;
}

/** Records of a system that are not proven gone. */
export async function countPeople(sql: Sql, scope: Scope, system: SystemName): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from reading
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and gone_at is null`;
  return row!.n;
}

/**
 * Looks once over all records, as a plan needs it: counts those that are not proven gone, by system, and unsettles the links of which the
 * last complete scan of a system did not show the record, because it has to be proven whether it is gone. One pass for both, and apart from
 * the update, so that PostgreSQL may share it among its workers: it is most of what a night costs in which nothing changed.
 */
export async function unsettleUnseen(sql: Sql, scope: Scope): Promise<Record<SystemName, number>> {
  const rows = await sql<{ system: SystemName; people: number; unseen: string[] | null }[]>`
    select s.system, count(*)::int as people, array_agg(s.external_id) filter (where s.read_at < n.started_at) as unseen
      from reading s left join (select system, max(started_at) as started_at from scan
             where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'complete' group by system) n on n.system = s.system
     where s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.gone_at is null
     group by s.system`;
  const people = { yapla: 0, yoplanning: 0 };
  for (const row of rows) {
    people[row.system] = row.people;
    if (row.unseen === null) continue;
    await sql`
      update link set settled_version = null
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and ${sql(`${row.system}_id`)} = any(${row.unseen}) and settled_version is not null`;
  }
  return people;
}
