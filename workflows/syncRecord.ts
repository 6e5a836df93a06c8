/**
 * `syncRecord`: one link's only live writer. It is told that something happened (`changed`, `answered`), reads, decides over hashes,
 * has the decision carried out, and decides again until the link rests; then it waits for a person's answer where a case is open, or
 * lingers, so that the echo of its own write finds it, and completes.
 *
 * The decisions are made here (core/live.ts), so replay shows them. What happened and what was answered stands in Postgres: a signal only
 * says "look", so one that comes twice, late or for nothing costs a look and changes nothing.
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
import type { AppliedDecision } from '../activities/applyDecision.js';
import type { RecordReading } from '../activities/readRecord.js';
import { nextStep, type LiveDecision, type LiveOutcome, type Trigger } from '../src/core/live.js';
import { systemNames, type SystemName } from '../src/core/record.js';
import { recordSteps, stoppingFailure } from './recordSteps.js';
import { causeOf, toldOf } from './recordTelling.js';
import { stateKey } from './searchAttributes.js';
import {
  answeredSignal,
  changedSignal,
  recordProgressQuery,
  resumeRecordSignal,
  type RecordCounts,
  type RecordResult,
  type RecordState,
  type SyncRecordInput,
} from './syncRecord.messages.js';

/** A record that changes faster than we decide is left to the event of its last change. */
const maxDecisions = 8;

const noCounts: RecordCounts = {
  events: 0,
  echoes: 0,
  written: { yapla: 0, yoplanning: 0 },
  created: 0,
  cases: 0,
  stale: 0,
};

export async function syncRecord(input: SyncRecordInput): Promise<RecordResult> {
  const { connectionId, linkId, settings, carried } = input;
  const steps = recordSteps(settings);

  // --- state, all of it carried through continue-as-new ---
  let counts = carried?.counts ?? noCounts;
  let lastOutcome = carried?.lastOutcome ?? null;
  const awaited: Record<SystemName, number> = { ...(carried?.awaitedEchoes ?? { yapla: 0, yoplanning: 0 }) };
  let state: RecordState = 'reading';
  let openCases = 0;
  /** Told, and not looked yet. A start always means work. */
  let woken = true;
  let waiting: CancellationScope | null = null;
  let gathered: Record<SystemName, number> = { ...(carried?.gathered ?? { yapla: 0, yoplanning: 0 }) };
  let answered = carried?.answered ?? false;
  let shownState: string | null = null;
  let resumes = 0;
  /** Of this run. */
  let looks = 0;

  // --- messages: handlers before the first await ---
  setHandler(recordProgressQuery, () => ({ state, lastOutcome, counts }));
  setHandler(changedSignal, (events) => {
    gathered = { yapla: gathered.yapla + events.yapla, yoplanning: gathered.yoplanning + events.yoplanning };
    wake();
  });
  setHandler(resumeRecordSignal, () => {
    resumes += 1;
  });
  setHandler(answeredSignal, () => {
    answered = true;
    wake();
  });

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
      if (!isCancellation(error) || !woken) throw error;
    }
    waiting = null;
    return woken;
  }

  function wake(): void {
    woken = true;
    waiting?.cancel();
  }

  /** Where the whole connection is refused, waits until it is tried again: a person mends it, and nothing is lost meanwhile. Else throws. */
  async function untilMended(error: unknown): Promise<void> {
    const type = stoppingFailure(error);
    if (type === null) throw error;
    const resumed = state;
    state = 'stopped';
    show('stopped');
    setCurrentDetails(`stopped: ${type}`);
    log.warn('stopped until it is mended, or for a while', { connectionId, linkId, failure: type });
    const before = resumes;
    await condition(() => resumes > before, settings.stoppedRetryMs, { summary: `stopped: ${type}` });
    state = resumed;
    show(null);
  }

  /** The search attribute by which those that need somebody are found; only changes are recorded. */
  function show(value: 'stopped' | 'waiting' | null): void {
    if (shownState === value) return;
    shownState = value;
    upsertSearchAttributes([{ key: stateKey, value: value ?? 'running' }]);
  }

  /**
   * In the lane `idle` a read may wait for long: whatever else wakes us meanwhile drops it for a read in the lane `live`.
   *
   * @returns null where it was dropped; its events are still to be taken
   */
  async function readProbableEcho(): Promise<RecordReading | null> {
    const scope = new CancellationScope();
    const reading = scope.run(() => steps.readLater({ connectionId, linkId, lane: 'idle' }));
    const watching = new CancellationScope();
    const interrupted = watching
      .run(() => condition(() => woken))
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
    if (woken) scope.cancel();
    try {
      return await reading;
    } catch (error) {
      if (!isCancellation(error)) throw error;
      return null;
    }
  }

  /** Looks, decides and has it carried out until the link rests. */
  async function work(): Promise<void> {
    const came = gathered;
    const byAnswer = answered;
    gathered = { yapla: 0, yoplanning: 0 };
    answered = false;
    woken = false;
    state = 'reading';
    looks += 1;
    const reading = await look(came, byAnswer);
    if (reading === null) {
      // The read that was dropped may still take the events: whose they were stays known, and the next look is no probable echo's.
      gathered = { yapla: gathered.yapla + came.yapla, yoplanning: gathered.yoplanning + came.yoplanning };
      return;
    }
    const { events } = reading;
    const triggers: Trigger[] = systemNames.filter(
      (system) => came[system] > 0 || events.some((one) => one.system === system),
    );
    if (byAnswer) triggers.push('answer');
    counts = { ...counts, events: counts.events + events.reduce((sum, one) => sum + one.n, 0) };
    const cause = causeOf(events, byAnswer);

    let { view } = reading;
    let did: LiveOutcome | null = null;
    for (let nth = 1; ; nth++) {
      const step = nextStep(view, triggers);
      if (step.do === 'rest') {
        lastOutcome = did ?? step.outcome;
        if (did === null) {
          if (step.outcome === 'echo' && events.length > 0) counts = { ...counts, echoes: counts.echoes + 1 };
          tell(step.outcome, cause, {});
        }
        break;
      }
      if (nth > maxDecisions) {
        log.warn('the record changes faster than it can be written: left to its next event', {
          linkId,
          decisions: nth - 1,
        });
        break;
      }
      state = 'applying';
      const applied = await carryOut(step.decision, view.version);
      account(applied);
      tell(applied.outcome === 'done' ? step.outcome : applied.outcome, cause, toldOf(step.decision, applied));
      did = step.outcome;
      if (applied.outcome === 'held') did = 'held';
      view = applied.view;
    }
    openCases = view.openCases;
  }

  /** @returns null where the read was dropped */
  async function look(came: Readonly<Record<SystemName, number>>, byAnswer: boolean): Promise<RecordReading | null> {
    const anything = came.yapla + came.yoplanning > 0;
    const probablyEcho = anything && !byAnswer && systemNames.every((system) => came[system] <= awaited[system]);
    for (const system of systemNames) awaited[system] = Math.max(0, awaited[system] - came[system]);
    for (;;) {
      try {
        return await (probablyEcho ? readProbableEcho() : steps.readRecord({ connectionId, linkId, lane: 'live' }));
      } catch (error) {
        await untilMended(error);
      }
    }
  }

  /**
   * Its writes are named by the look and by what was seen, not by its turn: a workflow task that is made anew, because its worker died,
   * may find part of the work done, and what it then sends a second time must have the name that it had.
   */
  async function carryOut(decision: LiveDecision, version: number): Promise<AppliedDecision> {
    const writeId = `live/${workflowInfo().runId}/${looks}/${version}`;
    for (;;) {
      try {
        return await steps.applyDecision({ connectionId, linkId, decision, version, writeId });
      } catch (error) {
        await untilMended(error);
      }
    }
  }

  function account({ outcome, written, created, cases }: AppliedDecision): void {
    const fields = { yapla: written.yapla.length, yoplanning: written.yoplanning.length };
    for (const system of systemNames) if (fields[system] > 0 || created === system) awaited[system] += 1;
    counts = {
      ...counts,
      written: {
        yapla: counts.written.yapla + fields.yapla,
        yoplanning: counts.written.yoplanning + fields.yoplanning,
      },
      created: counts.created + (created === null ? 0 : 1),
      cases: counts.cases + cases.length,
      stale: counts.stale + (outcome === 'stale' ? 1 : 0),
    };
  }

  function isFull(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= settings.maxHistoryEvents;
  }

  /** For Temporal's UI; costs no event. */
  function detailsText(): string {
    const { events, echoes, written, created, cases } = counts;
    const waits = openCases > 0 ? `waits for a person, open cases: ${openCases}` : 'nothing left to do';
    return `${waits}; last: ${lastOutcome ?? 'nothing'}; events: ${events}, echoes: ${echoes}, fields written to Yapla: ${written.yapla}, to Yoplanning: ${written.yoplanning}, created: ${created}, cases: ${cases}`;
  }

  /** One line for what came and what was decided: names, ids and counts, never a value. */
  function tell(outcome: string, cause: string, more: Record<string, unknown>): void {
    log.info(outcome, { connectionId, linkId, came: cause, ...more });
  }

  for (;;) {
    // Where events never pause, too, the history must end: what we were told of and did not look at is looked at by the next run.
    while (woken && !isFull()) await work();
    if (isFull()) {
      // A signal that comes in this very moment makes the server refuse this and show it to us: nothing is lost.
      await continueAsNew<typeof syncRecord>({
        connectionId,
        linkId,
        settings,
        carried: {
          counts,
          awaitedEchoes: awaited,
          lastOutcome,
          ...(gathered.yapla + gathered.yoplanning > 0 ? { gathered } : {}),
          ...(answered ? { answered } : {}),
        },
      });
    }
    state = openCases > 0 ? 'waiting' : 'lingering';
    setCurrentDetails(detailsText());
    show(openCases > 0 ? 'waiting' : null);
    if (openCases > 0) {
      // The case may have been settled otherwise, by a bulk sync or by edits: looked at now and then.
      await untilWoken(settings.caseCheckMs, 'waits for a person’s answer');
      woken = true;
    } else if (!(await untilWoken(settings.lingerMs, 'lingers: nothing left to do'))) {
      return { lastOutcome, counts };
    }
  }
}
