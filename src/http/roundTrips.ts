/** So many are remembered: a server that has become faster is believed after this many answers at the latest. */
const REMEMBERED = 16;

/** The shortest of the latest round trips: how long it takes at least, as far as we know, until a request is answered. */
export class RoundTrips {
  readonly #latestMs: number[] = [];

  add(ms: number): void {
    this.#latestMs.push(ms);
    if (this.#latestMs.length > REMEMBERED) this.#latestMs.shift();
  }

  /** Milliseconds; 0 before the first. */
  get shortestMs(): number {
    return this.#latestMs.length === 0 ? 0 : Math.min(...this.#latestMs);
  }
}
