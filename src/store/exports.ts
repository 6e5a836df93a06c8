/** The tables `export_file`, `export_row` and `export_member`: Yapla's exports of members, staged. What is in a row: core/export/rows.ts. */
import type { DateOrder } from '../core/export/dates.js';
import type { FoundColumns } from '../core/export/columns.js';
import type { RowProblem, StagedRow } from '../core/export/rows.js';
import type { Scope, SystemName } from '../core/record.js';
import type { Sql } from './database.js';
import type { RowChunk } from './exportRows.js';

/** What is known of a file before its rows were read to the end, and after. */
export interface AboutFile extends FoundColumns {
  /** Number of the row that is the header. */
  readonly headerRow: number;
  readonly otherSheets: number;
  /** By column, the order of its days; once all of them were seen. */
  readonly orders: Readonly<Record<string, DateOrder>>;
}

export interface ExportFile {
  readonly fileId: number;
  readonly status: 'staging' | 'staged';
  readonly about: AboutFile;
  /** The last row of the file that is staged. */
  readonly lastRow: number;
  readonly rows: number;
  readonly members: number | null;
  readonly exportedAt: Date;
  readonly whole: boolean;
}

/** What a person says of a file that they give. */
export interface Given {
  readonly exportedAt: Date;
  readonly whole: boolean;
}

const columns = (sql: Sql) => sql`
  file_id as "fileId", status, about, last_row as "lastRow", rows, members, exported_at as "exportedAt", whole`;

/** Opens a file for staging, or finds the one that was opened before; what was said of it is replaced. */
export async function openExport(
  sql: Sql,
  scope: Scope,
  { digest, about, given }: { readonly digest: string; readonly about: AboutFile; readonly given: Given },
): Promise<ExportFile> {
  const [file] = await sql<ExportFile[]>`
    insert into export_file as f (connection_id, kind, digest, about, exported_at, whole)
    values (${scope.connectionId}, ${scope.kind}, ${digest}, ${sql.json(about)}, ${given.exportedAt}, ${given.whole})
    on conflict (connection_id, kind, digest) do update set given_at = now(), exported_at = excluded.exported_at, whole = excluded.whole
    returning ${columns(sql)}`;
  return file!;
}

/** @returns null where there is none (any more) */
export async function findExport(sql: Sql, scope: Scope, fileId: number): Promise<ExportFile | null> {
  const [file] = await sql<ExportFile[]>`
    select ${columns(sql)} from export_file
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and file_id = ${fileId}`;
  return file ?? null;
}

/** Somebody else stages the same file at this moment. */
export class StagingCrossed extends Error {
  override readonly name = 'StagingCrossed';
  constructor() {
    super('somebody else is importing the same file at this moment: wait until they have ended, and give it again');
  }
}

export interface RowsToStage {
  /** The last row of the file that was staged before. */
  readonly after: number;
  /** Up to which row of the file these go. */
  readonly lastRow: number;
  readonly rows: RowChunk;
  /** How many rows were staged before. */
  readonly before: number;
  /** The numbers are the records' ids: each row's member has a place in the list at once, its first row's (`isListed`). */
  readonly numbersAreIds: boolean;
}

/** Stages the next rows, in one transaction. @throws {StagingCrossed} */
export async function stageRows(
  sql: Sql,
  scope: Scope,
  fileId: number,
  { after, lastRow, rows, before, numbersAreIds }: RowsToStage,
): Promise<void> {
  await sql.begin(async (tx) => {
    // What a crash of the database loses is read again.
    const unhurried = tx`select set_config('synchronous_commit', 'off', true)`;
    const moving = tx`
      update export_file set last_row = ${lastRow}, rows = rows + ${rows.count}
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and file_id = ${fileId} and last_row = ${after} and status = 'staging'`;
    // Whoever has moved the file on holds it until the end: nobody else stores rows of it.
    const [, moved] = await Promise.all([unhurried, moving]);
    if (moved.count === 0) throw new StagingCrossed();
    // The list is parsed once for both tables. Whom a row is about is in the list where its first row is.
    const listing = numbersAreIds
      ? tx`
        insert into export_member (connection_id, kind, file_id, number, external_id, position)
        select ${scope.connectionId}, ${scope.kind}, ${fileId}::bigint, n, n, ${before}::int + nth - 1 from staged where n <> ''
            on conflict (file_id, number) do nothing`
      : tx`select`;
    await tx`
      with staged as materialized (
        select r, n, c, p, nth from rows from (json_to_recordset(convert_from(${rows.json}, 'UTF8')::json) as (r int, n text, c json, p jsonb))
          with ordinality as u(r, n, c, p, nth)),
      listed as (${listing})
      insert into export_row (connection_id, kind, file_id, number, row, cells, problem)
      select ${scope.connectionId}, ${scope.kind}, ${fileId}::bigint, n, r, c, p from staged`;
  });
}

/** Whether the places that members got with their rows are the list: each row is another member's. */
export async function isListed(sql: Sql, scope: Scope, fileId: number): Promise<boolean> {
  const [row] = await sql<{ listed: boolean }[]>`
    select rows = (select count(*) from export_member m
                    where m.connection_id = f.connection_id and m.kind = f.kind and m.file_id = f.file_id and m.position is not null) as listed
      from export_file f where f.connection_id = ${scope.connectionId} and f.kind = ${scope.kind} and f.file_id = ${fileId}`;
  return row?.listed ?? false;
}

/**
 * Makes the list of the members that the rows are about, in the order in which they come. Repeatable.
 *
 * @param numbersAreIds else the members' records are to be named (`nameMembers`) before they have a place in the list
 */
export async function listMembers(sql: Sql, scope: Scope, fileId: number, numbersAreIds: boolean): Promise<void> {
  await sql`
    delete from export_member where connection_id = ${scope.connectionId} and kind = ${scope.kind} and file_id = ${fileId}`;
  await sql`
    insert into export_member (connection_id, kind, file_id, number, external_id, position)
    select ${scope.connectionId}, ${scope.kind}, ${fileId}::bigint, number, case when ${numbersAreIds} then number end,
           case when ${numbersAreIds} then row_number() over (order by min(row)) - 1 end
      from export_row
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and file_id = ${fileId} and number <> ''
     group by number`;
}

/** Says which records have these numbers. One that two records have is nobody's. */
export async function nameMembers(
  sql: Sql,
  scope: Scope,
  fileId: number,
  named: readonly { readonly number: string; readonly id: string }[],
): Promise<void> {
  const shared: RowProblem = { is: 'sharedNumber' };
  await sql`
    update export_member m set external_id = r.id,
           problem = case when m.external_id is null and r.n = 1 then m.problem else ${sql.json(shared)}::jsonb end
      from (select number, min(id) as id, count(*) as n
              from unnest(${named.map(({ number }) => number)}::text[], ${named.map(({ id }) => id)}::text[]) as u(number, id) group by number) r
     where m.connection_id = ${scope.connectionId} and m.kind = ${scope.kind} and m.file_id = ${fileId} and m.number = r.number`;
}

/** Gives those whose records are known their places in the list, and says of the others that they are not. */
export async function placeMembers(sql: Sql, scope: Scope, fileId: number): Promise<void> {
  const unknown: RowProblem = { is: 'unknownNumber' };
  await sql`
    update export_member set problem = ${sql.json(unknown)}::jsonb
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and file_id = ${fileId} and external_id is null`;
  await sql`
    update export_member m set position = r.position
      from (select n.number, row_number() over (order by min(w.row)) - 1 as position
              from export_member n
              join export_row w on w.connection_id = n.connection_id and w.kind = n.kind and w.file_id = n.file_id and w.number = n.number
             where n.connection_id = ${scope.connectionId} and n.kind = ${scope.kind} and n.file_id = ${fileId} and n.external_id is not null
               and (n.problem is null or n.problem ->> 'is' <> 'sharedNumber')
             group by n.number) r
     where m.connection_id = ${scope.connectionId} and m.kind = ${scope.kind} and m.file_id = ${fileId} and m.number = r.number`;
}

/** A row as it is stored. */
interface StoredRow {
  readonly row: number;
  readonly cells: readonly (string | null)[];
  readonly problem: RowProblem | null;
}

export interface ListedMember {
  readonly number: string;
  readonly id: string;
  readonly position: number;
  /** In their order. */
  readonly rows: readonly StagedRow[];
  readonly problem: RowProblem | null;
}

interface MemberRow {
  readonly number: string;
  readonly id: string;
  readonly position: number;
  readonly problem: RowProblem | null;
  readonly rows: readonly StoredRow[];
}

function listed({ rows, ...member }: MemberRow): ListedMember {
  return {
    ...member,
    rows: rows.map(({ row, cells, problem }) => ({ row, number: member.number, values: cells, problem })),
  };
}

/** Members of the list from a position on, each with its rows. */
export async function listedMembers(
  sql: Sql,
  scope: Scope,
  fileId: number,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<ListedMember[]> {
  const rows = await sql<MemberRow[]>`
    select m.number, m.external_id as id, m.position, m.problem,
           (select json_agg(json_build_object('row', r.row, 'cells', r.cells, 'problem', r.problem) order by r.row) from export_row r
             where r.connection_id = m.connection_id and r.kind = m.kind and r.file_id = m.file_id and r.number = m.number) as rows
      from export_member m
     where m.connection_id = ${scope.connectionId} and m.kind = ${scope.kind} and m.file_id = ${fileId}
       and m.position >= ${from} and m.position < ${from + limit}
     order by m.position`;
  return rows.map(listed);
}

/** Members with several rows, some at a time. */
export async function* membersOfSeveralRows(sql: Sql, scope: Scope, fileId: number): AsyncGenerator<ListedMember[]> {
  // Who they are first: they are few, and to put the rows of all together costs as much as a third of the reading.
  const several = sql`
    with several as materialized (
      select number from export_row
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and file_id = ${fileId} and number <> ''
       group by number having count(*) > 1)
    select number, number as id, 0 as position, null as problem,
           json_agg(json_build_object('row', row, 'cells', cells, 'problem', problem) order by row) as rows
      from export_row
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and file_id = ${fileId} and number in (select number from several)
     group by number`;
  for await (const rows of sql.pages<MemberRow>(several, membersAtOnce)) yield rows.map(listed);
}

/** All records of a file, some at a time. */
export async function* recordsOfFile(sql: Sql, scope: Scope, fileId: number): AsyncGenerator<ListedMember[]> {
  const all = sql`
    select number, number as id, 0 as position, null as problem,
           json_agg(json_build_object('row', row, 'cells', cells, 'problem', problem) order by row) as rows
      from export_row
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and file_id = ${fileId} and number <> ''
     group by number`;
  for await (const rows of sql.pages<MemberRow>(all, membersAtOnce)) yield rows.map(listed);
}

const membersAtOnce = 500;

/** Says what is wrong with these members. */
export async function noteProblems(
  sql: Sql,
  scope: Scope,
  fileId: number,
  problems: readonly { readonly number: string; readonly problem: RowProblem }[],
): Promise<void> {
  if (problems.length === 0) return;
  await sql`
    update export_member m set problem = r.problem
      from json_to_recordset(${JSON.stringify(problems)}::json) as r(number text, problem jsonb)
     where m.connection_id = ${scope.connectionId} and m.kind = ${scope.kind} and m.file_id = ${fileId} and m.number = r.number and m.problem is null`;
}

/** The newest file that a record was stored from. */
export interface ShownByFile {
  /** When it was exported, epoch milliseconds. */
  readonly atMs: number;
  /** Names of its columns; null: nobody knows any more, it was deleted. */
  readonly columns: readonly string[] | null;
}

/** @returns null: no file ever showed the record, or what was known was younger each time */
export async function shownByFile(sql: Sql, scope: Scope, system: SystemName, id: string): Promise<ShownByFile | null> {
  const [row] = await sql<{ atMs: number; found: FoundColumns['found'] | null }[]>`
    select (extract(epoch from r.file_at) * 1000)::float8 as "atMs",
           (select f.about -> 'found' from export_file f
             where f.connection_id = r.connection_id and f.kind = r.kind and f.exported_at = r.file_at limit 1) as found
      from reading r
     where r.connection_id = ${scope.connectionId} and r.kind = ${scope.kind} and r.system = ${system} and r.external_id = ${id}
       and r.file_at is not null`;
  return row === undefined ? null : { atMs: row.atMs, columns: row.found?.map(({ name }) => name) ?? null };
}

/** All of it is staged. @returns the file as it is now */
export async function endStaging(
  sql: Sql,
  scope: Scope,
  fileId: number,
  orders: AboutFile['orders'],
): Promise<ExportFile> {
  const [file] = await sql<ExportFile[]>`
    update export_file f set status = 'staged', about = f.about || jsonb_build_object('orders', ${sql.json(orders)}::jsonb),
           members = (select count(*) from export_member m
                       where m.connection_id = f.connection_id and m.kind = f.kind and m.file_id = f.file_id and m.position is not null)
     where f.connection_id = ${scope.connectionId} and f.kind = ${scope.kind} and f.file_id = ${fileId}
    returning ${columns(sql)}`;
  return file!;
}

/** Takes back a file that was not taken after all, with all of its rows. */
export async function discardExport(sql: Sql, scope: Scope, fileId: number): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`delete from export_row where connection_id = ${scope.connectionId} and kind = ${scope.kind} and file_id = ${fileId}`;
    await tx`delete from export_member where connection_id = ${scope.connectionId} and kind = ${scope.kind} and file_id = ${fileId}`;
    await tx`delete from export_file where connection_id = ${scope.connectionId} and kind = ${scope.kind} and file_id = ${fileId}`;
  });
}

/** A row that cannot be used, or the first of a member's rows that cannot be used together. */
export interface UnusableRow {
  readonly row: number;
  readonly problem: RowProblem;
}

/** By row. @param limit left out: all */
export async function unusableRows(
  sql: Sql,
  scope: Scope,
  fileId: number,
  limit?: number,
): Promise<{ readonly rows: readonly UnusableRow[]; readonly count: number; readonly withoutNumber: number }> {
  const unusable = sql`
    select row, problem, number from export_row
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and file_id = ${fileId} and problem is not null
    union all
    select (select min(row) from export_row r
             where r.connection_id = m.connection_id and r.kind = m.kind and r.file_id = m.file_id and r.number = m.number), m.problem, m.number
      from export_member m
     where m.connection_id = ${scope.connectionId} and m.kind = ${scope.kind} and m.file_id = ${fileId} and m.problem is not null`;
  const [counted] = await sql<{ n: number; without: number }[]>`
    select count(*)::int as n, (count(*) filter (where number = ''))::int as without from (${unusable}) u`;
  const rows = await sql<UnusableRow[]>`
    select row, problem from (${unusable}) u order by row ${limit === undefined ? sql`` : sql`limit ${limit}`}`;
  return { rows, count: counted!.n, withoutNumber: counted!.without };
}
