/** Records that have no link yet, streamed in groups that share a matching key, so that memory does not grow with the club. */
import type { Candidate } from '../core/match.js';
import type { SystemName } from '../core/record.js';
import type { Fragment, Sql } from './database.js';

type Doubtful = Readonly<Record<SystemName, readonly string[]>>;

interface Row extends Candidate {
  readonly key: string;
}

/** Two conditions rather than one with OR: PostgreSQL can look each up in its index, or hash it; an OR it tries on each pair of rows. */
const free = (sql: Sql, connectionId: string, doubtful: Doubtful) => sql`
  s.connection_id = ${connectionId} and s.gone_at is null
  and not (s.system = 'yapla' and s.external_id = any(${doubtful.yapla}))
  and not (s.system = 'yoplanning' and s.external_id = any(${doubtful.yoplanning}))
  and not exists (select 1 from link l where l.connection_id = s.connection_id
                   and s.system = 'yapla' and l.yapla_id = s.external_id)
  and not exists (select 1 from link l where l.connection_id = s.connection_id
                   and s.system = 'yoplanning' and l.yoplanning_id = s.external_id)`;

/** Groups of two or more free records with the same key of the `rule`-th matching rule (0-based). */
export async function* groupsByKey(
  sql: Sql,
  connectionId: string,
  rule: number,
  doubtful: Doubtful,
): AsyncGenerator<readonly Candidate[]> {
  yield* groups(
    sql,
    sql`
    select * from (
      select s.system, s.external_id as id, s.fields, s.external_reference as "externalReference", s.match_keys[${rule + 1}] as key,
             count(*) over (partition by s.match_keys[${rule + 1}]) as n
        from shadow s where ${free(sql, connectionId, doubtful)} and s.match_keys[${rule + 1}] is not null) f
     where n > 1 order by key, system, id`,
  );
}

/**
 * Free records that carry another free record's id, and those they point at. They are judged together, so all of them come at once;
 * without their values, because references need none. Few, unless the table of links was lost.
 */
export async function referencedCandidates(sql: Sql, connectionId: string): Promise<readonly Candidate[]> {
  const none = { yapla: [], yoplanning: [] };
  return await sql<Candidate[]>`
    with f as (select s.system, s.external_id, s.external_reference from shadow s where ${free(sql, connectionId, none)}),
    edge as (
      select a.system, a.external_id from f a join f b on b.system <> a.system and b.external_id = a.external_reference
      union
      select b.system, b.external_id from f a join f b on b.system <> a.system and b.external_id = a.external_reference)
    select f.system, f.external_id as id, '{}'::json as fields, f.external_reference as "externalReference"
      from edge join f using (system, external_id) order by 1, 2`;
}

/**
 * Free records that share the key of the `rule`-th matching rule with linked records of their own system: each with those, which are not
 * free, to be judged as one group. Without their values: the rule must be one whose key says it all.
 */
export async function lookAlikesOfLinked(
  sql: Sql,
  connectionId: string,
  rule: number,
  doubtful: Doubtful,
): Promise<readonly (readonly Candidate[])[]> {
  const rows = await sql<{ system: SystemName; id: string; linked: string[] }[]>`
    with f as (
      select s.system, s.external_id, s.match_keys[${rule + 1}] as key
        from shadow s where ${free(sql, connectionId, doubtful)} and s.match_keys[${rule + 1}] is not null)
    select f.system, f.external_id as id, json_agg(t.external_id) as linked
      from f join shadow t on t.connection_id = ${connectionId} and t.system = f.system and t.match_keys[${rule + 1}] = f.key
                          and t.gone_at is null
      join link l on l.connection_id = t.connection_id and l.state = 'active'
                 and t.external_id = case t.system when 'yapla' then l.yapla_id else l.yoplanning_id end
     group by 1, 2 order by 1, 2`;
  const candidate = (system: SystemName, id: string): Candidate => ({
    system,
    id,
    fields: {},
    externalReference: null,
  });
  return rows.map(({ system, id, linked }) => [id, ...linked].map((one) => candidate(system, one)));
}

async function* groups(sql: Sql, query: Fragment): AsyncGenerator<readonly Candidate[]> {
  let key: string | undefined;
  let group: Candidate[] = [];
  for await (const rows of sql.pages<Row>(query, 500)) {
    for (const { key: next, ...candidate } of rows) {
      if (next !== key && group.length > 0) {
        yield group;
        group = [];
      }
      key = next;
      group.push(candidate);
    }
  }
  if (group.length > 0) yield group;
}
