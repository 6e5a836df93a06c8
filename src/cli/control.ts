import type { WorkflowHandle } from '@temporalio/client';
import { Option, type Command } from 'commander';
import type { Config } from '../config/schema.js';
import { systemNames, type SystemName } from '../core/record.js';
import type { Output } from './output.js';
import { CommandFailed, UsageError, wholeNumber, type CommonOptions } from './program.js';
import type { Session } from './session.js';
import { visibleJson } from './visible.js';
import { whoOf, withBy, type ByOption } from './who.js';

interface JsonOptions extends CommonOptions {
  readonly json?: boolean;
}

/** The commands that look at a running bulk sync and steer it: each is one query or one update. */
export function registerControl(program: Command, output: Output): void {
  program
    .command('progress <connection>')
    .description('Show how far the bulk sync is, who waits for an import in Yapla, and what events cost today.')
    .option('--json', 'print JSON')
    .option('--follow', 'follow it to its end; the status is 0 where its plan was applied and nothing differs any more')
    .action(async (connectionId: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<JsonOptions & { readonly follow?: boolean }>();
      const beside = options.follow === true ? null : await besideShown(options, connectionId);
      const printed = onBulkSync(options, connectionId, async ({ handle, session }) => {
        if (options.follow === true) {
          const { followRunning } = await import('./applyPlan.js');
          const result = await followRunning({ ...session, output }, connectionId);
          if (options.json === true) output.print(JSON.stringify(result, null, 2));
          else
            output.print(
              `${connectionId}: bulk sync ${result.outcome}, ${result.differences ?? 'unknown'} differences`,
            );
          if (result.outcome !== 'applied' || (result.differences ?? 0) > 0) throw new CommandFailed(result.outcome);
          return;
        }
        const { progressText } = await import('./progressText.js');
        const { progressQuery } = await import('../../workflows/bulkSync.messages.js');
        const { planProgress } = await import('../store/planItems.js');
        const progress = await handle.query(progressQuery);
        if (options.json === true) {
          output.print(visibleJson(beside === null ? progress : { ...progress, ...beside.counts }));
          return;
        }
        // The workflow counts whole chunks; the database knows each person.
        const rows = progress.plan === null ? [] : await planProgress(session.sql, progress.plan.id);
        const done = rows.filter((row) => row.part === 'remote' && row.status !== 'pending');
        output.print(
          progressText(
            progress,
            done.reduce((sum, row) => sum + row.n, 0),
          ),
        );
        if (beside !== null) output.print(beside.text);
      });
      try {
        await printed;
      } catch (error) {
        // Who waits for an import waits whether a bulk sync runs or not.
        if (beside === null || !(error instanceof NoneRuns)) throw error;
        if (options.json === true) output.print(visibleJson(beside.counts));
        else output.print(`${connectionId}: no bulk sync is running\n${beside.text}`);
      }
    });

  program
    .command('plan <connection> [number]')
    .description('Show the newest plan, or the one with that number.')
    .option('--samples <n>', "sample lines of each kind; they show people's data on this terminal", wholeNumber, 10)
    .option('--json', 'print totals and cost as JSON, without samples')
    .action(async (connectionId: string, number: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<JsonOptions & { readonly samples: number }>();
      await inSession(options, connectionId, async ({ sql }) => {
        const { findPlan } = await import('../store/plans.js');
        const { sampleItems } = await import('../store/planItems.js');
        const { planText } = await import('./planText.js');
        const { personsOf } = await import('../core/record.js');
        const scope = personsOf(connectionId);
        const plan = await findPlan<never, never, never>(
          sql,
          scope,
          number === undefined ? undefined : planNumber(number),
        );
        if (plan === null || plan.totals === null) throw new UsageError(`${connectionId} has no such plan`);
        if (options.json === true) {
          output.print(visibleJson(plan));
          return;
        }
        const samples = await sampleItems(sql, scope, plan.id, options.samples);
        output.print(planText({ ...plan, connection: connectionId, samples }, output, Date.now()));
        output.print(`Status: ${plan.status}`);
      });
    });

  for (const verb of ['approve', 'reject'] as const) {
    withBy(program.command(`${verb} <connection> <plan>`))
      .description(
        verb === 'approve'
          ? 'Approve the plan with that number: it is applied.'
          : 'Reject the plan: nothing is changed.',
      )
      .action(async (connectionId: string, number: string, _: unknown, command: Command) => {
        const options = command.optsWithGlobals<CommonOptions & ByOption>();
        const plan = planNumber(number);
        const by = whoOf(options);
        await onBulkSync(options, connectionId, async ({ handle, session }) => {
          const { decidePlan, planDecision } = await import('./decidePlan.js');
          const what = { connectionId, plan, verb, by };
          output.note(await decidePlan(planDecision({ ...session, handle }, what)));
        });
      });
  }

  withBy(program.command('resume <connection>'))
    .description('Go on after a pause, or after what stopped the connection (token, permission) was mended.')
    .addOption(new Option('--system <system>', 'lift the stop of this system only').choices(systemNames))
    .action(async (connectionId: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & ByOption & { readonly system?: SystemName }>();
      const by = whoOf(options);
      await inSession(options, connectionId, async (session, { connections }) => {
        const { resumeConnection } = await import('./resume.js');
        const systems = options.system === undefined ? undefined : [options.system];
        const { carryOutDeed } = await import('../store/audit.js');
        const about = options.system === undefined ? {} : { system: options.system };
        const told = await carryOutDeed(
          session.sql,
          { connectionId, kind: null, verb: 'resume', by, about },
          () => resumeConnection({ ...session, connections, systems }, connectionId),
          () => false,
        );
        const { bulkSync, records, lifted, waits } = told;
        const bulk = {
          goesOn: 'Its bulk sync goes on',
          underWay: 'Its bulk sync was neither paused nor stopped',
          none: 'No bulk sync of it is running',
        }[bulkSync];
        for (const { system, stopped, reason, others } of lifted) {
          const also = others.length === 0 ? '' : ` ${others.join(', ')} has the same token and goes on, too.`;
          const what = stopped === 'writes' ? 'writes' : 'requests';
          output.note(`resume: ${connectionId} may send ${what} to ${system} again (stopped: ${reason}).${also}`);
        }
        if (lifted.length === 0) output.note(`resume: no stop of ${connectionId} had to be lifted.`);
        for (const { system, until } of waits) {
          output.note(`  ${system} told us to wait until ${until} (429): nothing is sent there before.`);
        }
        output.note(`  ${bulk}; ${records} single records that had stopped go on.`);
      });
    });

  const verbs = {
    pause: ['Pause the bulk sync after the people in hand.', 'pauses after the people in hand'],
    cancel: [
      'End the bulk sync after the people in hand; the rest of the plan is dropped.',
      'ends after the people in hand',
    ],
  } as const;
  for (const [verb, [description, done]] of Object.entries(verbs) as [
    keyof typeof verbs,
    readonly [string, string],
  ][]) {
    withBy(program.command(`${verb} <connection>`))
      .description(description)
      .action(async (connectionId: string, _: unknown, command: Command) => {
        const options = command.optsWithGlobals<CommonOptions & ByOption>();
        const by = whoOf(options);
        // What the configuration names no more can still be ended: "passerelle remove" asks for that.
        const left = verb === 'cancel';
        await onBulkSync({ ...options, left }, connectionId, async ({ handle, session }) => {
          const messages = await import('../../workflows/bulkSync.messages.js');
          const { BulkSyncRefuses, NoBulkSync, tellBulkSync } = await import('../bulk.js');
          const { carryOutDeed } = await import('../store/audit.js');
          const { personsOf } = await import('../core/record.js');
          const update = messages[`${verb}Update`];
          await carryOutDeed(
            session.sql,
            { ...personsOf(connectionId), verb, by },
            () => tellBulkSync(session.client, connectionId, () => handle.executeUpdate(update)),
            (error) => error instanceof BulkSyncRefuses || error instanceof NoBulkSync,
          );
          output.note(`The bulk sync of ${connectionId} ${done}.`);
        });
      });
  }
}

/** `left`: the connection need not be one of the configuration. */
type SessionOptions = CommonOptions & { readonly left?: boolean };

async function inSession(
  options: SessionOptions,
  connectionId: string,
  action: (session: Session, config: Config) => Promise<void>,
): Promise<void> {
  const { loadConfig } = await import('../config/load.js');
  const { connectionOf, openSession } = await import('./session.js');
  const config = loadConfig(options.config);
  if (options.left !== true) connectionOf(config, connectionId);
  const session = await openSession(config);
  try {
    await action(session, config);
  } finally {
    await session.close();
  }
}

/** No bulk sync runs. */
class NoneRuns extends UsageError {}

/** Who waits for an import in Yapla, and what events cost: what is there whether a bulk sync runs or not. Null: the connection has neither. */
async function besideShown(options: SessionOptions, connectionId: string) {
  const { loadConfig } = await import('../config/load.js');
  const { connectionOf, openStore } = await import('./session.js');
  const config = loadConfig(options.config);
  const connection = connectionOf(config, connectionId);
  const makesFiles = connection.yapla.write.mode === 'workbook';
  if (!makesFiles && connection.events === undefined) return null;
  const { eventsCost, importsOf } = await import('./statusOf.js');
  const { eventsCostText, importLines } = await import('./statusText.js');
  const store = await openStore(config);
  try {
    const imports = makesFiles ? await importsOf(store.sql, connectionId) : null;
    const events = await eventsCost(store.sql, connectionId, connection);
    const lines = [
      ...(imports === null ? [] : importLines(imports, connectionId, Date.now())),
      ...(events === null ? [] : [`  ${eventsCostText(events)}`]),
    ];
    return { counts: { ...(imports && { imports }), ...(events && { events }) }, text: lines.join('\n') };
  } finally {
    await store.close();
  }
}

/** Runs an action on the running bulk sync. @throws {NoneRuns} when none runs */
async function onBulkSync(
  options: SessionOptions,
  connectionId: string,
  action: (on: { readonly handle: WorkflowHandle; readonly session: Session }) => Promise<void>,
): Promise<void> {
  const { isGrpcServiceError, ServiceError, WorkflowNotFoundError } = await import('@temporalio/client');
  const { bulkSyncId } = await import('../../workflows/bulkSync.messages.js');
  const { NoBulkSync } = await import('../bulk.js');
  await inSession(options, connectionId, async (session) => {
    const handle = session.client.workflow.getHandle(bulkSyncId(connectionId));
    try {
      await action({ handle, session });
    } catch (error) {
      if (isGrpcServiceError(error) || (error instanceof ServiceError && isGrpcServiceError(error.cause))) {
        throw new Error(
          `Temporal cannot ask the bulk sync of ${connectionId}: no worker answers. See whether "passerelle start" (or "passerelle worker") is running.`,
          { cause: error },
        );
      }
      if (!(error instanceof WorkflowNotFoundError || error instanceof NoBulkSync)) throw error;
      throw new NoneRuns(new NoBulkSync(connectionId).message, { cause: error });
    }
  });
}

function planNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`expected the plan's number, found "${text}"`);
  return number;
}
