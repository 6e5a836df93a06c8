/**
 * Yapla's list, read once after a person has imported a file: what each row brought is seen by the statements that store it
 * (`judge_waiting`), and who was made is recognised as any creation is.
 *
 * It is no scan: it proves no removal, and leaves the marks of a bulk sync that reads the same list alone. Where the list cannot be read
 * through, the file is judged by the next reading that can.
 */
import { foundUnreadable } from '../cases/unreadable.js';
import type { OpenConnection } from '../connection.js';
import { advanceScan, startScan } from '../core/scan.js';
import type { Sql } from '../store/database.js';
import { markListRead, unconfirmed } from '../store/importBatches.js';
import { databaseTime } from '../store/scans.js';
import { storeListed } from '../store/shadows.js';
import type { LinkClaims } from './claims.js';
import { settleCreations } from './settleCreations.js';

export interface ReadingImported {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly connection: OpenConnection;
  /** Says to end. */
  readonly signal: AbortSignal;
}

/** @throws {Failure} of http/failures.ts */
export async function readImportedList(
  { sql, claims, connection, signal }: ReadingImported,
  number: number,
): Promise<void> {
  const { scope } = connection;
  const target = connection.systems.yapla;
  const left = await unconfirmed(sql, scope, number);
  if (left.every(({ isRead }) => isRead)) return;
  // Its list comes as a file: the next export that was made after the import judges (the scan of a file is as old as the file).
  if (target.listed === false) return;
  const begunAt = await databaseTime(sql);
  const options = { pageSize: target.pageSize, maxRestarts: connection.config.bulk.maxScanRestarts };
  const seen = new Set<string>();
  let state = startScan();
  while (state.status === 'reading') {
    signal.throwIfAborted();
    const askedAt = await databaseTime(sql);
    const ask = { lane: 'bulk', purpose: `import/${scope.connectionId}/${number}` } as const;
    const page = await target.readPage({ from: state.from }, ask);
    const rows = page.records.map(connection.shadowOf);
    const unreadable = page.unreadable.map(({ failure, position }) => foundUnreadable('yapla', failure, position));
    // What was stored while the page was on its way may be the younger: it stays.
    await sql.begin(async (tx) => await storeListed(tx, scope, 'yapla', rows, { replaces: { storedUntil: askedAt } }));
    const first = unreadable.find(({ position }) => position === page.start)?.id ?? rows[0]?.id ?? '';
    const firstKnown = page.start === 0 || seen.has(first);
    if (firstKnown) for (const { id } of [...rows, ...unreadable]) seen.add(id);
    const { start, count, ends = false } = page;
    const received = rows.length + unreadable.length;
    // Of a list without a total one reading is enough: that something is not shown is asked of the next file, and costs nobody anything.
    const facts = { start, received, firstKnown, seen: seen.size, count, ends, lacksNothing: true };
    const { pass } = state;
    state = advanceScan(state, facts, options);
    if (state.pass !== pass) seen.clear();
  }
  if (state.status === 'failed') return;
  if (left.some(({ field }) => field === '')) {
    await settleCreations({ sql, claims, connection }, { planId: null, giveUp: false });
  }
  await markListRead(sql, scope, begunAt);
}
