/** Seeded random numbers (mulberry32): the same seed gives the same people and the same faults on every machine. Not for secrets. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** So many decimal digits, nine at most. */
  digits(length: number): string {
    return String(this.below(10 ** length)).padStart(length, '0');
  }

  /** A version-4-shaped UUID. */
  uuid(): string {
    const variant = '89ab'.charAt(this.below(4));
    return `${this.#hex()}${this.#hex()}-${this.#hex()}-4${this.#hex().slice(1)}-${variant}${this.#hex().slice(1)}-${this.#hex()}${this.#hex()}${this.#hex()}`;
  }

  /** Four hexadecimal digits. */
  #hex(): string {
    return this.below(65_536).toString(16).padStart(4, '0');
  }
}
