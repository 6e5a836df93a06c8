/** Open cases of links, as whoever decides about these links needs them: without values. */
import type { Scope, SystemName } from '../core/record.js';
import type { Sql, Transaction } from './database.js';
import type { PairHashes } from './pairHashes.js';

export interface LinkCase {
  readonly id: number;
  readonly kind: string;
  /** What it is about, by id: the link, or one of its records (`removal`). */
  readonly subject: string;
  /** The empty string: about no field in particular. */
  readonly field: string;
  /** Hashes of both sides when the question came up; null where the case was not given them. */
  readonly saw: PairHashes | null;
  /** What a person answered and nobody has carried out yet: a system's name, `value` or `create`. Null: no answer yet. */
  readonly take: string | null;
}

/** Open cases by the link that they are about, each link's oldest first. Links without any are left out. */
export async function openCasesOf(
  sql: Sql | Transaction,
  scope: Scope,
  linkIds: readonly string[],
): Promise<Map<string, LinkCase[]>> {
  if (linkIds.length === 0) return new Map();
  const rows = await sql<(LinkCase & { readonly linkId: string })[]>`
    select link_id as "linkId", id::int as id, code as kind, subject, field, saw, answer->>'take' as take from cases
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'open' and link_id = any(${linkIds}) order by cases.id`;
  const byLink = new Map<string, LinkCase[]>();
  for (const { linkId, ...one } of rows) {
    const cases = byLink.get(linkId);
    if (cases === undefined) byLink.set(linkId, [one]);
    else cases.push(one);
  }
  return byLink;
}

/**
 * Closes cases that answered themselves, all in one statement. One that a person answered in another way since it was looked at stays
 * open: whether it still is a question depends on that.
 */
export async function closeSettled(
  sql: Sql | Transaction,
  cases: readonly Pick<LinkCase, 'id' | 'take'>[],
): Promise<void> {
  if (cases.length === 0) return;
  const rows = cases.map(({ id, take }) => ({ id, take }));
  await sql`
    update cases c set status = 'closed', closed_at = now(), closed_by = 'settled'
      from json_to_recordset(${JSON.stringify(rows)}::text::json) as r(id bigint, take text)
     where c.id = r.id and c.status = 'open' and c.answer->>'take' is not distinct from r.take`;
}

/** Closes the open cases of these kinds about a link that ends with nobody in its place. */
export async function closeCasesAbout(
  tx: Transaction,
  scope: Scope,
  linkId: string,
  kinds: readonly string[],
): Promise<void> {
  await tx`
    update cases set status = 'closed', closed_at = now(), closed_by = 'settled'
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId} and code = any(${kinds})
       and status = 'open'`;
}

/**
 * Moves the open cases of a link that became part of another. One that stands there already is closed here.
 *
 * @param ended kinds whose question is over when two links become one
 */
export async function moveCases(
  tx: Transaction,
  scope: Scope,
  from: string,
  to: string,
  ended: readonly string[],
): Promise<void> {
  await tx`
    update cases c set status = 'closed', closed_at = now(), closed_by = 'merged'
     where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.status = 'open' and c.link_id = ${from}
       and (c.code = any(${ended}) or exists (
             select 1 from cases o where o.connection_id = c.connection_id and o.kind = c.kind and o.status = 'open' and o.code = c.code
                and o.subject = ${to} and o.field = c.field and c.subject = ${from}))`;
  await tx`
    update cases c set link_id = ${to}, subject = case when c.subject = ${from} then ${to} else c.subject end
     where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.status = 'open' and c.link_id = ${from}`;
}

/** Whether a record is named in an open doubt. */
export async function inOpenDoubt(
  sql: Sql | Transaction,
  scope: Scope,
  system: SystemName,
  id: string,
): Promise<boolean> {
  const rows = await sql`
    select 1 from cases
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'open' and code = 'doubt'
       and ${`${system}:${id}`} = any(string_to_array(subject, ' ')) limit 1`;
  return rows.length > 0;
}

/**
 * Records without a link that an open doubt ties to somebody who is linked, directly or by way of further doubts: a bulk sync, which looks
 * at records without a link only, would not see the question, and would make the person a second time.
 */
export async function doubtedTwins(
  sql: Sql,
  scope: Scope,
): Promise<readonly { readonly system: SystemName; readonly id: string }[]> {
  return await sql<{ system: SystemName; id: string }[]>`
    with recursive named as (
      select c.id as case_id, split_part(n.name, ':', 1) as system, substr(n.name, position(':' in n.name) + 1) as id
        from cases c cross join lateral unnest(string_to_array(c.subject, ' ')) as n(name)
       where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.status = 'open' and c.code = 'doubt'),
    known as (
      select n.*, exists (
               select 1 from link l
                 join shadow a on a.connection_id = l.connection_id and a.kind = l.kind and a.system = 'yapla' and a.external_id = l.yapla_id
                 join shadow b on b.connection_id = l.connection_id and b.kind = l.kind and b.system = 'yoplanning' and b.external_id = l.yoplanning_id
                where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and a.gone_at is null and b.gone_at is null
                  and ((n.system = 'yapla' and l.yapla_id = n.id) or (n.system = 'yoplanning' and l.yoplanning_id = n.id))) as is_linked
        from named n),
    tied as (
      select case_id, system, id, is_linked from known where is_linked
      union
      select k.case_id, k.system, k.id, k.is_linked
        from tied t join known k on k.case_id = t.case_id or (k.system = t.system and k.id = t.id))
    select distinct system, id from tied where not is_linked`;
}
