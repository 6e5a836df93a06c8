/** The share of a limit that the apply phase uses, while there is work, without a single refusal. */
import { clientsPath, medianRoundTripMs, openBareClient, yoplanningHeaders } from '../bareLoop.js';
import { applyBulk, planBulk } from '../bulkRun.js';
import { lineOf, type BenchLine } from '../results.js';
import { shareUsed } from '../share.js';
import { unlimited, withPasserelle, type Stage } from '../stage.js';

export interface ShareLineOptions {
  readonly requestsPerSecond: number;
  /** On the way there and back, together. */
  readonly latencyMs: number;
  /** People in Yapla only: one request each. */
  readonly creations: number;
  /** People who differ: two requests each, one right after the other. */
  readonly changes: number;
}

/** Items under way at once, by the default settings: when no more are left than these, they are the tail. */
const hands = 16;

export async function shareLine(stage: Stage, options: ShareLineOptions): Promise<BenchLine> {
  const { requestsPerSecond, latencyMs, creations, changes } = options;
  const limits = { requestsPerSecond, requestsPerDay: null };
  const latency = { inboundMs: latencyMs / 2, outboundMs: latencyMs / 2 };
  const setting = {
    name: `share-${requestsPerSecond}`,
    sandbox: {
      people: { yapla: creations, differing: changes },
      yapla: { limits: unlimited },
      yoplanning: { limits, latency },
    },
    limits: { yapla: unlimited, yoplanning: limits },
  };
  return await withPasserelle(stage, setting, async (passerelle) => {
    const { sandbox } = passerelle;
    const { handle, plan } = await planBulk(passerelle);
    // Measured beside the limit: these requests must neither wait for it nor use it up.
    await sandbox.control.setLimits('yoplanning', unlimited);
    const bare = openBareClient(sandbox.addresses.yoplanning, yoplanningHeaders, 1);
    const probe = { method: 'GET', path: `${clientsPath}/${(await sandbox.control.ids('yoplanning'))[0]!}` } as const;
    const roundTripMs = await medianRoundTripMs(bare, probe, 40);
    await bare.close();
    await sandbox.control.setLimits('yoplanning', limits);
    await sandbox.control.resetCounts();

    await applyBulk(handle, plan);
    const { refusals, maxInSecondWindow, counted } = (await sandbox.control.counts()).yoplanning;
    const share = shareUsed(await sandbox.control.arrivals('yoplanning'), {
      limit: requestsPerSecond,
      windowMs: 1_000,
      roundTripMs,
      tail: 2 * hands,
    });
    return lineOf({
      line: `share of ${requestsPerSecond}/s used, ${latencyMs} ms`,
      value: share.used,
      unit: 'requests/s',
      floor: share.possible,
      goal: 'ratio >= 0.95',
      holds: refusals === 0 && maxInSecondWindow <= requestsPerSecond,
      note:
        `${plan.totals.creations.yoplanning} creations and ${plan.totals.changes.yoplanning} changes, ${share.requests} of ${counted} requests looked at, ` +
        `${refusals} refused, at most ${maxInSecondWindow} in a second; round trip ${roundTripMs.toFixed(1)} ms (median of a bare client)`,
    });
  });
}
