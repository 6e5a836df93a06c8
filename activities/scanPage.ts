import type { SystemName } from '../src/core/record.js';
import type { PageFacts } from '../src/core/scan.js';
import { databaseTime, storePage } from '../src/store/scans.js';
import type { Dependencies } from './dependencies.js';
import { withHeartbeat } from './heartbeat.js';

export interface ScanPageInput {
  readonly connectionId: string;
  readonly system: SystemName;
  readonly scanId: number;
  readonly pass: number;
  /** Position (0-based) that the page must contain. */
  readonly from: number;
}

/** Reads one page and stores it; returns what it proves (core/scan.ts). One request. */
export const scanPage =
  ({ sql, connection }: Dependencies) =>
  async (input: ScanPageInput): Promise<PageFacts> =>
    await withHeartbeat(async () => {
      const { systems, shadowOf } = await connection(input.connectionId);
      const askedAt = await databaseTime(sql);
      const page = await systems[input.system].readPage(
        { from: input.from },
        { lane: 'bulk', purpose: `scan/${input.scanId}` },
      );
      return await storePage(sql, input, {
        start: page.start,
        count: page.count,
        rows: page.records.map(shadowOf),
        askedAt,
      });
    });
