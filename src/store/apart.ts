/** The table `apart`: pairs of records of which a person said that they are not one person (`passerelle unlink`). */
import type { Pair } from '../core/match.js';
import type { Scope } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

/** Matching does not link them any more by itself. Repeatable. */
export async function keepApart(tx: Transaction, scope: Scope, { yapla, yoplanning }: Pair): Promise<void> {
  await tx`
    insert into apart (connection_id, kind, yapla_id, yoplanning_id) values (${scope.connectionId}, ${scope.kind}, ${yapla}, ${yoplanning})
    on conflict do nothing`;
}

/** A person says that they are one, after all. Repeatable. */
export async function forgetApart(tx: Transaction, scope: Scope, { yapla, yoplanning }: Pair): Promise<void> {
  await tx`
    delete from apart
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and yapla_id = ${yapla} and yoplanning_id = ${yoplanning}`;
}

/** All of them: as many as persons took links apart. */
export async function apartPairs(sql: Sql | Transaction, scope: Scope): Promise<Pair[]> {
  return await sql<Pair[]>`
    select yapla_id as yapla, yoplanning_id as yoplanning from apart
     where connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
}
