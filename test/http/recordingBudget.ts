import type {
  Budget,
  Permit,
  PermitAnswer,
  PermitAsk,
  PermitPostponed,
  PermitsStopped,
  Stopped,
} from '../../src/store/budget.js';

/** A budget in memory that gives every permit and writes down what it is told. The real one is tested in test/store. */
export class RecordingBudget implements Pick<
  Budget,
  'take' | 'answered' | 'release' | 'failed' | 'close' | 'stop' | 'largestGroup'
> {
  readonly taken: PermitAsk[] = [];
  readonly answers: (PermitAnswer & { id: number })[] = [];
  readonly released: number[] = [];
  readonly closures: number[] = [];
  readonly stops: string[] = [];
  /** Those of writes alone. */
  readonly writeStops: string[] = [];
  /** The records that the server failed at. */
  readonly failures: (string | undefined)[] = [];
  /** What the breaker answers. */
  openUntil: number | null = null;
  /** Set to refuse. */
  refusal: PermitPostponed | PermitsStopped | null = null;
  largest = 64;
  validMs = 60_000;

  take(n: number, ask: PermitAsk): Promise<Permit[]> {
    if (this.refusal) return Promise.reject(this.refusal);
    const permits = Array.from({ length: n }, () => {
      const { validMs } = this;
      return { id: this.taken.push(ask), ask, remainingMs: () => validMs };
    });
    return Promise.resolve(permits);
  }

  answered(permit: Permit, answer: PermitAnswer): void {
    this.answers.push({ ...answer, id: permit.id });
  }

  release(permit: Permit): void {
    this.released.push(permit.id);
  }

  failed(record: string | undefined): Promise<number | null> {
    this.failures.push(record);
    return Promise.resolve(this.openUntil);
  }

  close(forMs: number): Promise<void> {
    this.closures.push(forMs);
    return Promise.resolve();
  }

  stop(reason: string, stopped: Stopped = 'all'): Promise<void> {
    (stopped === 'all' ? this.stops : this.writeStops).push(reason);
    return Promise.resolve();
  }

  largestGroup(): number {
    return this.largest;
  }
}
