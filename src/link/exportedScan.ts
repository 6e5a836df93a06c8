/** What a scan of Yapla reads: its API, a staged file, or nothing; and whether that may be. */
import type { OpenConnection } from '../connection.js';
import type { ConnectionConfig } from '../config/schema.js';
import type { Scope, SystemName } from '../core/record.js';
import type { Sql } from '../store/database.js';
import { findExport, unusableRows } from '../store/exports.js';
import { lastListedAt, type ScanInstead, wasListed } from '../store/scans.js';
import { ExportGone } from './exportedPage.js';

/** A bulk sync cannot begin with what there is of Yapla's list. Nothing was read or written. */
export class NoYaplaList extends Error {
  override readonly name = 'NoYaplaList';
}

/**
 * What is read in place of a system; undefined: the system itself.
 *
 * @param fileId of the staged file that was given
 * @throws {NoYaplaList} {@link ExportGone}
 */
export async function scanFor(
  sql: Sql,
  { scope, config, permission }: Pick<OpenConnection, 'scope' | 'config' | 'permission'>,
  system: SystemName,
  fileId: number | undefined,
): Promise<ScanInstead | undefined> {
  if (system !== 'yapla') return undefined;
  if (fileId === undefined) {
    if (config.yapla.read.mode === 'api') return undefined;
    if ((await lastListedAt(sql, scope, system)) === null) throw new NoYaplaList(neverGiven(scope.connectionId));
    return { fileId: null, partial: true, asOf: null };
  }
  const file = await findExport(sql, scope, fileId);
  if (file === null) throw new ExportGone(fileId);
  const { withoutNumber } = await unusableRows(sql, scope, fileId, 0);
  const partial = !file.whole || withoutNumber > 0;
  if (partial && permission.creates('yapla')) await checkListed(sql, scope);
  return { fileId, partial, asOf: file.exportedAt };
}

/**
 * Whom a list leaves out would be taken for somebody whom Yapla lacks, and made there a second time: until a whole list was read, nothing
 * but a whole one will do.
 *
 * @throws {NoYaplaList}
 */
export async function checkListed(sql: Sql, scope: Scope): Promise<void> {
  if (await wasListed(sql, scope, 'yapla')) return;
  throw new NoYaplaList(
    `no whole list of Yapla's members was read yet, so whomever this file leaves out would be created in Yapla a second time: export all members and say --whole (each row with its member number), or set "create" so that nobody is created in Yapla`,
  );
}

/** Whether a bulk sync without a file reads nothing of Yapla. */
export function isReadFromFiles({ yapla }: Pick<ConnectionConfig, 'yapla'>): boolean {
  return yapla.read.mode === 'workbook';
}

export function neverGiven(connectionId: string): string {
  return `Yapla's members of ${connectionId} are read from files (yapla.read.mode is "workbook"), and none was given yet: export the members in Yapla, then "passerelle import-members ${connectionId} <file> --whole"`;
}
