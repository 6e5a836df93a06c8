import { lanes } from './budgetPermits.js';
import type { Permit, PermitAsk } from './budgetPermits.js';

/** One who waits in this process for a group of permits. */
export interface Turn {
  readonly size: number;
  readonly ask: PermitAsk;
  /** Place of its lane: lower goes first. */
  readonly rank: number;
  /** When it came, on the scale of `performance.now()`. */
  readonly since: number;
  /** A single request behind it went first once: no other may. */
  wasPassed: boolean;
}

/** What a turn ends with: permits, to be used from `dueAt` (on the scale of `performance.now()`) on. */
export interface Grant {
  readonly permits: Permit[];
  readonly dueAt: number;
}

interface Waiting extends Turn {
  resolve(grant: Grant): void;
  reject(reason: unknown): void;
}

/** Those who wait in this process: by lane, then by arrival. */
export class BudgetQueue {
  /** One set per lane; a set keeps the order of arrival and lets anybody leave at once. */
  readonly #lanes: readonly Set<Waiting>[] = lanes.map(() => new Set<Waiting>());

  /** @param onFirstLeft called when the first in line leaves unserved: the next one may need less. */
  add(
    size: number,
    ask: PermitAsk,
    resolve: (grant: Grant) => void,
    reject: (reason: unknown) => void,
    onFirstLeft: () => void,
  ): Turn {
    const rank = lanes.indexOf(ask.lane);
    const onAbort = () => {
      const wasFirst = this.first() === turn;
      this.#remove(turn);
      turn.reject(ask.signal?.reason);
      if (wasFirst) onFirstLeft();
    };
    const turn: Waiting = {
      size,
      ask,
      rank,
      since: performance.now(),
      wasPassed: false,
      resolve: (grant) => {
        ask.signal?.removeEventListener('abort', onAbort);
        resolve(grant);
      },
      reject: (reason) => {
        ask.signal?.removeEventListener('abort', onAbort);
        reject(reason);
      },
    };
    ask.signal?.addEventListener('abort', onAbort, { once: true });
    this.#lanes[rank]!.add(turn);
    return turn;
  }

  first(): Turn | undefined {
    for (const lane of this.#lanes) for (const turn of lane) return turn;
    return undefined;
  }

  /**
   * The first in line, up to the one with which they need `most` permits or more, and the first single request behind them in the
   * same lane: it may pass a group that must wait. They stay in the queue.
   */
  next(most: number): Turn[] {
    const turns: Turn[] = [];
    let permits = 0;
    for (const lane of this.#lanes) {
      for (const turn of lane) {
        if (permits < most || turn.size === 1) {
          turns.push(turn);
          if (permits >= most) return turns;
          permits += turn.size;
        }
      }
      if (permits >= most) return turns;
    }
    return turns;
  }

  /** @returns false when it has left the queue in the meantime */
  serve(turn: Turn, grant: Grant): boolean {
    const waiting = turn as Waiting;
    if (!this.#remove(waiting)) return false;
    waiting.resolve(grant);
    return true;
  }

  refuse(which: (turn: Turn) => boolean, reason: unknown): void {
    for (const lane of this.#lanes) {
      for (const turn of lane) {
        if (which(turn) && this.#remove(turn)) turn.reject(reason);
      }
    }
  }

  #remove(turn: Waiting): boolean {
    return this.#lanes[turn.rank]!.delete(turn);
  }
}
