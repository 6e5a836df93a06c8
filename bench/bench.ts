/** What every bench offers. */
export interface BenchOptions {
  /** Small sizes, to see that it runs; the numbers mean nothing. */
  readonly quick: boolean;
  /** Only these parts; null: all. */
  readonly only: readonly string[] | null;
}

export interface Bench {
  readonly name: string;
  /** One line. */
  readonly about: string;
  /** What `--only` can name. */
  readonly parts: readonly string[];
  /** Prints and keeps its results. @returns whether every goal is met */
  run(options: BenchOptions): Promise<boolean>;
}

/** The command line asks for what there is not. */
export class UsageMistake extends Error {
  override readonly name = 'UsageMistake';
}
