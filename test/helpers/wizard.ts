/** The person at Yapla's import wizard, for tests of the whole. */
import { assignedColumns, identifiers, type ImportReport } from '../../src/sandbox/yapla/importWizard.js';
import { findBatch, type ImportBatch } from '../../src/store/importBatches.js';
import { tellImport } from '../../src/yaplaImport.js';
import {
  closeBatchUpdate,
  type ImportDone,
  importDoneUpdate,
  type ImportFile,
  type ImportProgress,
  importProgressQuery,
  yaplaImportId,
} from '../../workflows/yaplaImport.messages.js';
import type { TestPasserelle } from './passerelle.js';
import { until } from './live.js';

type House = Pick<TestPasserelle, 'client' | 'connectionId' | 'scope' | 'sql' | 'sandbox'>;

/** A list of thousands is read on a busy machine: a limit for what hangs. */
const judgedWithinMs = 300_000;

const handleOf = ({ client, connectionId }: House) => client.workflow.getHandle(yaplaImportId(connectionId));

export async function makeFiles(house: House): Promise<readonly ImportFile[]> {
  return await tellImport(house.client, house.connectionId, () => handleOf(house).executeUpdate(closeBatchUpdate));
}

export async function sayDone(house: House, number: number): Promise<ImportDone> {
  return await tellImport(house.client, house.connectionId, () =>
    handleOf(house).executeUpdate(importDoneUpdate, { args: [number] }),
  );
}

export async function importProgress(house: House): Promise<ImportProgress> {
  return await handleOf(house).query(importProgressQuery);
}

/** Imports a file, but for some of its rows. */
export async function importFile(
  house: House,
  number: number,
  leaveOut: readonly number[] = [],
): Promise<{ readonly report: ImportReport; readonly batch: ImportBatch }> {
  const batch = (await findBatch(house.sql, house.scope, number))!;
  const report = await house.sandbox.control.importWorkbook({
    file: Buffer.from(batch.file!).toString('base64'),
    identifier: identifiers[batch.purpose],
    columns: assignedColumns,
    leaveOut: [...leaveOut],
  });
  return { report, batch };
}

/** Every so-and-so-manyth row. */
export function every(nth: number, people: number): number[] {
  return Array.from({ length: Math.floor(people / nth) }, (_, at) => (at + 1) * nth);
}

/** Makes files, imports them and says so, until nothing waits. @returns how many files it took */
export async function importAll(
  house: House,
  leaveOut: (file: ImportFile, nth: number) => readonly number[] | Promise<readonly number[]> = () => [],
): Promise<number> {
  let nth = 0;
  for (;;) {
    const files = await makeFiles(house);
    if (files.length === 0) return nth;
    for (const file of files) {
      nth += 1;
      await importFile(house, file.number, await leaveOut(file, nth));
    }
    await house.sandbox.control.settled();
    for (const { number } of files) await sayDone(house, number);
    await until(
      () => importProgress(house),
      ({ files: left }) => left.length === 0,
      judgedWithinMs,
    );
  }
}
