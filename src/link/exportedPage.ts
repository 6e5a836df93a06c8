/** A page of the list that an export of members is: read from the stage, wherever the worker runs, at no cost of requests. */
import type { OpenConnection } from '../connection.js';
import { problemText } from '../core/export/problems.js';
import { foldMember, isProblem } from '../core/export/rows.js';
import { type FailureContext, UnexpectedResponse, UnreadableRecord } from '../http/failures.js';
import type { Sql } from '../store/database.js';
import { findExport, listedMembers, type ListedMember } from '../store/exports.js';
import { shadowsByIds } from '../store/shadows.js';
import type { ScanInstead } from '../store/scans.js';
import { UnreadableChoice, type UnreadableListed } from '../systems/records.js';
import type { Page, SystemRecord } from '../systems/system.js';
import { memberExported } from '../systems/yapla/exported.js';

/** The staged file was deleted before it was read (`retention.exportsDays`), or by hand. */
export class ExportGone extends Error {
  override readonly name = 'ExportGone';
  constructor(fileId: number) {
    super(`the staged file ${fileId} is not there any more: give the export again ("passerelle import-members")`);
  }
}

/** An empty list of which nothing is proven: what is known stays as it is. */
const nothing: Page = { start: 0, records: [], unreadable: [], count: 0 };

/** @throws {ExportGone} */
export async function exportedPage(
  sql: Sql,
  connection: OpenConnection,
  { fileId }: Pick<ScanInstead, 'fileId'>,
  from: number,
): Promise<Page> {
  if (fileId === null) return nothing;
  const { scope, config, systems } = connection;
  const file = await findExport(sql, scope, fileId);
  if (file === null || file.members === null) throw new ExportGone(fileId);
  const { found: columns, orders } = file.about;
  const members = await listedMembers(sql, scope, fileId, { from, limit: config.yapla.workbook.pageRows });
  const known = await shadowsByIds(
    sql,
    scope,
    'yapla',
    members.map(({ id }) => id),
  );
  const records: SystemRecord[] = [];
  const unreadable: UnreadableListed[] = [];
  let misfits = 0;
  for (const member of members) {
    const context = contextOf(connection, fileId, member);
    const folded = foldMember(member.rows, columns, orders);
    try {
      if (isProblem(folded)) throw unusable(context, member, problemText(folded));
      const document = memberExported(config, folded, member.id, known.get(member.id)?.document ?? null);
      records.push(systems.yapla.recordOf(document, { context }));
    } catch (error) {
      if (!(error instanceof UnexpectedResponse)) throw error;
      if (!isProblem(folded) && !(error instanceof UnreadableChoice)) misfits += 1;
      // As in answers (systems/records.ts): where the field map fits nobody, nobody is asked about each of them.
      if (from === 0 && misfits === members.length) throw error;
      unreadable.push({ position: member.position, failure: new UnreadableRecord(error, member.id) });
    }
  }
  return { start: from, records, unreadable, count: file.members };
}

function unusable(context: FailureContext, { rows }: ListedMember, what: string): UnexpectedResponse {
  const where = rows.length === 1 ? `row ${rows[0]!.row}` : `rows ${rows.map(({ row }) => row).join(', ')}`;
  return new UnexpectedResponse(context, 'none', `in ${where} of the export of members: ${what}`);
}

/** Of a file that stands in for answers: what errors name. */
function contextOf({ scope }: OpenConnection, fileId: number, { id }: ListedMember): FailureContext {
  return {
    connection: scope.connectionId,
    system: 'yapla',
    method: 'GET',
    access: 'read',
    path: `export/${fileId}`,
    record: id,
  };
}
