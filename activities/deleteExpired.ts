import { cancellationSignal } from '@temporalio/activity';
import { kindsThat } from '../src/cases/index.js';
import { type DataKind, dataKinds, deleteExpired as deleteBatch } from '../src/store/retention.js';
import type { RetentionDependencies } from './dependencies.js';
import { withHeartbeat } from './attempts.js';

const dayMs = 24 * 3_600_000;

/**
 * Deletes what is over its time, kind by kind, a batch at a time. Told to end, it ends after the batch in hand: the next attempt, or the
 * next run, goes on.
 *
 * @returns rows by kind, of those kinds that are counted
 */
export const deleteExpired =
  ({ sql, retention, longestWindowMs }: RetentionDependencies) =>
  async (): Promise<Readonly<Partial<Record<DataKind, number>>>> => {
    const counts: Partial<Record<DataKind, number>> = {};
    const { batchRows: limit } = retention;
    const declining = kindsThat(({ answers }) => answers.close === 'notAskedAgain');
    await withHeartbeat(
      async () => {
        for (const kind of dataKinds) {
          const keptMs = retention[`${kind}Days`] * dayMs;
          // A request counts in a window for as long as that is, and a bit longer where its answer never came.
          const olderThanMs = kind === 'requestLog' ? Math.max(keptMs, 2 * longestWindowMs) : keptMs;
          for (;;) {
            cancellationSignal().throwIfAborted();
            const rows = await deleteBatch(sql, kind, { olderThanMs, limit, declining });
            counts[kind] = (counts[kind] ?? 0) + rows;
            if (rows < limit) break;
          }
        }
      },
      { details: () => counts },
    );
    return counts;
  };
