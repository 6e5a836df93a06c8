import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import type { Holding } from '../store/removal.js';
import type { Output } from './output.js';
import { UsageError, type CommonOptions } from './program.js';
import { whoOf, withBy, type ByOption } from './who.js';

interface RemoveOptions extends CommonOptions, ByOption {
  readonly yes?: boolean;
}

/** `passerelle remove <connection>`: deletes what the database holds of a connection that the configuration no longer names. */
export function registerRemove(program: Command, output: Output): void {
  withBy(program.command('remove <connection>'))
    .description(
      'Delete what the database holds of a connection that is not in the configuration any more: shows what, and asks. Changes nothing in Yapla or Yoplanning.',
    )
    .option('-y, --yes', 'delete it without asking')
    .action(async (connectionId: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<RemoveOptions>();
      const by = whoOf(options);
      const { loadConfig } = await import('../config/load.js');
      const { openSession } = await import('./session.js');
      const { holdingsOf, removeConnection } = await import('../store/removal.js');
      const { noteDeed } = await import('../store/audit.js');
      const { confirm } = await import('./confirm.js');
      const { table } = await import('./output.js');
      const config = loadConfig(options.config);
      if (connectionId in config.connections) {
        throw new RemovalRefused(
          `the configuration still names ${connectionId}: take it out of the file and restart workers and receivers first, or they would read it all again`,
        );
      }
      const session = await openSession(config);
      try {
        const holdings = await holdingsOf(session.sql, connectionId);
        if (holdings.length === 0) throw new UsageError(`the database holds nothing of "${connectionId}"`);
        output.print(table(holdings.map(line), { right: [1], indent: 2 }));
        await refuseWhileItRuns(session.client, connectionId);
        if (options.yes !== true && !process.stdin.isTTY)
          throw new UsageError('nobody is there to be asked: --yes deletes it without');
        if (options.yes !== true && !(await confirm(`Delete all of this for good?`)))
          return output.note('Left as it is.');
        await session.sql.begin(async (tx) => {
          await removeConnection(tx, connectionId);
          const about = Object.fromEntries(holdings.map((one) => [one.table, one.rows]));
          await noteDeed(tx, { connectionId, kind: null, verb: 'remove', by, about }, 'done');
        });
        output.note(
          `${connectionId} is removed. What its token sent stays in the request log, so that the day's limit holds; who did what stays in "passerelle audit".`,
        );
      } finally {
        await session.close();
      }
    });
}

/** Nothing was deleted. */
export class RemovalRefused extends Error {
  override readonly name = 'RemovalRefused';
}

/** @throws {RemovalRefused} with what ends them */
async function refuseWhileItRuns(client: Client, connectionId: string): Promise<void> {
  const { WorkflowNotFoundError } = await import('@temporalio/client');
  const { bulkSyncId } = await import('../../workflows/bulkSync.messages.js');
  const { wakeRecords } = await import('../syncRecord.js');
  try {
    const { status } = await client.workflow.getHandle(bulkSyncId(connectionId)).describe();
    if (status.name === 'RUNNING') {
      throw new RemovalRefused(
        `a bulk sync of ${connectionId} is running: "passerelle cancel ${connectionId}" ends it, where a worker runs`,
      );
    }
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  const records = await wakeRecords(client, connectionId);
  if (records === 0) return;
  throw new RemovalRefused(
    `the workflows of ${records} single people of ${connectionId} are running. They were told just now to look: a worker that was started with this configuration ends them, so ask again in a moment. Where none runs, end them in Temporal's UI (PasserelleConnection = '${connectionId}').`,
  );
}

/** What people call it; what is not here is called as its table is. */
const words: Readonly<Record<string, string>> = {
  cases: 'cases, open and closed',
  field_rule: 'remembered rules',
  guard_hold: 'changes that the guard holds',
  inbox: 'webhooks as received',
  intent: 'creations',
  journal: 'journal: values that were replaced',
  link: 'links: people known to be one',
  link_signal: 'people to be looked at',
  plan: 'plans',
  scan: 'readings of a whole list',
  shadow: 'copies of records',
  unreadable: 'records that cannot be read',
};

function line({ table, rows }: Holding): string[] {
  return [words[table] ?? table.replaceAll('_', ' '), String(rows)];
}
