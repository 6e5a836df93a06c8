import type { Client } from '@temporalio/client';
import { BulkSyncRefuses, NoBulkSync, tellBulkSync } from '../bulk.js';
import { credentialOf } from '../connection.js';
import { systemNames } from '../core/record.js';
import { liftStop } from '../store/budgetState.js';
import type { Sql } from '../store/database.js';
import { resumeStoppedRecords } from '../syncRecord.js';
import { bulkSyncId, resumeUpdate } from '../../workflows/bulkSync.messages.js';

/** What went on. */
export interface Resumed {
  /** `underWay`: it runs, and was neither paused nor stopped; `none`: no bulk sync runs. */
  readonly bulkSync: 'goesOn' | 'underWay' | 'none';
  /** Workflows of single records that had stopped. */
  readonly records: number;
}

/**
 * A person says that what stopped the connection is mended: its requests may be sent again, and whatever waited goes on at once.
 * Repeatable.
 *
 * Single records are told by signals: there may be thousands, each takes the word when its worker comes to it, and there is nothing that
 * one of them could refuse.
 *
 * @throws {NoWorkerAnswers} all but the bulk sync was told
 */
export async function resumeConnection(
  { client, sql }: { readonly client: Client; readonly sql: Sql },
  connectionId: string,
): Promise<Resumed> {
  for (const system of systemNames) await liftStop(sql, credentialOf(connectionId, system));
  const records = await resumeStoppedRecords(client, connectionId);
  return { bulkSync: await resumeBulkSync(client, connectionId), records };
}

async function resumeBulkSync(client: Client, connectionId: string): Promise<Resumed['bulkSync']> {
  try {
    const handle = client.workflow.getHandle(bulkSyncId(connectionId));
    await tellBulkSync(client, connectionId, () => handle.executeUpdate(resumeUpdate));
    return 'goesOn';
  } catch (error) {
    if (error instanceof BulkSyncRefuses) return 'underWay';
    if (error instanceof NoBulkSync) return 'none';
    throw error;
  }
}
