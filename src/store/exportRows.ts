/** Rows of an export on their way into the database, as the bytes that are sent: so many would else stand in memory for longer than they are read. */
import type { StagedRow } from '../core/export/rows.js';

/** What rows take at first; more is made where they need it. */
const firstBytes = 1_048_576;

/** A list in JSON begins so. */
const begin = '[';

export class RowChunk {
  #bytes = Buffer.alloc(firstBytes, begin);
  #length = begin.length;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** A list of them as JSON: `{ r: row, n: number, c: values, p: problem }`. Good until the next `add`. */
  get json(): Buffer {
    this.#write(']');
    this.#length -= 1;
    return this.#bytes.subarray(0, this.#length + 1);
  }

  add({ row: r, number: n, values: c, problem: p }: StagedRow): void {
    if (this.#count > 0) this.#write(',');
    this.#write(JSON.stringify(p === null ? { r, n: n ?? '', c } : { r, n: n ?? '', c, p }));
    this.#count += 1;
  }

  /** Takes all of them out. */
  clear(): void {
    this.#length = begin.length;
    this.#count = 0;
  }

  #write(text: string): void {
    // A unit of UTF-16 takes three bytes at most.
    const needed = this.#length + text.length * 3;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#length += this.#bytes.write(text, this.#length);
  }
}
