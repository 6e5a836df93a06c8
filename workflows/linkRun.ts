/**
 * One link's live work as a state machine, whatever the kind of its records: when it looks, what it does about what it saw, when it rests.
 * What is decided says the kind (`LinkRules`). No Temporal: the workflow (liveWork.ts) carries the steps out and hands the whole state to
 * its next run.
 *
 *              told, or the check of an open case is due
 *         ┌────────────────────────────────────────────────┐
 *         ↓                                                │
 *     reading → applying ⟲ → nothing is left to do → lingering → completed
 *         ⇅         ⇅         a case is open       → waiting
 *          stopped
 *
 * - `reading`: an activity takes the link's events and reads what they are about. A start means work: every run that was not continued
 *   begins here. What is probably the echo of our own write is read in the lane `idle`, and dropped for whatever else happens.
 * - `applying`: what the kind's rules decided on the view is carried out, which returns a new view; decided again until the link rests,
 *   `maxDecisions` times at most.
 * - `waiting`, `lingering`: for a message; a case is looked at now and then, who lingers completes.
 * - `waitingForBudget`: for the quota, for the time that a 429 named, or for a server that fails. Goes on with the same activity when that
 *   time has come, or when somebody says that it may have (`resume`).
 * - `stopped`: the whole connection is refused, or what is written to a system is; then an event is looked at all the same. Goes on with the
 *   same activity after `resume`. Nothing else is awaited but a rare look, in ever longer pauses (`nextLookMs`), each of which begins a new
 *   run: a history that waits does not grow, and a word that was lost on its way does not leave it waiting for ever.
 * - `ended`: the configuration does not have the connection any more. Completes: anyone who takes it up again starts it anew.
 *
 * One piece of work (a look, and all that is decided on it) never spans two runs; what was told and not looked at yet does. Work that a stop
 * interrupts is looked at anew by the next run, with no matter who caused it (`workDropped`).
 */
import type { BookingOutcome } from '../src/core/events/bookings.js';
import type { DonationOutcome } from '../src/core/events/donations.js';
import type { LiveOutcome, Trigger } from '../src/core/live.js';
import { systemNames, type SystemName } from '../src/core/record.js';
import type { RecordCounts, RecordProgress, RecordResult, RecordState } from './syncRecord.messages.js';

/** What a step came to, in one word: as its kind says. */
export type Outcome = LiveOutcome | BookingOutcome | DonationOutcome;

/** A record that changes faster than we decide is left to the event of its last change. */
const maxDecisions = 8;

/** Beyond it a pause is as long as it may be anyway. */
const maxDoublings = 20;

type PerSystem = Readonly<Record<SystemName, number>>;

/** What a run must know of a link, whatever the kind: hashes, ids, names and counts, because it stands in histories. */
export interface ViewOfLink {
  /** The precondition of what is decided on this view. */
  readonly version: number;
  /** Questions about this link that wait for a person. */
  readonly openCases: number;
}

/** The events that a read took, and how the link stands now. */
export interface LinkReading<View extends ViewOfLink> {
  readonly events: readonly { readonly system: SystemName; readonly event: string; readonly n: number }[];
  readonly view: View;
}

/** What became of a decision that was carried out. */
export interface Applied<View extends ViewOfLink> {
  readonly outcome: 'done' | 'stale' | 'refused' | 'unsettled' | 'held';
  /** Names of the fields written, by system. */
  readonly written: Readonly<Record<SystemName, readonly string[]>>;
  readonly created: SystemName | null;
  /** Kinds of the cases opened or asked again. */
  readonly cases: readonly string[];
  readonly view: View;
}

/** What a kind of records says of its links: pure, so that replay shows every decision. */
export interface LinkRules<View extends ViewOfLink, Decision, Done extends Applied<View> = Applied<View>> {
  /** The same view and triggers give the same step. */
  readonly nextStep: (
    view: View,
    triggers: readonly Trigger[],
  ) =>
    | { readonly do: 'apply'; readonly outcome: Outcome; readonly decision: Decision }
    | { readonly do: 'rest'; readonly outcome: Outcome };
  /** What the worker's log says of it: names, ids and counts, never a value. */
  readonly toldOf: (decision: Decision, applied: Done) => Readonly<Record<string, unknown>>;
}

/** Everything that the next run must know. */
export interface RecordRunState {
  readonly counts: RecordCounts;
  readonly lastOutcome: Outcome | null;
  /** Echoes of our own writes that did not come yet, by the system written to. */
  readonly awaitedEchoes: PerSystem;
  /** There is something to look at. */
  readonly woken: boolean;
  /** Events told of and not looked at yet. */
  readonly gathered: PerSystem;
  /** An answer was told of and not looked at yet. */
  readonly answered: boolean;
  /** Questions about this link that waited for a person when it was last looked at. */
  readonly openCases: number;
  /** What the search attribute shows; null: it was never set, or says that nobody is waited for. */
  readonly shown: Shown;
  /** Times in a row that the connection was found refused when it was looked at; left out (as by runs of before): none. */
  readonly stops?: number;
}

export type Shown = 'stopped' | 'waiting' | 'waitingForBudget' | null;

const none: PerSystem = { yapla: 0, yoplanning: 0 };

/** A start always means work. */
export const newRecordRun: RecordRunState = {
  counts: { events: 0, echoes: 0, written: none, created: 0, cases: 0, stale: 0 },
  lastOutcome: null,
  awaitedEchoes: none,
  woken: true,
  gathered: none,
  answered: false,
  openCases: 0,
  shown: null,
};

/** What is to be carried out, and what it will have come to. */
export interface ToApply<Decision> {
  readonly decision: Decision;
  readonly outcome: Outcome;
  /** Names the state of the link that was decided on. */
  readonly version: number;
}

/** A line for the worker's log: ids, names and counts, never a value. */
export interface Told {
  readonly level: 'info' | 'warn';
  readonly text: string;
  readonly more: Readonly<Record<string, unknown>>;
}

interface Work<Decision> {
  readonly came: PerSystem;
  readonly byAnswer: boolean;
  readonly triggers: readonly Trigger[];
  /** Events that the read took, in words. */
  readonly cause: string;
  readonly tookEvents: boolean;
  readonly decisions: number;
  /** Of the last decision that was carried out. */
  readonly did: Outcome | null;
  /** Null: it is being read, or the link rests. */
  readonly toApply: ToApply<Decision> | null;
}

export class LinkRun<View extends ViewOfLink, Decision, Done extends Applied<View> = Applied<View>> {
  readonly #rules: LinkRules<View, Decision, Done>;
  #state: RecordRunState;
  #work: Work<Decision> | null = null;
  #stopped = false;
  /** In epoch milliseconds; null: no budget is waited for. */
  #waitsUntilMs: number | null = null;
  #looks = 0;

  constructor(rules: LinkRules<View, Decision, Done>, state: RecordRunState = newRecordRun) {
    this.#rules = rules;
    this.#state = state;
  }

  get state(): RecordRunState {
    return this.#state;
  }

  get mode(): RecordState {
    if (this.#stopped) return 'stopped';
    if (this.#waitsUntilMs !== null) return 'waitingForBudget';
    if (this.#work !== null) return this.#work.toApply === null ? 'reading' : 'applying';
    if (this.#state.woken) return 'reading';
    return this.#state.openCases > 0 ? 'waiting' : 'lingering';
  }

  /** There is something that was not looked at yet. */
  get isWoken(): boolean {
    return this.#state.woken;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Of this run; with its id, it names a look. */
  get looks(): number {
    return this.#looks;
  }

  /** What is to be carried out next; null: nothing, the link rests or is to be read. */
  get toApply(): ToApply<Decision> | null {
    return this.#work?.toApply ?? null;
  }

  get progress(): RecordProgress {
    const until = this.#waitsUntilMs === null ? {} : { until: new Date(this.#waitsUntilMs).toISOString() };
    return { state: this.mode, ...until, ...this.result };
  }

  get result(): RecordResult {
    const { lastOutcome, counts } = this.#state;
    return { lastOutcome, counts };
  }

  // --- messages: none can be refused, each says no more than "look" ---

  /** What is no count of events is taken for none: it costs a look, and does no harm to what is counted. */
  changed(events: PerSystem): void {
    const { gathered } = this.#state;
    const count = (n: unknown) => (typeof n === 'number' && Number.isSafeInteger(n) && n > 0 ? n : 0);
    const told = events as Partial<PerSystem> | null;
    this.#become({
      woken: true,
      gathered: plus(gathered, { yapla: count(told?.yapla), yoplanning: count(told?.yoplanning) }),
    });
  }

  answered(): void {
    this.#become({ woken: true, answered: true });
  }

  /** What stopped the connection is mended, or its budget may be open again. */
  resume(): void {
    this.#stopped = false;
    this.#waitsUntilMs = null;
  }

  // --- what the steps lead to ---

  /** Takes what was told. @returns whether it is probably no more than the echo of our own write */
  beginLook(): { readonly isProbablyEcho: boolean } {
    const { gathered: came, answered: byAnswer, awaitedEchoes } = this.#state;
    const isProbablyEcho =
      came.yapla + came.yoplanning > 0 &&
      !byAnswer &&
      systemNames.every((system) => came[system] <= awaitedEchoes[system]);
    this.#become({
      woken: false,
      gathered: none,
      answered: false,
      awaitedEchoes: {
        yapla: Math.max(0, awaitedEchoes.yapla - came.yapla),
        yoplanning: Math.max(0, awaitedEchoes.yoplanning - came.yoplanning),
      },
    });
    this.#looks += 1;
    this.#work = { came, byAnswer, triggers: [], cause: '', tookEvents: false, decisions: 0, did: null, toApply: null };
    return { isProbablyEcho };
  }

  /**
   * How long a stopped workflow waits before it looks by itself: twice as long each time, so that a stop of months costs some looks.
   * A stop is lifted by a word that reaches us (`resume`, from a person or a worker that starts); this is for a word that was lost.
   */
  nextLookMs(firstMs: number, longestMs: number): number {
    return Math.min(firstMs * 2 ** Math.min(this.#state.stops ?? 0, maxDoublings), Math.max(firstMs, longestMs));
  }

  /**
   * A run that is stopped, or has waited so often that its history is long, ends in the middle of its work, for the next run to look anew: nothing of it is lost but a read, because what was decided
   * and not carried out is decided again. Who caused it stays known, since it says what may be written (core/live.ts).
   */
  workDropped(): void {
    this.#waitsUntilMs = null;
    const { came, byAnswer, triggers } = this.#working;
    const caused = (system: SystemName) => Math.max(came[system], triggers.includes(system) ? 1 : 0);
    this.#work = null;
    this.#become({
      woken: true,
      gathered: plus(this.#state.gathered, { yapla: caused('yapla'), yoplanning: caused('yoplanning') }),
      answered: this.#state.answered || byAnswer,
      stops: (this.#state.stops ?? 0) + (this.#stopped ? 1 : 0),
    });
  }

  /** What was to be done is done: the next stop is a new one. */
  answeredAgain(): void {
    if ((this.#state.stops ?? 0) > 0) this.#become({ stops: 0 });
  }

  /** The read that was dropped may still take the events: whose they were stays known, and the next look is no probable echo's. */
  lookDropped(): void {
    const { came } = this.#working;
    this.#work = null;
    this.#become({ gathered: plus(this.#state.gathered, came) });
  }

  looked({ events, view }: LinkReading<View>): Told[] {
    const { came, byAnswer } = this.#working;
    const triggers: Trigger[] = systemNames.filter(
      (system) => came[system] > 0 || events.some((one) => one.system === system),
    );
    if (byAnswer) triggers.push('answer');
    this.#work = { ...this.#working, triggers, cause: causeOf(events, byAnswer), tookEvents: events.length > 0 };
    this.#count({ events: events.reduce((sum, one) => sum + one.n, 0) });
    return this.#decide(view);
  }

  applied(applied: Done): Told[] {
    const { cause, toApply } = this.#working;
    if (toApply === null) throw new TypeError('nothing was to be applied');
    const { outcome, written, created, cases, view } = applied;
    const fields = { yapla: written.yapla.length, yoplanning: written.yoplanning.length };
    const echo = (system: SystemName) => (fields[system] > 0 || created === system ? 1 : 0);
    this.#become({
      awaitedEchoes: plus(this.#state.awaitedEchoes, { yapla: echo('yapla'), yoplanning: echo('yoplanning') }),
    });
    this.#count({
      written: fields,
      created: created === null ? 0 : 1,
      cases: cases.length,
      stale: outcome === 'stale' ? 1 : 0,
    });
    this.#work = { ...this.#working, did: applied.outcome === 'held' ? 'held' : toApply.outcome };
    const text = outcome === 'done' ? toApply.outcome : outcome;
    return [
      { level: 'info', text, more: { came: cause, ...this.#rules.toldOf(toApply.decision, applied) } },
      ...this.#decide(view),
    ];
  }

  get waitsForBudget(): boolean {
    return this.#waitsUntilMs !== null;
  }

  waitForBudget(untilMs: number): void {
    this.#waitsUntilMs = untilMs;
  }

  /** The whole connection is refused. */
  stop(): void {
    this.#stopped = true;
  }

  /** An open case may have been settled otherwise, by a bulk sync or by edits: it is looked at now and then. */
  lookAgain(): void {
    this.#become({ woken: true });
  }

  shownAs(shown: Shown): void {
    this.#become({ shown });
  }

  // --- what the methods above stand on ---

  #decide(view: View): Told[] {
    const { triggers, did, decisions, cause, tookEvents } = this.#working;
    const step = this.#rules.nextStep(view, triggers);
    if (step.do === 'apply' && decisions < maxDecisions) {
      const { decision, outcome } = step;
      this.#work = {
        ...this.#working,
        decisions: decisions + 1,
        toApply: { decision, outcome, version: view.version },
      };
      return [];
    }
    this.#work = null;
    this.#become({ openCases: view.openCases });
    if (step.do === 'apply') {
      const text = 'the record changes faster than it can be written: left to its next event';
      return [{ level: 'warn', text, more: { decisions } }];
    }
    this.#become({ lastOutcome: did ?? step.outcome });
    if (did !== null) return [];
    if (step.outcome === 'echo' && tookEvents) this.#count({ echoes: 1 });
    return [{ level: 'info', text: step.outcome, more: { came: cause } }];
  }

  get #working(): Work<Decision> {
    if (this.#work === null) throw new TypeError('nothing is being looked at');
    return this.#work;
  }

  #count(more: Partial<RecordCounts>): void {
    const { counts } = this.#state;
    this.#become({
      counts: {
        events: counts.events + (more.events ?? 0),
        echoes: counts.echoes + (more.echoes ?? 0),
        written: plus(counts.written, more.written ?? none),
        created: counts.created + (more.created ?? 0),
        cases: counts.cases + (more.cases ?? 0),
        stale: counts.stale + (more.stale ?? 0),
      },
    });
  }

  #become(change: Partial<RecordRunState>): void {
    this.#state = { ...this.#state, ...change };
  }
}

/** In words, such as `yapla updated ×2, answer`. */
function causeOf(events: LinkReading<ViewOfLink>['events'], byAnswer: boolean): string {
  const came = events.map(({ system, event, n }) => (n === 1 ? `${system} ${event}` : `${system} ${event} ×${n}`));
  if (byAnswer) came.push('answer');
  return came.join(', ') || 'look';
}

function plus(one: PerSystem, other: PerSystem): PerSystem {
  return { yapla: one.yapla + other.yapla, yoplanning: one.yoplanning + other.yoplanning };
}
