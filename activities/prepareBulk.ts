import type { SystemName } from '../src/core/record.js';
import { adoptConfiguration } from '../src/link/remake.js';
import { scopeOfBulk, type Dependencies } from './dependencies.js';

/** What `bulkSync` needs of the configuration: numbers only, since it stands in the history. */
export interface BulkOptions {
  readonly autoApprove: boolean;
  readonly chunkItems: number;
  readonly parallelChunks: number;
  readonly maxScanRestarts: number;
  readonly pagesPerStep: number;
  readonly heartbeatTimeoutMs: number;
  readonly maxHistoryEvents: number;
  readonly maxPlanAgeMs: number;
  readonly fillReferences: boolean;
  readonly pageSizes: Readonly<Record<SystemName, number>>;
}

/** Brings what is stored under the configuration of now, and says how the run goes. `fileId`: of a staged file that is Yapla's list. */
export const prepareBulk =
  ({ sql, connection }: Dependencies) =>
  async (input: { connectionId: string; fileId?: number }): Promise<BulkOptions> => {
    const open = await connection(scopeOfBulk(input));
    await adoptConfiguration(sql, open);
    const { config, systems } = open;
    const { bulk } = config;
    return {
      autoApprove: bulk.autoApprove,
      chunkItems: bulk.chunkItems,
      parallelChunks: bulk.parallelChunks,
      maxScanRestarts: bulk.maxScanRestarts,
      pagesPerStep: bulk.pagesPerStep,
      heartbeatTimeoutMs: bulk.heartbeatTimeoutMs,
      maxHistoryEvents: bulk.maxHistoryEvents,
      maxPlanAgeMs: bulk.maxPlanAgeMs,
      fillReferences: bulk.fillReferences,
      pageSizes: {
        yapla: input.fileId === undefined ? systems.yapla.pageSize : config.yapla.workbook.pageRows,
        yoplanning: systems.yoplanning.pageSize,
      },
    };
  };
