/**
 * The table `import_batch`: files that a person imports, and which of the values that wait (waiting.ts) each has. While a file is out no
 * other is made: an older file that is imported after a younger one would bring back what the younger one replaced.
 */
import type { FieldName, FieldValue, Scope, SystemName } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

/** What a file does: see `ImportPurpose` (systems/yapla/workbook.ts). */
export type BatchPurpose = 'update' | 'create' | 'createWithoutEmail';

export interface ImportBatch {
  /** How people and commands name it. */
  readonly number: number;
  readonly purpose: BatchPurpose;
  /** `handedOut`: a person may import it; `done`: a person said that it is imported; `judged`: what became of each row is known. */
  readonly state: 'handedOut' | 'done' | 'judged';
  /** Rows of the file: one for each person. */
  readonly people: number;
  readonly madeAtMs: number;
  readonly doneAtMs: number | null;
  readonly counts: BatchCounts | null;
}

/** What became of a file's people. */
export interface BatchCounts {
  /** All that their row brought is shown. */
  readonly confirmed: number;
  /** Something else is shown in a field: somebody edited it meanwhile. */
  readonly edited: number;
  /** Something is not shown, and is in the next file. */
  readonly notShown: number;
  /** Something is not shown, and a person is asked. */
  readonly asked: number;
}

const columns = (sql: Sql | Transaction) => sql`
  number, purpose, state, people, floor(extract(epoch from made_at) * 1000)::float8 as "madeAtMs",
  floor(extract(epoch from done_at) * 1000)::float8 as "doneAtMs", counts`;

/** One makes files of a connection at a time, until the transaction ends. */
export async function lockImports(tx: Transaction, { connectionId, kind }: Scope): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${`passerelle/import/${connectionId}/${kind}`}, 0))`;
}

/** Files that are out: handed out, or imported and not judged yet. By number. */
export async function openBatches(sql: Sql | Transaction, scope: Scope): Promise<ImportBatch[]> {
  return await sql<ImportBatch[]>`
    select ${columns(sql)} from import_batch
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and state <> 'judged' order by number`;
}

/** What became of the newest file that was judged; null: none was. */
export async function lastJudged(sql: Sql, scope: Scope): Promise<(BatchCounts & { readonly number: number }) | null> {
  const [row] = await sql<{ number: number; counts: BatchCounts }[]>`
    select number, counts from import_batch
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and state = 'judged' order by number desc limit 1`;
  return row === undefined ? null : { ...row.counts, number: row.number };
}

/** @param number null: the newest. @returns null where there is no such file */
export async function findBatch(
  sql: Sql | Transaction,
  scope: Scope,
  number: number | null,
): Promise<(ImportBatch & { readonly file: Uint8Array | null }) | null> {
  const [row] = await sql<(ImportBatch & { readonly file: Uint8Array | null })[]>`
    select ${columns(sql)}, file from import_batch
     where connection_id = ${scope.connectionId} and kind = ${scope.kind}
       ${number === null ? sql`` : sql`and number = ${number}`}
     order by number desc limit 1`;
  return row ?? null;
}

/** Links of which something waits for the next file, those that wait longest first. `creations`: those whose record is to be made. */
export async function collectedLinks(
  tx: Transaction,
  scope: Scope,
  creations: boolean,
  limit: number,
): Promise<string[]> {
  const rows = await tx<{ linkId: string }[]>`
    select link_id as "linkId" from waiting
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and batch is null and ended is null and (field = '') = ${creations}
     group by link_id order by min(since), link_id limit ${limit}`;
  return rows.map(({ linkId }) => linkId);
}

/** A value that waits for the next file. */
export interface CollectedValue {
  readonly id: number;
  readonly linkId: string;
  readonly system: SystemName;
  /** The empty string: the creation of the record. */
  readonly field: FieldName;
  readonly value: FieldValue;
  /** The system shows it by now. */
  readonly isShown: boolean;
}

/** Values of these links that are in no file, with their links held until the transaction ends. */
export async function takeCollected(
  tx: Transaction,
  scope: Scope,
  linkIds: readonly string[],
): Promise<CollectedValue[]> {
  await tx`
    select 1 from link where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = any(${linkIds}) order by link_id for update`;
  return await tx<CollectedValue[]>`
    select id::int as id, link_id as "linkId", system, field, value, value_hash = seen_hash and field <> '' as "isShown" from waiting
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = any(${linkIds}) and batch is null and ended is null
     order by link_id, id`;
}

/** Stores a file, and says which of the values that wait it has. @returns its number */
export async function handOut(
  tx: Transaction,
  scope: Scope,
  batch: {
    readonly purpose: BatchPurpose;
    readonly system: SystemName;
    readonly people: number;
    readonly file: Uint8Array;
    readonly ids: readonly number[];
  },
): Promise<number> {
  const [row] = await tx<{ number: number }[]>`
    insert into import_batch (connection_id, kind, number, system, purpose, people, file)
    select ${scope.connectionId}, ${scope.kind}, coalesce(max(number), 0) + 1, ${batch.system}, ${batch.purpose}, ${batch.people}, ${batch.file}
      from import_batch where connection_id = ${scope.connectionId} and kind = ${scope.kind}
    returning number`;
  await tx`
    update waiting set batch = ${row!.number}
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and id = any(${batch.ids}::bigint[])`;
  return row!.number;
}

/** Values that no file is to have: they are shown, or none can carry them. What was in the journal of them was never sent. */
export async function withdraw(tx: Transaction, scope: Scope, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await tx`
    with over as (
      update waiting set ended = 'withdrawn', ended_at = now()
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and id = any(${ids}::bigint[]) and ended is null
      returning connection_id, kind, link_id, write_id, system, field)
    insert into journal_outcome (journal_id, outcome)
    select j.id, 'abandoned' from over
      join journal j on j.connection_id = over.connection_id and j.kind = over.kind and j.link_id = over.link_id and j.write_id = over.write_id
                    and j.system = over.system and (over.field = '' or j.field = over.field)
    on conflict (journal_id) do nothing`;
}

/** Of these values those that a record of the system shows in a field, as far as is known. Goes through all its records: once for a file. */
export async function valuesShown(
  tx: Transaction,
  scope: Scope,
  { system, field }: { readonly system: SystemName; readonly field: FieldName },
  values: readonly string[],
): Promise<Set<string>> {
  if (values.length === 0) return new Set();
  const rows = await tx<{ value: string }[]>`
    select distinct fields ->> ${field}::text as value from shadow
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and fields ->> ${field}::text = any(${values})`;
  return new Set(rows.map(({ value }) => value));
}

/** A person says that a file is imported. Repeatable. @returns whether it was out until now */
export async function markDone(sql: Sql | Transaction, scope: Scope, number: number): Promise<boolean> {
  const rows = await sql`
    update import_batch set state = 'done', done_at = now()
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and number = ${number} and state = 'handedOut' returning 1`;
  return rows.length > 0;
}

/** A list of the system that was begun then was read to its end: it shows what an import that is told of has brought. */
export async function markListRead(sql: Sql, scope: Scope, begunAt: string): Promise<void> {
  await sql`
    update import_batch set listed_at = greatest(listed_at, ${begunAt}::timestamptz)
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and state = 'done'`;
}

/** A value of a file that its system does not show. */
export interface Unconfirmed {
  readonly id: number;
  readonly linkId: string;
  readonly system: SystemName;
  readonly field: FieldName;
  /** Files that had it, this one included. */
  readonly files: number;
  /** The record, or the whole list, was read since a person said that the file is imported. */
  readonly isRead: boolean;
}

/** Values of an imported file of which the system showed nothing else yet. */
export async function unconfirmed(sql: Sql | Transaction, scope: Scope, number: number): Promise<Unconfirmed[]> {
  return await sql<Unconfirmed[]>`
    select w.id::int as id, w.link_id as "linkId", w.system, w.field, w.attempts + 1 as files,
           coalesce(b.listed_at > b.done_at, false)
             or exists (select 1 from scan s where s.connection_id = b.connection_id and s.kind = b.kind and s.system = w.system
                           and s.status = 'complete' and s.started_at > b.done_at)
             or w.field <> '' and exists (
                  select 1 from link l join reading r on r.connection_id = l.connection_id and r.kind = l.kind and r.system = w.system
                                                     and r.external_id = case w.system when 'yapla' then l.yapla_id else l.yoplanning_id end
                   where l.connection_id = w.connection_id and l.kind = w.kind and l.link_id = w.link_id and r.read_at > b.done_at) as "isRead"
      from import_batch b
      join waiting w on w.connection_id = b.connection_id and w.kind = b.kind and w.batch = b.number and w.ended is null
     where b.connection_id = ${scope.connectionId} and b.kind = ${scope.kind} and b.number = ${number} and b.state = 'done'
     order by w.link_id, w.id`;
}

/**
 * Values that an import did not bring, and that the next file is to have. One that a younger value stands behind is not wanted any more, nor
 * one of a field that is asked about: what came since is what no file can carry.
 *
 * @param asked code of that question
 * @returns links of which something is not wanted any more
 */
export async function collectAgain(
  tx: Transaction,
  scope: Scope,
  ids: readonly number[],
  asked: string,
): Promise<string[]> {
  if (ids.length === 0) return [];
  const younger = tx`
    exists (select 1 from waiting y where y.connection_id = w.connection_id and y.kind = w.kind and y.link_id = w.link_id and y.system = w.system
               and y.field = w.field and y.batch is null and y.ended is null)`;
  const uncarried = tx`
    exists (select 1 from cases c where c.connection_id = w.connection_id and c.kind = w.kind and c.link_id = w.link_id and c.field = w.field
               and c.code = ${asked} and c.status = 'open')`;
  const rows = await tx<{ id: number; linkId: string }[]>`
    select id::int as id, link_id as "linkId" from waiting w
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and id = any(${ids}::bigint[]) and ended is null
       and (${younger} or ${uncarried})`;
  await withdraw(
    tx,
    scope,
    rows.map(({ id }) => id),
  );
  await tx`
    update waiting set batch = null, attempts = attempts + 1
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and id = any(${ids}::bigint[]) and ended is null`;
  return rows.map(({ linkId }) => linkId);
}

/** What became of a file's people is known: all that it had has ended, or waits for the next. */
export async function markJudged(tx: Transaction, scope: Scope, number: number, counts: BatchCounts): Promise<void> {
  await tx`
    insert into journal_outcome (journal_id, outcome)
    select j.id, 'abandoned' from waiting w
      join journal j on j.connection_id = w.connection_id and j.kind = w.kind and j.link_id = w.link_id and j.write_id = w.write_id
                    and j.system = w.system and (w.field = '' or j.field = w.field)
     where w.connection_id = ${scope.connectionId} and w.kind = ${scope.kind} and w.batch = ${number} and w.ended = 'edited'
    on conflict (journal_id) do nothing`;
  await tx`
    update import_batch set state = 'judged', judged_at = now(), counts = ${tx.json({ ...counts })}
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and number = ${number} and state = 'done'`;
}

/** People of a file by how its values ended, as far as they have. */
export async function endedPeople(
  sql: Sql | Transaction,
  scope: Scope,
  number: number,
): Promise<{ readonly linkId: string; readonly isEdited: boolean }[]> {
  return await sql<{ linkId: string; isEdited: boolean }[]>`
    select link_id as "linkId", bool_or(ended = 'edited') as "isEdited" from waiting
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and batch = ${number} and ended is not null
     group by link_id order by link_id`;
}
