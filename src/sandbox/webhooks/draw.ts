/** Which events the faults strike, by lot or by turn: the same for the same seed and the same sequence of events. */
import { Random } from '../random.js';
import type { Lot, ResolvedWebhookFaults } from './options.js';

/** What is to become of one event. */
export interface Fate {
  readonly drop: boolean;
  readonly duplicate: boolean;
  readonly early: boolean;
  readonly stale: boolean;
  /** 0: at once. */
  readonly delayMs: number;
}

export class Draw {
  readonly #drop: Turns;
  readonly #duplicate: Turns;
  readonly #early: Turns;
  readonly #stale: Turns;
  readonly #delayed: Turns;
  readonly #random: Random;

  constructor(private readonly faults: ResolvedWebhookFaults) {
    // A generator for each: what one fault is set to does not move the lots of another.
    const turns = (lot: Lot, salt: number) => new Turns(lot, new Random(faults.seed ^ salt));
    this.#drop = turns(faults.drop, 0xd409);
    this.#duplicate = turns(faults.duplicate, 0xd0b1e);
    this.#early = turns(faults.early, 0xea41);
    this.#stale = turns(faults.stale, 0x57a1e);
    this.#delayed = turns(faults.delayed, 0xde1a);
    this.#random = new Random(faults.seed);
  }

  next(): Fate {
    const { delayMs, delayJitterMs } = this.faults;
    const delayed = this.#delayed.falls();
    return {
      drop: this.#drop.falls(),
      duplicate: this.#duplicate.falls(),
      early: this.#early.falls(),
      stale: this.#stale.falls(),
      delayMs: delayed ? delayMs + (delayJitterMs === 0 ? 0 : this.#random.next() * delayJitterMs) : 0,
    };
  }

  /** `items` in another order than they came, where there is one. */
  shuffled<T>(items: readonly T[]): T[] {
    const next = [...items];
    for (let i = next.length - 1; i > 0; i -= 1) {
      const j = this.#random.below(i + 1);
      [next[i], next[j]] = [next[j] as T, next[i] as T];
    }
    return next.every((item, index) => item === items[index]) ? next.reverse() : next;
  }
}

class Turns {
  #turn = 0;

  constructor(
    private readonly lot: Lot,
    private readonly random: Random,
  ) {}

  falls(): boolean {
    this.#turn += 1;
    return typeof this.lot === 'number' ? this.random.chance(this.lot) : this.#turn % this.lot.every === 0;
  }
}
