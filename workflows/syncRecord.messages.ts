/**
 * The messages of the `syncRecord` workflow, defined once and imported on both sides: a signal whose name has no handler is lost
 * without a word. They carry ids and counts; what happened stands in the inbox, what was answered with the case.
 */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Scope, SystemName } from '../src/core/record.js';
import type { Outcome, RecordRunState } from './linkRun.js';

/** The scope, and which link of it. */
export interface SyncRecordInput extends Scope {
  readonly linkId: string;
  readonly settings: LiveSettings;
  /** Set by continue-as-new: everything that the run before knew. */
  readonly carried?: RecordRunState;
}

/** The part of a connection's `live` configuration that the workflow itself needs. */
export interface LiveSettings {
  /** The workflow stays for so long after its last work, so that the echo of its write finds it. */
  readonly lingerMs: number;
  /** While it waits for a person, it looks that often whether the case was settled otherwise. */
  readonly caseCheckMs: number;
  /** After a refusal that concerns the whole connection (token, permission) it looks by itself after so long, then after twice as long. */
  readonly stoppedRetryMs: number;
  /** And never later than so long after the look before. Left out by runs of before. */
  readonly maxStoppedRetryMs?: number;
  /** A wait for a budget that is longer than this is shown; left out (as by runs of before): none is. */
  readonly shownWaitMs?: number;
  /** Without a sign of life for so long, an activity is taken for dead and tried again. */
  readonly heartbeatTimeoutMs: number;
  /** A step's first attempt may take so long as a local activity. */
  readonly localAttemptMs: number;
  /** Events of the history after which it continues as new, if the server did not suggest it before. */
  readonly maxHistoryEvents: number;
}

export interface RecordCounts {
  /** Events taken from the inbox. */
  readonly events: number;
  /** Times that what was read equalled the base. */
  readonly echoes: number;
  /** Fields written, by system. */
  readonly written: Readonly<Record<SystemName, number>>;
  readonly created: number;
  /** Cases opened. */
  readonly cases: number;
  /** Decisions that were stale when they were to be written, and were made again. */
  readonly stale: number;
}

/**
 * - `waiting`: a case waits for a person; `lingering`: nothing is left to do; `stopped`: a system refuses the whole connection;
 * - `waitingForBudget`: for the quota, for the time that a 429 named, or for a server that fails.
 */
export type RecordState = 'reading' | 'applying' | 'waiting' | 'lingering' | 'stopped' | 'waitingForBudget';

export interface RecordProgress {
  readonly state: RecordState;
  /** What `waitingForBudget` waits for, at the latest. */
  readonly until?: string;
  readonly lastOutcome: Outcome | null;
  readonly counts: RecordCounts;
}

/** The workflow's result: what it did in all its runs. */
export interface RecordResult {
  readonly lastOutcome: Outcome | null;
  readonly counts: RecordCounts;
}

/** Events gathered in the inbox, by system. Which and what: see the inbox. */
export const changedSignal = defineSignal<[Readonly<Record<SystemName, number>>]>('changed');

/** A person answered this case. What: see the case. */
export const answeredSignal = defineSignal<[{ readonly caseId: number }]>('answered');

/** What stopped the connection is mended, or its budget may be open again: a workflow that waits for that tries again at once. */
export const resumeRecordSignal = defineSignal('resume');

export const recordProgressQuery = defineQuery<RecordProgress>('progress');

/** Id of a link's workflow, such as `person/club/yapla:1042`: one at a time, so that events of either system about one record meet in it. */
export function syncRecordId({ connectionId, kind }: Scope, linkId: string): string {
  return `${kind}/${connectionId}/${linkId}`;
}
