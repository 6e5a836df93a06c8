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
  /** Where each of its texts ends in it, in characters. */
  readonly ends: Uint32Array;
  /** Where it stands in the file, and how many bytes it takes there. */
  readonly at: number;
  readonly bytes: number;
}

export class SharedStrings {
  readonly #blocks: Block[] = [];
  /** By block all of its texts, one behind the other: to decode a block at once costs less than text by text. */
  readonly #inMemory = new Map<Block, string>();
  #latest: Block | null = null;
  #packing: string[] = [];
  #packingLength = 0;
  #count = 0;
  #end = 0;
  #file: number | null = null;
  #place = Buffer.allocUnsafe(2 * blockBytes);

  get count(): number {
    return this.#count;
  }

  add(text: string): void {
    this.#packing.push(text);
    this.#packingLength += text.length;
    this.#count += 1;
    if (this.#packingLength >= blockBytes) this.#pack();
  }

  /** @returns undefined where there is none */
  at(index: number): string | undefined {
    const packed = this.#count - this.#packing.length;
    if (index >= packed) return this.#packing[index - packed];
    const block = this.#blockOf(index);
    const nth = index - block.first;
    const start = nth === 0 ? 0 : block.ends[nth - 1]!;
    return this.#textsOf(block).slice(start, block.ends[nth]);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #pack(): void {
    const ends = new Uint32Array(this.#packing.length);
    let end = 0;
    this.#packing.forEach((text, nth) => (ends[nth] = end += text.length));
    const packed = Buffer.from(this.#packing.join(''));
    this.#file ??= namelessFile();
    writeSync(this.#file, packed, 0, packed.length, this.#end);
    this.#blocks.push({ first: this.#count - this.#packing.length, ends, at: this.#end, bytes: packed.length });
    this.#end += packed.length;
    this.#packing = [];
    this.#packingLength = 0;
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

  #textsOf(block: Block): string {
    const known = this.#inMemory.get(block);
    if (known !== undefined) return known;
    if (this.#place.length < block.bytes) this.#place = Buffer.allocUnsafe(block.bytes);
    readSync(this.#file!, this.#place, 0, block.bytes, block.at);
    // The block that came first makes place. What comes again and again stands in the first block of all, which is soon back.
    if (this.#inMemory.size === blocksKept) this.#inMemory.delete(this.#inMemory.keys().next().value!);
    const texts = this.#place.toString('utf8', 0, block.bytes);
    this.#inMemory.set(block, texts);
    return texts;
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
