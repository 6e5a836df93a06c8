/** How long one change takes from one system to the other while nothing else happens. */
import { withBareRecords } from '../bareRecord.js';
import { clientsPath, medianRoundTripMs, openBareClient, yoplanningHeaders } from '../bareLoop.js';
import { untilHandled, withLive, withRelay, type LivePasserelle } from '../liveStage.js';
import { lineOf, type BenchLine } from '../results.js';
import { quantile } from '../senders.js';
import type { Stage } from '../stage.js';

export interface LatencyOptions {
  /** Changes, each of another person, one after the other. */
  readonly changes: number;
}

/** Of a change that is written: `readRecord` and `applyDecision`. */
export const activitiesOfChange = 2;

/** What the line is about comes on top of it, so it need not be long. */
const debounceMs = 200;

/** Of a bare workflow's time that ours may take, beside the round trips of its own requests. */
const allowed = 1.5;

/** Before the first that counts. */
const warmUp = 5;

export async function latencyLine(stage: Stage, { changes }: LatencyOptions): Promise<BenchLine> {
  const people = changes + warmUp;
  return await withLive(stage, { name: 'latency', people, live: { debounceMs } }, (passerelle) =>
    withBareRecords(stage, 'latency', (bare) =>
      withRelay(passerelle, false, async (relay) => {
        const { control, addresses } = passerelle.sandbox;
        const client = openBareClient(addresses.yoplanning, yoplanningHeaders, 1);
        const ours: number[] = [];
        const bareMs: number[] = [];
        for (const [nth, person] of passerelle.people.entries()) {
          if (nth === warmUp) await control.resetCounts();
          const done = relay.next(person.yoplanning);
          const began = performance.now();
          await control.edit('yapla', person.yapla, { city: `Ville ${nth}` });
          const took = (await done) - began;
          await untilAtRest(passerelle);
          const bareTook = await bare.time(activitiesOfChange);
          if (nth < warmUp) continue;
          ours.push(took);
          bareMs.push(bareTook);
        }
        const { yapla, yoplanning } = await control.counts();
        // The edit, the webhook, and the webhook by which the relay knows of the end; and what was asked of the two systems.
        const roundTrips = 3 + (yapla.requests + yoplanning.requests) / changes;
        const path = `${clientsPath}/${passerelle.people[0]!.yoplanning}`;
        const roundTripMs = await medianRoundTripMs(client, { method: 'GET', path }, 100);
        await client.close();
        const bareMedian = quantile(bareMs, 0.5);
        return lineOf({
          line: 'idle, webhook to written, beyond debounceMs',
          value: quantile(ours, 0.5) - debounceMs,
          unit: 'ms',
          floor: allowed * bareMedian + roundTrips * roundTripMs,
          goal: 'ratio <= 1',
          note:
            `median of ${changes} changes, debounceMs ${debounceMs}; the floor is ${allowed} × ${bareMedian.toFixed(1)} ms (the bare workflow, ${activitiesOfChange} empty activities) ` +
            `and ${roundTrips.toFixed(1)} round trips of ${roundTripMs.toFixed(1)} ms; 9 of 10 within ${(quantile(ours, 0.9) - debounceMs).toFixed(0)} ms`,
        });
      }),
    ),
  );
}

/** All that the change led to is recorded: the activity that wrote it has ended. */
async function untilAtRest(passerelle: LivePasserelle): Promise<void> {
  await untilHandled(passerelle);
}
