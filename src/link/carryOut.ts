/**
 * Carries out what was decided about one link: exactly that, and only while its records are as they were when it was decided. The same for
 * live work (`applyDecision`) and for a plan's items (applyItems.ts), which differ in who asks and in where the decision is recorded.
 */
import type { HeldFields, WriteAsk } from '../core/guard.js';
import { type LinkView, type LiveDecision, type Settling, settlingOf } from '../core/live.js';
import { type CanonicalFields, type FieldName, otherSystem, type SystemName, systemNames } from '../core/record.js';
import { createCase } from '../cases/create.js';
import { frozenCase } from '../cases/frozen.js';
import { carriedOut, fieldsAsked, isAsked } from '../cases/index.js';
import { removal, removalCase, removalSubject } from '../cases/removal.js';
import type { Ask } from '../http/client.js';
import type { CaseAnswer } from '../store/cases.js';
import { findLinkState, type LinkState } from '../store/linkState.js';
import { type OpenConnection, withRules } from '../connection.js';
import { type Batcher, sharedWork } from './sharedWork.js';
import { creationFailed, type Intention } from './creations.js';
import { type Intended, LinkWork, type Written } from './linkWork.js';
import { commitResults, type LinkResult, stopIfCanariesDie } from './results.js';
import { emptyView, pairHashes, type PairHashes, settledView, valuesToWrite, viewOf } from './view.js';
import { type Failure, InvalidRecord, isFailure, isStoppedWrite } from '../http/failures.js';
import { isMadeWith } from '../store/connections.js';
import type { Sql } from '../store/database.js';
import { massChange } from '../cases/massChange.js';
import { refusedCase } from '../cases/refused.js';
import { recordUnreadable } from '../store/unreadable.js';
import { LinkBusy, type LinkClaims } from './claims.js';
import { liveGuard } from './guard.js';
import { isTheRecord, type Unreadable, unreadableIn } from './unreadable.js';

export interface CarryingOut {
  readonly connection: OpenConnection;
  /** As it was loaded for this, with its documents and writes, and found at the version that was decided on. */
  readonly state: LinkState;
  readonly decision: LiveDecision;
  /** Names what is carried out, the same at every attempt and of nothing else: the beginning of each write's name in the journal. */
  readonly writeId: string;
  /** Commits what is intended, or says why a creation has to wait. */
  readonly intend: Batcher<Intended, Intention>;
  /** The claim on the link still stands. @throws {ClaimLost} */
  readonly verifyClaim: () => Promise<void>;
  readonly ask: (record: string) => Ask;
  /**
   * Asked before each write and creation, but for what a person answered: says what of it must not be sent, and has recorded that. Left out
   * where a plan is carried out: the guard has seen it as a whole.
   */
  readonly guard?: (ask: WriteAsk) => Promise<HeldFields>;
}

export interface CarriedOut {
  /**
   * - `done`: all of it, as far as it was not held back;
   * - `stale`: a record is not what was decided on; what was read is in the result;
   * - `unsettled`: a creation was sent, or waits for an import file, whose record did not show up yet;
   * - `held`: the guard held it, and nothing else was to be written.
   */
  readonly end: 'done' | 'stale' | 'unsettled' | 'held';
  readonly result: LinkResult;
  /** Names of the fields written, by system. */
  readonly written: Readonly<Record<SystemName, readonly FieldName[]>>;
  /** Names of fields that wait for an import file since this. */
  readonly deferred: readonly FieldName[];
  readonly created: SystemName | null;
  /** `open`: something is left to do that is not decided yet, such as about what the system gave a new record by itself. */
  readonly settling: Settling;
}

/**
 * Something failed on the way. What was done and read before it must be recorded all the same: a creation that took effect, or a
 * first of two writes, would else be repeated.
 */
export class LinkInterrupted extends Error {
  override readonly name = 'LinkInterrupted';
  constructor(
    linkId: string,
    override readonly cause: unknown,
    /** What was done and read; null: nothing that has to be recorded. */
    readonly done: LinkResult | null,
    /** With nothing done; what both sides agree on all the same stands in it. */
    readonly nothing: LinkResult,
    /** Both sides as they were seen last. */
    readonly saw: PairHashes,
  ) {
    super(`carrying out what was decided about link ${linkId} was interrupted`);
  }
}

/** @throws {LinkInterrupted} with a `Failure` of http/failures.ts or `ClaimLost` as its cause; the attempt can be repeated. */
export async function carryOut(order: CarryingOut): Promise<CarriedOut> {
  return await new Undertaking(order).run();
}

const directionTo = { yapla: 'toYapla', yoplanning: 'toYoplanning' } as const;

class Undertaking {
  private readonly connection: OpenConnection;
  private readonly work: LinkWork;
  private readonly written: Record<SystemName, FieldName[]> = { yapla: [], yoplanning: [] };
  /** Names of fields that wait for an import. */
  private deferred: readonly FieldName[] = [];
  private created: SystemName | null = null;
  /** The guard held something of it. */
  private isHeld = false;

  constructor(private readonly order: CarryingOut) {
    const { state, writeId } = order;
    this.connection = withRules(order.connection, state.rules);
    this.work = new LinkWork(
      {
        ...order,
        connection: this.connection,
        openIntent: state.intents[0] ?? null,
        waiting: state.waiting,
        // Not the attempt's number, which begins again with a workflow task that is repeated after a crash.
        isRepeated: state.writes.open.some((name) => name.startsWith(`${writeId}/`)),
      },
      state.pair,
    );
  }

  async run(): Promise<CarriedOut> {
    const { linkId } = this.order.state.pair;
    try {
      const end = await this.carryOut();
      const { written, deferred, created } = this;
      // What persons answered is not the guard's.
      const answered = end === 'done' || end === 'held' ? this.answered() : [];
      const result = { ...this.work.result(), carriedOut: answered };
      const settling = end === 'done' && !this.isHeld ? this.settlingAfter(answered, result) : 'open';
      // Where questions were open before, whether they still are is looked at first (settle.ts).
      const settles = settling === 'open' || this.order.state.cases.length > 0 ? null : settling;
      const agreement = result.agreement && { ...result.agreement, settles };
      return { end, written, deferred, created, settling, result: { ...result, agreement } };
    } catch (error) {
      const done = this.work.result();
      const nothing: LinkResult = { ...done, shadows: [], journal: [], cases: [], gone: [], settledIntents: [] };
      throw new LinkInterrupted(linkId, error, this.work.hasNews ? done : null, nothing, pairHashes(this.work.pair));
    }
  }

  private async carryOut(): Promise<CarriedOut['end']> {
    const { work } = this;
    const { decision, state } = this.order;
    if (decision.gone !== null) {
      if (!(await work.proveRemoval(decision.gone))) return 'stale';
      // Of somebody who may be on their way to the other system it is asked, as of anybody who is there.
      const isAlone = systemNames.some((system) => state.pair.ids[system] === null) && state.intents.length === 0;
      if (isAlone) work.becomeNobody();
      else this.askAboutTombstones();
      return 'done';
    }
    if (decision.create !== null) {
      if (!(await this.mayCreate(decision.create))) return 'held';
      const set = this.valuesFor(decision.create);
      if ((await work.create(decision.create, { set, reasons: decision.reasons })) === 'unsettled') {
        work.becomeUnsettled();
        return 'unsettled';
      }
      this.created = decision.create;
      return 'done';
    }
    if (decision.asksCreation) work.open(createCase(state.pair.linkId));
    if ((await this.write()) === 'stale') return 'stale';
    work.askAbout(decision.conflicts.filter((field) => !fieldsAsked(state.cases, 'conflict').includes(field)));
    const isNothing = this.deferred.length === 0 && systemNames.every((system) => this.written[system].length === 0);
    return this.isHeld && isNothing ? 'held' : 'done';
  }

  /** Records of which the reading before has proven already that they are gone, and nobody was asked about them. */
  private askAboutTombstones(): void {
    const { state } = this.order;
    const { linkId, ids, shadows } = state.pair;
    for (const system of systemNames) {
      const id = ids[system];
      if (id === null || shadows[system] !== null) continue;
      if (isAsked(state, removal.code, removalSubject(system, id))) continue;
      this.work.open(removalCase(linkId, system, id, 'notFound'));
    }
  }

  private async write(): Promise<'done' | 'stale'> {
    const { decision } = this.order;
    let stopped: Failure | null = null;
    for (const [nth, system] of systemNames.entries()) {
      const set = await this.withoutHeld(system, this.withoutFlipping(this.valuesFor(system)));
      if (Object.keys(set).length === 0) continue;
      const fromPerson = new Set(decision.values);
      let written: Written;
      try {
        written = await this.work.write(system, { set, reasons: decision.reasons, fromPerson }, nth + 1);
      } catch (error) {
        if (!isStoppedWrite(error)) throw error;
        // What this system does not take keeps nothing from the other.
        stopped = error;
        continue;
      }
      if (written === 'missing') await this.work.proveRemoval(system);
      if (written === 'missing' || written === 'stale') return 'stale';
      if (written === 'deferred') this.deferred = this.work.waits.fieldsSince(system);
      else this.written[system].push(...Object.keys(set));
    }
    if (stopped !== null) throw stopped;
    return 'done';
  }

  /** What this system gets: the other's values of the fields decided, and persons' own values; what is there already is left out. */
  private valuesFor(system: SystemName): CanonicalFields {
    const { decision, state } = this.order;
    const { pair } = this.work;
    const here = pair.shadows[system]?.fields ?? {};
    const own = state.answers.flatMap((one) =>
      one.take === 'value' && decision.values.includes(one.field) && this.mayWrite(system, one.field)
        ? [[one.field, one.value] as const]
        : [],
    );
    // What the system shows can be what a value that waits for an import was to replace: then that one is not wanted any more.
    const { collects } = this.connection.systems[system];
    const missing = own.filter(([field, value]) => collects || here[field] !== value);
    const hashes = pairHashes(pair);
    const [now, theirs] = [hashes[system], hashes[otherSystem(system)]];
    const differing = decision.write[system].filter(
      (field) => collects || now === null || now[field] !== theirs?.[field],
    );
    return { ...valuesToWrite(this.connection, pair, system, differing), ...Object.fromEntries(missing) };
  }

  private mayWrite(system: SystemName, field: FieldName): boolean {
    const { fields, permission } = this.connection;
    const direction = fields.find((one) => one.name === field)?.direction ?? 'both';
    return permission.writes[system] && (direction === 'both' || direction === directionTo[system]);
  }

  /** The breaker: a value that our own writes gave this field again and again is not written once more; a person must look. */
  private withoutFlipping(set: CanonicalFields): CanonicalFields {
    const { maxFlips } = this.connection.config.live;
    const { lately } = this.order.state.writes;
    const kept: Record<FieldName, CanonicalFields[string]> = {};
    for (const [field, value] of Object.entries(set)) {
      const times = lately.find((one) => one.field === field && one.value === value)?.times ?? 0;
      if (times < maxFlips || this.isAnswered(field)) {
        kept[field] = value;
        continue;
      }
      this.work.open(frozenCase(this.work.pair, field, times));
    }
    return kept;
  }

  /** What would be too much of its kind is left out until a person has answered the guard's case. */
  private async withoutHeld(system: SystemName, set: CanonicalFields): Promise<CanonicalFields> {
    const here = this.work.pair.shadows[system]?.fields ?? {};
    const fields = Object.entries(set)
      .filter(([field]) => !this.isAnswered(field))
      .map(([field, value]) => ({ field, blanks: value === null && (here[field] ?? null) !== null }));
    if (fields.length === 0) return set;
    const held = await this.askGuard({ system, creates: false, fields });
    return Object.fromEntries(Object.entries(set).filter(([field]) => !held.includes(field)));
  }

  /** A creation that a person asked for, or that was sent before, is not the guard's. */
  private async mayCreate(system: SystemName): Promise<boolean> {
    const { intents, answers } = this.order.state;
    if (intents.length > 0 || answers.some((one) => one.take === 'create')) return true;
    return (await this.askGuard({ system, creates: true, fields: [] })).length === 0;
  }

  private async askGuard(ask: Omit<WriteAsk, 'linkId'>): Promise<HeldFields> {
    const held = (await this.order.guard?.({ ...ask, linkId: this.order.state.pair.linkId })) ?? [];
    this.isHeld ||= held.length > 0;
    return held;
  }

  private isAnswered(field: FieldName): boolean {
    return this.order.state.answers.some((one) => one.field === field);
  }

  /** How the link stands once this is recorded. */
  private settlingAfter(answered: readonly CaseAnswer[], { agreement, outcome }: LinkResult): Settling {
    if (outcome === 'dropped') return 'agreed';
    const { state, connection } = this.order;
    const saw = pairHashes(this.work.pair);
    const opened = this.work.opened.flatMap(({ kind, subject, linkId, field = '' }) =>
      linkId === state.pair.linkId ? [{ id: 0, kind, subject, field, saw, take: null }] : [],
    );
    const base = agreement === null ? this.work.pair.base : { ...this.work.pair.base, ...agreement.base };
    const now: LinkState = {
      ...state,
      pair: { ...this.work.pair, base, equal: agreement?.equal ?? this.work.pair.equal },
      cases: [...state.cases, ...opened],
      answers: state.answers.filter((one) => !answered.includes(one)),
      waiting: this.work.waits.values,
      intents: [],
    };
    return settlingOf(viewOf(connection, now, 'gone'));
  }

  /** Answers that this decision was about. One that came meanwhile is for the next. */
  private answered(): CaseAnswer[] {
    const { decision, state } = this.order;
    // A removal comes first, and writes nothing: what was answered waits for the record, or for who takes its place.
    if (decision.gone !== null) return [];
    const fields = [...decision.write.yapla, ...decision.write.yoplanning, ...decision.values];
    return carriedOut(state.answers, { fields, created: this.created !== null });
  }
}

/*
 * Live work: carries out what a link's workflow decided, while the link has the version that it was decided at. What has become stale is
 * said so, with the new view, and decided again by the workflow: so that the history shows every decision.
 */

export interface ApplyingDecision {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly connection: OpenConnection;
  readonly linkId: string;
  readonly decision: LiveDecision;
  /** `LinkView.version` of the view that was decided on. */
  readonly version: number;
  /** Names this application, the same at every attempt: the beginning of each write's name in the journal. */
  readonly writeId: string;
  /** Of each request: see `PermitAsk`. */
  readonly patienceMs?: number | undefined;
  /** See `unreadableRecord`. Default: no. */
  readonly isLastTry?: boolean;
}

export interface AppliedDecision {
  /**
   * - `done`: all of it, as far as it was not held back;
   * - `stale`: the link or a record changed meanwhile; what was read is in the view;
   * - `refused`: a system does not take the record, a case is open;
   * - `unsettled`: a creation was sent whose record did not show up yet;
   * - `held`: the guard held it, and nothing else was to be written.
   */
  readonly outcome: 'done' | 'stale' | 'refused' | 'unsettled' | 'held';
  /** Names of the fields written, by system. */
  readonly written: Readonly<Record<SystemName, readonly FieldName[]>>;
  /** Names of fields that wait for an import file since this. Left out: none (as by runs of before). */
  readonly deferred?: readonly FieldName[];
  readonly created: SystemName | null;
  /** Kinds of the cases opened or asked again. */
  readonly cases: readonly string[];
  readonly view: LinkView;
}

const nothing = { written: { yapla: [], yoplanning: [] }, created: null, cases: [] } as const;

/** @throws {LinkBusy} {@link Failure} the attempt can be repeated: what was done before is recorded */
export async function applyDecision(applying: ApplyingDecision): Promise<AppliedDecision> {
  const { sql, claims, connection, linkId } = applying;
  const claim = await claims.claim(connection.scope, [linkId]);
  try {
    if (!claim.linkIds.has(linkId)) throw new LinkBusy([linkId]);
    const loading = { depth: 'documents', writesWithinMs: connection.config.live.flipWindowMs } as const;
    const state = await findLinkState(sql, connection.scope, linkId, loading);
    if (state === null) return { ...nothing, outcome: 'stale', view: emptyView(connection, 'unknown') };
    // The configuration was changed, and nothing was made again under it yet: the next bulk sync does.
    if (!(await isMadeWith(sql, connection.scope, connection.mapDigest))) {
      return { ...nothing, outcome: 'stale', view: emptyView(connection, 'early') };
    }
    if (state.pair.version !== applying.version) {
      return { ...nothing, outcome: 'stale', view: viewOf(connection, state) };
    }
    return await undertake(applying, state, () => claim.verify());
  } finally {
    liveGuard(sql, connection).end(linkId);
    await claim.release();
  }
}

async function undertake(
  applying: ApplyingDecision,
  state: LinkState,
  verifyClaim: () => Promise<void>,
): Promise<AppliedDecision> {
  const { sql, connection, linkId, patienceMs, decision, writeId } = applying;
  const { intend } = sharedWork(sql, connection);
  const ask = (record: string) => ({ lane: 'live' as const, purpose: `live/${linkId}`, record, patienceMs });
  const asked: string[] = [];
  const guard = async (one: WriteAsk) => {
    const { held, opened } = await liveGuard(sql, connection).ask(one);
    if (opened) asked.push(massChange.code);
    return held;
  };
  let carried: CarriedOut;
  try {
    carried = await carryOut({ connection, state, decision, writeId, intend, verifyClaim, ask, guard });
  } catch (error) {
    if (!(error instanceof LinkInterrupted)) throw error;
    if (error.done !== null) await record(applying, error.done);
    if (!isFailure(error.cause)) throw error.cause;
    const { unreadable, ...refused } = await refusal(applying, error.cause, error);
    const view = await record(applying, refused, unreadable);
    return { ...nothing, outcome: 'refused', cases: refused.cases.map(({ kind }) => kind), view };
  }
  const { end, result, written, deferred, created } = carried;
  const view = await record(applying, result);
  const more = deferred.length === 0 ? {} : { deferred };
  return { outcome: end, written, ...more, created, cases: [...result.cases.map(({ kind }) => kind), ...asked], view };
}

/** @returns the link as it stands then */
async function record(
  { sql, connection, linkId }: ApplyingDecision,
  result: LinkResult,
  unreadable: Unreadable | null = null,
): Promise<LinkView> {
  const where = { scope: connection.scope, plan: null };
  const now = await commitResults(sql, where, [{ ...result, item: null }], async (tx) => {
    if (unreadable !== null) await recordUnreadable(tx, connection.scope, unreadable.system, [unreadable.found]);
    return await findLinkState(tx, connection.scope, linkId, { depth: 'hashes' });
  });
  if (result.cases.some(({ kind }) => kind === 'canary')) await stopIfCanariesDie({ sql, connection });
  return now === null ? emptyView(connection, 'unknown') : await settledView(sql, connection, now);
}

/** @returns the question, where it is the record; else throws the failure again, for another attempt */
async function refusal(applying: ApplyingDecision, failure: Failure, { nothing: base, saw }: LinkInterrupted) {
  const { sql, connection, linkId, isLastTry = false } = applying;
  await creationFailed(sql, connection.scope, linkId, failure);
  const outcome = 'refused' as const;
  const unreadable = unreadableIn(failure, linkId, isLastTry);
  if (unreadable !== null) return { ...base, outcome, cases: [unreadable.found.question], unreadable };
  if (!(failure instanceof InvalidRecord) && !(await isTheRecord(applying, failure))) throw failure;
  return { ...base, outcome, cases: [refusedCase(linkId, failure, saw)], unreadable };
}
