import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { Random } from '../../src/sandbox/random.js';
import { yaplaShapes } from '../../src/sandbox/options.js';
import { until } from '../helpers/bulkSync.js';
import { expectNoTwin, expectOneWriteEach, expectProven } from '../helpers/books.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

const people = { seed: 21, yapla: 30, yoplanning: 14, shared: 12, differing: 16 };
const long = process.env['PASSERELLE_LONG'] !== undefined;
/** Each costs the start of a process, which takes longer than what it cuts off. */
const kills = long ? 10 : 5;

let house: TestPasserelle;
let worker: ChildProcess | undefined;

async function kill(): Promise<void> {
  if (worker === undefined || worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill('SIGKILL');
  await once(worker, 'exit');
}

afterEach(async () => {
  await kill();
  await house.stop();
});

test.each(
  long ? Array.from({ length: 20 }, (_, n) => [yaplaShapes[n % 2]!, 100 + n] as const) : [[yaplaShapes[0], 3] as const],
)(
  'kill -9 of the worker at random moments ends the same as none: no twin, no second write (%s Yapla, seed %i)',
  async (shape, seed) => {
    const latency = { inboundMs: 8, outboundMs: 8, jitterMs: 8 };
    house = await startPasserelle({
      worker: false,
      sandbox: { people, yapla: { shape, latency }, yoplanning: { latency } },
      connection: { settings: { bulk: { chunkItems: 20, parallelItems: 3 } } },
    });
    const { control } = house.sandbox;
    const requests = async () => {
      const { yapla, yoplanning } = await control.counts();
      return yapla.requests + yoplanning.requests;
    };
    // The moment is chosen by what the systems have seen, so that each run of a seed kills at the same stage of the work.
    const random = new Random(seed);
    const handle = await house.startBulk();
    for (let n = 0; n < kills; n++) {
      worker = await house.startWorkerProcess();
      const moment = (await requests()) + random.below(12);
      await until(
        async () => ({ seen: await requests(), over: (await handle.describe()).status.name !== 'RUNNING' }),
        ({ seen, over }) => seen >= moment || over,
      );
      await kill();
    }
    worker = await house.startWorkerProcess();
    expect(await handle.result()).toMatchObject({ outcome: 'applied', differences: 0 });
    await expectOneWriteEach(house);
    await expectNoTwin(house);
    await expectProven(house);
  },
);
