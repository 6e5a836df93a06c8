/**
 * What is over its time: how each kind of data is found and deleted, a batch at a time. Nothing goes that something still needs; what that
 * is stands with each kind. A batch that is repeated finds the rest.
 */
import { systemNames, otherSystem } from '../core/record.js';
import { pruneRequestLog } from './budgetState.js';
import type { Sql } from './database.js';

/** Kinds of data, in the order in which they are looked at. */
export const dataKinds = [
  'webhooks',
  'requestLog',
  'planItems',
  'scans',
  'exports',
  'closedCases',
  'importFiles',
  'tombstones',
  'journal',
  'audit',
] as const;

export type DataKind = (typeof dataKinds)[number];

export interface Expiry {
  /** What is older is over its time. */
  readonly olderThanMs: number;
  /** Rows of a batch. */
  readonly limit: number;
  /** Kinds of cases that a person closes for good: such a case is remembered as long as its link. */
  readonly declining: readonly string[];
}

/** Deletes one batch. @returns rows; fewer than the limit: none is left */
export async function deleteExpired(sql: Sql, kind: DataKind, expiry: Expiry): Promise<number> {
  return await sweeps[kind](sql, expiry);
}

const before = (sql: Sql, { olderThanMs }: Expiry) => sql`now() - ${olderThanMs}::float8 * interval '1 ms'`;

const sweeps: Readonly<Record<DataKind, (sql: Sql, expiry: Expiry) => Promise<number>>> = {
  // What waits to be handled stays, however old.
  webhooks: async (sql, expiry) =>
    (
      await sql`
        delete from inbox where id in (
          select id from inbox where handled_at < ${before(sql, expiry)} order by id limit ${expiry.limit})`
    ).count,

  requestLog: async (sql, { olderThanMs }) => {
    await pruneRequestLog(sql, olderThanMs);
    return 0;
  },

  // Of a plan that is over; one that waits or is applied is the newest of its connection.
  planItems: async (sql, expiry) =>
    (
      await sql`
        delete from plan_item where (plan_id, part, n) in (
          select i.plan_id, i.part, i.n from plan p join plan_item i on i.plan_id = p.id
           where coalesce(p.ended_at, p.created_at) < ${before(sql, expiry)}
             and (p.ended_at is not null or exists (
                   select 1 from plan n where n.connection_id = p.connection_id and n.kind = p.kind and n.number > p.number))
           limit ${expiry.limit})`
    ).count,

  // The newest complete one of a system proves who is missing from it.
  scans: async (sql, expiry) =>
    (
      await sql`
        delete from scan where id in (
          select s.id from scan s
           where s.started_at < ${before(sql, expiry)}
             and exists (select 1 from scan n where n.connection_id = s.connection_id and n.kind = s.kind and n.system = s.system
                            and n.status = 'complete' and n.started_at > s.started_at)
           limit ${expiry.limit})`
    ).count,

  // All rows of a file before the file itself.
  exports: async (sql, expiry) => {
    const expired = sql`
      select connection_id, kind, file_id from export_file where given_at < ${before(sql, expiry)}`;
    let deleted = 0;
    for (const part of ['export_row', 'export_member', 'export_file']) {
      const { count } = await sql`
        delete from ${sql(part)} where ctid = any(array(
          select p.ctid from ${sql(part)} p join (${expired}) f on f.connection_id = p.connection_id and f.kind = p.kind and f.file_id = p.file_id
           limit ${expiry.limit - deleted}))`;
      deleted += count;
      if (deleted >= expiry.limit) break;
    }
    return deleted;
  },

  closedCases: async (sql, expiry) =>
    (
      await sql`
        delete from cases where id in (
          select c.id from cases c
           where c.status = 'closed' and c.closed_at < ${before(sql, expiry)}
             and not (c.answer->>'take' = 'close' and c.code = any(${expiry.declining}) and exists (
                   select 1 from link l where l.connection_id = c.connection_id and l.kind = c.kind and l.link_id = c.link_id))
           limit ${expiry.limit})`
    ).count,

  // Of files that were judged: the file itself, and what its rows were; the numbers of it stay. What a link waits for has not ended.
  importFiles: async (sql, expiry) => {
    const files = await sql`
      update import_batch set file = null where (connection_id, kind, number) in (
        select connection_id, kind, number from import_batch
         where state = 'judged' and judged_at < ${before(sql, expiry)} and file is not null limit ${expiry.limit})`;
    const rows = await sql`
      delete from waiting where id in (
        select w.id from waiting w
         where w.ended_at < ${before(sql, expiry)}
           and not exists (select 1 from import_batch b where b.connection_id = w.connection_id and b.kind = w.kind and b.number = w.batch
                              and b.state <> 'judged')
         limit ${expiry.limit})`;
    return Math.max(files.count, rows.count);
  },

  tombstones: sweepTombstones,

  // Where nobody recorded what became of a write, it may have been sent: as long as there is a link, its next decision asks.
  journal: async (sql, expiry) =>
    (
      await sql`
        delete from journal where id in (
          select j.id from journal j
           where j.at < ${before(sql, expiry)}
             and (exists (select 1 from journal_outcome o where o.journal_id = j.id)
                  or not exists (select 1 from link l where l.connection_id = j.connection_id and l.kind = j.kind and l.link_id = j.link_id))
           order by j.id limit ${expiry.limit})`
    ).count,

  audit: async (sql, expiry) =>
    (
      await sql`
        delete from audit where id in (select id from audit where at < ${before(sql, expiry)} order by id limit ${expiry.limit})`
    ).count,
};

/**
 * A record that is gone is needed by its link as long as the other record is there, or is not proven gone for as long: its place is open. It
 * is needed, too, while something about the link is under way. A link that nothing needs goes with its records, unless its version says
 * that something came meanwhile: its records are held, so that none comes back in between.
 */
async function sweepTombstones(sql: Sql, expiry: Expiry): Promise<number> {
  let deleted = 0;
  for (const system of systemNames) {
    const [own, others] = [`${system}_id`, `${otherSystem(system)}_id`];
    deleted += await sql.begin(async (tx) => {
      const expired = await tx<
        { connectionId: string; kind: string; id: string; linkId: string | null; version: number | null }[]
      >`
        select s.connection_id as "connectionId", s.kind, s.external_id as id, l.link_id as "linkId", l.version
          from reading s
          left join link l on l.connection_id = s.connection_id and l.kind = s.kind and l.${sql(own)} = s.external_id
          left join reading o on o.connection_id = l.connection_id and o.kind = l.kind and o.system = ${otherSystem(system)}
                            and o.external_id = l.${sql(others)}
         where s.system = ${system} and s.gone_at < ${before(sql, expiry)}
           and (l.link_id is null or (
                 (l.${sql(others)} is null or o.gone_at < ${before(sql, expiry)})
                 and not exists (select 1 from intent i where i.connection_id = l.connection_id and i.kind = l.kind
                                    and i.link_id = l.link_id and i.status = 'sent')
                 and not exists (select 1 from cases c where c.connection_id = l.connection_id and c.kind = l.kind
                                    and c.link_id = l.link_id and c.status = 'open')
                 and not exists (select 1 from inbox e where e.connection_id = l.connection_id and e.kind = l.kind
                                    and e.link_id = l.link_id and e.handled_at is null)))
         order by s.connection_id, s.kind, s.external_id limit ${expiry.limit} for update of s skip locked`;
      const columns = [
        expired.map((one) => one.connectionId),
        expired.map((one) => one.kind),
        expired.map((one) => one.linkId),
        expired.map((one) => one.version),
        expired.map((one) => one.id),
      ] as const;
      await tx`
        delete from link l using unnest(${columns[0]}::text[], ${columns[1]}::text[], ${columns[2]}::text[], ${columns[3]}::bigint[])
                                   as r(connection_id, kind, link_id, version)
         where l.connection_id = r.connection_id and l.kind = r.kind and l.link_id = r.link_id and l.version = r.version`;
      const gone = await tx`
        delete from shadow s using unnest(${columns[0]}::text[], ${columns[1]}::text[], ${columns[4]}::text[]) as r(connection_id, kind, id)
         where s.connection_id = r.connection_id and s.kind = r.kind and s.system = ${system} and s.external_id = r.id
           and not exists (select 1 from link l where l.connection_id = s.connection_id and l.kind = s.kind and l.${sql(own)} = s.external_id)`;
      return gone.count;
    });
  }
  return deleted;
}
