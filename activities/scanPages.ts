import { cancellationSignal } from '@temporalio/activity';
import { foundUnreadable } from '../src/cases/unreadable.js';
import type { SystemName } from '../src/core/record.js';
import { advanceScan, type PageFacts, type ScanOptions, type ScanState } from '../src/core/scan.js';
import { exportedPage } from '../src/link/exportedPage.js';
import { scanFor } from '../src/link/exportedScan.js';
import {
  databaseTime,
  endScan as storeEnd,
  openScan as storeOpen,
  scanInstead,
  storePage,
} from '../src/store/scans.js';
import { signOfLife, succeeded, toldBefore, withHeartbeat } from './attempts.js';
import { type Dependencies, scopeOfBulk } from './dependencies.js';

export interface ScanPagesInput {
  readonly connectionId: string;
  readonly system: SystemName;
  readonly scanId: number;
  /** How far the scan is. */
  readonly scan: ScanState;
  /** The workflow's own, so that both come to the same state. */
  readonly options: ScanOptions;
  readonly mostPages: number;
}

/**
 * Reads the next pages one behind the other, each stored before the next is asked for; returns what each proves (core/scan.ts). One request
 * a page.
 *
 * What was read is kept: where a later page fails or the run is paused, those before it are the result, and a worker that dies leaves them
 * to the next attempt, as far as its last sign of life told.
 */
export const scanPages =
  ({ sql, connection }: Dependencies) =>
  async (input: ScanPagesInput): Promise<PageFacts[]> => {
    const { system, scanId, scan, options, mostPages } = input;
    const scope = scopeOfBulk(input);
    const open = await connection(scope);
    const { systems, shadowOf } = open;
    const target = systems[system];
    const signal = cancellationSignal();
    const facts = readBefore();
    const after = (state: ScanState, page: PageFacts) => advanceScan(state, page, options);
    let state = facts.reduce(after, scan);

    const instead = system === 'yapla' ? await scanInstead(sql, scanId) : null;
    const readOne = async (): Promise<PageFacts> => {
      const askedAt = instead?.asOf ?? (await databaseTime(sql));
      const page =
        instead === null
          ? await target.readPage({ from: state.from }, { lane: 'bulk', purpose: `scan/${scanId}` })
          : await exportedPage(sql, open, instead, state.from);
      const unreadable = page.unreadable.map(({ failure, position }) => foundUnreadable(system, failure, position));
      const rows = page.records.map(shadowOf);
      const stored = {
        start: page.start,
        count: page.count,
        ends: page.ends,
        rows,
        unreadable,
        askedAt,
        isOld: instead !== null,
      };
      return await storePage(sql, { scope, system, scanId, pass: state.pass }, stored);
    };

    return await withHeartbeat(
      async () => {
        while (state.status === 'reading' && facts.length < mostPages) {
          if (facts.length > 0 && signal.aborted) return facts;
          try {
            const page = await readOne();
            facts.push(page);
            state = after(state, page);
          } catch (error) {
            if (facts.length === 0) throw error;
            // The next step meets it again, and nothing that was read is read once more.
            return facts;
          }
          succeeded();
          signOfLife(facts);
        }
        return facts;
      },
      { details: () => facts },
    );
  };

/** Pages that an attempt before this one read, and told of. */
function readBefore(): PageFacts[] {
  const told = toldBefore();
  return Array.isArray(told) ? [...(told as PageFacts[])] : [];
}

/** Opens a scan, or finds the one that an earlier attempt opened; returns its id. `fileId`: of the staged file that is Yapla's list. */
export const openScan =
  ({ sql, connection }: Dependencies) =>
  async (input: { connectionId: string; system: SystemName; runId: string; fileId?: number }): Promise<number> => {
    const open = await connection(scopeOfBulk(input));
    const instead = await scanFor(sql, open, input.system, input.fileId);
    return await storeOpen(sql, open.scope, input.system, input.runId, instead);
  };

export const endScan =
  ({ sql }: Dependencies) =>
  async (input: { scanId: number; status: 'complete' | 'failed' }): Promise<void> => {
    await storeEnd(sql, input.scanId, input.status);
  };
