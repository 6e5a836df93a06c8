/**
 * The workflow `yaplaImport` without Temporal: its real state machine (workflows/importRun.ts) and its real activities; and what the person
 * at Yapla's wizard does.
 */
import { judgeImportFile, lookAtImports, makeImportFiles, readImported } from '../../../activities/imports.js';
import { findBatch } from '../../../src/store/importBatches.js';
import { ImportRun } from '../../../workflows/importRun.js';
import { checkHistory } from '../liveModel/view.js';
import { Violation } from '../liveModel/world.js';
import { type Factory, inBulk } from './activity.js';
import { Attempt, type GoingOn } from './attempt.js';
import { type ImportedFile, Wizard } from './wizard.js';
import { type Crash, isPassing, type Working } from './workflow.js';
import type { EngineWorld } from './world.js';

/** What the person at the wizard does. `nth` counts from the newest file backwards, where there are so many. */
export type ImportAction =
  /** Asks for a file of what waits. */
  | { readonly do: 'ask' }
  /** Imports a file, once more, or one that was judged long ago. `lost`: bit by bit, rows that do not arrive. */
  | { readonly do: 'import'; readonly nth: number; readonly lost: number }
  /** Says that it is imported, whether it is or not. */
  | { readonly do: 'done'; readonly nth: number };

/** Far more files, one behind the other, than any history needs until nothing waits: each value is in three at most. */
const mostRounds = 20;

/** Longer than any pause of the workflow. */
const longMs = 25 * 3_600_000;

/** An activity that is under way, and what its result leads to. */
interface Step {
  begin(nth: number): Attempt<() => void>;
  attempt: Attempt<() => void>;
  nth: number;
}

export class YaplaImport implements Working {
  private run: ImportRun;
  private readonly wizard: Wizard;
  private step_: Step | null = null;
  private isResting = false;
  private laterMs = 0;

  constructor(private readonly world: EngineWorld) {
    this.run = new ImportRun(world.connectionId);
    this.wizard = new Wizard(world);
  }

  get canWork(): boolean {
    return this.step_ !== null || !this.isResting || this.run.isWoken;
  }

  /** Goes on to the next place where something else can happen. */
  async step(how: GoingOn = 'go on'): Promise<void> {
    if (this.step_ === null) await this.beginNext();
    else await this.step_.attempt.goOn(how);
    const end = this.step_?.attempt.result ?? null;
    if (end === null) return;
    if ('value' in end) {
      this.step_ = null;
      end.value();
      checkHistory(this.run.state);
      return;
    }
    if (!isPassing(end.error)) throw end.error;
    checkHistory((end.error as Error).message);
    await this.beginAgain();
  }

  async crash(how: Crash): Promise<void> {
    if (this.step_ === null) return;
    if (how === 'fail') return await this.step('fail');
    await this.step_.attempt.kill();
    this.world.counts.crashes += 1;
    await this.beginAgain();
  }

  private async beginAgain(): Promise<void> {
    const step = this.step_!;
    step.nth += 1;
    step.attempt = step.begin(step.nth);
    await step.attempt.untilQuiet();
  }

  private async beginNext(): Promise<void> {
    const { run, connectionId } = this;
    this.isResting = false;
    const now = () => Date.now() + this.laterMs;
    const next = run.next(now());
    switch (next.do) {
      case 'look':
        return await this.begin(lookAtImports, { connectionId }, (look) => run.looked(look, now()));
      case 'make':
        return await this.begin(makeImportFiles, { connectionId }, (files) => {
          if (files.some(({ isDone }) => isDone)) throw new Violation('9: a file is made while another is judged');
          run.made(files, now());
        });
      case 'announce':
        return run.announced(next.number);
      case 'judge': {
        const { number, readsList } = next;
        if (readsList) return await this.begin(readImported, { connectionId, number }, () => run.listRead());
        return await this.begin(judgeImportFile, { connectionId, number }, (judged) =>
          run.judged(number, judged, now()),
        );
      }
      case 'wait':
        this.isResting = true;
        return;
      case 'end':
        throw new Error('the workflow of imports ended, though its connection collects');
    }
  }

  private async begin<I, R>(factory: Factory<I, R>, input: I, then: (result: R) => void): Promise<void> {
    const begin = (nth: number) =>
      new Attempt(async (stopping) => {
        const result = await inBulk(this.world, stopping, factory, input, nth);
        return () => then(result);
      });
    const attempt = begin(1);
    this.step_ = { begin, attempt, nth: 1 };
    await attempt.untilQuiet();
  }

  private get connectionId(): string {
    return this.world.connectionId;
  }

  /** Pauses are over, and so is the workflow's run: the next one takes up what it carried. */
  timePasses(): void {
    this.laterMs += longMs;
    if (this.step_ === null) this.run = new ImportRun(this.connectionId, this.run.state);
    this.run.wake();
  }

  async act(action: ImportAction): Promise<void> {
    if (action.do === 'ask') return this.ask();
    const file = await this.file(action.nth);
    if (file === null) return;
    if (action.do === 'import') return await this.wizard.importFile(file, action.lost);
    this.done(file.number);
  }

  private ask(): void {
    if (this.run.refusalOfClosing() === null) this.run.want();
  }

  private done(number: number): void {
    if (this.run.refusalOfDone(number) === null) this.run.done(number);
  }

  private async file(nth: number): Promise<ImportedFile | null> {
    const { sql, scope } = this.world;
    const newest = await findBatch(sql, scope, null);
    if (newest === null || newest.number <= nth) return newest;
    return await findBatch(sql, scope, newest.number - nth);
  }

  /**
   * Whatever waits is asked for, imported whole and told of, until nothing waits.
   *
   * @param settle everything that is under way arrives, and all work is done
   * @param show Yapla's list is read, where the workflow cannot read it: from a file
   */
  async importAll(settle: () => Promise<void>, show: () => Promise<void>): Promise<void> {
    const { world } = this;
    for (let round = 0; round < mostRounds; round++) {
      this.timePasses();
      await settle();
      const files = this.run.files;
      if (files.length === 0) {
        this.ask();
        await settle();
        if (this.run.files.length === 0) return;
        continue;
      }
      for (const { number, isDone } of files) {
        if (isDone) continue;
        await this.wizard.importFile((await findBatch(world.sql, world.scope, number))!, 0);
        await settle();
        this.done(number);
      }
      await settle();
      await show();
    }
    throw new Violation(`9: there is always one file more (${this.run.state.totals.files} so far)`);
  }
}
