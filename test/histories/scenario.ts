import type { WorkflowHandle } from '@temporalio/client';
import type { PasserelleOptions, TestPasserelle } from '../helpers/passerelle.js';

/** A run of which a history is kept as a replay fixture. */
export interface Scenario {
  /** `<workflow type>.<what happens>`; the fixture's file is named so. */
  readonly name: string;
  readonly options: PasserelleOptions;
  /** Runs it to its end; returns the handle whose history is kept. */
  readonly run: (house: TestPasserelle) => Promise<Pick<WorkflowHandle, 'fetchHistory'>>;
}
