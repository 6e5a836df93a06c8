/** The table `scan`: one reading of one system's whole list. The rules of paging are in core/scan.ts. */
import type { PageFacts } from '../core/scan.js';
import type { SystemName } from '../core/record.js';
import type { Sql } from './database.js';
import { upsertShadows, type ShadowRow } from './shadows.js';

export interface ScanKey {
  readonly connectionId: string;
  readonly system: SystemName;
  readonly scanId: number;
  readonly pass: number;
}

/** Opens a scan for a workflow run, or finds the one that an earlier attempt opened. */
export async function openScan(sql: Sql, connectionId: string, system: SystemName, runId: string): Promise<number> {
  const [row] = await sql<{ id: number }[]>`
    insert into scan (connection_id, system, run_id) values (${connectionId}, ${system}, ${runId})
    on conflict (connection_id, system, run_id) do update set run_id = excluded.run_id
    returning id::int as id`;
  return row!.id;
}

export interface ScannedPage {
  readonly start: number;
  readonly count: number;
  readonly rows: readonly ShadowRow[];
}

/**
 * Stores one page, in one transaction, and says what it proves. Repeatable: a page stored twice counts once.
 *
 * A page that does not begin with a record seen in this pass proves nothing about what stands before it, so nothing of it is
 * marked as seen (core/scan.ts).
 */
export async function storePage(sql: Sql, key: ScanKey, page: ScannedPage): Promise<PageFacts> {
  const { connectionId, system, scanId, pass } = key;
  return await sql.begin(async (tx) => {
    // Locked first: of two attempts that store one page at the same time, the second must see what the first has marked.
    const [scan] = await tx<{ pass: number }[]>`select pass from scan where id = ${scanId} for update`;
    // A new pass begins with nothing seen; an attempt repeated after its commit finds the pass already begun.
    await tx`update scan set pass = ${pass}, seen = 0 where id = ${scanId} and pass < ${pass}`;
    // A late attempt of a pass that is over: nobody waits for its answer, and its marks would be missing from the pass that is read now.
    const isLate = scan!.pass > pass;
    const first = page.rows[0];
    const firstKnown =
      page.start === 0 ||
      (first !== undefined &&
        (
          await tx`
            select 1 from shadow where connection_id = ${connectionId} and system = ${system}
              and external_id = ${first.id} and scan_id = ${scanId} and scan_pass = ${pass}`
        ).length > 0);
    if (firstKnown && !isLate && page.rows.length > 0) {
      const ids = page.rows.map((row) => row.id);
      const [before] = await tx<{ n: number }[]>`
        select count(*)::int as n from shadow where connection_id = ${connectionId} and system = ${system}
          and external_id = any(${ids}) and scan_id = ${scanId} and scan_pass = ${pass}`;
      await upsertShadows(tx, connectionId, system, page.rows, { scanId, pass });
      await tx`update scan set seen = seen + ${new Set(ids).size - before!.n} where id = ${scanId}`;
    }
    const [row] = await tx<{ seen: number }[]>`
      update scan set pages = pages + 1, stated_count = ${page.count} where id = ${scanId} returning seen`;
    return { start: page.start, received: page.rows.length, firstKnown, seen: row!.seen, count: page.count };
  });
}

/** Ends a scan. */
export async function endScan(sql: Sql, scanId: number, status: 'complete' | 'failed'): Promise<void> {
  await sql`update scan set status = ${status}, ended_at = now() where id = ${scanId}`;
}

/** Records of a system that this complete scan did not show, and that are not proven gone yet. */
export async function countUnseen(sql: Sql, key: Omit<ScanKey, 'pass'>): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from shadow s join scan c on c.id = ${key.scanId} and c.status = 'complete'
     where s.connection_id = ${key.connectionId} and s.system = ${key.system} and s.gone_at is null
       and s.read_at < c.started_at`;
  return row!.n;
}

/** Records of a system that are not proven gone. */
export async function countPeople(sql: Sql, connectionId: string, system: SystemName): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from shadow
     where connection_id = ${connectionId} and system = ${system} and gone_at is null`;
  return row!.n;
}
