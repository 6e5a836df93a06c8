/**
 * The workflow `syncRecord` without Temporal: its real state machine (workflows/linkRun.ts) survives every crash, and an activity that was
 * cut off is begun again.
 */
import type { SystemName } from '../../../src/core/record.js';
import { isFailure } from '../../../src/http/failures.js';
import { type AppliedDecision, applyDecision } from '../../../src/link/carryOut.js';
import { ClaimLost, LinkBusy } from '../../../src/link/claims.js';
import { NewsUnread } from '../../../src/link/creations.js';
import { readRecord, type RecordReading } from '../../../src/link/readRecord.js';
import { ConnectionLost } from '../../../src/store/database.js';
import { LinkRun } from '../../../workflows/linkRun.js';
import { personRules } from '../../../workflows/personRules.js';
import { checkHistory } from '../liveModel/view.js';
import { Attempt, type GoingOn } from './attempt.js';
import type { EngineWorld } from './world.js';

/** What Temporal repeats an activity after. Whatever else is thrown is a fault of ours. */
export function isPassing(error: unknown): boolean {
  const passing = [LinkBusy, ClaimLost, NewsUnread, ConnectionLost].some((one) => error instanceof one);
  return passing || isFailure(error);
}

/**
 * How work is cut off: the worker dies (`kill`), what it waits for fails, or it loses its claims and is taken for dead (`lapse`): it goes on
 * beside whoever takes over.
 */
export type Crash = 'kill' | 'fail' | 'lapse';

type Ended = { readonly look: RecordReading } | { readonly applied: AppliedDecision };

/** What goes on from place to place, and can be cut off there. */
export interface Working {
  readonly canWork: boolean;
  /** Goes on to the next place where something else can happen. */
  step(how?: GoingOn): Promise<void>;
  /** What it was doing is begun again by another. */
  crash(how: Crash): Promise<void>;
}

export class SyncRecord implements Working {
  private readonly run = new LinkRun(personRules);
  private isLooking = false;
  private attempt: Attempt<Ended> | null = null;
  /** Attempts that lost their claims and live on, while others took over. */
  private readonly overtaken: Attempt<Ended>[] = [];

  constructor(
    private readonly world: EngineWorld,
    readonly linkId: string,
  ) {}

  signal(gathered: Readonly<Record<SystemName, number>>): void {
    this.run.changed(gathered);
  }

  answered(): void {
    this.run.answered();
  }

  get canWork(): boolean {
    return (
      this.overtaken.length > 0 ||
      this.attempt !== null ||
      this.run.toApply !== null ||
      this.isLooking ||
      this.run.isWoken
    );
  }

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
    if (this.attempt === null && !this.run.isWoken && !this.isLooking && this.run.toApply === null) return;
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
      this.run.looked(end.value.look);
    } else {
      if (end.value.applied.outcome === 'stale') this.world.counts.stale += 1;
      this.run.applied(end.value.applied);
    }
    checkHistory(this.run.toApply);
  }

  async crash(how: Crash): Promise<void> {
    if (this.attempt === null) return;
    if (how === 'fail') return await this.step('fail');
    const { attempt } = this;
    this.attempt = null;
    this.world.counts.crashes += 1;
    // Between the look at its claim and the arrival of a creation a claim protects nobody: neither system has conditional writes.
    if (how === 'kill' || attempt.isSending) return await attempt.kill();
    await attempt.lapse();
    this.overtaken.push(attempt);
  }

  private failed(error: unknown): void {
    if (!isPassing(error)) throw error;
    checkHistory((error as Error).message);
    // What is begun again may ask again.
    this.world.counts.crashes += 1;
  }

  private begin(): Attempt<Ended> {
    const { world, linkId, run } = this;
    const { toApply } = run;
    if (toApply === null && !this.isLooking) {
      run.beginLook();
      this.isLooking = true;
    }
    return new Attempt(async (stopping) => {
      const worker = world.workerFor(stopping, 'live');
      if (toApply === null) return { look: await readRecord({ ...worker, linkId, lane: 'live' }) };
      const { decision, version } = toApply;
      // As in workflows/liveWork.ts: the same at every attempt.
      const writeId = `live/${linkId}/${run.looks}/${version}`;
      return { applied: await applyDecision({ ...worker, linkId, decision, version, writeId }) };
    });
  }
}

/** The workflows of all links. */
export class Workflows {
  private readonly byLink = new Map<string, SyncRecord>();

  constructor(private readonly world: EngineWorld) {}

  of(linkId: string): SyncRecord {
    const workflow = this.byLink.get(linkId) ?? new SyncRecord(this.world, linkId);
    this.byLink.set(linkId, workflow);
    return workflow;
  }

  working(): readonly SyncRecord[] {
    return [...this.byLink.values()].filter((workflow) => workflow.canWork);
  }
}
