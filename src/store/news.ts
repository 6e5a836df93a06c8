/**
 * Unread news: events in the inbox about records that nobody has looked into yet. A record that has a link, if of one side only, was looked
 * into: it was matched with everybody whom we know. (And its workflow may itself be about to create: were its events news, two newcomers of
 * both systems, each edited once more, would wait for each other.)
 */
import type { Scope, SystemName } from '../core/record.js';
import type { Transaction } from './database.js';

/** What a system's unread news can be about. `perhapsEchoes`: about nothing but records that creations under way have made just now. */
export type News = 'strangers' | 'perhapsEchoes';

/**
 * The systems of which there are unread news that are at most so old. An event about a record that is linked is none, nor one about a record
 * whose id we chose ourselves. Others that came after the oldest creation of which nothing is known yet was sent may be its echo: the link
 * has its record as soon as its answer is recorded.
 *
 * @param creating links whose creations ask; theirs are not under way
 */
export async function unreadNews(
  tx: Transaction,
  scope: Scope,
  {
    systems,
    creating,
    notOlderThanMs,
  }: {
    readonly systems: readonly SystemName[];
    readonly creating: readonly string[];
    readonly notOlderThanMs: number;
  },
): Promise<Map<SystemName, News>> {
  const unread = tx`connection_id = ${scope.connectionId} and kind = ${scope.kind} and handled_at is null and event in ('created', 'updated')
    and received_at > now() - ${notOlderThanMs}::float8 * interval '1 ms'`;
  const rows = await tx<{ system: SystemName; strangers: boolean }[]>`
    select n.system, bool_or(n.received_at < coalesce(u.since, 'infinity')) as strangers
      from (select system, external_id, received_at from inbox where ${unread} and link_id is null
             union all
            select system, external_id, received_at from inbox where ${unread} and link_id is not null) n
      left join (select system, min(recorded_at) as since from intent
                  where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'sent' and link_id <> all(${creating}::text[])
                  group by system) u on u.system = n.system
     where n.system = any(${systems})
       and not exists (select 1 from link l where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and n.system = 'yapla'
                          and l.yapla_id = n.external_id)
       and not exists (select 1 from link l where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and n.system = 'yoplanning'
                          and l.yoplanning_id = n.external_id)
       and not exists (select 1 from intent i where i.connection_id = ${scope.connectionId} and i.kind = ${scope.kind} and i.status = 'sent'
                          and i.system = n.system and i.external_id = n.external_id)
     group by n.system`;
  return new Map(rows.map(({ system, strangers }) => [system, strangers ? 'strangers' : 'perhapsEchoes']));
}
