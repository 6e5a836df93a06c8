/**
 * Faults that are put in on purpose into what the database does with values that wait for an import file (migration 008), to show that the
 * histories find them. Each needs a database of its own.
 */
import type { Sql } from '../../../src/store/database.js';

export type WaitingFault =
  | 'what a file brought does not move the base'
  | 'a newer value does not replace the one that waits'
  | 'a file is believed when a person says that it is imported'
  | 'an edit while a file is out goes unnoticed'
  | 'an edit that an import overwrites is not journalled'
  | 'what a file of new people overwrites is not journalled';

/** A place in the trigger's text, and what stands there instead. */
const inTheTrigger: Partial<Record<WaitingFault, readonly [string, string]>> = {
  'what a file brought does not move the base': [
    "set base = coalesce(l.base, '{}') || jsonb_build_object(changed.field, brought.value_hash),",
    'set base = l.base,',
  ],
  'an edit while a file is out goes unnoticed': ['and w.seen_hash <> changed.shown', 'and false'],
  'an edit that an import overwrites is not journalled': ['if brought.ended is not null then', 'if false then'],
};

const beside: Partial<Record<WaitingFault, string>> = {
  'a newer value does not replace the one that waits': `
    create function keep_the_first() returns trigger language plpgsql as $$
    begin
      return old;
    end $$;
    create trigger keeps_the_first before update of value on waiting for each row
      when (old.batch is null and new.batch is null and old.value_hash <> new.value_hash) execute function keep_the_first()`,
  'what a file of new people overwrites is not journalled': 'drop trigger shadow_notes_found_by_file on shadow',
  'a file is believed when a person says that it is imported': `
    create function believe_it() returns trigger language plpgsql as $$
    begin
      update link l set base = l.base || jsonb_build_object(w.field, w.value_hash)
        from waiting w
       where w.connection_id = new.connection_id and w.batch = new.number and w.ended is null and w.field <> ''
         and l.connection_id = w.connection_id and l.link_id = w.link_id;
      update waiting set ended = 'confirmed', ended_at = now()
       where connection_id = new.connection_id and batch = new.number and ended is null;
      return null;
    end $$;
    create trigger believes_it after update of state on import_batch for each row
      when (new.state = 'done') execute function believe_it()`,
};

/** @throws {Error} where the trigger has no such place any more */
export async function putIn(sql: Sql, fault: WaitingFault): Promise<void> {
  const [row] = await sql<{ text: string }[]>`select pg_get_functiondef('judge_waiting'::regproc) as text`;
  const place = inTheTrigger[fault];
  if (place !== undefined && !row!.text.includes(place[0]))
    throw new Error(`no such place in judge_waiting: ${place[0]}`);
  await sql.begin((tx) => tx.script(place === undefined ? beside[fault]! : row!.text.replace(...place)));
}
