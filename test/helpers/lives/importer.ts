/** The person at Yapla's import wizard in random lives: imports late, in part, twice, or not at all, and says what they like; in the end all of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../src/sandbox/random.js';
import { ImportRefuses } from '../../../src/yaplaImport.js';
import type { ImportFile } from '../../../workflows/yaplaImport.messages.js';
import { until } from '../live.js';
import type { TestPasserelle } from '../passerelle.js';
import { importAll, importFile, importProgress, makeFiles, sayDone } from '../wizard.js';

/** Files that one life of it sees: each round needs whole lists, and waits for workers that have just died. */
const mostRounds = 6;
/** Judging reads a list, and a worker may have died with it: a limit for what hangs. */
const judgedWithinMs = 120_000;

export class Importer {
  /** Files of people who are made whatever stands there: nobody imports them twice (docs/yapla-imports.md). */
  readonly #importedOnce = new Set<number>();

  constructor(
    private readonly house: TestPasserelle,
    private readonly random: Random,
  ) {}

  /** As people are, until `isOver`. */
  async goOn(isOver: () => boolean): Promise<void> {
    for (let round = 0; round < mostRounds && !isOver(); round++) {
      await sleep(this.random.between(50, 400));
      for (const file of await this.files()) await this.dealWith(file);
    }
  }

  /** All that is out is imported whole and told of, and whatever waits after it, until nothing does. */
  async finish(quiet: () => Promise<void>): Promise<void> {
    for (const file of await this.files()) {
      await this.import(file, []);
      await sayDone(this.house, file.number);
    }
    do {
      await until(
        () => importProgress(this.house),
        ({ files }) => files.length === 0,
        judgedWithinMs,
      );
      await quiet();
    } while ((await importAll(this.house)) > 0);
  }

  private async files(): Promise<readonly ImportFile[]> {
    try {
      return await makeFiles(this.house);
    } catch (error) {
      if (!(error instanceof ImportRefuses)) throw error;
      return (await importProgress(this.house)).files.filter(({ isDone }) => !isDone);
    }
  }

  private async dealWith(file: ImportFile): Promise<void> {
    const { random } = this;
    const rows = Array.from({ length: file.people }, (_, at) => at + 1);
    for (let times = random.below(4); times > 1; times--) {
      await this.import(
        file,
        rows.filter(() => random.below(10) === 0),
      );
    }
    if (random.below(3) > 0) await sayDone(this.house, file.number);
  }

  private async import({ number, purpose }: ImportFile, leaveOut: readonly number[]): Promise<void> {
    if (purpose === 'createWithoutEmail') {
      if (this.#importedOnce.has(number)) return;
      this.#importedOnce.add(number);
    }
    await importFile(this.house, number, leaveOut);
  }
}
