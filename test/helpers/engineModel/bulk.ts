/**
 * The workflow `bulkSync` without Temporal: its real state machine (workflows/bulkRun.ts) and its real activities, each called as the
 * function that it is.
 */
import { applyItems, applyLocalItems } from '../../../activities/applyItems.js';
import { makePlan } from '../../../activities/makePlan.js';
import { matchRecords } from '../../../activities/matchRecords.js';
import { countOutcomes, countUnsettled, draftPlan, markPlan } from '../../../activities/plans.js';
import { prepareBulk } from '../../../activities/prepareBulk.js';
import { endScan, openScan, scanPages } from '../../../activities/scanPages.js';
import { settleIntents } from '../../../activities/settleIntents.js';
import { verify } from '../../../activities/verify.js';
import type { PlanCost } from '../../../src/core/plan.js';
import { systemNames, type SystemName } from '../../../src/core/record.js';
import { BulkRun, newBulkRun } from '../../../workflows/bulkRun.js';
import { checkHistory } from '../liveModel/view.js';
import { Violation } from '../liveModel/world.js';
import { uniqueName } from '../servers.js';
import { stagedMembers } from '../../../src/stagedKinds.js';
import { stageExport } from '../../../src/stageExport.js';
import { type Factory, inBulk } from './activity.js';
import { Attempt, type End, type GoingOn, withPlaces } from './attempt.js';
import type { GivenFile } from './exports.js';
import { isPassing } from './workflow.js';
import type { EngineWorld } from './world.js';

export interface BulkEnd {
  readonly cost: PlanCost;
  /** Sent since the plan was drawn, by whomever. */
  readonly requests: number;
  readonly writes: number;
  /** Creations that were sent again, because no list showed them. */
  readonly reopened: number;
  /** Links that need something and that nobody looks at. */
  readonly differences: number;
}

/** What else happens while a bulk run is under way. */
export interface Meanwhile {
  /** At each of its places. @returns how it goes on; `kill`: its worker dies, and another begins the activity again */
  atPlace(): Promise<GoingOn | 'kill'>;
  /** Somebody else is at a link: they go on. */
  whileBusy(): Promise<void>;
}

/** Far more attempts than any activity needs. */
const maxAttempts = 200;

/** @param file that is Yapla's list, as `passerelle import-members` gives it; null: none is given */
export async function bulkSync(
  world: EngineWorld,
  meanwhile: Meanwhile,
  file: GivenFile | null = null,
): Promise<BulkEnd> {
  return await new BulkSync(world, meanwhile).toItsEnd(file);
}

class BulkSync {
  private readonly run: BulkRun;
  private readonly connectionId: string;
  private before = { requests: 0, writes: 0 };
  private reopened = 0;
  /** Of the staged file. */
  private of: { readonly fileId?: number } = {};

  constructor(
    private readonly world: EngineWorld,
    private readonly meanwhile: Meanwhile,
  ) {
    this.connectionId = world.connectionId;
    this.run = new BulkRun(newBulkRun(this.connectionId, uniqueName('run')));
  }

  async toItsEnd(file: GivenFile | null): Promise<BulkEnd> {
    const { run, world, connectionId } = this;
    if (file !== null) this.of = { fileId: await this.stage(file) };
    run.prepared(await this.does(prepareBulk, { connectionId, ...this.of }));
    while (run.step !== 'end') await this.step();
    await this.does(markPlan, { connectionId, planId: run.planId, status: 'applied' as const });
    const { requests, writes } = this.before;
    const { cost } = run.state.plan!;
    const { differences } = run.result;
    return {
      cost,
      requests: world.requests() - requests,
      writes: world.writes() - writes,
      reopened: this.reopened,
      differences: differences ?? 0,
    };
  }

  /** The command is given as often as it takes. Where it dies, what it has stored stays, as when its connection breaks. */
  private async stage({ path: file, given, dateOrder }: GivenFile): Promise<number> {
    const { world } = this;
    const { scope, config } = world.lookingOn;
    for (let nth = 1; nth <= maxAttempts; nth++) {
      const attempt = new Attempt(async (stopping) => {
        const sql = withPlaces(world.sql, stopping);
        return await stageExport({ sql, scope, config, kind: stagedMembers(config), file, given, dateOrder });
      });
      await attempt.untilQuiet();
      while (attempt.result === null) {
        const how = await this.meanwhile.atPlace();
        await attempt.goOn(how === 'go on' ? 'go on' : 'fail');
      }
      if ('value' in attempt.result) return attempt.result.value.file.fileId;
      if (!isPassing(attempt.result.error)) throw attempt.result.error;
    }
    throw new Violation('9: a file is staged without end');
  }

  private async step(): Promise<void> {
    const { run, world, connectionId } = this;
    switch (run.step) {
      case 'scan':
      case 'rescan':
        for (const system of systemNames) await this.scan(system);
        return run.scansEnded();
      case 'match': {
        const draft = await this.does(draftPlan, { connectionId, runId: run.state.runId });
        await this.does(matchRecords, { connectionId, planId: draft.id });
        return run.matched(draft);
      }
      case 'plan':
        run.planned(await this.does(makePlan, { connectionId, planId: run.draftId, pages: run.pagesRead }), Date.now());
        this.before = { requests: world.requests(), writes: world.writes() };
        return;
      case 'wait': {
        const { number } = run.state.plan!;
        return run.take({ verb: 'approve', plan: number });
      }
      case 'storeApproval':
        await this.does(markPlan, { connectionId, planId: run.planId, status: 'approved' as const });
        return run.approvalStored();
      case 'applyLocalItems':
        await this.does(applyLocalItems, { connectionId, planId: run.planId });
        return run.localApplied();
      case 'applyItems':
        for (let chunk = run.takeChunk(); chunk !== null; chunk = run.takeChunk()) {
          run.chunkApplied(await this.does(applyItems, { connectionId, planId: run.planId, ...chunk }));
        }
        run.chunksEnded();
        return;
      case 'findUnsettled':
        return run.unsettledFound((await this.does(countUnsettled, { connectionId })).open);
      case 'settle': {
        const what = { connectionId, planId: run.planId, giveUp: run.givesUp };
        const { reopened } = await this.does(settleIntents, what);
        this.reopened += reopened;
        return run.settled(reopened);
      }
      case 'count':
        return run.counted(await this.does(countOutcomes, { planId: run.planId, items: run.state.plan!.remoteItems }));
      case 'verify':
        return run.verified((await this.does(verify, { connectionId })).differences);
      default:
        throw new Error(`no such step here: ${run.step}`);
    }
  }

  private async scan(system: SystemName): Promise<void> {
    const { run, connectionId } = this;
    for (let next = run.nextPages(system); next !== null; next = run.nextPages(system)) {
      let { scanId } = next;
      if (scanId === null) {
        scanId = await this.does(openScan, { connectionId, system, runId: run.scanName, ...this.of });
        run.scanOpened(system, scanId);
      }
      const { scan, options } = next;
      const mostPages = run.options.pagesPerStep;
      const pages = await this.does(scanPages, { connectionId, system, scanId, scan, options, mostPages });
      const { status } = run.tellPages(system, pages);
      if (status === 'failed') throw new Violation(`9: the list of ${system} was never complete`);
      if (status === 'complete') await this.does(endScan, { scanId, status });
    }
  }

  /** Carries an activity out, as often as it takes. */
  private async does<I, R>(factory: Factory<I, R>, input: I): Promise<R> {
    for (let nth = 1; nth <= maxAttempts; nth++) {
      const attempt = new Attempt((stopping) => inBulk(this.world, stopping, factory, input, nth));
      const end = await this.toEndOf(attempt);
      if (end === 'killed') continue;
      if ('value' in end) {
        checkHistory(end.value);
        return end.value;
      }
      if (!isPassing(end.error)) throw end.error;
      checkHistory((end.error as Error).message);
      await this.meanwhile.whileBusy();
    }
    throw new Violation('9: a step of a bulk run is attempted without end');
  }

  private async toEndOf<R>(attempt: Attempt<R>): Promise<End<R> | 'killed'> {
    await attempt.untilQuiet();
    while (attempt.result === null) {
      const how = await this.meanwhile.atPlace();
      if (how === 'kill' && attempt.canDie) {
        await attempt.kill();
        return 'killed';
      }
      await attempt.goOn(how === 'fail' ? 'fail' : 'go on');
    }
    return attempt.result;
  }
}
