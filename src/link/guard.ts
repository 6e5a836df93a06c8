/**
 * The guard of live work: asked before a write or a creation is sent. What would cross a threshold of core/guard.ts is held, under one
 * case for each kind and system; everything else goes on.
 *
 * Writes that come together are counted together. Far from a threshold they are let through without counting anew: a part of the room
 * that the last count found, for a moment. What this process let through stands in every count of it, recorded or not; what another process
 * let through and has not recorded yet does not, so several processes can exceed a threshold by what they have in hand.
 */
import {
  addTo,
  countedOf,
  emptyTally,
  type GuardedKind,
  guardedKinds,
  type GuardThresholds,
  type HeldFields,
  type PeopleCounts,
  roomFor,
  type Tally,
  tripOf,
  type WriteAsk,
} from '../core/guard.js';
import { type FieldName, type Scope, type SystemName, systemNames } from '../core/record.js';
import { massChangeCase } from '../cases/massChange.js';
import type { NewCase } from '../store/cases.js';
import type { Sql } from '../store/database.js';
import {
  countWrites,
  guardedName,
  guardedPeople,
  heldNames,
  type Hold,
  holdWrites,
  type Pending,
  releasedWrites,
} from '../store/guard.js';
import type { OpenConnection } from '../connection.js';
import { type Batcher, createBatcher } from './sharedWork.js';

export interface GuardVerdict {
  /** Fields that must not be written now; the empty string stands for the creation. Recorded under their case. */
  readonly held: HeldFields;
  /** A case was opened about it. */
  readonly opened: boolean;
}

/** What may be let through without counting anew: so small a part of the room that several processes together do not fill it. */
const uncountedPart = 1 / 8;

/** And for so long: then others' writes are looked at. */
const uncountedMs = 2_000;

/** Or for so many times as long as the last count took, if that is longer: a busy day's count takes a small part of the time. */
const uncountedCounts = 50;

/** How many people there are changes slowly. Counted anew at once before anything is held. */
const peopleKnownMs = 60_000;

/** What of a connection the guard needs. */
export interface GuardedConnection {
  readonly scope: Scope;
  readonly config: { readonly guard: GuardThresholds };
}

const free: GuardVerdict = { held: [], opened: false };

export class LiveGuard {
  /** By link: what it was let do and has not ended yet. */
  private readonly pending = new Map<string, readonly Pending[]>();
  /** By name: how many more may pass before the next count. */
  private room = new Map<string, number>();
  private countAgainAt = -Infinity;
  private people: { readonly counts: PeopleCounts; readonly at: number } | null = null;
  private readonly judge: Batcher<Asked>;

  constructor(
    private readonly sql: Sql,
    private readonly connection: GuardedConnection,
  ) {
    this.judge = createBatcher((asked) => this.judgeAll(asked));
  }

  /** Says what of a write must not be sent. Until `end`, the rest counts as being sent. */
  async ask(ask: WriteAsk): Promise<GuardVerdict> {
    const counted = countedOf(ask);
    if (counted.length === 0 || this.passes(ask, counted)) return free;
    const asked: Asked = { ask, verdict: free };
    await this.judge(asked);
    return asked.verdict;
  }

  /** What was let through of this link is in the journal by now, or was not sent. */
  end(linkId: string): void {
    this.pending.delete(linkId);
  }

  private passes({ linkId, system }: WriteAsk, counted: ReturnType<typeof countedOf>): boolean {
    if (performance.now() > this.countAgainAt) return false;
    const needed = new Map<string, number>();
    for (const { kind } of counted) {
      const name = guardedName(kind, system);
      needed.set(name, (needed.get(name) ?? 0) + 1);
    }
    for (const [name, n] of needed) if ((this.room.get(name) ?? 0) < n) return false;
    for (const [name, n] of needed) this.room.set(name, this.room.get(name)! - n);
    this.letThrough(
      linkId,
      counted.map(({ kind, key }) => ({ kind, system, key })),
    );
    return true;
  }

  private letThrough(linkId: string, more: readonly Pending[]): void {
    this.pending.set(linkId, [...(this.pending.get(linkId) ?? []), ...more]);
  }

  private async judgeAll(all: readonly Asked[]): Promise<void> {
    const { sql, connection } = this;
    const began = performance.now();
    const keys = all.flatMap(({ ask }) => countedOf(ask).map((one) => one.key));
    const [tallies, open, released] = await Promise.all([
      countWrites(sql, connection.scope, [...this.pending.values()].flat(), keys),
      heldNames(sql, connection.scope),
      releasedWrites(
        sql,
        connection.scope,
        all.map(({ ask }) => ask),
      ),
    ]);
    let judged = new Judging(tallies, open, released, await this.countPeople(peopleKnownMs), this.connection);
    let verdicts = all.map(({ ask }) => judged.judge(ask));
    if (judged.opened.length > 0) {
      judged = new Judging(tallies, open, released, await this.countPeople(0), this.connection);
      verdicts = all.map(({ ask }) => judged.judge(ask));
    }
    const holds = verdicts.flatMap((one) => one.holds);
    if (holds.length > 0) await holdWrites(sql, connection.scope, judged.opened, holds);
    verdicts.forEach(({ let: through, holds: held, opened }, at) => {
      const one = all[at]!;
      one.verdict = { held: held.map(({ field }) => field), opened };
      this.letThrough(one.ask.linkId, through);
    });
    this.room = judged.roomLeft();
    const now = performance.now();
    this.countAgainAt = now + Math.max(uncountedMs, uncountedCounts * (now - began));
  }

  private async countPeople(maxAgeMs: number): Promise<PeopleCounts> {
    const now = performance.now();
    if (this.people === null || now - this.people.at > maxAgeMs) {
      this.people = { counts: await guardedPeople(this.sql, this.connection.scope), at: now };
    }
    return this.people.counts;
  }
}

interface Asked {
  readonly ask: WriteAsk;
  verdict: GuardVerdict;
}

/** One batch, write by write, in the order in which they came. */
class Judging {
  readonly opened: NewCase[] = [];
  private readonly tallies: Map<string, Tally>;
  private readonly held: Set<string>;

  constructor(
    tallies: ReadonlyMap<string, Tally>,
    held: ReadonlySet<string>,
    private readonly released: ReadonlySet<string>,
    private readonly people: PeopleCounts,
    private readonly connection: GuardedConnection,
  ) {
    this.tallies = new Map(tallies);
    this.held = new Set(held);
  }

  judge(ask: WriteAsk): {
    readonly holds: readonly Hold[];
    readonly let: readonly Pending[];
    readonly opened: boolean;
  } {
    const { linkId, system } = ask;
    const isReleased = (field: FieldName) => this.released.has(`${linkId}/${system}/${field}`);
    const holds: Hold[] = [];
    const through: Pending[] = [];
    let opened = false;
    const left = (fields: HeldFields) =>
      fields.filter((field) => !isReleased(field) && !holds.some((one) => one.field === field));
    for (const { kind, key, fields } of countedOf(ask)) {
      const asked = left(fields);
      if (asked.length === 0) continue;
      const trip = this.add(kind, system, key);
      if (trip === 'fits') {
        through.push({ kind, system, key });
        continue;
      }
      opened ||= trip === 'trips';
      holds.push(...asked.map((field) => ({ name: guardedName(kind, system), linkId, system, field })));
    }
    return { holds, let: through, opened };
  }

  private add(kind: GuardedKind, system: SystemName, key: string): 'fits' | 'held' | 'trips' {
    const name = guardedName(kind, system);
    if (this.held.has(name)) return 'held';
    const tally = addTo(this.tallies.get(name) ?? emptyTally, key);
    const trip = tripOf(kind, system, tally, this.people, this.connection.config.guard);
    if (trip === null) {
      this.tallies.set(name, tally);
      return 'fits';
    }
    this.opened.push(massChangeCase(trip));
    this.held.add(name);
    return 'trips';
  }

  roomLeft(): Map<string, number> {
    const { guard } = this.connection.config;
    const names = systemNames.flatMap((system) =>
      guardedKinds.map((kind) => ({ kind, system, name: guardedName(kind, system) })),
    );
    return new Map(
      names.map(({ kind, system, name }) => {
        const room = roomFor(kind, system, this.tallies.get(name) ?? emptyTally, this.people, guard);
        return [name, this.held.has(name) ? 0 : Math.floor(room * uncountedPart)];
      }),
    );
  }
}

/** By the budgets: what a connection opened once has for good (see sharedWork.ts). */
const known = new WeakMap<OpenConnection['budgets'], LiveGuard>();

/** The guard of a connection, one in this process. @param sql the database that the connection was opened on */
export function liveGuard(sql: Sql, connection: OpenConnection): LiveGuard {
  const before = known.get(connection.budgets);
  if (before !== undefined) return before;
  const guard = new LiveGuard(sql, connection);
  known.set(connection.budgets, guard);
  return guard;
}
