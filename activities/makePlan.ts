import { blankedBy, checkGuard, type GuardTrip } from '../src/core/guard.js';
import {
  addDecision,
  addDoubts,
  emptyTotals,
  itemKindOf,
  planCost,
  type PlanCost,
  type PlanTotals,
  type SystemPace,
} from '../src/core/plan.js';
import { systemNames, type SystemName } from '../src/core/record.js';
import type { OpenConnection } from '../src/connection.js';
import { refreshStatistics } from '../src/store/database.js';
import { countPeople } from '../src/store/scans.js';
import { pairsAfter, type LinkedPair } from '../src/store/links.js';
import { addItems, clearItems, countItems, type NewPlanItem } from '../src/store/planItems.js';
import { readyPlan } from '../src/store/plans.js';
import { declinedQuestions } from '../src/store/caseAnswers.js';
import { blankedInDay } from '../src/store/guard.js';
import { openCases } from '../src/store/cases.js';
import { decideLink, isTombstone, pairHashes } from '../src/sync/decideLink.js';
import { heldBack } from '../src/sync/heldBack.js';
import type { Dependencies } from './dependencies.js';
import { withHeartbeat } from './heartbeat.js';

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

/** Decides about every link and stores what has to be done about it. Starts over when it is repeated; keeps the doubts of matching. */
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
      const open = await connection(connectionId);
      await clearItems(sql, planId, { keep: 'doubt' });
      const doubts = await countItems(sql, planId, 'local');
      let totals = addDoubts(emptyTotals(pages), doubts);
      const next = { local: doubts + 1, remote: 1 };
      let linked = 0;
      let heldBackPeople = 0;

      for (let after = ''; ;) {
        const pairs = await pairsAfter(sql, connectionId, after, batchSize, 'hashes');
        if (pairs.length === 0) break;
        after = pairs.at(-1)!.linkId;
        const held = await heldBack(sql, connectionId, pairs);
        const toAsk = open.config.create === 'ask' ? pairs.filter(isOneSided).map(({ linkId }) => linkId) : [];
        const declined = await declinedQuestions(sql, connectionId, toAsk);
        const items = { local: [] as NewPlanItem[], remote: [] as NewPlanItem[] };
        for (const pair of pairs) {
          if (pair.ids.yapla !== null && pair.ids.yoplanning !== null) linked += 1;
          if (isTombstone(pair)) continue;
          const wanted = decideLink(pair, open.fields);
          const decision = held(pair, open.allowed(wanted));
          const isNewLink = pair.state === 'proposed' && pair.ids.yapla !== null && pair.ids.yoplanning !== null;
          const lacksReference = systemNames.filter(
            (system) => open.systems[system].storesReference && isLacking(pair, system),
          );
          const blanked = blankedBy(decision, pairHashes(pair));
          totals = addDecision(totals, decision, { isNewLink, lacksReference, blanked });
          if (wanted.kind !== 'inSync' && decision.kind === 'inSync') heldBackPeople += 1;
          // Known to one system only, and the rule is to ask a person first, who has not said no yet.
          const mayAsk = open.config.create === 'ask' && !declined.get(pair.linkId)?.has('create');
          const asks = wanted.create !== null && decision.create === null && mayAsk;
          const kind = asks ? 'create' : itemKindOf(decision, isNewLink);
          if (kind === null) continue;
          const writes = systemNames.some((system) => decision.write[system].length > 0);
          const part = decision.create !== null || decision.gone !== null || writes ? 'remote' : 'local';
          items[part].push({
            n: next[part]++,
            kind,
            linkId: pair.linkId,
            decision,
            saw: part === 'remote' ? seen(pairHashes(pair)) : {},
          });
        }
        await addItems(sql, planId, 'local', items.local);
        await addItems(sql, planId, 'remote', items.remote);
      }

      await refreshStatistics(sql, ['plan_item']);

      const [yapla, yoplanning] = await Promise.all(
        systemNames.map((system) => countPeople(sql, connectionId, system)),
      );
      const guard = checkGuard(
        totals,
        { linked, known: { yapla: yapla!, yoplanning: yoplanning! } },
        open.config.guard,
        await blankedInDay(sql, connectionId),
      );
      const cost = planCost(totals, { yapla: await pace(open, 'yapla'), yoplanning: await pace(open, 'yoplanning') });
      await readyPlan(sql, planId, { totals, cost, guard });
      await openCases(
        sql,
        connectionId,
        planId,
        guard.map((trip) => ({
          kind: 'guard',
          subject: `plan/${planId}`,
          field: `${trip.code}${trip.system ? `/${trip.system}` : ''}`,
          details: trip,
        })),
      );
      return { totals, cost, guard, heldBack: heldBackPeople, remoteItems: next.remote - 1 };
    });

function isOneSided({ ids }: LinkedPair): boolean {
  return ids.yapla === null || ids.yoplanning === null;
}

function isLacking(
  pair: {
    shadows: Record<SystemName, { externalReference: string | null } | null>;
    ids: Record<SystemName, string | null>;
  },
  system: SystemName,
): boolean {
  const other = pair.ids[system === 'yapla' ? 'yoplanning' : 'yapla'];
  return other !== null && pair.shadows[system] !== null && pair.shadows[system].externalReference === null;
}

function seen(hashes: ReturnType<typeof pairHashes>): NewPlanItem['saw'] {
  return {
    ...(hashes.yapla === null ? {} : { yapla: hashes.yapla }),
    ...(hashes.yoplanning === null ? {} : { yoplanning: hashes.yoplanning }),
  };
}

async function pace(open: OpenConnection, system: SystemName): Promise<SystemPace> {
  const { limits } = open.config[system];
  const state = await open.budgets[system].state();
  return {
    ...limits,
    roundTripMs: typicalRoundTripMs,
    canReadOne: open.systems[system].readsOne,
    usedToday: state.day.used,
  };
}

/** For the estimate only: a transatlantic round trip and a little work on the server. */
const typicalRoundTripMs = 150;
