/**
 * Faults that are put in on purpose into what the database does with files that a person exports from Yapla, to show that the histories find
 * them. Each needs a database of its own.
 */
import type { Sql } from '../../../src/store/database.js';

export type ExportFault =
  | 'a file counts as of when it is given'
  | 'a part of the list proves that somebody is gone'
  | 'the whole list proves nothing'
  | 'a body undoes what a file has shown since';

/** What becomes of a row of `table` before it is stored. */
const faults: Readonly<
  Record<ExportFault, { readonly table: string; readonly when?: string; readonly spoils: string }>
> = {
  'a file counts as of when it is given': {
    table: 'scan',
    spoils: 'if new.file_id is not null then new.started_at := now(); end if',
  },
  'a part of the list proves that somebody is gone': {
    table: 'scan',
    spoils: 'if new.file_id is not null then new.partial := false; end if',
  },
  'the whole list proves nothing': {
    table: 'scan',
    spoils: 'if new.file_id is not null then new.partial := true; end if',
  },
  'a body undoes what a file has shown since': {
    table: 'reading',
    when: 'insert or update',
    spoils: 'new.file_at := null',
  },
};

export async function putIntoExports(sql: Sql, fault: ExportFault): Promise<void> {
  const { table, when = 'insert', spoils } = faults[fault];
  await sql.begin((tx) =>
    tx.script(`
      create function spoil() returns trigger language plpgsql as $$
      begin
        ${spoils};
        return new;
      end $$;
      create trigger spoils before ${when} on ${table} for each row execute function spoil()`),
  );
}
