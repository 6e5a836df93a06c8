/** A connection whose Yapla takes files, in memory, and what its engine, its person at the wizard and its webhooks do. */
import { fieldsSchema } from '../../src/config/fields.js';
import { workbookSchema } from '../../src/config/yaplaWorkbook.js';
import { nextStep } from '../../src/core/live.js';
import type { SystemName } from '../../src/core/record.js';
import type { OpenConnection } from '../../src/connection.js';
import { carryOut } from '../../src/link/carryOut.js';
import { judgeBatch, type Judgement } from '../../src/link/importBatches.js';
import { commitResults } from '../../src/link/results.js';
import { sharedWork } from '../../src/link/sharedWork.js';
import { settle, viewOf } from '../../src/link/view.js';
import type { Sql } from '../../src/store/database.js';
import { markDone, markListRead } from '../../src/store/importBatches.js';
import { findLinkState } from '../../src/store/linkState.js';
import { databaseTime } from '../../src/store/scans.js';
import { upsertShadows } from '../../src/store/shadows.js';
import { type ScriptedConnection, scriptedConnection, type ScriptedOptions } from './scriptedSystem.js';

/** A value of a file. */
export interface FileValue {
  readonly linkId: string;
  readonly field: string;
  readonly value: string | null;
}

export function importingConnection(
  id: string,
  { maxFiles = 3, ...options }: ScriptedOptions & { readonly maxFiles?: number } = {},
): ScriptedConnection {
  const connection = scriptedConnection(id, options);
  connection.systems.yapla.collects = true;
  const fields = fieldsSchema.parse({
    ...Object.fromEntries(connection.fields.map(({ name }) => [name, { yapla: name, yoplanning: name }])),
    lastName: { yapla: 'lastName', yoplanning: 'lastName' },
  });
  const write = workbookSchema.parse({ mode: 'workbook', maxFiles });
  return { ...connection, config: { ...connection.config, fields, yapla: { write } } as OpenConnection['config'] };
}

/** Decides about a link and has it carried out, until it rests. */
export async function work(sql: Sql, connection: ScriptedConnection, linkId: string): Promise<void> {
  for (let nth = 0; nth < 10; nth += 1) {
    const loading = { depth: 'documents', writesWithinMs: 3_600_000 } as const;
    const state = await findLinkState(sql, connection.scope, linkId, loading);
    if (state === null) return;
    const step = nextStep(viewOf(connection, state), []);
    if (step.do === 'rest') return void (await settle(sql, connection, [state]));
    const { result } = await carryOut({
      connection,
      state,
      decision: step.decision,
      writeId: `live/${linkId}/${state.pair.version}`,
      intend: sharedWork(sql, connection).intend,
      verifyClaim: () => Promise.resolve(),
      ask: (record) => ({ lane: 'live', purpose: 'test', record }),
    });
    await commitResults(sql, { scope: connection.scope, plan: null }, [{ ...result, item: null }]);
  }
  throw new Error(`${linkId} does not come to rest`);
}

/** A system tells of a record, or it is read. */
export async function see(sql: Sql, connection: ScriptedConnection, system: SystemName, id: string): Promise<void> {
  const row = connection.shadowOf(connection.systems[system].records.get(id)!);
  await upsertShadows(sql, connection.scope, system, [row]);
}

/** What a file has, from the database. */
export async function valuesOf(sql: Sql, { scope }: ScriptedConnection, number: number): Promise<readonly FileValue[]> {
  return await sql<FileValue[]>`
    select link_id as "linkId", field, value from waiting
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and batch = ${number} and field <> '' order by id`;
}

/** A person says that a file is imported; the list is read, and the file judged. */
export async function done(sql: Sql, connection: ScriptedConnection, number: number): Promise<Judgement> {
  await markDone(sql, connection.scope, number);
  const begunAt = await databaseTime(sql);
  for (const id of connection.systems.yapla.records.keys()) await see(sql, connection, 'yapla', id);
  await markListRead(sql, connection.scope, begunAt);
  return await judgeBatch(sql, connection, number);
}
