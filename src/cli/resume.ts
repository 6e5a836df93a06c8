import type { Client } from '@temporalio/client';
import { BulkSyncRefuses, NoBulkSync, tellBulkSync } from '../bulk.js';
import { sharingConnections, type CredentialConfig } from '../config/credentials.js';
import { systemNames, type SystemName } from '../core/record.js';
import { closedUntil } from '../store/budgetState.js';
import { liftStop, seenStops } from '../store/budgetStops.js';
import type { Stopped } from '../store/budget.js';
import { credentialsOf } from '../connection.js';
import type { Sql } from '../store/database.js';
import { wakeCatalogue } from '../catalogue.js';
import { resumeStoppedRecords } from '../syncRecord.js';
import { bulkSyncId, resumeLiftedUpdate } from '../../workflows/bulkSync.messages.js';

/** A stop that a person lifted. */
export interface LiftedStop {
  readonly system: SystemName;
  readonly stopped: Stopped;
  /** What it was for. */
  readonly reason: string;
  /** Other connections with the same credential: they were stopped by it, too, and go on. */
  readonly others: readonly string[];
}

/** What went on. */
export interface Resumed {
  /** The connection's own bulk sync. `underWay`: it runs, and was neither paused nor stopped; `none`: no bulk sync runs. */
  readonly bulkSync: 'goesOn' | 'underWay' | 'none';
  /** Workflows of single records that had stopped, those of other connections too. */
  readonly records: number;
  readonly lifted: readonly LiftedStop[];
  /** Told by the server to wait (429), which no person can mend. */
  readonly waits: readonly { readonly system: SystemName; readonly until: string }[];
}

export interface ResumeOptions {
  readonly client: Client;
  readonly sql: Sql;
  /** Those of the configuration. */
  readonly connections: Readonly<Record<string, CredentialConfig>>;
  /** Left out: both. */
  readonly systems?: readonly SystemName[] | undefined;
}

/**
 * A person says that what stopped the connection is mended: the stops that stand now are lifted, of the systems named, and whatever waited
 * goes on at once. A time that the server named (429) stays, and so does a stop that is set while this runs. Repeatable.
 *
 * Single records are told by signals: there may be thousands, each takes the word when its worker comes to it, and there is nothing that
 * one of them could refuse.
 *
 * @throws {NoWorkerAnswers} all but the bulk sync was told
 */
export async function resumeConnection(
  { client, sql, connections, systems = systemNames }: ResumeOptions,
  connectionId: string,
): Promise<Resumed> {
  const credentials = await credentialsOf(sql, connections[connectionId]!);
  const lifted: LiftedStop[] = [];
  const waits: { system: SystemName; until: string }[] = [];
  for (const system of systems) {
    for (const stop of await seenStops(sql, credentials[system])) {
      if (!(await liftStop(sql, credentials[system], stop))) continue;
      const { stopped, reason } = stop;
      lifted.push({ system, stopped, reason, others: sharingConnections(connections, connectionId, system) });
    }
    const until = await closedUntil(sql, credentials[system]);
    if (until !== null) waits.push({ system, until: until.toISOString() });
  }
  const others = [...new Set(lifted.flatMap((stop) => stop.others))];
  let records = 0;
  for (const id of [connectionId, ...others]) {
    records += await resumeStoppedRecords(client, id);
    await wakeCatalogue(client, id);
  }
  for (const id of others) await resumeBulkSync(client, id);
  return { bulkSync: await resumeBulkSync(client, connectionId), records, lifted, waits };
}

async function resumeBulkSync(client: Client, connectionId: string): Promise<Resumed['bulkSync']> {
  try {
    const handle = client.workflow.getHandle(bulkSyncId(connectionId));
    await tellBulkSync(client, connectionId, () =>
      handle.executeUpdate(resumeLiftedUpdate, { args: [{ lifted: true }] }),
    );
    return 'goesOn';
  } catch (error) {
    if (error instanceof BulkSyncRefuses) return 'underWay';
    if (error instanceof NoBulkSync) return 'none';
    throw error;
  }
}
