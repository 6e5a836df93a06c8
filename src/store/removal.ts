/** Everything that the database holds of one connection: counted, and deleted. */
import type { Sql, Transaction } from './database.js';

export interface Holding {
  readonly table: string;
  readonly rows: number;
}

/** By this column a table's rows belong to a connection. */
const column = 'connection_id';

/** What stays when a connection goes: who removed it is told afterwards. */
const staying = ['audit'];

/**
 * Tables with rows of connections, found in the schema, so that none is forgotten. In the order of their names `link` comes before `plan`,
 * which links refer to: for each plan that goes before them, PostgreSQL would go through all links.
 */
async function tables(sql: Sql | Transaction): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select c.table_name as name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = current_schema() and t.table_type = 'BASE TABLE' and c.column_name = ${column}
       and c.table_name <> all(${staying})
     order by c.table_name`;
  return rows.map(({ name }) => name);
}

/** By table, what is there of a connection, whether the table `connection` still knows it or not. Tables without any are left out. */
export async function holdingsOf(sql: Sql, connectionId: string): Promise<Holding[]> {
  const found: Holding[] = [];
  for (const table of await tables(sql)) {
    const [row] = await sql<{ n: number }[]>`
      -- Of every kind.
      select count(*)::int as n from ${sql(table)} where connection_id = any(${[connectionId]})`;
    if (row!.n > 0) found.push({ table, rows: row!.n });
  }
  return found;
}

/**
 * Deletes all of it, in one transaction. What belongs to a credential (its budget, the request log) stays: another connection may have the
 * same token, and what was sent counts until the day is over.
 */
export async function removeConnection(tx: Transaction, connectionId: string): Promise<void> {
  for (const table of await tables(tx)) {
    await tx`
      -- Of every kind.
      delete from ${tx(table)} where connection_id = any(${[connectionId]})`;
  }
  await tx`delete from connection where id = ${connectionId}`;
}
