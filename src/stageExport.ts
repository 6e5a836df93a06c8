/**
 * Stages one of Yapla's exports, of members or of registrations (stagedKinds.ts): reads the file once, here, and keeps its rows in the database, where workers read them page by page.
 * Killed and begun anew it goes on behind the last rows that were stored; the same file, read in the same way, is staged once.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ConnectionConfig } from './config/schema.js';
import { textOf } from './core/export/cell.js';
import type { DateOrder } from './core/export/dates.js';
import type { FoundColumns } from './core/export/headers.js';
import { FormulaFound, memberNumber, OrderUnclear, RowReader } from './core/export/rows.js';
import { formulaText, orderTroubleText } from './core/export/troubleText.js';
import type { Scope } from './core/record.js';
import {
  type AboutFile,
  discardExport,
  endStaging,
  isListed,
  type ExportFile,
  type Given,
  listMembers,
  nameMembers,
  noteProblems,
  openExport,
  placeMembers,
  stageRows,
} from './store/exports.js';
import { RowChunk } from './store/exportRows.js';
import { ExportRefused, type StagedKind } from './stagedKinds.js';
import type { Sql } from './store/database.js';
import { shadowDocuments } from './store/shadows.js';
import { valueAt } from './systems/mapping.js';
import { openTable } from './workbook/open.js';
import { FileRefused } from './workbook/refused.js';
import type { Table } from './workbook/table.js';

export { ExportRefused } from './stagedKinds.js';

export interface Staging {
  readonly sql: Sql;
  readonly scope: Scope;
  readonly config: ConnectionConfig;
  /** What the file is of, and how that is read: of the scope's kind. */
  readonly kind: StagedKind;
  /** Path of the file. */
  readonly file: string;
  readonly given: Given;
  /** As a person states it; null: the file must say it. */
  readonly dateOrder: DateOrder | null;
  /** Told after each chunk, with the rows that are staged. */
  readonly onProgress?: (rows: number) => void;
}

/** Increased when a file comes to be read otherwise: what was staged before is then staged anew. */
const readingVersion = 1;

/**
 * @returns the staged file, and whether it had been staged before
 * @throws {FileRefused} {@link ExportRefused} {@link StagingCrossed}
 */
export async function stageExport(staging: Staging): Promise<{ readonly file: ExportFile; readonly again: boolean }> {
  const { sql, scope, config, given } = staging;
  const table = await openTable(staging.file, config.yapla.workbook);
  const rows = table.rows();
  try {
    const header = await headerOf(rows, staging.kind);
    const about: AboutFile = {
      ...header.columns,
      headerRow: header.row,
      otherSheets: table.otherSheets,
      orders: {},
    };
    const opened = await openExport(sql, scope, { digest: await digestOf(staging), about, given });
    if (opened.status === 'staged') return { file: await listAnew(staging, opened), again: true };
    try {
      const reader = new RowReader(staging.kind.layout(header.columns), table.is1904);
      await stageAll(staging, opened, reader, header.behind, rows);
      const orders = reader.orders(staging.dateOrder);
      await list(staging, opened);
      await noteUnusable(staging, opened, orders);
      return { file: await endStaging(sql, scope, opened.fileId, orders), again: false };
    } catch (error) {
      const refusal = asRefusal(error);
      // Of a file that is not taken nothing is kept.
      if (refusal !== null) await discardExport(sql, scope, opened.fileId);
      throw refusal ?? error;
    }
  } finally {
    await rows.return(undefined);
    table.close();
  }
}

function asRefusal(error: unknown): Error | null {
  if (error instanceof FileRefused || error instanceof ExportRefused) return error;
  if (error instanceof FormulaFound) {
    return new ExportRefused(formulaText(error.cell, error.header), { cause: error });
  }
  if (error instanceof OrderUnclear) {
    return new ExportRefused(orderTroubleText(error.header, error.trouble), { cause: error });
  }
  return null;
}

type Rows = ReturnType<Table['rows']>;
type Some = Rows extends AsyncGenerator<infer T> ? T : never;

/** The first row that says anything, and the rows that came with it. @throws {ExportRefused} */
async function headerOf(
  rows: Rows,
  kind: StagedKind,
): Promise<{ readonly row: number; readonly columns: FoundColumns; readonly behind: Some }> {
  for (let next = await rows.next(); next.done !== true; next = await rows.next()) {
    const at = next.value.findIndex(({ cells }) => cells.some((cell) => textOf(cell) !== null));
    const first = next.value[at];
    if (first === undefined) continue;
    const columns = kind.columns(first.cells.map((cell) => textOf(cell)));
    return { row: first.number, columns, behind: next.value.slice(at + 1) };
  }
  // Nothing at all stands there: no columns, which is refused.
  return { row: 0, columns: kind.columns([]), behind: [] };
}

/** What makes a staged file what it is: its bytes, and all by which they are read. */
async function digestOf({ file, kind, dateOrder }: Staging): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  hash.update(JSON.stringify([readingVersion, ...kind.readBy, dateOrder]));
  return hash.digest('base64url');
}

/** Stages the rows that are not staged yet; the next are read while these are stored. */
async function stageAll(
  { sql, scope, config, kind, onProgress }: Staging,
  { fileId, lastRow, rows: rowsBefore }: ExportFile,
  reader: RowReader,
  behind: Some,
  rows: Rows,
): Promise<void> {
  const { chunkRows } = config.yapla.workbook;
  const { numbersAreIds } = kind;
  let staged = 0;
  let [after, before] = [lastRow, rowsBefore];
  let [chunk, spare] = [new RowChunk(), new RowChunk()];
  let storing = Promise.resolve();
  const store = async (last: number) => {
    await storing;
    const some = { after, before, lastRow: last, rows: chunk, numbersAreIds };
    [after, before] = [last, before + chunk.count];
    // The one that was stored before is free again.
    [chunk, spare] = [spare, chunk];
    chunk.clear();
    const rowsOfChunk = some.rows.count;
    storing = stageRows(sql, scope, fileId, some).then(() => {
      staged += rowsOfChunk;
      onProgress?.(staged);
    });
    // Awaited before the next chunk; a failure must not count as unhandled until then.
    storing.catch(() => undefined);
  };
  let last = lastRow;
  const take = async (some: Some) => {
    for (const row of some) {
      const read = reader.read(row);
      if (row.number <= lastRow) continue;
      last = row.number;
      if (read !== null) chunk.add(read);
      if (chunk.count >= chunkRows) await store(last);
    }
  };
  try {
    await take(behind);
    for await (const some of rows) await take(some);
    if (chunk.count > 0) await store(last);
  } finally {
    // However the reading ended, nothing is left behind that still writes.
    await Promise.allSettled([storing]);
  }
  await storing;
}

/** Where records are known by their ids alone, others may be known by now than were when the file was first given. */
async function listAnew(staging: Staging, file: ExportFile): Promise<ExportFile> {
  if (staging.kind.numbersAreIds || staging.config.yapla.workbook.numberField === null) return file;
  const { sql, scope } = staging;
  await list(staging, file);
  await noteUnusable(staging, file, file.about.orders);
  return await endStaging(sql, scope, file.fileId, file.about.orders);
}

async function list({ sql, scope, config, kind }: Staging, { fileId }: ExportFile): Promise<void> {
  const { numberField, numberDigits } = config.yapla.workbook;
  const { numbersAreIds } = kind;
  if (numbersAreIds && (await isListed(sql, scope, fileId))) return;
  await listMembers(sql, scope, fileId, numbersAreIds);
  if (numbersAreIds || numberField === null) return;
  for (let after = ''; ;) {
    const known = await shadowDocuments(sql, scope, 'yapla', after, documentsAtOnce);
    if (known.length === 0) break;
    after = known.at(-1)!.id;
    const named = known.flatMap(({ id, document }) => {
      const number = valueAt(document, numberField, 'yapla.workbook.numberField');
      if (typeof number !== 'string' && typeof number !== 'number') return [];
      return [{ number: memberNumber(String(number).trim(), numberDigits), id }];
    });
    await nameMembers(sql, scope, fileId, named);
  }
  await placeMembers(sql, scope, fileId);
}

/** Documents that are looked through at once for their numbers. */
const documentsAtOnce = 1_000;

/** Says of each record what keeps its rows, together, from being used. What is wrong with a single row is told with that row. */
async function noteUnusable(
  { sql, scope, kind }: Staging,
  { fileId, about }: ExportFile,
  orders: AboutFile['orders'],
): Promise<void> {
  for await (const records of kind.checked(sql, scope, fileId)) {
    const problems = records.flatMap(({ number, rows }) => {
      if (rows.some(({ problem }) => problem !== null)) return [];
      const problem = kind.problemOf(rows, about.found, orders);
      return problem === null ? [] : [{ number, problem }];
    });
    await noteProblems(sql, scope, fileId, problems);
  }
}
