/** The table `graphql_schema`: what an account's GraphQL told of its schema, so that a worker that starts need not ask again. No personal data. */
import type { JsonObject } from '../core/document.js';
import type { Sql } from './database.js';

export interface SchemaStore {
  /** The answer to an introspection. @returns null: none is kept that is as fresh as that */
  read(freshMs: number): Promise<JsonObject | null>;
  save(told: JsonObject): Promise<void>;
}

/** @param credential its name in the database. @param address of the server of GraphQL: another one has another schema */
export function createSchemaStore(sql: Sql, credential: string, address: string): SchemaStore {
  return {
    async read(freshMs) {
      const [row] = await sql<{ told: JsonObject }[]>`
        select told from graphql_schema
         where credential = ${credential} and address = ${address} and read_at > clock_timestamp() - ${freshMs}::float8 * interval '1 millisecond'`;
      return row?.told ?? null;
    },

    async save(told) {
      await sql`
        insert into graphql_schema (credential, address, told) values (${credential}, ${address}, ${sql.json(told)})
        on conflict (credential) do update set address = excluded.address, told = excluded.told, read_at = clock_timestamp()`;
    },
  };
}
