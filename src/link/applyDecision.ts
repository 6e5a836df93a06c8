/**
 * Live work: carries out what a link's workflow decided, while the link has the version that it was decided at. What has become stale is
 * said so, with the new view, and decided again by the workflow: so that the history shows every decision.
 */
import type { WriteAsk } from '../core/guard.js';
import type { LinkView, LiveDecision } from '../core/live.js';
import type { FieldName, SystemName } from '../core/record.js';
import { type Failure, InvalidRecord, isFailure } from '../http/failures.js';
import { isMadeWith } from '../store/connections.js';
import type { Sql } from '../store/database.js';
import { massChange } from '../cases/massChange.js';
import { refusedCase } from '../cases/refused.js';
import { findLinkState, type LinkState } from '../store/linkState.js';
import { failuresOfRecord } from '../store/budgetState.js';
import { recordUnreadable } from '../store/unreadable.js';
import type { OpenConnection } from '../connection.js';
import { commitResults, type LinkResult, stopIfCanariesDie } from './results.js';
import { type CarriedOut, carryOut, LinkInterrupted } from './carryOut.js';
import { LinkBusy, type LinkClaims } from './claims.js';
import { creationFailed } from './creations.js';
import { liveGuard } from './guard.js';
import { settledView } from './settle.js';
import { type Unreadable, unreadableIn } from './unreadable.js';
import { sharedWork } from './sharedWork.js';
import { emptyView, viewOf } from './view.js';

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
  const { end, result, written, created } = carried;
  const view = await record(applying, result);
  return { outcome: end, written, created, cases: [...result.cases.map(({ kind }) => kind), ...asked], view };
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

/** Yoplanning says that invalid data, too, can be answered with a 5xx: a record that keeps failing while others pass is one. */
async function isTheRecord({ sql, connection }: ApplyingDecision, failure: Failure): Promise<boolean> {
  if (failure.type !== 'ServerFailed' || failure.context.method === 'GET') return false;
  const { maxAttempts, flipWindowMs } = connection.config.live;
  const { system, record } = failure.context;
  if (record === undefined) return false;
  const credential = connection.credentials[system as SystemName];
  const { failed, answersOthers } = await failuresOfRecord(sql, credential, record, flipWindowMs);
  return failed >= maxAttempts && answersOthers;
}
