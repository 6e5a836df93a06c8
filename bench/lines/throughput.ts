/** How many changes travel in a second, of distinct people, so many under way at once. */
import { inParallel } from '../bareLoop.js';
import { withBareRecords } from '../bareRecord.js';
import { untilHandled, withLive, withRelay, type LinkedPerson } from '../liveStage.js';
import { lineOf, type BenchLine } from '../results.js';
import type { Stage } from '../stage.js';
import type { WorkerProcess } from '../workerProcess.js';
import { activitiesOfChange } from './latency.js';

export interface ThroughputOptions {
  readonly changes: number;
  /** Under way at once, of ours and of the bare workflow. */
  readonly parallel: number;
}

/** Turns that the two take, so that whatever else the machine does strikes both. */
const rounds = 3;

/** Changes that are not counted, for each of those under way. */
const warmUpEach = 3;

/** Nothing is to be gathered. All else is as everybody has it: where the bare workflow ends, ours begins to linger. */
const live = { debounceMs: 0 };

/** What was used for all changes that count. */
interface Used {
  seconds: number;
  workerSeconds: number;
  receiverSeconds: number;
}

export async function throughputLine(stage: Stage, { changes, parallel }: ThroughputOptions): Promise<BenchLine> {
  const warmUp = warmUpEach * parallel;
  return await withLive(stage, { name: 'throughput', people: changes + warmUp, live }, (passerelle) =>
    withBareRecords(stage, 'throughput', (bare) =>
      withRelay(passerelle, false, async (relay) => {
        const { worker, receiver, sandbox } = passerelle;
        const bareRun = async (times: number) => {
          await inParallel(Array.from({ length: times }), parallel, async () => await bare.time(activitiesOfChange));
        };
        const ourRun = async (people: readonly LinkedPerson[]) => {
          await inParallel(people, parallel, async ({ yapla, yoplanning }) => {
            const done = relay.next(yoplanning);
            await sandbox.control.edit('yapla', yapla, { city: `Ville ${yapla}` });
            await done;
          });
          await untilHandled(passerelle);
        };
        await bareRun(warmUp);
        await ourRun(passerelle.people.slice(0, warmUp));
        await sandbox.control.resetCounts();
        const bareUsed = { seconds: 0, workerSeconds: 0, receiverSeconds: 0 };
        const used = { ...bareUsed };
        const counted = passerelle.people.slice(warmUp);
        for (let round = 0; round < rounds; round += 1) {
          const people = counted.filter((_, index) => index % rounds === round);
          await add(bareUsed, () => bareRun(people.length), bare, null);
          await add(used, () => ourRun(people), worker, receiver);
        }
        const { updated } = (await sandbox.control.counts()).yoplanning;
        const each = (seconds: number) => `${((1_000 * seconds) / changes).toFixed(1)} ms`;
        return lineOf({
          line: `changes, ${parallel} at once`,
          value: changes / used.seconds,
          unit: 'changes/s',
          floor: changes / bareUsed.seconds,
          goal: 'ratio >= 0.8',
          holds: updated === changes,
          note:
            `${changes} people in ${rounds} turns, ${updated} writes, whose echoes are kept away (what they cost: "an echo"); the floor is the bare workflow with ${activitiesOfChange} empty activities; ` +
            `for each change ${each(used.workerSeconds)} of the worker's processor (of the bare worker's: ${each(bareUsed.workerSeconds)}) and ${each(used.receiverSeconds)} of the receiver's`,
        });
      }),
    ),
  );
}

type Process = Pick<WorkerProcess, 'processorSeconds'>;

async function add(used: Used, run: () => Promise<void>, worker: Process, receiver: Process | null): Promise<void> {
  const workerBefore = worker.processorSeconds();
  const receiverBefore = receiver?.processorSeconds() ?? 0;
  const began = performance.now();
  await run();
  used.seconds += (performance.now() - began) / 1_000;
  used.workerSeconds += worker.processorSeconds() - workerBefore;
  used.receiverSeconds += (receiver?.processorSeconds() ?? 0) - receiverBefore;
}
