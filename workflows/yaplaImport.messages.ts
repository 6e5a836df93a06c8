/**
 * The messages of the `yaplaImport` workflow, defined once and imported on both sides. They carry numbers and counts: who is in a file, and
 * what it says, stands in Postgres.
 */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { ImportRunState } from './importRun.js';

export interface YaplaImportInput {
  readonly connectionId: string;
  /** Set by continue-as-new: everything that the run before knew. */
  readonly carried?: ImportRunState;
}

/** A file for the import wizard. */
export interface ImportFile {
  readonly number: number;
  readonly purpose: 'update' | 'create' | 'createWithoutEmail';
  /** Rows: one for each person. */
  readonly people: number;
  readonly madeAtMs: number;
  /** A person said that it is imported. */
  readonly isDone: boolean;
}

/** What became of people whose files were judged, in all files. */
export interface ImportTotals {
  readonly files: number;
  readonly confirmed: number;
  readonly edited: number;
  /** Times that somebody's values were in the next file again. */
  readonly notShown: number;
  readonly asked: number;
}

/**
 * - `collecting`: changes gather; `waitingForImport`: files wait for a person; `judging`: it is looked what an import brought;
 * - `stopped`: what has to be read or stored fails, and is tried again now and then.
 */
export type ImportState = 'collecting' | 'waitingForImport' | 'judging' | 'stopped';

export interface ImportProgress {
  readonly connectionId: string;
  readonly state: ImportState;
  /** People of whom something waits for the next file, and since when (epoch milliseconds). */
  readonly collected: { readonly people: number; readonly sinceMs: number | null };
  /** Files that are out. */
  readonly files: readonly ImportFile[];
  readonly totals: ImportTotals;
  /** Why it is stopped: the failure's type. */
  readonly failure: string | null;
}

export interface ImportDone {
  readonly number: number;
  readonly people: number | null;
  /** It was said before. */
  readonly isRepeated: boolean;
}

/** Why a message is not taken. */
export interface ImportRefusal {
  readonly code: 'filesOut' | 'noSuchFile' | 'ended';
  readonly text: string;
}

/** Makes files of what waits, whatever their size. Answers with them: none where nothing waits. */
export const closeBatchUpdate = defineUpdate<readonly ImportFile[]>('closeBatch');
/** A person has imported the file with that number. */
export const importDoneUpdate = defineUpdate<ImportDone, [number]>('importDone');
export const importProgressQuery = defineQuery<ImportProgress>('progress');

/** The workflow's id: one for each connection. */
export function yaplaImportId(connectionId: string): string {
  return `import/${connectionId}`;
}
