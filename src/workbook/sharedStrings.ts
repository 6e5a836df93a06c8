/**
 * The texts that the cells of a workbook share. A long list has millions, which as JavaScript's strings would take a gigabyte: they are kept
 * packed, and beyond some megabytes in a file that has no name any more and is gone with us.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Texts are packed into blocks of about this size: what is read of a file at once. */
const blockBytes = 64 * 1_024;

/** Blocks in memory. Cells refer to texts roughly in their order, the cells of one row to texts that stand together. */
const blocksKept = 64;

interface Block {
  /** Of its texts, the number of the first. */
  readonly first: number;
  /** Where each of its texts ends in it. */
  readonly ends: Uint32Array;
  /** Where it stands in the file. */
  readonly at: number;
}

export class SharedStrings {
  readonly #blocks: Block[] = [];
  readonly #inMemory = new Map<Block, Buffer>();
  #latest: Block | null = null;
  #packing: string[] = [];
  #packingBytes = 0;
  #count = 0;
  #end = 0;
  #file: number | null = null;

  get count(): number {
    return this.#count;
  }

  add(text: string): void {
    this.#packing.push(text);
    this.#packingBytes += text.length;
    this.#count += 1;
    if (this.#packingBytes >= blockBytes) this.#pack();
  }

  /** @returns undefined where there is none */
  at(index: number): string | undefined {
    const packed = this.#count - this.#packing.length;
    if (index >= packed) return this.#packing[index - packed];
    const block = this.#blockOf(index);
    const nth = index - block.first;
    const start = nth === 0 ? 0 : block.ends[nth - 1]!;
    return this.#bytesOf(block).toString('utf8', start, block.ends[nth]);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #pack(): void {
    const ends = new Uint32Array(this.#packing.length);
    let end = 0;
    this.#packing.forEach((text, nth) => {
      end += Buffer.byteLength(text);
      ends[nth] = end;
    });
    this.#file ??= namelessFile();
    writeSync(this.#file, Buffer.from(this.#packing.join('')), 0, end, this.#end);
    this.#blocks.push({ first: this.#count - this.#packing.length, ends, at: this.#end });
    this.#end += end;
    this.#packing = [];
    this.#packingBytes = 0;
  }

  #blockOf(index: number): Block {
    const { first, ends } = this.#latest ?? this.#blocks[0]!;
    if (this.#latest !== null && index >= first && index < first + ends.length) return this.#latest;
    let [low, high] = [0, this.#blocks.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#blocks[middle]!.first <= index) low = middle;
      else high = middle - 1;
    }
    return (this.#latest = this.#blocks[low]!);
  }

  #bytesOf(block: Block): Buffer {
    const known = this.#inMemory.get(block);
    if (known !== undefined) return known;
    const size = block.ends.at(-1)!;
    const place = this.#placeFor(size);
    readSync(this.#file!, place, 0, size, block.at);
    this.#inMemory.set(block, place);
    return place;
  }

  /** The block that came first makes place. What comes again and again stands in the first block of all, which is soon back. */
  #placeFor(size: number): Buffer {
    if (this.#inMemory.size < blocksKept) return Buffer.allocUnsafe(Math.max(size, blockBytes + blockBytes / 2));
    const [oldest, place] = this.#inMemory.entries().next().value!;
    this.#inMemory.delete(oldest);
    return place.length >= size ? place : Buffer.allocUnsafe(size);
  }
}

/** Readable by nobody else, and by nobody at all once we have ended. */
function namelessFile(): number {
  const directory = mkdtempSync(path.join(tmpdir(), 'passerelle-'));
  try {
    return openSync(path.join(directory, 'texts'), 'wx+', 0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
