/** How many changes travel in a second, of distinct people, so many under way at once. */
import { inParallel } from '../bareLoop.js';
import { withBareRecords } from '../bareRecord.js';
import { untilHandled, withLive, withRelay, type LinkedPerson } from '../liveStage.js';
import { lineOf, type BenchLine } from '../results.js';
import type { Stage } from '../stage.js';
import { activitiesOfChange } from './latency.js';

export interface ThroughputOptions {
  readonly changes: number;
  /** Under way at once, of ours and of the bare workflow. */
  readonly parallel: number;
  /** Whether the echoes of our own writes come too: then each change costs one activity more, ours and the bare workflow's. */
  readonly echoes: boolean;
}

/** Changes that are not counted, for each of those under way. */
const warmUpEach = 3;

/** Nothing is to be gathered. Lingering is short, so that most workflows end while others are measured, as they do where changes never end. */
const live = { debounceMs: 0, lingerMs: 2_000 };

export async function throughputLine(
  stage: Stage,
  { changes, parallel, echoes }: ThroughputOptions,
): Promise<BenchLine> {
  const name = echoes ? 'throughput-echoes' : 'throughput';
  const warmUp = warmUpEach * parallel;
  const activities = activitiesOfChange + (echoes ? 1 : 0);
  return await withLive(stage, { name, people: changes + warmUp, live }, async (passerelle) => {
    const bareRate = await withBareRecords(stage, name, async (bare) => {
      const run = async (times: number) =>
        await secondsOf(async () => {
          await inParallel(Array.from({ length: times }), parallel, async () => await bare.time(activities));
        });
      await run(warmUp);
      return changes / (await run(changes));
    });
    const { control } = passerelle.sandbox;
    return await withRelay(passerelle, echoes, async (relay) => {
      const change = async ({ yapla, yoplanning }: LinkedPerson) => {
        const done = relay.next(yoplanning);
        await control.edit('yapla', yapla, { city: `Ville ${yapla}` });
        await done;
      };
      const run = async (people: readonly LinkedPerson[]) =>
        await secondsOf(async () => {
          await inParallel(people, parallel, change);
          await untilHandled(passerelle);
        });
      await run(passerelle.people.slice(0, warmUp));
      await control.resetCounts();
      const before = passerelle.worker.processorSeconds();
      const receiverBefore = passerelle.receiver.processorSeconds();
      const seconds = await run(passerelle.people.slice(warmUp));
      const perChange = (used: number) => `${((1_000 * used) / changes).toFixed(1)} ms`;
      const { updated } = (await control.counts()).yoplanning;
      return lineOf({
        line: `changes, ${parallel} at once${echoes ? ', with their echoes' : ''}`,
        value: changes / seconds,
        unit: 'changes/s',
        floor: bareRate,
        goal: 'ratio >= 0.8',
        holds: updated === changes,
        note:
          `${changes} people, ${updated} writes; the floor is the bare workflow with ${activities} empty activities; for each change ` +
          `${perChange(passerelle.worker.processorSeconds() - before)} of the worker's processor and ${perChange(passerelle.receiver.processorSeconds() - receiverBefore)} of the receiver's`,
      });
    });
  });
}

async function secondsOf(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return (performance.now() - began) / 1_000;
}
