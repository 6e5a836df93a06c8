/** The bulk run that repairs what webhooks did not bring: reads both lists, matches, plans with core/plan.ts and applies. */
import { decide, restrict } from '../../../src/core/decide.js';
import { decideLive, type LiveDecision } from '../../../src/core/live.js';
import {
  addDecision,
  closeTotals,
  emptyTotals,
  planCost,
  type PlanCost,
  type PlanTotals,
  type SystemPace,
} from '../../../src/core/plan.js';
import { parseLinkId } from '../../../src/core/linkId.js';
import { otherSystem, systemNames } from '../../../src/core/record.js';
import { closeSettled, settleUnanswered } from './agree.js';
import { applyDecision } from './applyDecision.js';
import { firstSight, ourCreation } from './readRecord.js';
import { waitsInDoubt } from './properties.js';
import { onlySide, viewOf } from './view.js';
import type { World } from './world.js';

export interface Repaired {
  readonly totals: PlanTotals;
  readonly cost: PlanCost;
  /** Requests sent after the lists were read. */
  readonly requests: number;
  readonly writes: number;
}

/** A record that changes faster than we decide is left for the next run. */
const maxDecisions = 5;

/** One whole run. Links that somebody else writes to at this moment are left out, as their claims would make it wait. */
export function repair(world: World): Repaired {
  const { store } = world;
  const pages = scan(world);
  settleCreations(world);
  lookAnewAtDoubts(world);
  for (const shadow of [...store.shadows.values()]) {
    if (!shadow.gone && store.holder(shadow.system, shadow.id) === undefined)
      firstSight(world, shadow.system, shadow.id);
  }
  for (const link of [...store.links.values()]) {
    const side = systemNames.find((system) => link.ids[otherSystem(system)] === null);
    const isFree =
      store.links.get(link.linkId) === link && !store.claims.has(link.linkId) && !store.openIntent(link.linkId);
    if (side !== undefined && link.ids[side] !== null && isFree) firstSight(world, side, link.ids[side]);
  }

  // Who is in a doubt has no link in a bulk run's eyes, and is not made anywhere.
  const work = [...store.links.values()].flatMap((link) =>
    waitsInDoubt(world, link) || store.claims.has(link.linkId) ? [] : [link.linkId],
  );
  const linked = [...store.links.values()].filter((link) => onlySide(link) === null).length;
  const totals = closeTotals(
    work.reduce((sum, linkId) => addLink(world, linkId, sum), emptyTotals(pages)),
    { linked, references: { yapla: 0, yoplanning: 0 } },
  );
  const [before, written] = [world.requests(), world.writes()];
  for (const linkId of work) apply(world, linkId);
  return {
    totals,
    cost: planCost(totals, { yapla: pace(world.readsOne('yapla')), yoplanning: pace(true) }),
    requests: world.requests() - before,
    writes: world.writes() - written,
  };
}

function scan(world: World): Record<'yapla' | 'yoplanning', number> {
  const pages = { yapla: 0, yoplanning: 0 };
  for (const system of systemNames) {
    const server = world.servers[system];
    const before = server.requests.pages;
    for (const shadow of world.store.shadows.values()) if (shadow.system === system) shadow.unseen = true;
    for (const record of server.list()) {
      const before = world.store.shadow(system, record.id)?.fields;
      world.store.keepShadow(system, record);
      const link = world.store.holder(system, record.id);
      if (link !== undefined) settleUnanswered(world, link, system, before);
    }
    pages[system] = server.requests.pages - before;
  }
  return pages;
}

/** A complete list shows our creation, or it did not take effect and is sent again. */
function settleCreations(world: World): void {
  const { store } = world;
  for (const shadow of [...store.shadows.values()]) {
    if (!shadow.gone && store.holder(shadow.system, shadow.id) === undefined) ourCreation(world, shadow);
  }
  for (const intent of store.intents) {
    if (intent.open && intent.externalId === null && !store.claims.has(intent.linkId)) intent.open = false;
  }
}

/** A bulk run matches anew all who are linked to nobody; only doubts about somebody who is linked stand. */
function lookAnewAtDoubts({ store }: World): void {
  const isLinked = (record: string) => {
    const { system, id } = parseLinkId(record);
    const link = store.holder(system, id);
    return link !== undefined && (onlySide(link) === null || store.openIntent(link.linkId) !== undefined);
  };
  const doubts = store.cases.filter((one) => one.open && one.kind === 'doubt');
  const standing = new Set<string>();
  for (let found = -1; found !== standing.size;) {
    found = standing.size;
    for (const { records } of doubts) {
      if (records.some((record) => isLinked(record) || standing.has(record)))
        records.forEach((record) => standing.add(record));
    }
  }
  for (const doubt of doubts) if (!doubt.records.some((record) => standing.has(record))) doubt.open = false;
}

function addLink(world: World, linkId: string, totals: PlanTotals): PlanTotals {
  const pair = world.store.pair(world.store.links.get(linkId)!);
  const { base, yapla, yoplanning, fields, writes, creates, askedRemoval } = viewOf(world, linkId);
  const decision = restrict(decide({ base, yapla, yoplanning, fields }), {
    writes,
    creates: (system) => creates[system],
  });
  if (decision.gone !== null && askedRemoval) return totals;
  return addDecision(totals, decision, { isNewLink: pair.base === null, lacksReference: [] });
}

function apply(world: World, linkId: string): void {
  for (let nth = 0; nth < maxDecisions; nth++) {
    const view = viewOf(world, linkId);
    if (view.state !== 'linked') return;
    const decision = decideLive(view, []);
    if (!asksForSomething(decision, view.askedRemoval)) break;
    const activity = applyDecision(world, linkId, decision, view.version);
    while (activity.next().done !== true);
  }
  const link = world.store.links.get(linkId);
  if (link !== undefined) closeSettled(world, link);
}

function asksForSomething(decision: LiveDecision, askedRemoval: boolean): boolean {
  if (decision.gone !== null) return !askedRemoval;
  return decision.kind !== 'inSync' || decision.values.length > 0 || decision.asksCreation;
}

function pace(canReadOne: boolean): SystemPace {
  return {
    requestsPerSecond: null,
    requestsPerDay: null,
    secondWindowMs: 1_000,
    dayWindowMs: 86_400_000,
    liveShare: 0,
    roundTripMs: 0,
    canReadOne,
    collects: false,
    usedToday: 0,
  };
}
