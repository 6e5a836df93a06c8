/** What a person is told of the files that stand in for Yapla's list, and what they are asked. */
import path from 'node:path';
import type { ConnectionConfig } from '../config/schema.js';
import { columnLetters } from '../core/export/cell.js';
import { dateOfName, dateOfText } from '../core/export/fileDate.js';
import { problemText } from '../core/export/problems.js';
import { personsOf, type Scope } from '../core/record.js';
import { isReadFromFiles, neverGiven } from '../link/exportedScan.js';
import { type ExportFile, unusableRows } from '../store/exports.js';
import { databaseTime, lastListedAt } from '../store/scans.js';
import type { Sql } from '../store/database.js';
import { type Output, table } from './output.js';
import { UsageError } from './program.js';
import { visible } from './visible.js';

/** Rows that cannot be used, as a terminal shows them; `--json` has them all. */
const shownUnusable = 20;

/** What was found in a file, for scripts: `--json`. */
export interface FileReport {
  readonly fileId: number;
  readonly exportedAt: string;
  readonly whole: boolean;
  readonly rows: number;
  readonly members: number;
  readonly columns: readonly { readonly name: string; readonly column: string; readonly header: string }[];
  readonly ignored: readonly { readonly column: string; readonly header: string }[];
  readonly otherSheets: number;
  readonly unusable: readonly { readonly row: number; readonly reason: string }[];
  readonly unusableCount: number;
  /** Rows without a member number: with any, the file cannot prove that somebody is gone. */
  readonly withoutNumber: number;
}

/** @param all every row that cannot be used, not only the first ones */
export async function reportOf(sql: Sql, scope: Scope, file: ExportFile, all: boolean): Promise<FileReport> {
  const { about, fileId } = file;
  const unusable = await unusableRows(sql, scope, fileId, all ? undefined : shownUnusable);
  const what = scope.kind === 'registration' ? 'registration' : 'member';
  return {
    fileId,
    exportedAt: file.exportedAt.toISOString(),
    whole: file.whole,
    rows: file.rows,
    members: file.members ?? 0,
    columns: about.found.map(({ name, index, header }) => ({ name, column: columnLetters(index), header })),
    ignored: about.ignored.map(({ index, header }) => ({ column: columnLetters(index), header })),
    otherSheets: about.otherSheets,
    unusable: unusable.rows.map(({ row, problem }) => ({ row, reason: problemText(problem, what) })),
    unusableCount: unusable.count,
    withoutNumber: unusable.withoutNumber,
  };
}

/** The same for a person. Headers are the file's own: they are shown as what they are. */
export function reportText(report: FileReport, output: Output): string {
  const doubt =
    report.withoutNumber === 0
      ? 'said to be the whole list: who is missing from it may be gone'
      : `said to be the whole list, but ${report.withoutNumber} rows have no member number: nobody is taken for gone`;
  return [
    ...foundLines(report, { what: 'members', setting: 'yapla.workbook.columns' }, output),
    report.whole ? `It is ${doubt}.` : 'It is not said to be the whole list (--whole): nobody is taken for gone.',
  ].join('\n');
}

/** What was recognised, and which rows cannot be used. @param words what the file is of, and the setting that names its columns */
export function foundLines(
  report: FileReport,
  { what, setting }: { readonly what: string; readonly setting: string },
  output: Output,
): string[] {
  const { bold, yellow } = output.colours;
  const lines = [
    bold(`${report.members} ${what} in ${report.rows} rows, exported ${report.exportedAt}`),
    table(
      report.columns.map(({ name, column, header }) => [column, visible(header), name]),
      { indent: 2 },
    ),
  ];
  if (report.ignored.length > 0) {
    const ignored = report.ignored.map(({ column, header }) => `${column} "${visible(header)}"`).join(', ');
    lines.push(`Not used (${setting} can name them): ${ignored}`);
  }
  if (report.otherSheets > 0) lines.push(`Not read: ${report.otherSheets} other sheets of the workbook`);
  if (report.unusableCount > 0) {
    lines.push(yellow(`${report.unusableCount} rows cannot be used:`));
    lines.push(
      table(
        report.unusable.map(({ row, reason }) => [`row ${row}`, visible(reason)]),
        { indent: 2 },
      ),
    );
    const more = report.unusableCount - report.unusable.length;
    if (more > 0) lines.push(`  … and ${more} more ("--json" has them all)`);
  }
  return lines;
}

/** When a file was exported, from what is said, else from its name, else by asking. @throws {UsageError} nobody knows, or it is to come */
export async function exportDate(
  sql: Sql,
  { file, said, timeZone }: { readonly file: string; readonly said: string | undefined; readonly timeZone: string },
  ask: ((question: string) => Promise<string>) | null,
): Promise<Date> {
  const forms = 'YYYY-MM-DD or "YYYY-MM-DD HH:MM"';
  let date = said === undefined ? dateOfName(path.basename(file), timeZone) : dateOfText(said, timeZone);
  if (said !== undefined && date === null) throw new UsageError(`--date: expected ${forms}, in ${timeZone}`);
  if (date === null && ask !== null) {
    date = dateOfText(await ask(`When was the file exported from Yapla? (${forms}, in ${timeZone}) `), timeZone);
  }
  if (date === null) {
    throw new UsageError(
      `when was the file exported? Its name does not say it: give --date (${forms}, in ${timeZone}). What came from Yapla since then is not undone by it.`,
    );
  }
  if (date.getTime() > Date.parse(await databaseTime(sql))) {
    throw new UsageError(
      `the file cannot have been exported at ${date.toISOString()}, which is still to come: is yapla.timeZone (${timeZone}) right? Else say --date`,
    );
  }
  return date;
}

/** Says that a bulk sync without a file reads nothing of Yapla, and as of when its members are known. @throws {UsageError} they are not */
export async function noteFiles(
  sql: Sql,
  connectionId: string,
  connection: ConnectionConfig,
  output: Output,
): Promise<void> {
  if (!isReadFromFiles(connection)) return;
  const at = await lastListedAt(sql, personsOf(connectionId), 'yapla');
  if (at === null) throw new UsageError(neverGiven(connectionId));
  output.note(
    `Yapla's members are not read anew (yapla.read.mode is "workbook"): they are known from the file of ${at.toISOString()} and from webhooks. "passerelle import-members ${connectionId} <file>" reads a fresh one.`,
  );
}
