/** Records for a bulk sync to match, streamed in groups that share a matching key, so that memory does not grow with the club. */
import type { Candidate } from '../core/match.js';
import type { Scope, SystemName } from '../core/record.js';
import type { Fragment, Sql } from './database.js';
import { isThere } from './shadows.js';

export interface RecordName {
  readonly system: SystemName;
  readonly id: string;
}

/** What a bulk sync knows of the records without a link while it matches. */
export interface Matching {
  readonly scope: Scope;
  /** Those in a doubt, each once. */
  readonly doubtful: readonly RecordName[];
  /** Who was free in the beginning, where they are few: nobody becomes free later, so the others need no looks. Null: many. */
  readonly among: readonly RecordName[] | null;
}

/** A record of a group. */
export interface Grouped extends Candidate {
  /** Standing `open`, but the counterpart was only missing from the last list: that it is gone is not proven. */
  readonly isSuspected: boolean;
}

interface Row extends Grouped {
  readonly key: string;
}

/** Named records as rows, which PostgreSQL hashes; the arrays themselves it would go through for each row. */
const named = (sql: Sql, records: readonly RecordName[]) => sql`
  unnest(${records.map((one) => one.system)}::text[], ${records.map((one) => one.id)}::text[])`;

/** Of shadows or readings `s`. Two conditions rather than one with OR: PostgreSQL can look each up in its index, or hash it; an OR it tries on each pair of rows. */
const free = (sql: Sql, { scope, doubtful, among }: Matching) => sql`
  s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and ${isThere(sql)}
  ${
    among === null
      ? sql``
      : sql`and (s.system, s.external_id) in (select system, id from ${named(sql, among)} as r(system, id))`
  }
  and not exists (select 1 from ${named(sql, doubtful)} as d(system, id) where d.system = s.system and d.id = s.external_id)
  and not exists (select 1 from link l where l.connection_id = s.connection_id and l.kind = s.kind
                   and s.system = 'yapla' and l.yapla_id = s.external_id)
  and not exists (select 1 from link l where l.connection_id = s.connection_id and l.kind = s.kind
                   and s.system = 'yoplanning' and l.yoplanning_id = s.external_id)`;

/** Of a shadow `s`: its reading; the link that has it, if one does, by its system; and its name, if it is in a doubt. */
const itsStanding = (sql: Sql, { scope, doubtful }: Matching) => sql`
  left join reading r on r.connection_id = s.connection_id and r.kind = s.kind and r.system = s.system and r.external_id = s.external_id
  left join ${named(sql, doubtful)} as d(system, id) on d.system = s.system and d.id = s.external_id
  left join link a on a.connection_id = s.connection_id and a.kind = s.kind and s.system = 'yapla' and a.yapla_id = s.external_id
  left join link b on b.connection_id = s.connection_id and b.kind = s.kind and s.system = 'yoplanning' and b.yoplanning_id = s.external_id
  left join reading c on c.connection_id = s.connection_id and c.kind = s.kind
                    and c.system = case s.system when 'yapla' then 'yoplanning' else 'yapla' end
                    and c.external_id = coalesce(a.yoplanning_id, b.yapla_id)
  left join (select system, max(started_at) as started_at from scan
              where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'complete' group by system) n on n.system = c.system
  left join (select system, max(started_at) as started_at from scan
              where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'complete' group by system) o on o.system = s.system`;

/** Not one that is gone, nor a linked record that the last list did not show: its place is looked at by way of its counterpart. */
const isShown = (sql: Sql) =>
  sql`r.gone_at is null and not (coalesce(a.link_id, b.link_id) is not null and coalesce(r.read_at < o.started_at, false))`;

/** A shadow `s` with `itsStanding` as a `Candidate`. */
const candidate = (sql: Sql) => sql`
  s.system, s.external_id as id, coalesce(a.link_id, b.link_id) as "linkId", c.gone_at is null and coalesce(c.read_at < n.started_at, false) as "isSuspected",
  case when c.gone_at is null and coalesce(c.read_at >= n.started_at, true) then s.external_reference end as "externalReference",
  case when c.gone_at is not null or c.read_at < n.started_at then case when d.id is null then 'open' else 'doubtful' end
       when a.link_id is not null or b.link_id is not null then 'linked'
       when d.id is not null then 'doubtful' end as standing`;

/**
 * Records without a link, at most `limit`.
 *
 * Materialised, and without a condition on the system, so that PostgreSQL goes through the table once. It would go by the index for a limit,
 * or for one of two systems, whose order it takes for the table's own: that is many times as slow.
 */
export async function freeRecords(sql: Sql, scope: Scope, limit: number): Promise<readonly RecordName[]> {
  const linked = sql`
    select 'yapla' as system, yapla_id as id from link where connection_id = ${scope.connectionId} and kind = ${scope.kind}
     union all
    select 'yoplanning', yoplanning_id from link where connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
  return await sql<RecordName[]>`
    with found as materialized (
      select s.system, s.external_id as id from reading s
       where s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.gone_at is null
         and not exists (select 1 from (${linked}) l where l.system = s.system and l.id = s.external_id))
    select system, id from found limit ${limit}`;
}

/** A record that is back, and whose place in the link that bears its name another record has taken. */
export interface Returned extends RecordName {
  /** Who has the place. */
  readonly instead: string;
}

/** Records without a link that are back in this way: their own link, and no other, could be named after them. */
export async function returnedRecords(sql: Sql, matching: Matching): Promise<readonly Returned[]> {
  return await sql<Returned[]>`
    select s.system, s.external_id as id, case s.system when 'yapla' then n.yapla_id else n.yoplanning_id end as instead
      from reading s join link n on n.connection_id = s.connection_id and n.kind = s.kind and n.link_id = s.system || ':' || s.external_id
     where ${free(sql, matching)} and case s.system when 'yapla' then n.yapla_id else n.yoplanning_id end is not null
     order by 1, 2`;
}

/**
 * Groups of two or more records with the same key of the `rule`-th matching rule (0-based), with a free one among them.
 *
 * @param including `linkedBefore`: only groups with somebody whom a link had before this matching began
 */
export async function* groupsByKey(
  sql: Sql,
  matching: Matching,
  rule: number,
  including: 'anybody' | 'linkedBefore' = 'anybody',
): AsyncGenerator<readonly Grouped[]> {
  const key = sql`s.match_keys[${rule + 1}]`;
  // The keys as an array: a few, for all the planner knows, so that it hashes them. What is left after two anti-joins it takes for one row
  // where few are free, and would look through all records for each.
  yield* groups(
    sql,
    sql`
    select system, id, fields, "externalReference", "linkId", standing, "isSuspected", key from (
      select ${candidate(sql)}, s.fields, k.key, count(*) over (partition by k.key) as n,
             bool_or(coalesce(a.state, b.state) = 'active' or a.link_id is not null and a.yoplanning_id is null
                     or b.link_id is not null and b.yapla_id is null) over (partition by k.key) as "hasLinked"
        from unnest(array(select distinct ${key} from shadow s where ${free(sql, matching)} and ${key} is not null)) as k(key)
        join shadow s on s.connection_id = ${matching.scope.connectionId} and s.kind = ${matching.scope.kind} and ${key} = k.key
        ${itsStanding(sql, matching)}
       where ${isShown(sql)}) f
     where n > 1 ${including === 'anybody' ? sql`` : sql`and "hasLinked"`} order by key, system, id`,
  );
}

/**
 * Records of which one carries the other's id, with a free one among the two. They are judged together, so all of them come at once;
 * without their values, because references need none. Few, unless the table of links was lost.
 */
export async function referencedCandidates(sql: Sql, matching: Matching): Promise<readonly Grouped[]> {
  const { scope } = matching;
  const other = (alias: string) => sql`case ${sql(alias)}.system when 'yapla' then 'yoplanning' else 'yapla' end`;
  const rows = await sql<Grouped[]>`
    with f as materialized (select s.system, s.external_id, s.external_reference from shadow s where ${free(sql, matching)}),
    edge as (
      select f.system as from_system, f.external_id as from_id, s.system as to_system, s.external_id as to_id
        from f join shadow s on s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.system = ${other('f')}
                             and s.external_id = f.external_reference
       where ${isThere(sql)}
      union
      select s.system, s.external_id, f.system, f.external_id
        from f join shadow s on s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.system = ${other('f')}
                             and s.external_reference = f.external_id
       where ${isThere(sql)}),
    named as (select from_system as system, from_id as id from edge union select to_system, to_id from edge)
    select ${candidate(sql)}, '{}'::json as fields
      from named m join shadow s on s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.system = m.system
                             and s.external_id = m.id
      ${itsStanding(sql, matching)} where ${isShown(sql)} order by 1, 2`;
  return rows.map(asCandidate);
}

/** Without a standing where the database has none. */
function asCandidate({ standing, ...rest }: Grouped): Grouped {
  return standing === null || standing === undefined ? rest : { ...rest, standing };
}

async function* groups(sql: Sql, query: Fragment): AsyncGenerator<readonly Grouped[]> {
  let key: string | undefined;
  let group: Grouped[] = [];
  for await (const rows of sql.pages<Row>(query, 500)) {
    for (const { key: next, ...candidate } of rows) {
      if (next !== key && group.length > 0) {
        yield group;
        group = [];
      }
      key = next;
      group.push(asCandidate(candidate));
    }
  }
  if (group.length > 0) yield group;
}
