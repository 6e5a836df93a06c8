/** One bulk sync from a terminal, from start to summary: used by `sync` and by `demo`. */
import { createInterface } from 'node:readline/promises';
import type { Client } from '@temporalio/client';
import { startBulkSync, type BulkSyncHandle } from '../bulk.js';
import { sampleItems } from '../store/planItems.js';
import type { Sql } from '../store/database.js';
import {
  approveSignal,
  rejectSignal,
  type BulkProgress,
  type BulkSyncInput,
  type BulkSyncResult,
  type PlanSummary,
} from '../../workflows/bulkSync.messages.js';
import { followBulk } from './followBulk.js';
import { planText } from './planText.js';
import type { Output } from './output.js';

export interface BulkRun {
  readonly client: Client;
  readonly sql: Sql;
  readonly taskQueue: string;
  readonly input: BulkSyncInput;
  readonly output: Output;
  /** Who approves in this run's name; null: a person is asked on the terminal. */
  readonly approver: string | null;
  /** Sample lines of each kind. */
  readonly samples: number;
  /** Says nothing but what went wrong. */
  readonly quiet?: boolean;
}

export interface BulkRunEnd {
  readonly handle: BulkSyncHandle;
  readonly result: BulkSyncResult;
  readonly plan: PlanSummary | null;
}

/** Lines that a person can take in at a glance. */
export const samplesPerKind = 4;

export async function runBulkSync(run: BulkRun): Promise<BulkRunEnd> {
  const { client, sql, input } = run;
  const output = run.quiet === true ? silent(run.output) : run.output;
  const handle = await startBulkSync(client, run.taskQueue, input);
  const planned = await followBulk(
    handle,
    sql,
    output,
    (progress) => progress.plan !== null || progress.phase === 'ended',
  );
  if (planned.plan !== null) {
    const { plan } = planned;
    const samples = await sampleItems(sql, input.connectionId, plan.id, run.samples);
    output.print();
    output.print(planText({ ...plan, connection: input.connectionId, samples }, output, Date.now()));
    output.print();
    await approve({ ...run, output }, handle, plan);
  }
  const ended = await followBulk(handle, sql, output, (progress) => progress.phase === 'ended');
  return { handle, plan: ended.plan, result: await handle.result() };
}

async function approve(run: BulkRun, handle: BulkSyncHandle, plan: PlanSummary): Promise<void> {
  const waiting = (progress: BulkProgress) => progress.phase === 'waitingForApproval';
  const asked = await followBulk(
    handle,
    run.sql,
    run.output,
    (progress) => waiting(progress) || progress.approvedBy !== null,
  );
  if (!waiting(asked)) return;
  if (run.approver === null && !process.stdin.isTTY) {
    throw new PlanWaits(run.input.connectionId, plan.number);
  }
  const yes = run.approver !== null || (await confirm());
  const by = run.approver ?? process.env['USER'] ?? 'terminal';
  await handle.signal(yes ? approveSignal : rejectSignal, { by, plan: plan.number });
}

/** Nobody is there to be asked: the plan waits, and the workflow with it. */
export class PlanWaits extends Error {
  override readonly name = 'PlanWaits';
  constructor(connectionId: string, plan: number) {
    super(
      `plan ${plan} waits for approval: "passerelle approve ${connectionId} ${plan}" applies it, "passerelle reject ${connectionId} ${plan}" drops it`,
    );
  }
}

async function confirm(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^(y|yes|o|oui)$/i.test((await terminal.question('Apply this plan? (yes/no) ')).trim());
  } finally {
    terminal.close();
  }
}

function silent(output: Output): Output {
  return { ...output, interactive: false, print: () => undefined, note: () => undefined };
}
