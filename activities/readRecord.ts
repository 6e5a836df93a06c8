import type { Lane } from '../src/store/budget.js';
import { readRecord as read, type RecordReading } from '../src/sync/readRecord.js';
import type { Dependencies } from './dependencies.js';
import { withHeartbeat } from './heartbeat.js';

export type { RecordReading };

export interface ReadRecordInput {
  readonly connectionId: string;
  readonly linkId: string;
  /** `idle` for what is probably the echo of our own write: it need not be known today. */
  readonly lane: Extract<Lane, 'live' | 'idle'>;
}

/** Takes a link's events, reads what they are about, and returns how the link stands, as hashes. */
export const readRecord =
  ({ keyedSql, claims, configured }: Dependencies) =>
  async ({ connectionId, linkId, lane }: ReadRecordInput): Promise<RecordReading> => {
    const connection = await configured(connectionId);
    return await withHeartbeat(() => read({ sql: keyedSql, claims, connection, linkId, lane }), { first: 'later' });
  };
