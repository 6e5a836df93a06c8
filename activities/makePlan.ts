import { blankedBy, checkGuard, type GuardTrip } from '../src/core/guard.js';
import {
  addDecision,
  addDoubts,
  closeTotals,
  emptyTotals,
  itemKindOf,
  planCost,
  type PlanCost,
  type PlanTotals,
  type SystemPace,
} from '../src/core/plan.js';
import type { Decision } from '../src/core/decide.js';
import type { LiveDecision } from '../src/core/live.js';
import { otherSystem, type SystemName, systemNames } from '../src/core/record.js';
import type { OpenConnection } from '../src/connection.js';
import { refreshStatistics } from '../src/store/database.js';
import { countLinkStates, type LinkedPair, settleLinks, type Settlement } from '../src/store/links.js';
import { countUnreferenced } from '../src/store/references.js';
import { unsettleUnseen } from '../src/store/scans.js';
import { type LinkState, unsettledLinks } from '../src/store/linkState.js';
import { addItems, clearItems, countItems, type NewPlanItem } from '../src/store/planItems.js';
import { guardCase } from '../src/cases/guard.js';
import { blankedInDay } from '../src/store/guard.js';
import { readyPlan } from '../src/store/plans.js';
import { openCases } from '../src/store/cases.js';
import { pairHashes, wholeStep } from '../src/link/view.js';
import { type Dependencies, scopeOfBulk } from './dependencies.js';
import { withHeartbeat } from './attempts.js';

export interface MadePlan {
  readonly totals: PlanTotals;
  readonly cost: PlanCost;
  readonly guard: readonly GuardTrip[];
  /** People who differ in what may not be written: a system that is only read, a rule against creating, an open refusal. */
  readonly heldBack: number;
  readonly remoteItems: number;
}

/** Links decided in one go: bounds memory, whatever the size of the club. */
const batchSize = 1_000;

/**
 * Decides about every link of which something may be left to do, and stores what has to be done about it. Starts over when it is repeated;
 * keeps the doubts of matching.
 */
export const makePlan =
  ({ sql, connection }: Dependencies) =>
  async ({
    connectionId,
    planId,
    pages,
  }: {
    connectionId: string;
    planId: number;
    pages: Readonly<Record<SystemName, number>>;
  }): Promise<MadePlan> =>
    await withHeartbeat(async () => {
      const scope = scopeOfBulk({ connectionId });
      const open = await connection(scope);
      await clearItems(sql, planId, { keep: 'doubt' });
      const known = await unsettleUnseen(sql, scope);
      const doubts = await countItems(sql, planId, 'local');
      let totals = addDoubts(emptyTotals(pages), doubts);
      const next = { local: doubts + 1, remote: 1 };

      const read = (after: string) => unsettledLinks(sql, scope, { depth: 'hashes', after, limit: batchSize });
      for (let coming = read(''); ;) {
        const states = await coming;
        if (states.length === 0) break;
        // The next are read while these are decided about.
        coming = read(states.at(-1)!.pair.linkId);
        coming.catch(() => undefined);
        const items = { local: [] as NewPlanItem[], remote: [] as NewPlanItem[] };
        const settled: Settlement[] = [];
        for (const state of states) {
          const planned = planLink(open, state);
          totals = addDecision(totals, planned.decision, planned);
          if (planned.item !== null) items[planned.part].push({ ...planned.item, n: next[planned.part]++ });
          else if (planned.settled !== null) settled.push(planned.settled);
        }
        await addItems(sql, planId, 'local', items.local);
        await addItems(sql, planId, 'remote', items.remote);
        await settleLinks(sql, scope, settled);
      }
      if (next.local + next.remote > batchSize) await refreshStatistics(sql, ['plan_item']);

      const { linked, heldBack } = await countLinkStates(sql, scope, { proposed: true });
      const references = { yapla: 0, yoplanning: 0 };
      for (const system of systemNames) {
        if (open.systems[system].storesReference) references[system] = await countUnreferenced(sql, scope, system);
      }
      totals = closeTotals(totals, { linked, references });
      const guard = checkGuard(totals, { linked, known }, open.config.guard, await blankedInDay(sql, scope));
      const cost = planCost(totals, { yapla: await pace(open, 'yapla'), yoplanning: await pace(open, 'yoplanning') });
      await readyPlan(sql, planId, { totals, cost, guard });
      await openCases(
        sql,
        scope,
        planId,
        guard.map((trip) => guardCase(planId, trip)),
      );
      return { totals, cost, guard, heldBack, remoteItems: next.remote - 1 };
    });

interface PlannedLink {
  readonly decision: Decision;
  readonly isNewLink: boolean;
  /** Systems that have a place for the other's id and whose record does not carry it yet. */
  readonly lacksReference: readonly SystemName[];
  /** Fields that are cleared, by system. */
  readonly blanked: Readonly<Record<SystemName, number>>;
  readonly part: 'local' | 'remote';
  /** Null: nothing has to be done. */
  readonly item: Omit<NewPlanItem, 'n'> | null;
  readonly settled: Settlement | null;
}

function planLink(open: OpenConnection, state: LinkState): PlannedLink {
  const { pair } = state;
  const { step, settling } = wholeStep(open, state);
  const isNewLink = pair.state === 'proposed' && pair.ids.yapla !== null && pair.ids.yoplanning !== null;
  const decision = step.do === 'apply' ? step.decision : null;
  // A new link is made active, whatever else there is to do about it.
  const kind = decision?.asksCreation
    ? 'create'
    : decision !== null || isNewLink
      ? itemKindOf(decision ?? nothing, isNewLink)
      : null;
  const { linkId, version } = pair;
  const writes = decision !== null && systemNames.some((system) => decision.write[system].length > 0);
  const remote =
    decision !== null && (decision.create !== null || decision.gone !== null || decision.values.length > 0 || writes);
  return {
    decision: decision ?? nothing,
    isNewLink,
    lacksReference: systemNames.filter((system) => open.systems[system].storesReference && isLacking(pair, system)),
    blanked: blankedBy(decision ?? nothing, pairHashes(pair)),
    part: remote ? 'remote' : 'local',
    item: kind === null ? null : { kind, linkId, decision: decision ?? nothing, version },
    settled: settling === 'open' ? null : { linkId, version, heldBack: settling === 'heldBack' },
  };
}

/** The decision about a link that needs nothing. */
const nothing: LiveDecision = {
  kind: 'inSync',
  write: { yapla: [], yoplanning: [] },
  adopt: [],
  conflicts: [],
  create: null,
  gone: null,
  reasons: {},
  values: [],
  asksCreation: false,
};

function isLacking({ ids, shadows }: LinkedPair, system: SystemName): boolean {
  return ids[otherSystem(system)] !== null && shadows[system] !== null && shadows[system].externalReference === null;
}

async function pace(open: OpenConnection, system: SystemName): Promise<SystemPace> {
  const { limits } = open.config[system];
  const state = await open.budgets[system].state();
  return {
    ...limits,
    roundTripMs: typicalRoundTripMs,
    canReadOne: open.systems[system].readsOne,
    collects: open.systems[system].collects === true,
    usedToday: state.day.used,
  };
}

/** For the estimate only: a transatlantic round trip and a little work on the server. */
const typicalRoundTripMs = 150;
