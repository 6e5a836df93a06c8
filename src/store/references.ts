/** References: the id of the other system's record that a record carries, so that links can be found again. Which linked records lack it. */
import { type FieldHashes, otherSystem, type Scope, type SystemName } from '../core/record.js';
import type { Sql } from './database.js';
import { isThere } from './shadows.js';

/** A linked record that carries no reference to its counterpart. */
export interface Unreferenced {
  readonly linkId: string;
  readonly id: string;
  readonly otherId: string;
  /** Of the record as we last saw it. */
  readonly hashes: FieldHashes;
}

/**
 * Linked records of a system without a reference, in the order of their links, from just after `after`. Whose counterpart is gone needs none:
 * it would name a record that another one may take the place of.
 *
 * @param held kinds of cases that hold a link back: a link with such an open case is left out
 */
export async function linksLackingReference(
  sql: Sql,
  scope: Scope,
  system: SystemName,
  after: string,
  limit: number,
  held: readonly string[],
): Promise<Unreferenced[]> {
  const [own, other] = system === 'yapla' ? ['yapla_id', 'yoplanning_id'] : ['yoplanning_id', 'yapla_id'];
  return await sql<Unreferenced[]>`
    select l.link_id as "linkId", s.external_id as id, l.${sql(other)} as "otherId", s.hashes
      from link l join known_record s on s.connection_id = l.connection_id and s.kind = l.kind and s.system = ${system} and s.external_id = l.${sql(own)}
      join reading o on o.connection_id = l.connection_id and o.kind = l.kind and o.system <> s.system and o.external_id = l.${sql(other)} and o.gone_at is null
     where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and l.state = 'active'
       and s.gone_at is null and s.external_reference is null and l.link_id > ${after}
       and not exists (select 1 from cases c where c.connection_id = l.connection_id and c.kind = l.kind and c.link_id = l.link_id
                          and c.code = any(${held}) and c.status = 'open')
     order by l.link_id limit ${limit}`;
}

/**
 * How many linked records of a system carry no reference to a counterpart that is there, those of links that a plan proposes included.
 * Materialised for the reason that `freeRecords` has; and each is looked up, because in most nights there is none.
 */
export async function countUnreferenced(sql: Sql, scope: Scope, system: SystemName): Promise<number> {
  const [own, other] = system === 'yapla' ? ['yapla_id', 'yoplanning_id'] : ['yoplanning_id', 'yapla_id'];
  const [row] = await sql<{ n: number }[]>`
    with lacking as materialized (
      select s.system, s.external_id from shadow s
       where s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.external_reference is null and ${isThere(sql)})
    select count(*)::int as n from lacking s
      join lateral (select l.${sql(other)} as id from link l
                     where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and l.${sql(own)} = s.external_id offset 0) l on true
      join lateral (select 1 from reading o
                     where o.connection_id = ${scope.connectionId} and o.kind = ${scope.kind} and o.system = ${otherSystem(system)}
                       and o.external_id = l.id and o.gone_at is null offset 0) o on true
     where s.system = ${system}`;
  return row!.n;
}
