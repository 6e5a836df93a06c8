/**
 * The table `audit`: who did what by a command, in the order in which it was begun. A name stands here and with what it is about (a plan,
 * a case, a rule), in Postgres; messages to workflows carry the row's id.
 */
import type { RecordKind } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

/** What persons do. */
export const deeds = [
  'approve',
  'reject',
  'pause',
  'resume',
  'cancel',
  'answer',
  'forgetRule',
  'importBatch',
  'importDone',
  'remove',
  'unlink',
  'link',
  'login',
  'logout',
  'mapEvent',
] as const;

export type Deed = (typeof deeds)[number];

/** What was asked of a connection, and by whom. */
export interface NewDeed {
  readonly connectionId: string;
  /** Null: it is about the connection itself. */
  readonly kind: RecordKind | null;
  readonly verb: Deed;
  readonly by: string;
  /** By id, never a value of any person. */
  readonly about?: Readonly<Record<string, string | number | boolean>>;
}

/** `refused`: nothing was changed. */
export type DeedOutcome = 'done' | 'refused';

export interface NotedDeed extends Required<NewDeed> {
  readonly id: number;
  readonly at: Date;
  /** Null: the command ended before it learnt what became of it. */
  readonly outcome: DeedOutcome | null;
}

/**
 * Notes what is about to be done.
 *
 * @param outcome where it is done in the same transaction
 * @returns the row's id
 */
export async function noteDeed(
  sql: Sql | Transaction,
  { connectionId, kind, verb, by, about = {} }: NewDeed,
  outcome: DeedOutcome | null = null,
): Promise<number> {
  const [row] = await sql<{ id: number }[]>`
    insert into audit (connection_id, kind, verb, done_by, about, outcome)
    values (${connectionId}, ${kind}, ${verb}, ${by}, ${sql.json(about)}, ${outcome})
    returning id::int as id`;
  return row!.id;
}

/** Notes what became of it. */
export async function endDeed(sql: Sql | Transaction, id: number, outcome: DeedOutcome): Promise<void> {
  await sql`update audit set outcome = ${outcome} where id = ${id}`;
}

/**
 * Does something in a person's name, between the note that it is begun and the note of how it ended.
 *
 * @param isRefusal of what `action` throws: nothing was changed. Anything else may have come about: its end stays open
 */
export async function carryOutDeed<T>(
  sql: Sql,
  deed: NewDeed,
  action: () => Promise<T>,
  isRefusal: (error: unknown) => boolean,
): Promise<T> {
  const id = await noteDeed(sql, deed);
  let result: T;
  try {
    result = await action();
  } catch (error) {
    if (isRefusal(error)) await endDeed(sql, id, 'refused');
    throw error;
  }
  await endDeed(sql, id, 'done');
  return result;
}

/** The newest deeds, oldest first. @param connectionId left out: of every connection, those that were removed too */
export async function listDeeds(sql: Sql, limit: number, connectionId?: string): Promise<NotedDeed[]> {
  return await sql<NotedDeed[]>`
    -- About records of every kind, and about the connection itself.
    select * from (
      select id::int as id, connection_id as "connectionId", kind, verb, done_by as by, about, at, outcome from audit
       ${connectionId === undefined ? sql`` : sql`where connection_id = any(${[connectionId]}) -- of every kind`}
       order by id desc limit ${limit}) newest
     order by id`;
}
