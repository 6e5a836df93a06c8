/** All that the store holds about one link, in one statement: a link's workflow asks for it several times for each change. */
import type { FieldName, SystemName } from '../core/record.js';
import { isDeclined, type CaseAnswer } from './caseAnswers.js';
import type { Sql, Transaction } from './database.js';
import type { Intent } from './intents.js';
import type { LinkCase } from './linkCases.js';
import { pairOf, selectPairs, type Depth, type LinkedPair, type PairRow } from './links.js';

export interface LinkState {
  readonly pair: LinkedPair;
  /** When it was looked up, by the database's clock, to be given back to the database. */
  readonly at: string;
  /** Open ones about the link or its records. */
  readonly cases: readonly LinkCase[];
  /** What persons answered and nobody has carried out yet, oldest case first. */
  readonly answers: readonly CaseAnswer[];
  /** Fields that an open guard case holds; the empty string: the creation. */
  readonly guarded: readonly FieldName[];
  /** Creations whose effect is not known. */
  readonly intents: readonly Intent[];
  /** Questions that a person closed without more: not asked again (see `isDeclined`). */
  readonly declined: ReadonlySet<'removal' | 'create'>;
  /** The connection's rules that persons made of their answers, by field. */
  readonly rules: Readonly<Record<FieldName, SystemName>>;
  /** Writes of the application asked for stand in the journal: an earlier attempt at it may have sent them. */
  readonly wasIntended: boolean;
}

interface Row extends PairRow {
  readonly at: string;
  readonly cases: readonly (LinkCase & { readonly id: number; readonly answer: object | null })[];
  readonly guarded: readonly FieldName[];
  readonly intents: readonly Intent[];
  readonly declined: readonly ('removal' | 'create')[];
  readonly rules: Readonly<Record<FieldName, SystemName>>;
  readonly intended: boolean;
}

/**
 * @param writeId names an application of a decision: the beginning of its writes' names (see `LinkState.wasIntended`)
 * @returns null where there is no such link
 */
export async function findLinkState(
  sql: Sql | Transaction,
  connectionId: string,
  linkId: string,
  depth: Depth,
  writeId?: string,
): Promise<LinkState | null> {
  const isAbout = sql`c.connection_id = ${connectionId} and coalesce(c.link_id, c.subject) = ${linkId}`;
  const [row] = await sql<Row[]>`
    select p.*, now()::text as at,
           coalesce((select json_agg(json_build_object('id', c.id, 'kind', c.kind, 'field', c.field, 'saw', c.saw, 'answer', c.answer)
                                     order by c.id)
                       from cases c where ${isAbout} and c.status = 'open' and c.kind not in ('guard', 'doubt', 'canary')), '[]') as cases,
           coalesce((select json_agg(distinct h.field) from guard_hold h
                      where h.connection_id = ${connectionId} and h.link_id = ${linkId} and h.released_at is null
                        and exists (select 1 from cases c where c.id = h.case_id and c.status = 'open')), '[]') as guarded,
           coalesce((select json_agg(json_build_object('linkId', i.link_id, 'system', i.system, 'externalId', i.external_id,
                                     'hashes', i.hashes, 'sends', i.sends,
                                     'recordedAtMs', floor(extract(epoch from i.recorded_at) * 1000)))
                       from intent i where i.connection_id = ${connectionId} and i.link_id = ${linkId} and i.status = 'sent'), '[]') as intents,
           coalesce((select json_agg(distinct c.kind)
                       from cases c where ${isAbout} and ${isDeclined(sql)}), '[]') as declined,
           coalesce((select json_object_agg(r.field, r.rule) from field_rule r where r.connection_id = ${connectionId}), '{}') as rules,
           ${
             writeId === undefined
               ? sql`false`
               : sql`exists (select 1 from journal j where j.connection_id = ${connectionId} and j.link_id = ${linkId}
                                                     and starts_with(j.write_id, ${`${writeId}/`}))`
           } as intended
      from (${selectPairs(
        sql,
        connectionId,
        depth,
        sql`select * from link where connection_id = ${connectionId} and link_id = ${linkId}`,
      )}) p`;
  if (row === undefined) return null;
  return {
    pair: pairOf(row),
    at: row.at,
    cases: row.cases.map(({ kind, field, saw }) => ({ kind, field, saw })),
    answers: row.cases.flatMap(({ id, kind, field, answer }) =>
      answer === null ? [] : [{ caseId: id, kind, field, ...answer } as CaseAnswer],
    ),
    guarded: row.guarded,
    intents: row.intents,
    declined: new Set(row.declined),
    rules: row.rules,
    wasIntended: row.intended,
  };
}
