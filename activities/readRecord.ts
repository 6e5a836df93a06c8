import type { Scope } from '../src/core/record.js';
import { activityInfo } from '@temporalio/activity';
import type { Lane } from '../src/store/budget.js';
import { ListReadings, readWithList } from '../src/link/listReadings.js';
import type { RecordReading } from '../src/link/readRecord.js';
import { type AttemptInput, attemptPatienceMs, isLastTry, LocalAttempts, withHeartbeat } from './attempts.js';
import type { Dependencies } from './dependencies.js';

export type { RecordReading };

/** The scope, and what of it. */
export interface ReadRecordInput extends Scope, AttemptInput {
  readonly linkId: string;
  /** `idle` for what is probably the echo of our own write: it need not be known today. */
  readonly lane: Extract<Lane, 'live' | 'idle'>;
}

/** Takes a link's events, reads what they are about, and returns how the link stands, as hashes. */
export const readRecord = ({ keyedSql, claims, configured }: Dependencies) => {
  const localAttempts = new LocalAttempts<RecordReading>();
  const lists = new ListReadings(keyedSql, claims);
  return async ({ connectionId, kind, linkId, lane }: ReadRecordInput): Promise<RecordReading> => {
    const connection = await configured({ connectionId, kind });
    const patienceMs = attemptPatienceMs(connection);
    const reading = { sql: keyedSql, claims, connection, linkId, lane, patienceMs, isLastTry: isLastTry() };
    // A run reads one at a time in the lane `live`.
    const name = `${activityInfo().workflowExecution?.runId ?? 'none'}/${lane}`;
    return await localAttempts.join(name, () => withHeartbeat(() => readWithList(lists, reading), { first: 'later' }));
  };
};
