/** Requests a second of the apply phase with every limit lifted, beside a bare undici loop that sends the same mix. */
import { randomUUID } from 'node:crypto';
import { clientsPath, inParallel, openBareClient, yoplanningHeaders } from '../bareLoop.js';
import { applyBulk, planBulk } from '../bulkRun.js';
import { lineOf, type BenchLine } from '../results.js';
import { unlimited, withPasserelle, type Passerelle, type Stage } from '../stage.js';

export interface ApplySpeedOptions {
  readonly creations: number;
  readonly changes: number;
  /** Items under way at once in the bulk sync (`bulk.parallelChunks` × `bulk.parallelItems`), and loops of the bare client. */
  readonly concurrency: number;
  /** Of the sandbox, there and back together. */
  readonly latencyMs: number;
}

const parallelChunks = 2;

export async function applySpeedLine(stage: Stage, options: ApplySpeedOptions): Promise<BenchLine> {
  const { creations, changes, concurrency, latencyMs } = options;
  const latency = { inboundMs: latencyMs / 2, outboundMs: latencyMs / 2 };
  const setting = (name: string) => ({
    name,
    sandbox: {
      people: { yapla: creations, differing: changes },
      yapla: { limits: unlimited },
      yoplanning: { limits: unlimited, latency },
    },
    limits: { yapla: unlimited, yoplanning: unlimited },
    bulk: { parallelChunks, parallelItems: concurrency / parallelChunks },
  });

  const bare = await withPasserelle(stage, setting(`bare-${latencyMs}`), (passerelle) =>
    bareLoop(passerelle, creations, concurrency),
  );
  return await withPasserelle(stage, setting(`apply-${latencyMs}`), async (passerelle) => {
    const { control } = passerelle.sandbox;
    const { handle, plan } = await planBulk(passerelle);
    await control.resetCounts();
    const processorBefore = passerelle.worker.processorSeconds();
    await applyBulk(handle, plan);
    const processor = passerelle.worker.processorSeconds() - processorBefore;
    const arrivals = await control.arrivals('yoplanning');
    return lineOf({
      line: `apply, limits lifted, ${concurrency} at once, ${latencyMs} ms`,
      value: rateOf(arrivals),
      unit: 'requests/s',
      floor: bare,
      goal: 'ratio >= 0.5',
      note:
        `${plan.totals.creations.yoplanning} creations (PUT) and ${plan.totals.changes.yoplanning} changes (GET and PUT), ${arrivals.length} requests; ` +
        `the worker used ${((1_000 * processor) / arrivals.length).toFixed(2)} ms of processor for each`,
    });
  });
}

/** From the first arrival to the last, by the sandbox's log. */
function rateOf(arrivalsMs: readonly number[]): number {
  return ((arrivalsMs.length - 1) * 1_000) / (arrivalsMs.at(-1)! - arrivalsMs[0]!);
}

/** A creation for each person whom Yoplanning lacks, a read and a write for each who differs. */
async function bareLoop({ sandbox }: Passerelle, creations: number, concurrency: number): Promise<number> {
  const { control, addresses } = sandbox;
  const client = openBareClient(addresses.yoplanning, yoplanningHeaders, concurrency);
  const known = await control.ids('yoplanning');
  const [first] = await control.records('yoplanning');
  const { id: _, ...fields } = first!.document;
  // As mixed as in the plan: links are worked on in the order of Yapla's ids, and people of both kinds come in turn.
  const items: (string | null)[] = [...known, ...Array.from({ length: creations }, () => null)];
  const mixed = items.map((_, index) => items[(index * 7_919) % items.length] ?? null);
  await control.resetCounts();
  await inParallel(mixed, concurrency, async (id) => {
    if (id === null) {
      const created = randomUUID();
      await client.send({
        method: 'PUT',
        path: `${clientsPath}/${created}`,
        body: JSON.stringify({ ...fields, id: created }),
      });
    } else {
      const path = `${clientsPath}/${id}`;
      const document = JSON.parse(await client.send({ method: 'GET', path })) as Record<string, unknown>;
      await client.send({ method: 'PUT', path, body: JSON.stringify({ ...document, note: 'seen' }) });
    }
  });
  await client.close();
  return rateOf(await control.arrivals('yoplanning'));
}
