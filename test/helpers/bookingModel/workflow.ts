/** The workflow `syncRegistration` without Temporal: its real state machine survives every crash, and an activity that was cut off is begun again. */
import type { BookingView } from '../../../src/core/events/bookings.js';
import type { SystemName } from '../../../src/core/record.js';
import { isFailure } from '../../../src/http/failures.js';
import { type AppliedBooking, applyBooking } from '../../../src/link/bookings/carryOut.js';
import { readRegistration, type RegistrationReading } from '../../../src/link/bookings/read.js';
import { ClaimLost, LinkBusy } from '../../../src/link/claims.js';
import { ConnectionLost } from '../../../src/store/database.js';
import { LinkRun } from '../../../workflows/linkRun.js';
import { registrationRules } from '../../../workflows/registrationRules.js';
import { Attempt, type GoingOn } from '../engineModel/attempt.js';
import type { Crash } from '../engineModel/workflow.js';
import { Violation } from '../liveModel/world.js';
import type { BookingWorker, BookingWorld } from './world.js';

type Ended = { readonly look: RegistrationReading } | { readonly applied: AppliedBooking };

/** What makes a worker or a decision faulty: see faults.ts. */
export interface Faulty {
  readonly worker?: (worker: BookingWorker) => BookingWorker;
  readonly view?: (view: BookingView) => BookingView;
}

function isPassing(error: unknown): boolean {
  return [LinkBusy, ClaimLost, ConnectionLost].some((one) => error instanceof one) || isFailure(error);
}

/** What stands of persons in the model. */
const personal = /Prénom|Kermarec|Odile|Pierre/;

export class SyncRegistration {
  private readonly run: LinkRun<BookingView, never>;
  private isLooking = false;
  private attempt: Attempt<Ended> | null = null;
  /** Attempts that lost their claims and live on, while others took over. */
  private readonly overtaken: Attempt<Ended>[] = [];
  /** Answers that were carried out, by question. */
  readonly carriedOut: string[] = [];
  /** What the last work came to. */
  get lastOutcome(): string | null {
    return this.run.result.lastOutcome;
  }

  constructor(
    private readonly world: BookingWorld,
    readonly linkId: string,
    private readonly faulty: Faulty,
  ) {
    const rules = {
      ...registrationRules,
      nextStep: (view: BookingView) => registrationRules.nextStep((faulty.view ?? ((one) => one))(view), []),
    };
    this.run = new LinkRun(rules) as unknown as LinkRun<BookingView, never>;
  }

  signal(gathered: Readonly<Record<SystemName, number>>): void {
    this.run.changed(gathered);
  }

  answered(): void {
    this.run.answered();
  }

  get canWork(): boolean {
    const { run } = this;
    return this.overtaken.length > 0 || this.attempt !== null || run.toApply !== null || this.isLooking || run.isWoken;
  }

  /** Goes on to the next place where something else can happen. */
  async step(how: GoingOn = 'go on'): Promise<void> {
    await this.stepOwn(how);
    for (const attempt of [...this.overtaken]) {
      await attempt.goOn();
      if (attempt.result === null) continue;
      this.overtaken.splice(this.overtaken.indexOf(attempt), 1);
      if ('error' in attempt.result) this.failed(attempt.result.error);
    }
  }

  private async stepOwn(how: GoingOn): Promise<void> {
    const { run } = this;
    if (this.attempt === null && !run.isWoken && !this.isLooking && run.toApply === null) return;
    if (this.attempt === null) {
      this.attempt = this.begin();
      await this.attempt.untilQuiet();
    } else await this.attempt.goOn(how);
    const end = this.attempt.result;
    if (end === null) return;
    this.attempt = null;
    if ('error' in end) return this.failed(end.error);
    checkHistory(end.value);
    if ('look' in end.value) {
      this.isLooking = false;
      run.looked(end.value.look);
      return;
    }
    const decision = run.toApply!.decision as unknown as { kind: string; answers?: string | null };
    if (end.value.applied.outcome === 'done' && typeof decision.answers === 'string')
      this.carriedOut.push(decision.kind);
    run.applied(end.value.applied);
  }

  /** What it was doing is begun again by another. */
  async crash(how: Crash): Promise<void> {
    if (this.attempt === null) return;
    if (how === 'fail') return await this.step('fail');
    const { attempt } = this;
    this.attempt = null;
    if (how === 'kill' || attempt.isSending) return await attempt.kill();
    await attempt.lapse();
    this.overtaken.push(attempt);
  }

  private failed(error: unknown): void {
    if (!isPassing(error)) throw error;
    checkHistory((error as Error).message);
  }

  private begin(): Attempt<Ended> {
    const { world, linkId, run, faulty } = this;
    const { toApply } = run;
    if (toApply === null && !this.isLooking) {
      run.beginLook();
      this.isLooking = true;
    }
    return new Attempt(async (stopping) => {
      const sound = world.workerFor(stopping);
      const worker = faulty.worker === undefined ? sound : faulty.worker(sound);
      if (toApply === null) return { look: await readRegistration({ ...worker, linkId, lane: 'live' }) };
      const { decision, version } = toApply;
      // As in workflows/liveWork.ts: the same at every attempt.
      const writeId = `live/${linkId}/${run.looks}/${version}`;
      return { applied: await applyBooking({ ...worker, linkId, decision, version, writeId }) };
    });
  }
}

/** What reaches Temporal has no value of a person. */
function checkHistory(told: unknown): void {
  if (personal.test(JSON.stringify(told) ?? '')) throw new Violation('a value of a person reaches a history');
}

/** The workflows of all links. */
export class Registrations {
  private readonly byLink = new Map<string, SyncRegistration>();
  private steps = 0;

  constructor(
    private readonly world: BookingWorld,
    private readonly faulty: Faulty = {},
    private readonly maxSteps = 3_000,
  ) {}

  of(linkId: string): SyncRegistration {
    const workflow = this.byLink.get(linkId) ?? new SyncRegistration(this.world, linkId, this.faulty);
    this.byLink.set(linkId, workflow);
    return workflow;
  }

  working(): readonly SyncRegistration[] {
    return [...this.byLink.values()].filter((workflow) => workflow.canWork);
  }

  async step(workflow: SyncRegistration): Promise<void> {
    if (++this.steps > this.maxSteps) throw new Violation('it does not end');
    await workflow.step();
  }

  /** Signals what is due. @param lost the signals get lost on their way */
  async forward({ again = false, lost = false } = {}): Promise<void> {
    const due = await this.world.due(again);
    if (!lost) for (const { linkId, gathered } of due) this.of(linkId).signal(gathered);
  }

  /** Everything that is under way arrives in order, and all work is done. */
  async settle(): Promise<void> {
    const { underWay } = this.world;
    for (;;) {
      for (const delivery of underWay.splice(0)) await this.world.receive(delivery);
      await this.forward({ again: true });
      const working = this.working();
      if (working.length === 0 && underWay.length === 0) return;
      for (const workflow of working) await this.step(workflow);
    }
  }
}
