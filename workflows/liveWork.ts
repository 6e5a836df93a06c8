/**
 * One link's only live writer, whatever the kind of its records. It is told that something happened (`changed`, `answered`), reads, decides
 * over hashes, has the decision carried out, and decides again until the link rests; then it waits for a person's answer where a case is
 * open, or lingers, so that the echo of its own write finds it, and completes.
 *
 * When it looks, what it does about what it saw, and what the next run must know: linkRun.ts. Here are the waits.
 * The decisions are made in the workflow (`LinkRules`), so replay shows them. What happened and what was answered stands in Postgres: a
 * signal only says "look", so one that comes twice, late or for nothing costs a look and changes nothing.
 *
 * An answer comes as a signal, not as an update: it is checked and stored in Postgres before anybody is told, so there is nothing left to
 * refuse; and a signal needs no worker to be taken, an update does.
 *
 * A change that is written costs one workflow task and an awaited echo two, the last wait apart (docs/temporal.md).
 */
import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { refuseForeignStart } from './ownStart.js';
import {
  type Applied,
  LinkRun,
  type LinkReading,
  type LinkRules,
  type Shown,
  type ToApply,
  type Told,
  type ViewOfLink,
} from './linkRun.js';
import { budgetOpensAtMs, linkSteps, type StepNames, stoppingFailure } from './linkSteps.js';
import { stateKey } from './searchAttributes.js';
import {
  answeredSignal,
  changedSignal,
  recordProgressQuery,
  resumeRecordSignal,
  syncRecordId,
  type RecordResult,
  type SyncRecordInput,
} from './syncRecord.messages.js';

/** A budget that is open in a moment is not asked at once. */
const shortestWaitMs = 1_000;

/** While writes are stopped something came: reads go on, and the other system is written. */
class LookAnew extends Error {
  override readonly name = 'LookAnew';
}

/** The configuration has the connection no more: its records are nobody's work. */
class ConnectionGone extends Error {
  override readonly name = 'ConnectionGone';
}

/** A kind of links: what is decided about one, and by which activities it is read and written. */
export interface LinkKind<View extends ViewOfLink, Decision, Done extends Applied<View>> {
  readonly rules: LinkRules<View, Decision, Done>;
  readonly activities: StepNames;
}

/** The body of a workflow of this kind. Under a foreign id, or with a state that no run before it handed over, it ends at once. */
export async function keepInStep<View extends ViewOfLink, Decision, Done extends Applied<View>>(
  input: SyncRecordInput,
  { rules, activities }: LinkKind<View, Decision, Done>,
): Promise<RecordResult> {
  const { connectionId, kind, linkId, settings } = input;
  refuseForeignStart(syncRecordId(input, linkId), input.carried);
  const steps = linkSteps<View, Decision, Done>(settings, activities);
  const run = new LinkRun(rules, input.carried);
  let waiting: CancellationScope | null = null;

  // --- messages: handlers before the first await ---
  setHandler(recordProgressQuery, () => run.progress);
  setHandler(changedSignal, (events) => {
    run.changed(events);
    waiting?.cancel();
  });
  setHandler(answeredSignal, () => {
    run.answered();
    waiting?.cancel();
  });
  setHandler(resumeRecordSignal, () => run.resume());

  // --- waits ---

  /**
   * Waits until somebody wakes us, or for the time given. A timer that the handlers cancel: `condition` with a timeout makes three times
   * as many promises, and of each the SDK records where it was made, which is most of what a workflow costs its worker.
   *
   * @returns whether somebody did
   */
  async function untilWoken(timeoutMs: number, summary: string): Promise<boolean> {
    waiting = new CancellationScope();
    try {
      await waiting.run(() => sleep(timeoutMs, { summary }));
    } catch (error) {
      if (!isCancellation(error) || !run.isWoken) throw error;
    }
    waiting = null;
    return run.isWoken;
  }

  /**
   * Where the whole connection is refused, waits until somebody says that it is mended. Else throws.
   *
   * After a long time without a word it looks by itself, as a new run: a history that waits does not grow.
   *
   * @throws {ConnectionGone} the connection is not configured any more
   * @throws {LookAnew} writes alone are stopped, and something came
   */
  async function untilMended(error: unknown): Promise<void> {
    const openAtMs = budgetOpensAtMs(error);
    if (openAtMs !== null) return await untilOpen(openAtMs);
    const stop = stoppingFailure(error);
    if (stop === null) throw error;
    const { failure, reason } = stop;
    if (failure === 'UnknownConnection') throw new ConnectionGone();
    run.stop();
    show('stopped');
    setCurrentDetails(`stopped: ${failure}: ${reason}`);
    log.warn('stopped until it is mended, or for a while', { connectionId, kind, linkId, failure, reason });
    const { stoppedRetryMs, maxStoppedRetryMs = stoppedRetryMs } = settings;
    const waitMs = run.nextLookMs(stoppedRetryMs, maxStoppedRetryMs);
    // Events that come meanwhile stand in the inbox, and as signals in the history, which must end here, too.
    const looksAnew = () => failure === 'WritesStopped' && run.isWoken;
    if (await condition(() => !run.isStopped || looksAnew() || isFull(), waitMs, { summary: `stopped: ${failure}` })) {
      if (!run.isStopped) return show(null);
    }
    const anew = looksAnew() && !isFull();
    if (anew) run.resume();
    run.workDropped();
    if (anew) throw new LookAnew();
    await carryOn();
  }

  /**
   * Waits in the open until the budget may be used again, or somebody says so. What comes meanwhile is looked at together.
   *
   * That it waited is shown until the work is done: who waits for a server that fails tries it again and again.
   */
  async function untilOpen(openAtMs: number): Promise<void> {
    run.waitForBudget(openAtMs);
    show('waitingForBudget');
    const until = new Date(openAtMs).toISOString();
    setCurrentDetails(`waits for the budget until ${until}`);
    const waitMs = Math.max(openAtMs - Date.now(), shortestWaitMs);
    await condition(() => !run.waitsForBudget || isFull(), waitMs, { summary: 'waits for the budget' });
    run.resume();
    if (!isFull()) return;
    run.workDropped();
    await carryOn();
  }

  /** A signal that comes in this very moment makes the server refuse this and show it to us: nothing is lost. */
  async function carryOn(): Promise<never> {
    return await continueAsNew<(input: SyncRecordInput) => Promise<RecordResult>>({
      connectionId,
      kind,
      linkId,
      settings,
      carried: run.state,
    });
  }

  /**
   * In the lane `idle` a read may wait for long: whatever else wakes us meanwhile drops it for a read in the lane `live`.
   *
   * @returns null where it was dropped; its events are still to be taken
   */
  async function readProbableEcho(): Promise<LinkReading<View> | null> {
    const scope = new CancellationScope();
    const reading = scope.run(() => steps.readLater({ connectionId, kind, linkId, lane: 'idle' }));
    const watching = new CancellationScope();
    const interrupted = watching
      .run(() => condition(() => run.isWoken))
      .then(
        () => true,
        () => false,
      );
    const done = reading.then(
      () => true,
      () => true,
    );
    await Promise.race([done, interrupted]);
    watching.cancel();
    if (run.isWoken) scope.cancel();
    try {
      return await reading;
    } catch (error) {
      if (!isCancellation(error)) throw error;
      return null;
    }
  }

  // --- one piece of work: looks, decides and has it carried out until the link rests ---

  async function work(): Promise<void> {
    const reading = await look(run.beginLook().isProbablyEcho);
    if (reading === null) return run.lookDropped();
    tell(run.looked(reading));
    for (let { toApply } = run; toApply !== null; { toApply } = run) tell(run.applied(await carryOut(toApply)));
    run.answeredAgain();
  }

  /** @returns null where the read was dropped */
  async function look(isProbablyEcho: boolean): Promise<LinkReading<View> | null> {
    for (;;) {
      try {
        return await (isProbablyEcho ? readProbableEcho() : steps.read({ connectionId, kind, linkId, lane: 'live' }));
      } catch (error) {
        await untilMended(error);
      }
    }
  }

  /**
   * Its writes are named by the look and by what was seen, not by its turn: a workflow task that is made again, because its worker died,
   * may find part of the work done, and what it then sends a second time must have the name that it had.
   */
  async function carryOut({ decision, version }: ToApply<Decision>): Promise<Done> {
    const writeId = `live/${workflowInfo().runId}/${run.looks}/${version}`;
    for (;;) {
      try {
        return await steps.apply({ connectionId, kind, linkId, decision, version, writeId });
      } catch (error) {
        await untilMended(error);
      }
    }
  }

  // --- what others see ---

  /** The search attribute by which those that need somebody are found; only changes are recorded. */
  function show(value: Shown): void {
    if (run.state.shown === value) return;
    run.shownAs(value);
    upsertSearchAttributes([{ key: stateKey, value: value ?? 'running' }]);
  }

  /** For Temporal's UI; costs no event. */
  function detailsText(): string {
    const { openCases, lastOutcome, counts } = run.state;
    const { events, echoes, written, created, cases } = counts;
    const waits = openCases > 0 ? `waits for a person, open cases: ${openCases}` : 'nothing left to do';
    return `${waits}; last: ${lastOutcome ?? 'nothing'}; events: ${events}, echoes: ${echoes}, fields written to Yapla: ${written.yapla}, to Yoplanning: ${written.yoplanning}, created: ${created}, cases: ${cases}`;
  }

  function tell(lines: readonly Told[]): void {
    for (const { level, text, more } of lines) log[level](text, { connectionId, kind, linkId, ...more });
  }

  function isFull(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= settings.maxHistoryEvents;
  }

  for (;;) {
    // Where events never pause, too, the history must end: what we were told of and did not look at is looked at by the next run.
    try {
      while (run.isWoken && !isFull()) await work();
    } catch (error) {
      if (error instanceof LookAnew) continue;
      if (!(error instanceof ConnectionGone)) throw error;
      setCurrentDetails('ended: the connection is not in the configuration any more');
      log.warn('ended: the configuration has no such connection any more; what is left to do stays in the database', {
        connectionId,
        kind,
        linkId,
      });
      return run.result;
    }
    if (isFull()) await carryOn();
    const waits = run.mode === 'waiting';
    setCurrentDetails(detailsText());
    show(waits ? 'waiting' : null);
    if (waits) {
      await untilWoken(settings.caseCheckMs, 'waits for a person’s answer');
      run.lookAgain();
    } else if (!(await untilWoken(settings.lingerMs, 'lingers: nothing left to do'))) {
      return run.result;
    }
  }
}
