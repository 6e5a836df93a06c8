/** Watching a bulk sync from a terminal: phases as lines, applying as a bar with rate and time left. */
import { setTimeout as sleep } from 'node:timers/promises';
import cliProgress from 'cli-progress';
import { systemNames } from '../core/record.js';
import { planProgress } from '../store/planItems.js';
import type { Sql } from '../store/database.js';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { bulkSync } from '../../workflows/bulkSync.js';
import { progressQuery, type BulkProgress } from '../../workflows/bulkSync.messages.js';
import { duration } from './planText.js';
import type { Output } from './output.js';
import { visible } from './visible.js';

/** How often the workflow is asked: often enough to look alive, seldom enough to cost nothing. */
const pollMs = 400;

/** Where lines cannot be redrawn, progress is told so often. */
const lineEveryMs = 5_000;

export interface Watched {
  readonly handle: WorkflowHandle<typeof bulkSync>;
  /** Resolves when the workflow has ended, however it did. */
  readonly ended: Promise<void>;
  /** How it stands. Anyone who watches sees to it that no question is left open when the connection closes. */
  readonly ask: () => Promise<BulkProgress>;
  /** What it said at its end ({@link lastWord}), asked for once. */
  readonly atItsEnd: () => Promise<BulkProgress | null>;
  readonly sql: Sql;
  readonly output: Output;
}

/**
 * Follows until `until` says so, or to its end; prints each change of phase and state once.
 *
 * @returns what was seen last; null: it ended before anything was seen
 */
export async function followBulk(
  { ended, ask, atItsEnd, sql, output }: Watched,
  until: (progress: BulkProgress) => boolean,
): Promise<BulkProgress | null> {
  const screen = new Screen(output, sql);
  const over = ended.then(() => null);
  let last: BulkProgress | null = null;
  try {
    for (;;) {
      // The id may be another run's by now: what that one does is not shown.
      const progress = await Promise.race([over, ask()]);
      last = progress ?? (await atItsEnd()) ?? last;
      if (last !== null) await screen.show(last);
      if (progress === null || until(progress)) return last;
      await Promise.race([over, sleep(pollMs)]);
    }
  } finally {
    screen.close();
  }
}

/** An ended run that is asked twice in a moment can leave the second question open for half a minute. */
const lastWordMs = 5_000;

/** A run that has ended still answers, unless it failed, or another took its id. */
export async function lastWord(client: Client, handle: Watched['handle']): Promise<BulkProgress | null> {
  // Both are waited for: the client asks again after a failure, and would do so on a closed channel.
  const [result, progress] = await Promise.allSettled([
    handle.result(),
    client.withDeadline(Date.now() + lastWordMs, () => handle.query(progressQuery)),
  ]);
  if (result.status === 'rejected' || progress.status === 'rejected') return null;
  return (progress.value.plan?.number ?? null) === result.value.plan ? progress.value : null;
}

class Screen {
  private line = '';
  private bar: cliProgress.SingleBar | null = null;
  private firstDone: { readonly at: number; readonly n: number } | null = null;
  private printedAt = 0;

  constructor(
    private readonly output: Output,
    private readonly sql: Sql,
  ) {}

  async show(progress: BulkProgress): Promise<void> {
    const { state, phase, plan } = progress;
    // The phase moved on since we looked last: one more look, so that the bar ends where the work did.
    if (this.bar !== null && phase !== 'applying' && plan !== null) await this.advance(plan.id, plan.remoteItems);
    if (state.kind === 'waitingForBudget')
      return this.say(`waiting for the quota until ${state.until}: ${visible(state.reason)}`);
    if (state.kind === 'stopped') return this.say(this.output.colours.red(`stopped: ${visible(state.reason)}`));
    if (state.kind === 'paused') return this.say('paused: "passerelle resume" goes on');
    switch (phase) {
      case 'scanning':
        return this.say('reading both lists…');
      case 'matching':
        return this.say(
          `matching (${systemNames.map((system) => `${progress.scans[system]?.pages ?? 0} pages of ${system}`).join(', ')} read)…`,
        );
      case 'planning':
        return this.say('drawing up the plan…');
      case 'settling':
        return this.say('looking up creations whose answer never came…');
      case 'verifying':
        return this.say('verifying…');
      case 'storingReferences':
        return this.say('storing each other’s ids, from what the day’s quota has left over…');
      case 'applying':
        if (plan !== null && plan.remoteItems > 0) await this.advance(plan.id, plan.remoteItems);
        return;
      case 'preparing':
      case 'waitingForApproval':
      case 'ended':
        return;
    }
  }

  private say(line: string): void {
    if (line === this.line) return;
    this.stopBar();
    this.line = line;
    this.output.note(line);
  }

  private async advance(planId: number, total: number): Promise<void> {
    const rows = await planProgress(this.sql, planId);
    const done = rows
      .filter((row) => row.part === 'remote' && row.status !== 'pending')
      .reduce((sum, row) => sum + row.n, 0);
    const now = Date.now();
    this.firstDone ??= { at: now, n: done };
    const seconds = (now - this.firstDone.at) / 1_000;
    const rate = seconds > 0 ? (done - this.firstDone.n) / seconds : 0;
    const left = rate > 0 ? `${duration((total - done) / rate)} left` : 'time left: not known yet';
    if (!this.output.interactive) {
      // A file or a CI log wants a line now and then, not a picture.
      if (now - this.printedAt > lineEveryMs || done === total) {
        this.printedAt = now;
        this.say(`applying: ${done} of ${total} people, ${rate.toFixed(1)} a second, ${left}`);
      }
      return;
    }
    if (this.bar === null) {
      this.bar = new cliProgress.SingleBar(
        {
          format: 'applying {bar} {value} of {total} people · {rate} a second · {left}',
          hideCursor: true,
          stopOnComplete: false,
        },
        cliProgress.Presets.shades_classic,
      );
      this.bar.start(total, done, { rate: rate.toFixed(1), left });
    }
    this.bar.update(done, { rate: rate.toFixed(1), left });
    if (done === total) this.stopBar();
  }

  private stopBar(): void {
    this.bar?.stop();
    this.bar = null;
  }

  close(): void {
    this.stopBar();
  }
}
