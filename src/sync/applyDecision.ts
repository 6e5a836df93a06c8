/**
 * Carries out what a link's workflow decided: exactly that, and only while the link is as it was when it was decided. What has become
 * stale is said so, with the new view, and decided again by the workflow: so that the history shows every decision.
 */
import type { HeldFields, WriteAsk } from '../core/guard.js';
import type { LinkView, LiveDecision } from '../core/live.js';
import { otherSystem, systemNames, type CanonicalFields, type FieldName, type SystemName } from '../core/record.js';
import { InvalidRecord, isFailure, type Failure } from '../http/failures.js';
import { closeCarriedOut, type CaseAnswer } from '../store/caseAnswers.js';
import type { NewCase } from '../store/cases.js';
import type { Sql } from '../store/database.js';
import { settleIntents } from '../store/intents.js';
import { timesWritten } from '../store/journal.js';
import { findLinkState, type LinkState } from '../store/linkState.js';
import { failuresOfRecord } from '../store/requestLog.js';
import { credentialOf, type OpenConnection } from '../connection.js';
import { unsettled } from './applyLink.js';
import { stopIfCanariesDie } from './canary.js';
import { LinkBusy, type LinkClaims } from './claims.js';
import { pairHashes } from './decideLink.js';
import { liveGuard } from './guard.js';
import { emptyView, settledView, viewOf } from './linkView.js';
import { LinkWork, pick } from './linkWork.js';
import { refusedCase } from './refusedCase.js';
import { commitResults, type LinkResult } from './results.js';
import { sharedWork } from './sharedWork.js';

export interface ApplyingDecision {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly connection: OpenConnection;
  readonly linkId: string;
  readonly decision: LiveDecision;
  /** `LinkView.seen` of the view that was decided on. */
  readonly seen: string;
  /** Names this application, the same at every attempt: the beginning of each write's name in the journal. */
  readonly writeId: string;
  /** Of each request: see `PermitAsk`. */
  readonly patienceMs?: number | undefined;
}

export interface AppliedDecision {
  /**
   * - `done`: all of it, as far as it was not held back;
   * - `stale`: the link or a record changed meanwhile; what was read is in the view;
   * - `refused`: a system does not take the record, a case is open;
   * - `unsettled`: a creation was sent whose record did not show up yet;
   * - `held`: the guard held all of it, under its case.
   */
  readonly outcome: 'done' | 'stale' | 'refused' | 'unsettled' | 'held';
  /** Names of the fields written, by system. */
  readonly written: Readonly<Record<SystemName, readonly FieldName[]>>;
  readonly created: SystemName | null;
  /** Kinds of the cases opened or asked again. */
  readonly cases: readonly string[];
  readonly view: LinkView;
}

/** @throws {LinkBusy} {@link Failure} the attempt can be repeated: what was done before is recorded */
export async function applyDecision(applying: ApplyingDecision): Promise<AppliedDecision> {
  const { sql, claims, connection, linkId } = applying;
  const claim = await claims.claim(connection.id, [linkId]);
  try {
    if (!claim.linkIds.has(linkId)) throw new LinkBusy([linkId]);
    const link = await findLinkState(sql, connection.id, linkId, 'documents', applying.writeId);
    if (link === null) return nothingDone('stale', emptyView(connection, 'unknown'));
    const view = viewOf(connection, link);
    if (view.seen !== applying.seen) return nothingDone('stale', view);
    return await new DecisionApplication(applying, link, () => claim.verify()).run();
  } finally {
    liveGuard(sql, connection).end(linkId);
    await claim.release();
  }
}

const directionTo = { yapla: 'toYapla', yoplanning: 'toYoplanning' } as const;

function nothingDone(outcome: AppliedDecision['outcome'], view: LinkView): AppliedDecision {
  return { outcome, written: { yapla: [], yoplanning: [] }, created: null, cases: [], view };
}

/** How it ended, and what of it is still to be recorded. */
interface Ended {
  readonly outcome: AppliedDecision['outcome'];
  readonly result: LinkResult;
}

class DecisionApplication {
  private readonly work: LinkWork;
  private readonly written: Record<SystemName, FieldName[]> = { yapla: [], yoplanning: [] };
  private created: SystemName | null = null;
  private readonly opened: NewCase[] = [];
  /** The guard held something of it. */
  private isHeld = false;
  private guardAsked = false;

  constructor(
    private readonly applying: ApplyingDecision,
    private readonly link: LinkState,
    verifyClaim: () => Promise<void>,
  ) {
    const { sql, connection, linkId, writeId, patienceMs } = applying;
    this.work = new LinkWork(
      {
        connection,
        intend: sharedWork(sql, connection).intend,
        verifyClaim,
        ask: (record) => ({ lane: 'live', purpose: `live/${linkId}`, record, patienceMs }),
        writeId,
        openIntent: link.intents[0] ?? null,
        // Not the attempt's number, which begins anew with a workflow task that is repeated after a crash.
        isRepeated: link.wasIntended,
      },
      link.pair,
    );
  }

  async run(): Promise<AppliedDecision> {
    let ended: Ended;
    try {
      ended = await this.carryOut();
    } catch (error) {
      if (this.work.hasNews) await this.record(this.work.result(), []);
      if (!isFailure(error)) throw error;
      ended = await this.failed(error);
    }
    const { outcome, result } = ended;
    const { sql, connection } = this.applying;
    const now = await this.record(result, outcome === 'done' ? this.carriedOut() : []);
    if (now === null) return nothingDone('stale', emptyView(connection, 'unknown'));
    return {
      outcome,
      written: this.written,
      created: this.created,
      cases: [...this.opened.map((one) => one.kind), ...(this.guardAsked ? ['guard'] : [])],
      view: await settledView(sql, connection, now),
    };
  }

  private async carryOut(): Promise<Ended> {
    const { work } = this;
    const { decision } = this.applying;
    if (decision.gone !== null) {
      const isGone = await work.proveRemoval(decision.gone);
      this.askAboutTombstones();
      const result = work.result();
      this.opened.push(...result.cases);
      return { outcome: isGone ? 'done' : 'stale', result: { ...result, cases: this.opened } };
    }
    if (decision.create !== null) {
      if (!(await this.mayCreate(decision.create))) return { outcome: 'held', result: work.result() };
      const set = this.valuesFor(decision.create);
      const created = await work.create(decision.create, { set, reasons: decision.reasons });
      if (created === 'unsettled') return { outcome: 'unsettled', result: unsettled(work) };
      this.created = decision.create;
      return { outcome: 'done', result: work.result() };
    }
    if (decision.asksCreation) this.open({ kind: 'create', subject: this.applying.linkId, details: {} });
    const isStale = (await this.write()) === 'stale';
    if (!isStale) {
      const asked = decision.conflicts.filter(
        (field) => !this.link.cases.some((one) => one.kind === 'conflict' && one.field === field),
      );
      if (asked.length > 0) work.askAbout(asked);
    }
    const result = work.result();
    this.opened.push(...result.cases.filter((one) => !this.opened.includes(one)));
    const isAllHeld = this.isHeld && systemNames.every((system) => this.written[system].length === 0);
    const outcome = isStale ? 'stale' : isAllHeld ? 'held' : 'done';
    return { outcome, result: { ...result, cases: this.opened } };
  }

  /** Records of which the reading before has proven already that they are gone. */
  private askAboutTombstones(): void {
    const { linkId, ids } = this.link.pair;
    for (const system of systemNames) {
      const id = ids[system];
      if (id === null || this.link.pair.shadows[system] !== null) continue;
      this.open({
        kind: 'removal',
        subject: `${system}:${id}`,
        linkId,
        details: { system, proof: 'read by id: 404' },
      });
    }
  }

  private async write(): Promise<'done' | 'stale'> {
    const { decision } = this.applying;
    for (const [nth, system] of systemNames.entries()) {
      const set = await this.withoutHeld(system, await this.withoutFlipping(this.valuesFor(system)));
      if (Object.keys(set).length === 0) continue;
      const fromPerson = new Set(decision.values);
      const written = await this.work.write(system, { set, reasons: decision.reasons, fromPerson }, nth + 1);
      if (written === 'missing') {
        await this.work.proveRemoval(system);
        return 'stale';
      }
      if (written === 'stale') return 'stale';
      this.written[system].push(...Object.keys(set));
    }
    return 'done';
  }

  /** What this system gets: the other's values of the fields decided, and persons' own values where they are not there yet. */
  private valuesFor(system: SystemName): CanonicalFields {
    const { decision } = this.applying;
    const { pair } = this.work;
    const own = this.link.answers.flatMap((one) =>
      one.take === 'value' && decision.values.includes(one.field) && this.mayWrite(system, one.field)
        ? [[one.field, one.value] as const]
        : [],
    );
    const theirs = pair.shadows[otherSystem(system)]?.fields ?? {};
    const here = pair.shadows[system]?.fields ?? {};
    const missing = own.filter(([field, value]) => here[field] !== value);
    return { ...pick(theirs, decision.write[system]), ...Object.fromEntries(missing) };
  }

  private mayWrite(system: SystemName, field: FieldName): boolean {
    const { fields, permission } = this.applying.connection;
    const direction = fields.find((one) => one.name === field)?.direction ?? 'both';
    return permission.writes[system] && (direction === 'both' || direction === directionTo[system]);
  }

  /** The breaker: a value that our own writes gave this field again and again is not written once more; a person must look. */
  private async withoutFlipping(set: CanonicalFields): Promise<CanonicalFields> {
    const { sql, connection, linkId } = this.applying;
    if (Object.keys(set).length === 0) return set;
    const { maxFlips, flipWindowMs } = connection.config.live;
    const times = await timesWritten(sql, connection.id, linkId, set, flipWindowMs);
    const frozen = Object.keys(set).filter((field) => (times.get(field) ?? 0) >= maxFlips && !this.isAnswered(field));
    const { shadows, baseFields } = this.work.pair;
    for (const field of frozen) {
      this.open({
        kind: 'frozen',
        subject: linkId,
        field,
        linkId,
        details: {
          yapla: shadows.yapla?.fields[field] ?? null,
          yoplanning: shadows.yoplanning?.fields[field] ?? null,
          base: baseFields?.[field] ?? null,
          times: times.get(field),
        },
        saw: pairHashes(this.work.pair),
      });
    }
    return Object.fromEntries(Object.entries(set).filter(([field]) => !frozen.includes(field)));
  }

  /** The guard: what would be too much of its kind is left out until a person has answered its case. What a person answered is not. */
  private async withoutHeld(system: SystemName, set: CanonicalFields): Promise<CanonicalFields> {
    const here = this.work.pair.shadows[system]?.fields ?? {};
    const fields = Object.entries(set)
      .filter(([field]) => !this.isAnswered(field))
      .map(([field, value]) => ({ field, blanks: value === null && (here[field] ?? null) !== null }));
    const held = await this.askGuard({ system, creates: false, fields });
    return Object.fromEntries(Object.entries(set).filter(([field]) => !held.includes(field)));
  }

  /** A creation that a person asked for, or that was sent before, is not the guard's. */
  private async mayCreate(system: SystemName): Promise<boolean> {
    if (this.link.intents.length > 0 || this.link.answers.some((one) => one.take === 'create')) return true;
    return (await this.askGuard({ system, creates: true, fields: [] })).length === 0;
  }

  private async askGuard(ask: Omit<WriteAsk, 'linkId'>): Promise<HeldFields> {
    const { sql, connection, linkId } = this.applying;
    const { held, opened } = await liveGuard(sql, connection).ask({ ...ask, linkId });
    this.isHeld ||= held.length > 0;
    this.guardAsked ||= opened;
    return held;
  }

  private isAnswered(field: FieldName): boolean {
    return this.link.answers.some((one) => one.field === field);
  }

  private open(one: NewCase): void {
    this.opened.push(one);
  }

  /** Answers that this decision was about. One that came meanwhile is for the next. */
  private carriedOut(): CaseAnswer[] {
    const { decision } = this.applying;
    const fields = [...decision.write.yapla, ...decision.write.yoplanning, ...decision.values];
    return this.link.answers.filter((one) =>
      one.take === 'create' ? this.created !== null : fields.includes(one.field),
    );
  }

  /**
   * @param carriedOut answers whose cases end with it
   * @returns the link as it stands then; null: it is gone
   */
  private async record(result: LinkResult, carriedOut: readonly CaseAnswer[]): Promise<LinkState | null> {
    const { sql, connection, linkId } = this.applying;
    const where = { connectionId: connection.id, planId: null, loadedAt: this.link.at };
    const now = await commitResults(sql, where, [{ ...result, n: null }], async (tx) => {
      const [, state] = await Promise.all([
        closeCarriedOut(tx, carriedOut),
        findLinkState(tx, connection.id, linkId, 'hashes'),
      ]);
      return state;
    });
    if (result.cases.some((one) => one.kind === 'canary')) await stopIfCanariesDie({ sql, connection });
    return now;
  }

  /** @returns `refused` where it is the record; else throws the failure again, for another attempt */
  private async failed(failure: Failure): Promise<Ended> {
    const { sql, connection, linkId } = this.applying;
    // Certainly not applied: the next attempt need not look it up.
    if (failure.effect === 'none' && failure.context.method !== 'GET') {
      await settleIntents(
        sql,
        connection.id,
        systemNames.map((system) => ({ linkId, system })),
      );
    }
    if (!(failure instanceof InvalidRecord) && !(await this.isTheRecord(failure))) throw failure;
    const refused = refusedCase(linkId, failure, pairHashes(this.work.pair));
    this.open(refused);
    const result = { ...this.work.result(), shadows: [], journal: [], cases: [refused] };
    return { outcome: 'refused', result: { ...result, outcome: 'refused' } };
  }

  /** Yoplanning says that invalid data, too, can be answered with a 5xx: a record that keeps failing while others pass is one. */
  private async isTheRecord(failure: Failure): Promise<boolean> {
    if (failure.type !== 'ServerFailed' || failure.context.method === 'GET') return false;
    const { sql, connection } = this.applying;
    const { maxAttempts, flipWindowMs } = connection.config.live;
    const { system, record } = failure.context;
    if (record === undefined) return false;
    const credential = credentialOf(connection.id, system as SystemName);
    const { failed, answersOthers } = await failuresOfRecord(sql, credential, record, flipWindowMs);
    return failed >= maxAttempts && answersOthers;
  }
}
