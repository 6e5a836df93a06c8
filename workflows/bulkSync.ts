/**
 * `bulkSync`: scan both systems → match → plan → wait for approval → apply → verify.
 *
 * Which step comes next, and which messages are taken: bulkRun.ts. Here the steps are carried out: what is read, matched, decided and
 * written happens in activities over Postgres, so that the history holds ids, counts and hashes only. Each activity finds what an earlier
 * attempt of it left behind.
 *
 * What interrupts a step, and how it goes on (see `persevere`):
 *   - pause: activities under way end after the item in hand; `resume` repeats the step, which finds the rest;
 *   - a spent quota: a timer until the window opens, visible in the `progress` query and in the search attribute;
 *   - a system that refuses us (401, 403) or answers what we cannot read: `stopped`, until a person has mended it and resumes;
 *   - a system that is read and takes no writes (403 on a write): what goes to the other one is applied first, then `stopped` as before;
 *   - a connection that is taken out of the configuration: the plan ends as `notConfigured`, and what is left to do stays in the database;
 *   - cancel (a message, or Temporal's own): what is in hand is finished, the rest left, the plan marked.
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
import type { BulkOptions } from '../activities/prepareBulk.js';
import { systemNames, type SystemName } from '../src/core/record.js';
import { BulkRun, newBulkRun, type BulkMessage, type BulkStep } from './bulkRun.js';
import {
  approveSignal,
  approveUpdate,
  bulkSyncId,
  cancelSignal,
  cancelUpdate,
  pauseSignal,
  pauseUpdate,
  progressQuery,
  refusedType,
  rejectSignal,
  rejectUpdate,
  resumeLiftedUpdate,
  resumeSignal,
  supersedeUpdate,
  type BulkSyncInput,
  type BulkSyncResult,
  type Hold,
  type PlanMessage,
  type ResumeMessage,
} from './bulkSync.messages.js';
import { refuseForeignStart } from './ownStart.js';
import { phaseKey, stateKey } from './searchAttributes.js';

/** Failures that Temporal must not retry by itself: the workflow waits for them in the open. Types of activities/failures.ts. */
const heldFailures = [
  'BudgetExhausted',
  'ConnectionStopped',
  'WritesStopped',
  'AccessRefused',
  'RequestRefused',
  'UnexpectedResponse',
];

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

/** The step is left: the run is ending. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export async function bulkSync(input: BulkSyncInput): Promise<BulkSyncResult> {
  const { connectionId, fileId } = input;
  /** Named only where there is one: what activities were asked for before there were files stays as it was. */
  const ofFile = fileId === undefined ? {} : { fileId };
  refuseForeignStart(bulkSyncId(connectionId), input.carried);
  const run = new BulkRun(input.carried ?? newBulkRun(connectionId, workflowInfo().runId));
  const underWay = new Set<CancellationScope>();
  /** Whether the newest `resume` leaves it to us to lift the connection's stops. */
  let liftsStops = true;
  // A plan that waits for a person is held by nothing, and yet it does not run.
  const shownState = () => {
    const { kind } = run.progress.state;
    return run.step === 'wait' && kind === 'running' ? 'waitingForApproval' : kind;
  };
  let shown = { phase: run.phase, state: shownState() };

  // --- messages: handlers before the first await ---
  function take(message: BulkMessage): undefined {
    run.take(message);
    if (message.verb === 'pause' || message.verb === 'cancel') for (const scope of underWay) scope.cancel();
    show();
  }

  function validate(message: BulkMessage): void {
    const refusal = run.refusalOf(message, Date.now());
    if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal.text, refusedType, refusal);
  }

  /** A signal has nobody to answer to. */
  function takeSignal(message: BulkMessage): void {
    const refusal = run.refusalOf(message, Date.now());
    if (refusal === null) take(message);
    else log.warn(`a signal is ignored: ${refusal.text}`, { connectionId, signal: message.verb });
  }

  setHandler(progressQuery, () => run.progress);
  for (const [verb, update, signal] of [
    ['approve', approveUpdate, approveSignal],
    ['reject', rejectUpdate, rejectSignal],
  ] as const) {
    const messageOf = (told: PlanMessage) => ({ verb, ...told });
    setHandler(update, (told) => take(messageOf(told)), {
      validator: (told: PlanMessage) => validate(messageOf(told)),
    });
    setHandler(signal, (told) => takeSignal(messageOf(told)));
  }
  for (const [verb, update, signal] of [
    ['pause', pauseUpdate, pauseSignal],
    ['cancel', cancelUpdate, cancelSignal],
    ['supersede', supersedeUpdate, null],
  ] as const) {
    setHandler(update, () => take({ verb }), { validator: () => validate({ verb }) });
    if (signal !== null) setHandler(signal, () => takeSignal({ verb }));
  }

  const resume = (told: ResumeMessage | undefined) => {
    liftsStops = told?.lifted !== true;
    return take({ verb: 'resume' });
  };
  setHandler(resumeLiftedUpdate, resume, {
    validator: (_: ResumeMessage | undefined) => validate({ verb: 'resume' }),
  });
  setHandler(resumeSignal, () => {
    liftsStops = true;
    takeSignal({ verb: 'resume' });
  });

  /** Phase and state in the search attributes; only changes are recorded. */
  function show(): void {
    const now = { phase: run.phase, state: shownState() };
    const changed = [
      ...(now.phase === shown.phase ? [] : [{ key: phaseKey, value: now.phase }]),
      ...(now.state === shown.state ? [] : [{ key: stateKey, value: now.state }]),
    ];
    if (changed.length > 0) upsertSearchAttributes(changed);
    shown = now;
  }

  // --- waiting ---

  /** Runs an activity of a step until it succeeds, through pauses, spent quotas and stops. @throws {Interrupted} and what no wait can mend */
  async function persevere<T>(lane: string, activity: () => Promise<T>): Promise<T> {
    for (;;) {
      if (run.isPaused && !run.isEnding) await held(lane, { kind: 'paused' });
      if (run.isEnding) throw new Interrupted();
      const scope = new CancellationScope();
      underWay.add(scope);
      try {
        return await scope.run(activity);
      } catch (error) {
        // Once it is told to end, an activity is not retried any more: what its last attempt fails with says no more than that it ended.
        if (isCancellation(error) || scope.consideredCancelled) {
          // Temporal's own cancellation reaches us through the parent scope; a pause only through this one.
          if (CancellationScope.current().consideredCancelled) run.take({ verb: 'cancel' });
          continue;
        }
        await held(lane, holdOf(error));
      } finally {
        underWay.delete(scope);
      }
    }
  }

  /** Waits until what holds the lane is over. */
  async function held(lane: string, hold: Hold): Promise<void> {
    run.hold(lane, hold);
    show();
    if (hold.kind === 'waitingForBudget') {
      const restMs = Math.max(Date.parse(hold.until) - Date.now(), 1_000);
      await condition(() => run.isEnding || run.isPaused || !run.isHeld(lane), restMs);
    } else {
      await condition(() => run.isEnding || !run.isHeld(lane));
      if (hold.kind === 'stopped' && !run.isEnding && liftsStops) await quick.liftStops({ connectionId });
    }
    run.release(lane);
    show();
  }

  function isFull(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= options.maxHistoryEvents;
  }

  /** The end is recorded even when Temporal itself was asked to cancel. */
  async function conclude(): Promise<BulkSyncResult> {
    await CancellationScope.nonCancellable(async () => {
      const { plan, draft, decision } = run.state;
      const ended = plan ?? draft;
      const { outcome } = run;
      if (ended !== null) {
        const by = outcome === 'rejected' ? decision!.by : undefined;
        await quick.markPlan({ connectionId, planId: ended.id, status: outcome, ...(by === undefined ? {} : { by }) });
      }
      show();
    });
    return run.result;
  }

  // --- activities ---
  const quick = proxyActivities<Activities>({ startToCloseTimeout: '1 minute', retry });
  let options: BulkOptions;
  try {
    options = await quick.prepareBulk({ connectionId, ...ofFile });
  } catch (error) {
    // Anyone who starts one for a connection that there is not is told so; one that was under way ends in good order.
    if (!isUnconfigured(error) || input.carried === undefined) throw error;
    run.connectionGone();
    return await conclude();
  }
  run.prepared(options);
  const heartbeatTimeout = options.heartbeatTimeoutMs;
  // A page waits a few seconds at most for its permit. What was read before a pause is told, and not read again.
  const pages = proxyActivities<Activities>({
    startToCloseTimeout: '1 hour',
    heartbeatTimeout,
    retry,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
  const long = proxyActivities<Activities>({
    startToCloseTimeout: '6 hours',
    heartbeatTimeout,
    retry,
    // An item in hand is finished before the activity ends: a pause must not leave a write without its record.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
  /** For steps that have one lane. */
  const alone = <T>(activity: () => Promise<T>) => persevere('1', activity);

  /** Reads one system's whole list, some pages at a time; returns early when the history has grown long. */
  async function scan(system: SystemName): Promise<void> {
    for (;;) {
      const next = run.nextPages(system);
      if (next === null || isFull()) return;
      let { scanId } = next;
      const { scan, options } = next;
      const read = await persevere(system, async () => {
        if (scanId === null) {
          // Whatever was sent meanwhile no file shows: a second look is at the system itself.
          const instead = system === 'yapla' && run.step === 'scan' ? ofFile : {};
          scanId = await quick.openScan({ connectionId, system, runId: run.scanName, ...instead });
          run.scanOpened(system, scanId);
        }
        const mostPages = run.options.pagesPerStep;
        return await pages.scanPages({ connectionId, system, scanId, scan, options, mostPages });
      });
      const { status, reason, pass: passes } = run.tellPages(system, read);
      if (status === 'reading') continue;
      await quick.endScan({ scanId: scanId!, status });
      if (status === 'failed') {
        const never =
          reason === 'unconfirmed'
            ? 'never showed the same records twice'
            : `never added up to the count that it states (${reason})`;
        throw ApplicationFailure.nonRetryable(
          `the list of ${system} ${never}, in ${passes} passes: nothing was planned. Try again when fewer people edit it, or raise bulk.maxScanRestarts.`,
          'ScanIncomplete',
        );
      }
    }
  }

  async function scanBoth(): Promise<void> {
    await all(systemNames.map(scan));
    run.scansEnded();
  }

  async function applyItems(): Promise<void> {
    const { planId } = run;
    const lane = async (_: undefined, nth: number): Promise<void> => {
      for (;;) {
        const chunk = isFull() ? null : run.takeChunk();
        if (chunk === null) return;
        run.chunkApplied(await persevere(String(nth + 1), () => long.applyItems({ connectionId, planId, ...chunk })));
      }
    };
    await all(Array.from({ length: options.parallelChunks }, lane));
    const hold = run.chunksEnded();
    if (hold !== null) await held('1', hold);
  }

  const carryOut: Readonly<Record<Exclude<BulkStep, 'prepare' | 'end'>, () => Promise<void>>> = {
    scan: scanBoth,
    match: async () => {
      const draft = await alone(() => quick.draftPlan({ connectionId, runId: run.state.runId }));
      await alone(() => long.matchRecords({ connectionId, planId: draft.id }));
      run.matched(draft);
    },
    plan: async () => {
      // Pages of a file cost no request.
      const pages = fileId === undefined ? run.pagesRead : { ...run.pagesRead, yapla: 0 };
      const what = { connectionId, planId: run.draftId, pages };
      run.planned(await alone(() => long.makePlan(what)), Date.now(), input.autoApprove === false);
    },
    wait: async () => {
      await condition(() => run.step !== 'wait', Math.max(run.patienceMs(Date.now()), 1));
      run.expire();
    },
    storeApproval: async () => {
      const { by } = run.state.decision!;
      await quick.markPlan({ connectionId, planId: run.planId, status: 'approved', by });
      run.approvalStored();
    },
    applyLocalItems: async () => {
      await alone(() => long.applyLocalItems({ connectionId, planId: run.planId }));
      run.localApplied();
    },
    applyItems,
    findUnsettled: async () => run.unsettledFound((await alone(() => quick.countUnsettled({ connectionId }))).open),
    rescan: scanBoth,
    settle: async () => {
      const what = { connectionId, planId: run.planId, giveUp: run.givesUp };
      run.settled((await alone(() => long.settleIntents(what))).reopened);
    },
    count: async () => {
      const what = { planId: run.planId, items: run.plan.remoteItems };
      run.counted(await alone(() => quick.countOutcomes(what)));
    },
    verify: async () => run.verified((await alone(() => long.verify({ connectionId }))).differences),
    storeReferences: async () => {
      await alone(() => long.fillReferences({ connectionId }));
      run.referencesStored();
    },
  };

  for (;;) {
    const { step } = run;
    if (step === 'end' || step === 'prepare') break;
    show();
    try {
      await carryOut[step]();
    } catch (error) {
      if (isCancellation(error)) run.take({ verb: 'cancel' });
      else if (isUnconfigured(error)) run.connectionGone();
      else if (!(error instanceof Interrupted)) throw error;
    }
    if (run.step === 'end' || !isFull()) continue;
    show();
    await condition(allHandlersFinished);
    // Whatever came with the last activation stands in the state.
    await continueAsNew<typeof bulkSync>({ ...input, carried: run.state });
  }

  return await conclude();
}

/** The configuration does not have the connection (a type of activities/failures.ts). */
function isUnconfigured(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : null;
  return cause instanceof ApplicationFailure && cause.type === 'UnknownConnection';
}

/** What a failure waits for. @throws the failure, where no wait can mend it */
function holdOf(error: unknown): Hold {
  const failure = error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : null;
  if (failure === null || !heldFailures.includes(failure.type ?? '')) throw error;
  if (failure.type !== 'BudgetExhausted') return { kind: 'stopped', failure: failure.type!, reason: failure.message };
  const { retryAtMs } = failure.details![0] as { retryAtMs: number };
  return { kind: 'waitingForBudget', until: new Date(retryAtMs).toISOString(), reason: failure.message };
}

/** Like Promise.all, but waits for every one before it throws: nothing may be left running behind the step's back. */
async function all(steps: Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(steps);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}
