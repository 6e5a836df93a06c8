/** Records that could be one person with a given one: for matching a single record that was seen for the first time. */
import type { Candidate } from '../core/match.js';
import { type Scope, type SystemName, systemNames } from '../core/record.js';
import type { Transaction } from './database.js';

/**
 * A record, and what it is linked to. Its link knows a record of the other system, too, or one is being created there: `linked`; that
 * record is gone: `open`.
 */
export interface Neighbour extends Candidate {
  readonly linkId: string | null;
}

interface Reach {
  readonly ids: readonly string[];
  readonly keys: readonly string[];
  readonly references: readonly string[];
}

interface Row extends Neighbour {
  readonly keys: readonly (string | null)[];
}

/**
 * The record itself, the records that share a matching key or a reference with it, and those that share one with these: enough for
 * core/match.ts to judge it as it would among all.
 */
export async function neighbourhood(
  tx: Transaction,
  scope: Scope,
  record: { readonly system: SystemName; readonly id: string },
): Promise<readonly Neighbour[]> {
  const found = new Map<string, Row>();
  const nameOf = ({ system, id }: { system: SystemName; id: string }) => `${system}:${id}`;
  const own = await rows(tx, scope, { ids: [record.id], keys: [], references: [] });
  let edge = own.filter((row) => nameOf(row) === nameOf(record));
  for (let depth = 0; depth <= 2 && edge.length > 0; depth++) {
    for (const row of edge) found.set(nameOf(row), row);
    if (depth === 2) break;
    const reach = {
      ids: edge.flatMap((row) => row.externalReference ?? []),
      keys: edge.flatMap((row) => row.keys.filter((key) => key !== null)),
      references: edge.map((row) => row.id),
    };
    edge = (await rows(tx, scope, reach)).filter((row) => !found.has(nameOf(row)));
  }
  return [...found.values()].map(({ keys: _, standing, ...one }) =>
    standing === null || standing === undefined ? one : { ...one, standing },
  );
}

async function rows(tx: Transaction, scope: Scope, { ids, keys, references }: Reach): Promise<Row[]> {
  return await tx<Row[]>`
    with near as materialized (
      -- Each by its own index: one condition with "or" would look at everybody, under the lock of first sights.
      select system, external_id from shadow
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = any(${systemNames}) and external_id = any(${ids})
      union
      select system, external_id from shadow
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and match_keys && ${keys}::text[]
      union
      select system, external_id from shadow
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and external_reference = any(${references})),
    asked as (
      select distinct n.name from cases c cross join lateral unnest(string_to_array(c.subject, ' ')) as n(name)
       where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.status = 'open' and c.code = 'doubt')
    select s.system, s.external_id as id, s.fields,
           case when c.gone_at is null then s.external_reference end as "externalReference", to_json(s.match_keys) as keys,
           coalesce(a.link_id, b.link_id) as "linkId",
           case when c.gone_at is not null then 'open'
                when coalesce(a.yoplanning_id, b.yapla_id) is not null or exists (
                       select 1 from intent i where i.connection_id = s.connection_id and i.kind = s.kind and i.status = 'sent'
                          and i.link_id = coalesce(a.link_id, b.link_id)) then 'linked'
                when q.name is not null then 'doubtful' end as standing
      from near
      join known_record s on s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.system = near.system
                         and s.external_id = near.external_id and s.gone_at is null
      left join asked q on q.name = s.system || ':' || s.external_id
      left join link a on a.connection_id = s.connection_id and a.kind = s.kind and s.system = 'yapla' and a.yapla_id = s.external_id
      left join link b on b.connection_id = s.connection_id and b.kind = s.kind and s.system = 'yoplanning' and b.yoplanning_id = s.external_id
      left join reading c on c.connection_id = s.connection_id and c.kind = s.kind and c.system <> s.system
                        and c.external_id = case s.system when 'yapla' then a.yoplanning_id else b.yapla_id end`;
}
