/**
 * A bulk sync as a state machine: which step comes next, what each step leads to, which messages are taken. No Temporal: the workflow
 * (bulkSync.ts) carries the steps out and hands the whole state to its next run.
 *
 *     scan → match → plan ┬→ wait ┬→ storeApproval → applyLocalItems → applyItems → findUnsettled → count → verify → storeReferences → end
 *                         └───────┘  by rule                           ↑              ↓
 *                                                                    settle  ←  rescan
 *
 * - `wait`: a plan waits for a person. `approve` goes on; `reject`, `supersede` and its greatest age end the run.
 * - `storeApproval` is passed by every plan that is applied: from here on nothing supersedes it, and it never expires.
 * - `rescan` and `settle` come only after creations whose answer never came. A round that reopens items applies them again; after
 *   `maxSettleRounds` what is left becomes a case.
 * - `applyItems` comes again where a system takes no writes: what goes to the other one is done first, the rest waits for `resume`.
 * - `storeReferences` is left out where the configuration says so.
 * - `cancel` ends the run from any step, once what is in hand is finished.
 *
 * Beside the step, each lane of the work (a system that is scanned, a hand that applies chunks) may be held: paused, waiting for the
 * budget, stopped. A hold repeats the step's activity once it is lifted; it never changes the step.
 */
import type { BulkOptions } from '../activities/prepareBulk.js';
import type { MadePlan } from '../activities/makePlan.js';
import type { PlanTotals } from '../src/core/plan.js';
import { advanceScan, startScan, type PageFacts, type ScanOptions, type ScanState } from '../src/core/scan.js';
import { systemNames, type SystemName } from '../src/core/record.js';
import type {
  ApplyCounts,
  BulkOutcome,
  BulkPhase,
  BulkProgress,
  BulkState,
  BulkSyncResult,
  DecisionOnPlan,
  Hold,
  PlanMessage,
  PlanSummary,
  Refusal,
} from './bulkSync.messages.js';

/** Steps by the phase that people are shown. */
const phases = {
  prepare: 'preparing',
  scan: 'scanning',
  match: 'matching',
  plan: 'planning',
  wait: 'waitingForApproval',
  storeApproval: 'applying',
  applyLocalItems: 'applying',
  applyItems: 'applying',
  findUnsettled: 'applying',
  rescan: 'settling',
  settle: 'settling',
  count: 'applying',
  verify: 'verifying',
  storeReferences: 'storingReferences',
  end: 'ended',
} as const satisfies Record<string, BulkPhase>;

export type BulkStep = keyof typeof phases;

/** Creations whose effect is unknown are looked up and re-issued at most so often; what is left then becomes a case. */
const maxSettleRounds = 3;

/** Everything that the next run must know. */
export interface BulkRunState {
  readonly connectionId: string;
  /** The first run's id: names the scans and the plan across continue-as-new. */
  readonly runId: string;
  readonly step: BulkStep;
  readonly scans: Readonly<Record<SystemName, ScanState | null>>;
  readonly scanIds: Readonly<Record<SystemName, number | null>>;
  /** The plan's row, opened before it is drawn. */
  readonly draft: { readonly id: number; readonly number: number } | null;
  readonly plan: PlanSummary | null;
  /** When the plan was drawn, in milliseconds since the epoch. */
  readonly plannedAtMs: number | null;
  readonly decision: DecisionOnPlan | null;
  /** Why it ends without applying its plan to the end. */
  readonly ending: Exclude<BulkOutcome, 'applied'> | null;
  /** First item of the next chunk. */
  readonly nextItem: number;
  readonly applied: ApplyCounts;
  /** Why items were left, in the round of chunks under way, that go to a system which takes no writes now; left out: none was. */
  readonly writesStopped?: string;
  readonly settleRounds: number;
  readonly differences: number | null;
  readonly paused: boolean;
  /** By lane. */
  readonly holds: Readonly<Record<string, Hold>>;
}

/** What a message asks for. */
export type BulkMessage =
  | ({ readonly verb: 'approve' | 'reject' } & PlanMessage)
  | { readonly verb: 'pause' | 'resume' | 'cancel' | 'supersede' };

/** What of the configuration decides about the order of the steps. */
export type RunOptions = Pick<
  BulkOptions,
  'autoApprove' | 'chunkItems' | 'fillReferences' | 'maxPlanAgeMs' | 'maxScanRestarts' | 'pageSizes' | 'pagesPerStep'
>;

/** Items of the remote part, `from <= n < to`. */
export interface Chunk {
  readonly from: number;
  readonly to: number;
}

export function newBulkRun(connectionId: string, runId: string): BulkRunState {
  return {
    connectionId,
    runId,
    step: 'prepare',
    scans: { yapla: null, yoplanning: null },
    scanIds: { yapla: null, yoplanning: null },
    draft: null,
    plan: null,
    plannedAtMs: null,
    decision: null,
    ending: null,
    nextItem: 1,
    applied: { outcomes: {}, ended: 0 },
    settleRounds: 0,
    differences: null,
    paused: false,
    holds: {},
  };
}

export class BulkRun {
  #state: BulkRunState;
  #options: RunOptions | null = null;

  constructor(state: BulkRunState) {
    this.#state = state;
  }

  get state(): BulkRunState {
    return this.#state;
  }

  /** The step to carry out next. */
  get step(): BulkStep {
    return this.#state.ending === null ? this.#state.step : 'end';
  }

  get phase(): BulkPhase {
    return phases[this.step];
  }

  /** True where the rest is left. */
  get isEnding(): boolean {
    return this.#state.ending !== null;
  }

  get isPaused(): boolean {
    return this.#state.paused;
  }

  get outcome(): BulkOutcome {
    return this.#state.ending ?? 'applied';
  }

  /** @throws {TypeError} before the plan was drawn: the steps call for it too early */
  get planId(): number {
    return this.plan.id;
  }

  get result(): BulkSyncResult {
    const { plan, applied, differences } = this.#state;
    return { outcome: this.outcome, plan: plan?.number ?? null, applied, differences };
  }

  get progress(): BulkProgress {
    const { connectionId, scans, plan, applied, decision, differences, holds, paused } = this.#state;
    return {
      connectionId,
      phase: this.phase,
      // Elsewhere it is paused once what is in hand has ended.
      state: this.step === 'wait' && paused ? { kind: 'paused' } : worstOf(holds),
      lanes: holds,
      scans,
      plan,
      applied,
      decision,
      differences,
    };
  }

  // --- what the steps lead to ---

  /** Each run reads the configuration anew. */
  prepared(options: RunOptions): void {
    this.#options = options;
    if (this.#state.step === 'prepare') this.#become({ step: 'scan' });
  }

  /** How far a system's list was read, for the next pages; null: it was read to its end. */
  nextPages(
    system: SystemName,
  ): { readonly scanId: number | null; readonly scan: ScanState; readonly options: ScanOptions } | null {
    const scan = this.#scanOf(system);
    if (scan.status !== 'reading') return null;
    return { scan, scanId: this.#state.scanIds[system], options: this.#scanOptions(system) };
  }

  /** Name of the scans of this round, the same at every attempt. */
  get scanName(): string {
    return `${this.#state.runId}/${this.#state.settleRounds}`;
  }

  scanOpened(system: SystemName, scanId: number): void {
    this.#become({ scanIds: { ...this.#state.scanIds, [system]: scanId } });
  }

  /** @returns how the scan stands now */
  tellPages(system: SystemName, pages: readonly PageFacts[]): ScanState {
    const options = this.#scanOptions(system);
    const next = pages.reduce((scan, page) => advanceScan(scan, page, options), this.#scanOf(system));
    this.#become({ scans: { ...this.#state.scans, [system]: next } });
    return next;
  }

  /** Both lists were read as far as this run may; goes on where both are complete. */
  scansEnded(): void {
    if (systemNames.some((system) => this.#state.scans[system]?.status !== 'complete')) return;
    this.#become({ step: this.#state.step === 'rescan' ? 'settle' : 'match' });
  }

  matched(draft: { readonly id: number; readonly number: number }): void {
    this.#become({ draft, step: 'plan' });
  }

  get draftId(): number {
    return required(this.#state.draft, 'a draft').id;
  }

  get pagesRead(): Record<SystemName, number> {
    return { yapla: this.#scanOf('yapla').pages, yoplanning: this.#scanOf('yoplanning').pages };
  }

  /** @param asks a person is asked, whatever the configuration says */
  planned(drawn: MadePlan, nowMs: number, asks = false): void {
    const plan: PlanSummary = { ...required(this.#state.draft, 'a draft'), ...drawn };
    const rule = changes(plan.totals)
      ? this.options.autoApprove && !asks && plan.guard.length === 0
        ? 'autoApprove'
        : null
      : 'nothingToApprove';
    this.#become({
      plan,
      plannedAtMs: nowMs,
      ...(rule === null ? { step: 'wait' } : { step: 'storeApproval', decision: { verb: 'approve', by: { rule } } }),
    });
  }

  /** How long the plan may still wait; 0: it has expired. */
  patienceMs(nowMs: number): number {
    return Math.max(0, required(this.#state.plannedAtMs, 'a plan') + this.options.maxPlanAgeMs - nowMs);
  }

  /** The time of a plan that waits is over. */
  expire(): void {
    if (this.step === 'wait') this.#become({ ending: 'expired' });
  }

  approvalStored(): void {
    this.#become({ step: 'applyLocalItems' });
  }

  localApplied(): void {
    this.#become({ step: 'applyItems' });
  }

  /** The next items to apply; null: none is left. A chunk repeats safely: it touches pending items only. */
  takeChunk(): Chunk | null {
    const { nextItem: from } = this.#state;
    const { remoteItems } = this.plan;
    if (from > remoteItems) return null;
    const to = Math.min(from + this.options.chunkItems, remoteItems + 1);
    this.#become({ nextItem: to });
    return { from, to };
  }

  chunkApplied(counts: ApplyCounts & { readonly writesStopped?: string }): void {
    const { writesStopped } = counts;
    if (writesStopped !== undefined) this.#become({ writesStopped });
    const { applied } = this.#state;
    const outcomes = { ...applied.outcomes };
    for (const [outcome, n] of Object.entries(counts.outcomes)) outcomes[outcome] = (outcomes[outcome] ?? 0) + n;
    this.#become({ applied: { outcomes, ended: applied.ended + counts.ended } });
  }

  /**
   * Chunks were applied as far as this run may; goes on where none is left.
   *
   * @returns what the items that are left wait for, which is the round that comes next; null: none waits for a person
   */
  chunksEnded(): Hold | null {
    const { nextItem, applied, writesStopped } = this.#state;
    const { remoteItems } = this.plan;
    if (nextItem <= remoteItems) return null;
    if (writesStopped === undefined) {
      this.#become({ step: 'findUnsettled' });
      return null;
    }
    const people = remoteItems - applied.ended;
    const { writesStopped: _, ...rest } = this.#state;
    // Each chunk tells of all that has ended in it.
    this.#state = { ...rest, nextItem: 1, applied: { outcomes: {}, ended: 0 } };
    return {
      kind: 'stopped',
      failure: 'WritesStopped',
      reason: `${people} of the plan's people wait: ${writesStopped}`,
    };
  }

  /** @param open systems in which creations were sent whose effect is unknown */
  unsettledFound(open: readonly SystemName[]): void {
    if (open.length === 0) return this.#become({ step: 'count' });
    const none = Object.fromEntries(open.map((system) => [system, null]));
    this.#become({
      step: 'rescan',
      settleRounds: this.#state.settleRounds + 1,
      scans: { ...this.#state.scans, ...none },
      scanIds: { ...this.#state.scanIds, ...none },
    });
  }

  /** Whether what is still unsettled becomes a case. */
  get givesUp(): boolean {
    return this.#state.settleRounds > maxSettleRounds;
  }

  /** @param reopened items that are to be applied again */
  settled(reopened: number): void {
    this.#become(reopened === 0 ? { step: 'count' } : { step: 'applyItems', nextItem: 1 });
  }

  /** Chunks may have been applied more than once (after a settling): what counts is how each item ended. */
  counted(applied: ApplyCounts): void {
    this.#become({ applied, step: 'verify' });
  }

  verified(differences: number): void {
    this.#become({ differences, step: this.options.fillReferences ? 'storeReferences' : 'end' });
  }

  referencesStored(): void {
    this.#become({ step: 'end' });
  }

  // --- holds ---

  hold(lane: string, hold: Hold): void {
    this.#become({ holds: { ...this.#state.holds, [lane]: hold } });
  }

  isHeld(lane: string): boolean {
    return lane in this.#state.holds;
  }

  release(lane: string): void {
    const { [lane]: _, ...holds } = this.#state.holds;
    this.#become({ holds });
  }

  // --- messages ---

  /** Why a message is not taken; null: it is. */
  refusalOf(message: BulkMessage, nowMs: number): Refusal | null {
    const { connectionId, paused, holds } = this.#state;
    if (message.verb === 'approve' || message.verb === 'reject') return this.#refusalOfDecision(message, nowMs);
    if (message.verb === 'cancel') return null;
    if (this.step === 'end') return { code: 'ending', text: `the bulk sync of ${connectionId} is about to end` };
    switch (message.verb) {
      case 'pause':
        return paused ? { code: 'pausedBefore', text: `the bulk sync of ${connectionId} is paused already` } : null;
      case 'resume':
        return paused || Object.keys(holds).length > 0
          ? null
          : { code: 'nothingToResume', text: `the bulk sync of ${connectionId} is neither paused nor stopped` };
      case 'supersede':
        return this.step === 'wait'
          ? null
          : { code: 'underWay', text: `the bulk sync of ${connectionId} is under way (${this.phase})` };
    }
  }

  /** The configuration does not have the connection any more: its plan is nobody's work. */
  connectionGone(): void {
    this.#become({ ending: this.#state.ending ?? 'notConfigured' });
  }

  /** Does what a message asks for that is not refused. */
  take(message: BulkMessage): void {
    switch (message.verb) {
      case 'approve':
        return this.#become({ decision: decisionOf(message), step: 'storeApproval' });
      case 'reject':
        return this.#become({ decision: decisionOf(message), ending: 'rejected' });
      case 'pause':
        return this.#become({ paused: true });
      case 'resume':
        return this.#become({ paused: false, holds: {} });
      case 'supersede':
        return this.#become({ ending: 'superseded' });
      case 'cancel':
        // What has ended otherwise has ended.
        return this.#become({ ending: this.#state.ending ?? 'cancelled' });
    }
  }

  #refusalOfDecision(message: { readonly verb: 'approve' | 'reject' } & PlanMessage, nowMs: number): Refusal | null {
    const { connectionId, plan, decision, ending } = this.#state;
    const past = message.verb === 'approve' ? 'approved' : 'rejected';
    if (plan === null) {
      return {
        code: 'noPlan',
        text: `plan ${message.plan} is not the one that waits: there is none yet (${this.phase})`,
      };
    }
    const which = `plan ${message.plan}`;
    if (message.plan !== plan.number) {
      const waits =
        this.step === 'wait' ? `that is ${plan.number}` : `this sync has plan ${plan.number} (${this.phase})`;
      return { code: 'otherPlan', text: `${which} is not the one that waits: ${waits}` };
    }
    const anew = `"passerelle sync ${connectionId}" makes a new one`;
    if (ending === 'expired' || (this.step === 'wait' && this.patienceMs(nowMs) === 0)) {
      return {
        code: 'expired',
        text: `${which} waited for longer than bulk.maxPlanAgeMs allows and is not ${past} any more: ${anew}`,
      };
    }
    if (decision?.verb === 'approve') {
      if (message.verb === 'approve')
        return { code: 'approved', text: `${which} was approved before: nothing is left to decide` };
      const hint = `"passerelle cancel ${connectionId}" ends it after the people in hand`;
      return { code: 'approved', text: `${which} was approved and is not rejected any more: ${hint}` };
    }
    if (ending === 'rejected' && message.verb === 'reject') {
      return { code: 'rejected', text: `${which} was rejected before: nothing is left to decide` };
    }
    if (ending !== null) return { code: ending, text: `${which} was ${ending} and is not ${past} any more: ${anew}` };
    return null;
  }

  // --- what the methods above stand on ---

  get plan(): PlanSummary {
    return required(this.#state.plan, 'a plan');
  }

  get options(): RunOptions {
    return required(this.#options, 'options');
  }

  #scanOptions(system: SystemName): ScanOptions {
    const { pageSizes, maxScanRestarts } = this.options;
    return { pageSize: pageSizes[system], maxRestarts: maxScanRestarts };
  }

  #scanOf(system: SystemName): ScanState {
    return this.#state.scans[system] ?? startScan();
  }

  #become(change: Partial<BulkRunState>): void {
    this.#state = { ...this.#state, ...change };
  }
}

function decisionOf({ verb, decision }: { readonly verb: 'approve' | 'reject' } & PlanMessage): DecisionOnPlan {
  return { verb, by: { person: decision ?? null } };
}

/** From what needs a person to what needs time only. */
const worstFirst: readonly Hold['kind'][] = ['stopped', 'paused', 'waitingForBudget'];

function worstOf(holds: Readonly<Record<string, Hold>>): BulkState {
  const all = Object.values(holds);
  const kind = worstFirst.find((one) => all.some((hold) => hold.kind === one));
  return all.find((hold) => hold.kind === kind) ?? { kind: 'running' };
}

/** True where a plan would link, make or change anything at all: questions alone need no approval. */
function changes({ items, newLinks, changedPeople }: PlanTotals): boolean {
  return newLinks + changedPeople + items.link + items.adopt + items.create + items.write + items.remove > 0;
}

function required<T>(value: T | null, what: string): T {
  if (value === null) throw new TypeError(`the run has no ${what.replace(/^an? /, '')} yet`);
  return value;
}
