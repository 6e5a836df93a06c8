/** The workflow `syncRecord` as Temporal runs it: its own state survives every crash, and an activity that was cut off is begun again. */
import { nextStep, type LinkView, type Trigger } from '../../../src/core/live.js';
import type { LiveDecision } from '../../../src/core/live.js';
import { applyDecision } from './applyDecision.js';
import { readRecord, type Reading } from './readRecord.js';
import { checkHistory } from './view.js';
import type { World } from './world.js';

type Phase = 'resting' | 'reading' | 'applying';

export class SyncRecord {
  phase: Phase = 'resting';
  private signalled = false;
  private readonly triggers = new Set<Trigger>();
  private decision: LiveDecision | null = null;
  private version = 0;
  private activity: Generator<unknown, Reading | LinkView> | null = null;

  constructor(
    private readonly world: World,
    readonly linkId: string,
  ) {}

  /** Only says that there is something: whose events they are, the read that takes them tells. */
  signal(answered = false): void {
    this.signalled = true;
    if (answered) this.triggers.add('answer');
  }

  get canWork(): boolean {
    return this.phase !== 'resting' || this.signalled;
  }

  /** Goes on to the next place where something else can happen. */
  step(): void {
    if (this.phase === 'resting') this.begin('reading');
    this.activity ??=
      this.phase === 'reading'
        ? readRecord(this.world, this.linkId)
        : applyDecision(this.world, this.linkId, this.decision!, this.version);
    const next = this.activity.next();
    if (next.done !== true) return;
    this.activity = null;
    const result = next.value;
    if ('taken' in result) for (const system of result.taken) this.triggers.add(system);
    this.decide('taken' in result ? result.view : result);
  }

  /** The worker dies. What it was doing is begun again by another; its claim lapses. */
  crash(): void {
    if (this.activity === null) return;
    this.activity = null;
    this.world.counts.crashes += 1;
    if (this.phase === 'applying') this.world.store.claims.delete(this.linkId);
  }

  private begin(phase: Phase): void {
    this.phase = phase;
    if (phase === 'reading') this.signalled = false;
  }

  private decide(view: LinkView): void {
    const step = nextStep(view, [...this.triggers]);
    checkHistory([view, step]);
    if (step.do === 'apply') {
      this.decision = step.decision;
      this.version = view.version;
      this.begin('applying');
      return;
    }
    // What a merged link was told, the survivor is told.
    this.begin(this.signalled ? 'reading' : 'resting');
    if (this.phase === 'resting') this.triggers.clear();
  }
}

/** The workflows of all links, and what wakes them. */
export class Workflows {
  private readonly byLink = new Map<string, SyncRecord>();

  constructor(private readonly world: World) {}

  of(linkId: string): SyncRecord {
    const workflow = this.byLink.get(linkId) ?? new SyncRecord(this.world, linkId);
    this.byLink.set(linkId, workflow);
    return workflow;
  }

  all(): readonly SyncRecord[] {
    return [...this.byLink.values()];
  }

  working(): readonly SyncRecord[] {
    return this.all().filter((workflow) => workflow.canWork);
  }

  /** The forwarder: gives events their links and tells the workflows. `lost`: it dies before it has told them. */
  forward(options: { readonly again?: boolean; readonly lost?: boolean } = {}): void {
    const { store } = this.world;
    store.address();
    for (const [linkId, row] of store.signals) {
      if (row.signalled && options.again !== true) continue;
      row.signalled = true;
      if (options.lost !== true) this.of(linkId).signal();
    }
  }
}
