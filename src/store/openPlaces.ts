/**
 * A link of which one record is gone has an open place: the same person, entered there again or merged into another record of theirs,
 * takes it. The table `newcomer` has those who wait for such a place until the removal is proven.
 */
import type { Scope, SystemName } from '../core/record.js';
import type { Sql, Transaction } from './database.js';
import { lookAgain } from './inbox.js';

export interface Taking {
  readonly linkId: string;
  readonly system: SystemName;
  /** The record that takes the place. */
  readonly id: string;
  readonly matchedBy: string;
}

/**
 * Gives each place to a record, where the one that had it is gone. The base starts anew, as for two records that were just linked; the
 * shadow of the one that is gone stays, unlinked. Questions about the removal, and whether these records are one person, are settled.
 *
 * @returns the links that took a record
 */
export async function takePlaces(sql: Sql | Transaction, scope: Scope, takings: readonly Taking[]): Promise<string[]> {
  const taken: string[] = [];
  for (const { linkId, system, id, matchedBy } of takings) {
    const column = sql(`${system}_id`);
    const [before] = await sql<{ gone: string; other: string }[]>`
      select l.${column} as gone, ${sql(system === 'yapla' ? 'yoplanning_id' : 'yapla_id')} as other
        from link l join reading s on s.connection_id = l.connection_id and s.kind = l.kind and s.system = ${system} and s.external_id = l.${column}
       where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and l.link_id = ${linkId} and s.gone_at is not null
         for update of l`;
    if (before === undefined) continue;
    await sql`
      update link set ${column} = ${id}, base = null, base_fields = null, equal = '{}', matched_by = ${matchedBy}, version = version + 1
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId}`;
    const other = system === 'yapla' ? 'yoplanning' : 'yapla';
    const records = [`${system}:${before.gone}`, `${system}:${id}`, `${other}:${before.other}`];
    await sql`
      update cases set status = 'closed', closed_at = now(), closed_by = 'settled'
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'open'
         and ((code = 'removal' and subject = ${records[0]!}) or (code = 'doubt' and string_to_array(subject, ' ') <@ ${records}::text[]))`;
    taken.push(linkId);
  }
  return taken;
}

/** Replaces those who wait. Whose counterpart turns out to be there after all is matched anew by the next bulk sync. */
export async function keepNewcomers(
  sql: Sql,
  scope: Scope,
  newcomers: readonly Omit<Taking, 'matchedBy'>[],
): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`delete from newcomer where connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
    if (newcomers.length === 0) return;
    await tx`
      insert into newcomer (connection_id, kind, system, external_id, link_id)
      select ${scope.connectionId}, ${scope.kind}, r.system, r.id, r."linkId"
        from json_to_recordset(${JSON.stringify(newcomers)}::text::json) as r(system text, id text, "linkId" text)
      on conflict do nothing`;
  });
}

/**
 * The removal that newcomers waited for is proven: live work looks at them again, and finds the place open. So it does at those of whom is
 * asked whether they are the one who is gone.
 */
export async function releaseNewcomers(tx: Transaction, scope: Scope, linkIds: readonly string[]): Promise<void> {
  if (linkIds.length === 0) return;
  const rows = await tx<{ system: SystemName; id: string }[]>`
    with newcomers as (
      delete from newcomer where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = any(${linkIds})
      returning system, external_id as id),
    gone as (
      select p.system, p.id
        from link l cross join lateral (values ('yapla', l.yapla_id), ('yoplanning', l.yoplanning_id)) as p(system, id)
        join reading r on r.connection_id = l.connection_id and r.kind = l.kind and r.system = p.system and r.external_id = p.id
       where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and l.link_id = any(${linkIds}) and r.gone_at is not null),
    doubted as (
      select gone.system, split_part(record, ':', 1) as of, substr(record, strpos(record, ':') + 1) as id
        from gone
        join cases c on c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.status = 'open' and c.code = 'doubt'
                    and gone.system || ':' || gone.id = any(string_to_array(c.subject, ' '))
       cross join lateral unnest(string_to_array(c.subject, ' ')) as record
       where record <> gone.system || ':' || gone.id)
    select system, id from newcomers
    union
    select system, id from doubted where of = system`;
  for (const { system, id } of rows) await lookAgain(tx, scope, system, [id]);
}
