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

  /** So many decimal digits. */
  digits(length: number): string {
    let text = '';
    for (let i = 0; i < length; i += 1) text += this.below(10);
    return text;
  }

  /** A version-4-shaped UUID. */
  uuid(): string {
    const hex = (length: number) => {
      let text = '';
      for (let i = 0; i < length; i += 4) text += this.below(65_536).toString(16).padStart(4, '0');
      return text;
    };
    const variant = (8 + this.below(4)).toString(16);
    return `${hex(8)}-${hex(4)}-4${hex(4).slice(1)}-${variant}${hex(4).slice(1)}-${hex(12)}`;
  }
}
