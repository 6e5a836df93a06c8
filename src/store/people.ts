/** People by the keys of core/match.ts, whichever system shows them. */
import { otherSystem, personsOf, type SystemName } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

/**
 * Records of a system that could be this person, by keys of core/match.ts, each key apart: those of the first key that somebody has. Somebody
 * whom only the other system shows so counts by the link.
 */
export async function recordsByKeys(
  sql: Sql | Transaction,
  connectionId: string,
  system: SystemName,
  keys: readonly string[],
): Promise<readonly string[]> {
  if (keys.length === 0) return [];
  const people = personsOf(connectionId);
  const [own, other] = [sql(`${system}_id`), sql(`${otherSystem(system)}_id`)];
  const rows = await sql<{ id: string; n: number }[]>`
    select coalesce(l.${own}, s.external_id) as id, min(k.n)::int as n
      from unnest(${[...keys]}::text[]) with ordinality as k(key, n)
      join shadow s on s.connection_id = ${people.connectionId} and s.kind = ${people.kind} and s.match_keys @> array[k.key]
      join reading r on r.connection_id = s.connection_id and r.kind = s.kind and r.system = s.system and r.external_id = s.external_id
                    and r.gone_at is null
      left join link l on s.system = ${otherSystem(system)} and l.connection_id = s.connection_id and l.kind = s.kind and l.${other} = s.external_id
     where s.system = ${system} or l.${own} is not null
     group by 1`;
  const first = Math.min(...rows.map(({ n }) => n));
  return rows.filter(({ n }) => n === first).map(({ id }) => id);
}
