/** What a plan is made of, what it adds up to, and what it costs in requests and time. */
import type { Decision } from './decide.js';
import { systemNames, type SystemName } from './record.js';

/**
 * - `link`: two records are one person, and agree: no request
 * - `adopt`: both systems agree, only the base moves: no request
 * - `create`, `write`, `remove`, `conflict`: see decide.ts; a newly linked pair that differs is a `write` or a `conflict`
 * - `doubt`: who is who cannot be told (match.ts)
 */
export const planItemKinds = ['link', 'adopt', 'create', 'write', 'conflict', 'remove', 'doubt'] as const;
export type PlanItemKind = (typeof planItemKinds)[number];

type PerSystem = Readonly<Record<SystemName, number>>;

export interface PlanTotals {
  readonly items: Readonly<Record<PlanItemKind, number>>;
  /** Linked people who need nothing. */
  readonly unchanged: number;
  /** People linked by this plan, whatever else it does to them. */
  readonly newLinks: number;
  /** Linked people of whom something is written in either system. */
  readonly changedPeople: number;
  /** Records to be updated, by the system written to. */
  readonly changes: PerSystem;
  /** Values to be cleared, by the system written to. */
  readonly blanked: PerSystem;
  /** Records to be created, by the system that receives them. */
  readonly creations: PerSystem;
  /** Records that the system does not show any more, each to be read once before it counts as gone. */
  readonly removals: PerSystem;
  /** Linked records without the other system's id, which no write of this plan brings them: filled in later, by the lane `idle`. */
  readonly references: PerSystem;
  /** Pages that the scan read. */
  readonly pages: PerSystem;
}

export function emptyTotals(pages: PerSystem = { yapla: 0, yoplanning: 0 }): PlanTotals {
  const none = { yapla: 0, yoplanning: 0 };
  return {
    items: { link: 0, adopt: 0, create: 0, write: 0, conflict: 0, remove: 0, doubt: 0 },
    unchanged: 0,
    newLinks: 0,
    changedPeople: 0,
    changes: none,
    blanked: none,
    creations: none,
    removals: none,
    references: none,
    pages,
  };
}

/** The item that a decision becomes; `null`: none is needed. */
export function itemKindOf(decision: Decision, isNewLink: boolean): PlanItemKind | null {
  switch (decision.kind) {
    case 'inSync':
    case 'adopt':
      if (isNewLink) return 'link';
      return decision.kind === 'adopt' ? 'adopt' : null;
    case 'create':
    case 'write':
    case 'conflict':
    case 'remove':
      return decision.kind;
  }
}

/**
 * Totals with one more link's decision. `lacksReference`: systems that have a place for the other's id and whose record of this
 * link does not carry it yet. `blanked`: fields that are cleared, by system.
 */
export function addDecision(
  totals: PlanTotals,
  decision: Decision,
  about: {
    readonly isNewLink: boolean;
    readonly lacksReference: readonly SystemName[];
    readonly blanked?: PerSystem;
  },
): PlanTotals {
  const kind = itemKindOf(decision, about.isNewLink);
  const written = (system: SystemName) => decision.create === null && decision.write[system].length > 0;
  // What a write brings its record need not be filled in afterwards. Nothing of a link in removal is written until a person has answered.
  const bringsReference = (system: SystemName) =>
    about.lacksReference.includes(system) && (written(system) || decision.gone !== null);
  return {
    ...totals,
    items: kind === null ? totals.items : { ...totals.items, [kind]: totals.items[kind] + 1 },
    newLinks: totals.newLinks + (about.isNewLink && decision.create === null ? 1 : 0),
    changedPeople: totals.changedPeople + (systemNames.some(written) ? 1 : 0),
    changes: countWhere(totals.changes, written),
    blanked: {
      yapla: totals.blanked.yapla + (about.blanked?.yapla ?? 0),
      yoplanning: totals.blanked.yoplanning + (about.blanked?.yoplanning ?? 0),
    },
    creations: countWhere(totals.creations, (system) => decision.create === system),
    removals: countWhere(totals.removals, (system) => decision.gone === system || decision.gone === 'both'),
    references: countWhere(totals.references, bringsReference),
  };
}

/**
 * Totals of a whole plan, once every link that is not settled was added. `references` counted those that the plan brings, or that wait for a
 * person; here it becomes those that are left.
 *
 * @param linked people linked across both systems, the plan's new links included
 * @param references linked records without the other system's id
 */
export function closeTotals(
  totals: PlanTotals,
  { linked, references }: { readonly linked: number; readonly references: PerSystem },
): PlanTotals {
  const { items } = totals;
  const touched = items.adopt + items.write + items.conflict + items.link + items.remove;
  const left = (system: SystemName) => Math.max(0, references[system] - totals.references[system]);
  return {
    ...totals,
    unchanged: Math.max(0, linked - touched),
    references: { yapla: left('yapla'), yoplanning: left('yoplanning') },
  };
}

/** Totals with so many more doubts. */
export function addDoubts(totals: PlanTotals, doubts: number): PlanTotals {
  return { ...totals, items: { ...totals.items, doubt: totals.items.doubt + doubts } };
}

function countWhere(counts: PerSystem, holds: (system: SystemName) => boolean): PerSystem {
  return {
    yapla: counts.yapla + (holds('yapla') ? 1 : 0),
    yoplanning: counts.yoplanning + (holds('yoplanning') ? 1 : 0),
  };
}

/** What a system allows, and what it can do. The limits are those of the connection's configuration. */
export interface SystemPace {
  /** `null`: no limit. */
  readonly requestsPerSecond: number | null;
  /** `null`: no limit. */
  readonly requestsPerDay: number | null;
  readonly secondWindowMs: number;
  readonly dayWindowMs: number;
  /** Share of the day (0 to 1) that only live changes may use. */
  readonly liveShare: number;
  /** Typical time from sending a request to its answer: a window counts a request that much longer. */
  readonly roundTripMs: number;
  /** Whether one record can be read by id: an update is then GET and PUT, else PUT alone, and a removal has nothing to check. */
  readonly canReadOne: boolean;
  /** Whether changes and creations wait for a file that a person imports: no request is sent for them, nor for a reference. */
  readonly collects: boolean;
  /** Requests of any lane in the day window that is running. */
  readonly usedToday: number;
}

export interface SystemCost {
  /** Requests that applying the plan needs; the pages are read already. */
  readonly requests: number;
  /** Requests to fill in references afterwards, from what the day's quota leaves over. Not in `requests`, `seconds` or `days`. */
  readonly references: number;
  /** From start to end, waits for the next day included. */
  readonly seconds: number;
  /** Day windows in which requests are sent; 0 if there are none to send. */
  readonly days: number;
}

export type PlanCost = Readonly<Record<SystemName, SystemCost>>;

/**
 * What applying a plan costs: 2 requests a change (GET, PUT), 1 a creation, 1 a removal's check, none for a link, nor for what waits for a file.
 * The time is the budget's, not the server's: it holds while the budget is what everybody waits for.
 */
export function planCost(totals: PlanTotals, paces: Readonly<Record<SystemName, SystemPace>>): PlanCost {
  return {
    yapla: systemCost(totals, 'yapla', paces.yapla),
    yoplanning: systemCost(totals, 'yoplanning', paces.yoplanning),
  };
}

function systemCost(totals: PlanTotals, system: SystemName, pace: SystemPace): SystemCost {
  const perChange = pace.canReadOne ? 2 : 1;
  const checks = pace.canReadOne ? totals.removals[system] : 0;
  // A creation may need one look-up first, but only after a crash: not part of the cost.
  const writes = pace.collects ? 0 : perChange * totals.changes[system] + totals.creations[system];
  const references = pace.collects ? 0 : perChange * totals.references[system];
  const requests = writes + checks;
  return { requests, references, ...duration(requests, pace) };
}

/** Sends at the budget's pace, today's rest first and then one day's share at a time. */
function duration(requests: number, pace: SystemPace): { seconds: number; days: number } {
  // The budget counts a request from its sending until its answer plus the window.
  const msPerRequest =
    pace.requestsPerSecond === null ? 0 : (pace.secondWindowMs + pace.roundTripMs) / pace.requestsPerSecond;
  const seconds = (ms: number) => ms / 1_000;
  if (requests === 0) return { seconds: 0, days: 0 };
  if (pace.requestsPerDay === null) return { seconds: seconds(requests * msPerRequest), days: 1 };

  // At least one, or a small quota with a large share for live changes would never end.
  const perDay = Math.max(1, Math.floor(pace.requestsPerDay * (1 - pace.liveShare)));
  const today = Math.min(requests, Math.max(0, perDay - pace.usedToday));
  const rest = requests - today;
  if (rest === 0) return { seconds: seconds(requests * msPerRequest), days: 1 };
  // The window slides: what is sent at the beginning of a day is free again a day (and an answer) later, at the same pace.
  const fullDays = Math.ceil(rest / perDay);
  const last = rest - (fullDays - 1) * perDay;
  const waits = fullDays * (pace.dayWindowMs + pace.roundTripMs);
  return { seconds: seconds(waits + last * msPerRequest), days: fullDays + (today > 0 ? 1 : 0) };
}

/** When the plan is carried out (epoch milliseconds), if it starts now: the two systems are worked on side by side. */
export function finishAt(nowMs: number, cost: PlanCost): number {
  return nowMs + Math.ceil(Math.max(...systemNames.map((system) => cost[system].seconds)) * 1_000);
}

/** The fewest requests to one system that any bulk sync needs for this plan: pages + creations + 2 × changes. */
export function lowerBound(totals: Pick<PlanTotals, 'pages' | 'creations' | 'changes'>, system: SystemName): number {
  return totals.pages[system] + totals.creations[system] + 2 * totals.changes[system];
}
