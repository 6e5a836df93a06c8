/** Staging a file from a terminal: what must be true first, how far it is, and what it refuses in words for the person. */
import type { ConnectionConfig } from '../config/schema.js';
import type { DateOrder } from '../core/export/dates.js';
import { personsOf, type Scope } from '../core/record.js';
import { ensureConnection } from '../store/connections.js';
import type { ExportFile, Given } from '../store/exports.js';
import { StagingCrossed } from '../store/exports.js';
import type { Sql } from '../store/database.js';
import { ExportRefused, stageExport } from '../stageExport.js';
import { type StagedKind, stagedMembers } from '../stagedKinds.js';
import { FileRefused } from '../workbook/refused.js';
import type { Output } from './output.js';
import { UsageError } from './program.js';

export interface StagingFromTerminal {
  readonly connectionId: string;
  readonly connection: ConnectionConfig;
  readonly file: string;
  readonly given: Given;
  readonly dateOrder: DateOrder | null;
  readonly output: Output;
}

/** Rows between two lines of progress. */
const toldEvery = 20_000;

/** @throws {UsageError} the file is not taken, in one sentence */
export async function stageMembersFile(sql: Sql, staging: StagingFromTerminal): Promise<ExportFile> {
  const { connectionId, connection } = staging;
  const { read, workbook } = connection.yapla;
  if (read.mode === 'api' && workbook.numberField === null) {
    throw new UsageError(
      `a file knows members by their numbers, and nobody knows where the API has those: set connections.${connectionId}.yapla.workbook.numberField, for example to member_number (to ${read.answer.id} where the ids are the numbers)`,
    );
  }
  return await stageFile(sql, personsOf(connectionId), stagedMembers(connection), staging);
}

/** The same of a file of any kind. @throws {UsageError} the file is not taken, in one sentence */
export async function stageFile(
  sql: Sql,
  scope: Scope,
  kind: StagedKind,
  { connection, file: path, given, dateOrder, output }: StagingFromTerminal,
): Promise<ExportFile> {
  await ensureConnection(sql, scope.connectionId);
  let told = 0;
  const onProgress = (rows: number) => {
    if (rows - told < toldEvery) return;
    told = rows;
    output.note(`${rows} rows read…`);
  };
  try {
    const { file, again } = await stageExport({
      sql,
      scope,
      config: connection,
      kind,
      file: path,
      given,
      dateOrder,
      onProgress,
    });
    if (again) output.note('This file was read before: its rows are taken from then.');
    return file;
  } catch (error) {
    const isItsFault =
      error instanceof FileRefused || error instanceof ExportRefused || error instanceof StagingCrossed;
    if (!isItsFault) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
