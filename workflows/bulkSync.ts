/**
 * `bulkSync`: scan both systems → match → plan → wait for approval → apply → verify.
 *
 * The workflow decides *when*; what is read, matched, decided and written happens in activities over Postgres, so that the history
 * holds ids, counts and hashes only. Phases run in order and each may be repeated: every activity finds what an earlier attempt
 * of it left behind.
 *
 * What interrupts a phase, and how it goes on (see `persevere`):
 *   - pause (signal): activities under way end after the item in hand; `resume` repeats the step, which finds the rest;
 *   - a spent quota: a timer until the window opens, visible in the `progress` query and in the search attribute;
 *   - a system that refuses us (401, 403) or answers what we cannot read: `stopped`, until a person has mended it and resumes;
 *   - cancel (signal, or Temporal's own): what is in hand is finished, the rest left, the plan marked.
 * Server errors and time-outs are retried by Temporal without the workflow noticing.
 */
import {
  ActivityCancellationType,
  allHandlersFinished,
  ApplicationFailure,
  ActivityFailure,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { PlanTotals } from '../src/core/plan.js';
import { advanceScan, startScan } from '../src/core/scan.js';
import { systemNames, type SystemName } from '../src/core/record.js';
import {
  approveSignal,
  cancelSignal,
  pauseSignal,
  progressQuery,
  rejectSignal,
  resumeSignal,
  type ApplyCounts,
  type BulkPhase,
  type BulkProgress,
  type BulkState,
  type BulkSyncInput,
  type BulkSyncResult,
  type CarriedState,
} from './bulkSync.messages.js';
import { phaseKey, stateKey } from './searchAttributes.js';

/** Failures that Temporal must not retry by itself: the workflow waits for them in the open. Types of activities/failures.ts. */
const heldFailures = ['BudgetExhausted', 'ConnectionStopped', 'AccessRefused', 'RequestRefused', 'UnexpectedResponse'];

/** Creations whose effect is unknown are looked up and re-issued at most so often; what is left then becomes a case. */
const maxSettleRounds = 3;

const nothingApplied: ApplyCounts = { outcomes: {}, ended: 0 };

/**
 * Retries after a worker died or the database was away: soon, and for ever. A system that fails names its own, longer delays
 * (activities/failures.ts), because every request that it answers with an error costs quota.
 */
const retry = {
  initialInterval: '1 second',
  backoffCoefficient: 1.5,
  maximumInterval: '10 seconds',
  nonRetryableErrorTypes: heldFailures,
} as const;

class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

export async function bulkSync(input: BulkSyncInput): Promise<BulkSyncResult> {
  const { connectionId } = input;
  const runId = input.carried?.runId ?? workflowInfo().runId;

  // --- state, all of it carried through continue-as-new ---
  let progress: BulkProgress = input.carried?.progress ?? {
    connectionId,
    phase: 'preparing',
    state: { kind: 'running' },
    scans: { yapla: null, yoplanning: null },
    plan: null,
    applied: nothingApplied,
    approvedBy: null,
    differences: null,
  };
  const scanIds: Record<SystemName, number | null> = {
    ...(input.carried?.scanIds ?? { yapla: null, yoplanning: null }),
  };
  let nextItem = input.carried?.nextItem ?? 1;
  let settleRounds = input.carried?.settleRounds ?? 0;
  let paused = input.carried?.paused ?? false;
  let rejected = input.carried?.rejected ?? false;
  let cancelled = false;
  let resumes = 0;
  const underWay = new Set<CancellationScope>();

  // --- messages: handlers before the first await ---
  setHandler(progressQuery, () => progress);
  setHandler(approveSignal, ({ by, plan }) => {
    if (plan === progress.plan?.number && !rejected) progress = { ...progress, approvedBy: progress.approvedBy ?? by };
    else log.warn('an approval names another plan and is ignored', { plan });
  });
  setHandler(rejectSignal, ({ plan }) => {
    if (plan === progress.plan?.number && progress.approvedBy === null) rejected = true;
    else log.warn('a rejection names another plan, or comes after the approval, and is ignored', { plan });
  });
  setHandler(pauseSignal, () => {
    paused = true;
    for (const scope of underWay) scope.cancel();
  });
  setHandler(resumeSignal, () => {
    paused = false;
    resumes += 1;
  });
  setHandler(cancelSignal, () => {
    cancelled = true;
    for (const scope of underWay) scope.cancel();
  });

  // --- helpers over that state ---
  function enter(phase: BulkPhase): void {
    progress = { ...progress, phase };
    upsertSearchAttributes([{ key: phaseKey, value: phase }]);
  }

  function become(state: BulkState): void {
    if (state.kind !== progress.state.kind) upsertSearchAttributes([{ key: stateKey, value: state.kind }]);
    progress = { ...progress, state };
  }

  /** Waits while paused. @throws {Cancelled} */
  async function gate(): Promise<void> {
    if (paused && !cancelled) {
      become({ kind: 'paused' });
      await condition(() => !paused || cancelled);
      become({ kind: 'running' });
    }
    if (cancelled) throw new Cancelled();
  }

  /** Runs a step until it succeeds, through pauses, spent quotas and stops. @throws {Cancelled} and what no wait can mend. */
  async function persevere<T>(step: () => Promise<T>): Promise<T> {
    for (;;) {
      await gate();
      const scope = new CancellationScope();
      underWay.add(scope);
      try {
        return await scope.run(step);
      } catch (error) {
        // Once it is told to end, an activity is not retried any more: what its last attempt fails with says no more than that it ended.
        if (isCancellation(error) || scope.consideredCancelled) {
          // Temporal's own cancellation reaches us through the parent scope; a pause only through this one.
          if (CancellationScope.current().consideredCancelled) cancelled = true;
          continue;
        }
        await hold(error);
      } finally {
        underWay.delete(scope);
      }
    }
  }

  /** Waits for what a failure waits for; rethrows one that no wait can mend. */
  async function hold(error: unknown): Promise<void> {
    const failure = error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : null;
    if (failure === null || !heldFailures.includes(failure.type ?? '')) throw error;
    if (failure.type === 'BudgetExhausted') {
      const { retryAtMs } = failure.details![0] as { retryAtMs: number };
      become({ kind: 'waitingForBudget', until: new Date(retryAtMs).toISOString(), reason: failure.message });
      await condition(() => cancelled || paused, Math.max(retryAtMs - Date.now(), 1_000));
    } else {
      const before = resumes;
      become({ kind: 'stopped', failure: failure.type!, reason: failure.message });
      await condition(() => cancelled || resumes > before);
      if (!cancelled) await quick.liftStops({ connectionId });
    }
    become({ kind: 'running' });
  }

  function isFull(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= (options.maxHistoryEvents ?? Infinity);
  }

  async function continueIfFull(): Promise<void> {
    if (!isFull()) return;
    await condition(allHandlersFinished);
    // Came with the last activation: the next run would know nothing of it.
    if (cancelled) throw new Cancelled();
    const carried: CarriedState = { runId, progress, scanIds, nextItem, settleRounds, paused, rejected };
    await continueAsNew<typeof bulkSync>({ ...input, carried });
  }

  // --- activities ---
  const quick = proxyActivities<Activities>({ startToCloseTimeout: '1 minute', retry });
  const options = await quick.prepareBulk({ connectionId });
  const heartbeatTimeout = options.heartbeatTimeoutMs;
  // Short enough that a dead worker's page is soon read again; a page waits a few seconds at most for its permit.
  const pages = proxyActivities<Activities>({ startToCloseTimeout: '5 minutes', heartbeatTimeout, retry });
  const long = proxyActivities<Activities>({
    startToCloseTimeout: '6 hours',
    heartbeatTimeout,
    retry,
    // An item in hand is finished before the activity ends: a pause must not leave a write without its record.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });

  /** Reads one system's whole list, page by page; returns early when the history has grown long. */
  async function scan(system: SystemName): Promise<void> {
    for (;;) {
      const state = progress.scans[system] ?? startScan();
      if (state.status === 'complete') return;
      if (state.status === 'failed') {
        throw ApplicationFailure.nonRetryable(
          `the list of ${system} never added up to the count that it states (${state.reason}), in ${state.pass} passes: nothing was planned. Try again when fewer people edit it, or raise bulk.maxScanRestarts.`,
          'ScanIncomplete',
        );
      }
      if (isFull()) return;
      const facts = await persevere(async () => {
        scanIds[system] ??= await quick.openScan({ connectionId, system, runId: `${runId}/${settleRounds}` });
        return await pages.scanPage({
          connectionId,
          system,
          scanId: scanIds[system],
          pass: state.pass,
          from: state.from,
        });
      });
      const next = advanceScan(state, facts, {
        pageSize: options.pageSizes[system],
        maxRestarts: options.maxScanRestarts,
      });
      progress = { ...progress, scans: { ...progress.scans, [system]: next } };
      if (next.status !== 'reading') {
        await quick.endScan({ scanId: scanIds[system]!, status: next.status });
      }
    }
  }

  /** Applies the plan's remote items, a few chunks at a time. A chunk repeats safely: it only touches pending items. */
  async function applyChunks(planId: number, items: number): Promise<void> {
    const lane = async (): Promise<void> => {
      while (nextItem <= items && !isFull()) {
        const from = nextItem;
        nextItem = Math.min(from + options.chunkItems, items + 1);
        const to = nextItem;
        const counts = await persevere(() => long.applyChunk({ connectionId, planId, from, to }));
        const outcomes = { ...progress.applied.outcomes };
        for (const [outcome, n] of Object.entries(counts.outcomes)) outcomes[outcome] = (outcomes[outcome] ?? 0) + n;
        progress = { ...progress, applied: { outcomes, ended: progress.applied.ended + counts.ended } };
      }
    };
    await all(Array.from({ length: options.parallelChunks }, lane));
  }

  async function scanBoth(): Promise<void> {
    while (systemNames.some((system) => progress.scans[system]?.status !== 'complete')) {
      await all(systemNames.map(scan));
      await continueIfFull();
    }
  }

  // --- the phases ---
  async function run(): Promise<BulkSyncResult['outcome']> {
    if (progress.plan === null) {
      if (progress.phase !== 'scanning') enter('scanning');
      await scanBoth();
      enter('matching');
      const draft = await persevere(() => quick.draftPlan({ connectionId, runId }));
      await persevere(() => long.matchRecords({ connectionId, planId: draft.id }));
      enter('planning');
      const pagesRead = { yapla: progress.scans.yapla!.pages, yoplanning: progress.scans.yoplanning!.pages };
      const drawn = await persevere(() => long.makePlan({ connectionId, planId: draft.id, pages: pagesRead }));
      progress = { ...progress, plan: { ...draft, ...drawn } };
    }
    const plan = progress.plan!;

    if (progress.approvedBy === null) {
      const autoApprove = input.autoApprove ?? options.autoApprove;
      if (!changes(plan.totals)) progress = { ...progress, approvedBy: 'nothing to approve' };
      else if (autoApprove && plan.guard.length === 0) progress = { ...progress, approvedBy: 'rule: autoApprove' };
      else {
        enter('waitingForApproval');
        await condition(() => progress.approvedBy !== null || rejected || cancelled);
        if (cancelled) throw new Cancelled();
        if (rejected) return 'rejected';
      }
      await quick.markPlan({ connectionId, planId: plan.id, status: 'approved', by: progress.approvedBy! });
    }

    if (progress.phase !== 'settling') {
      if (progress.phase !== 'applying') {
        enter('applying');
        await persevere(() => long.applyLocal({ connectionId, planId: plan.id }));
      }
      while (nextItem <= plan.remoteItems) {
        await applyChunks(plan.id, plan.remoteItems);
        await continueIfFull();
      }
    }

    await settle(plan.id, plan.remoteItems);
    // Chunks may have been applied more than once (after a settling): what counts is how each item ended.
    const applied = await persevere(() => quick.countOutcomes({ planId: plan.id, items: plan.remoteItems }));
    progress = { ...progress, applied };

    enter('verifying');
    const { differences } = await persevere(() => long.verify({ connectionId }));
    progress = { ...progress, differences };

    if (options.fillReferences) {
      enter('storingReferences');
      await persevere(() => long.fillReferences({ connectionId }));
    }
    return 'applied';
  }

  /**
   * Creations whose answer never came (only where we cannot choose the id): reads the list again, recognises those that took
   * effect by their recorded intent, and re-issues the others.
   */
  async function settle(planId: number, items: number): Promise<void> {
    for (;;) {
      if (progress.phase !== 'settling') {
        const { open } = await persevere(() => quick.countUnsettled({ connectionId }));
        if (open.length === 0) return;
        enter('settling');
        settleRounds += 1;
        for (const system of open) {
          scanIds[system] = null;
          progress = { ...progress, scans: { ...progress.scans, [system]: null } };
        }
      }
      await scanBoth();
      const giveUp = settleRounds > maxSettleRounds;
      const { reopened } = await persevere(() => long.settleIntents({ connectionId, planId, giveUp }));
      enter('applying');
      if (reopened === 0) return;
      for (nextItem = 1; nextItem <= items;) {
        await applyChunks(planId, items);
        await continueIfFull();
      }
    }
  }

  let outcome: BulkSyncResult['outcome'];
  try {
    outcome = await run();
  } catch (error) {
    if (!(error instanceof Cancelled) && !isCancellation(error)) throw error;
    outcome = 'cancelled';
  }
  // The end is recorded even when Temporal itself was asked to cancel.
  await CancellationScope.nonCancellable(async () => {
    become({ kind: 'running' });
    if (progress.plan !== null) await quick.markPlan({ connectionId, planId: progress.plan.id, status: outcome });
    enter('ended');
  });
  return { outcome, plan: progress.plan?.number ?? null, applied: progress.applied, differences: progress.differences };
}

/** True where a plan would link, make or change anything at all: questions alone need no approval. */
function changes({ items, newLinks, changedPeople }: PlanTotals): boolean {
  return newLinks + changedPeople + items.link + items.adopt + items.create + items.write + items.remove > 0;
}

/** Like Promise.all, but waits for every one before it throws: nothing may be left running behind the phase's back. */
async function all(steps: Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(steps);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}
