/** The bench of live propagation: what it takes from a webhook to the other system, on the real parts. */
import type { Bench } from './bench.js';
import { costLines } from './lines/cost.js';
import { latencyLine } from './lines/latency.js';
import { receiverLines } from './lines/receiver.js';
import { stormLines } from './lines/storm.js';
import { throughputLine } from './lines/throughput.js';
import { benchOfParts, type Part } from './parts.js';

const parallel = 20;

/** Sizes: a whole run takes some minutes on two cores, a quick one less than one. */
const parts: Readonly<Record<string, Part>> = {
  receiver: (stage, quick) =>
    receiverLines(stage, { senders: parallel, people: quick ? 20 : 500, webhooks: quick ? 400 : 16_000 }),
  storm: (stage, quick) => stormLines(stage, { people: quick ? 30 : 500, eventsEach: 10, editors: parallel }),
  latency: (stage, quick) => latencyLine(stage, { changes: quick ? 5 : 40 }),
  throughput: (stage, quick) => throughputLine(stage, { changes: quick ? 60 : 600, parallel }),
  cost: (stage, quick) => costLines(stage, { people: quick ? 2 : 10 }),
};

export const live: Bench = benchOfParts(
  'live',
  'live propagation: the receiver, a storm, latency, throughput, cost of an event',
  parts,
);
