/** The bench of the bulk sync: what it costs in requests, time and memory, on the real parts. */
import type { Bench } from './bench.js';
import { applySpeedLine } from './lines/applySpeed.js';
import { memoryLine } from './lines/memory.js';
import { nightPlanLine } from './lines/nightPlan.js';
import { planSpeedLine } from './lines/planSpeed.js';
import { requestsLine } from './lines/requests.js';
import { shareLine } from './lines/share.js';
import { benchOfParts, type Part } from './parts.js';

/** Sizes: a whole run takes some minutes on two cores, a quick one less than one. */
const parts: Readonly<Record<string, Part>> = {
  share50: (stage, quick) =>
    shareLine(stage, {
      requestsPerSecond: 50,
      latencyMs: 5,
      creations: quick ? 80 : 900,
      changes: quick ? 40 : 600,
    }),
  share5: (stage, quick) =>
    shareLine(stage, { requestsPerSecond: 5, latencyMs: 50, creations: quick ? 20 : 150, changes: quick ? 15 : 100 }),
  requests: (stage, quick) =>
    requestsLine(stage, {
      people: quick
        ? { yapla: 60, yoplanning: 20, shared: 20, differing: 20 }
        : { yapla: 700, yoplanning: 100, shared: 100, differing: 200 },
    }),
  // Twice: against a server as far away as a vendor's is, and against one that answers at once, where all that is left is processor.
  applyFar: (stage, quick) => applySpeedLine(stage, { ...applySize(quick), latencyMs: 30 }),
  applyNear: (stage, quick) => applySpeedLine(stage, { ...applySize(quick), latencyMs: 0 }),
  planSpeed: (stage, quick) => planSpeedLine(stage, { people: quick ? 300 : 10_000 }),
  nightPlan: (stage, quick) =>
    nightPlanLine(stage, quick ? { people: 300, changed: 10 } : { people: 100_000, changed: 100 }),
  memory: (stage, quick) => memoryLine(stage, quick ? { few: 200, many: 400 } : { few: 10_000, many: 100_000 }),
};

function applySize(quick: boolean) {
  return { creations: quick ? 100 : 3_000, changes: quick ? 100 : 2_000, concurrency: 16 };
}

export const bulk: Bench = benchOfParts(
  'bulk',
  'the bulk sync: share of the limits used, requests, speed, memory',
  parts,
);
