/**
 * `mirrorCatalogue`: keeps what Yoplanning sells mirrored, a turn at a time. One for each connection with `events.catalogue`; it runs for as long
 * as that is so. What is read in a turn is decided by core/events/catalogue.ts over what stands in Postgres: here are only the pauses.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  continueAsNew,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import { budgetOpensAtMs } from './linkSteps.js';
import {
  mirrorCatalogueId,
  mirrorProgressQuery,
  resumeMirrorSignal,
  type MirrorCatalogueInput,
  type MirrorShown,
  type MirrorState,
  type MirrorTotals,
  type TurnCounts,
} from './mirrorCatalogue.messages.js';
import { refuseForeignStart } from './ownStart.js';
import { stateKey } from './searchAttributes.js';

/** The connection is no more, or not of this kind: nothing mends that but another configuration, with which a worker starts us anew. */
const endingFailures = ['UnknownConnection', 'KindNotOffered'];

/** Of the first turn, which brings the connection's own. */
const firstSettings = {
  pauseMs: 60_000,
  stoppedRetryMs: 15 * 60_000,
  maxStoppedRetryMs: 24 * 3_600_000,
  heartbeatTimeoutMs: 10_000,
  maxHistoryEvents: 2_000,
} as const;

const nothing: MirrorState = {
  totals: { turns: 0, requests: 0, products: 0, failed: 0, gone: 0, woken: 0 },
  last: null,
  settings: null,
  vainLooks: 0,
  shown: null,
};

/** A budget that is open in a moment is not asked at once. */
const shortestWaitMs = 1_000;

export async function mirrorCatalogue(input: MirrorCatalogueInput): Promise<MirrorTotals> {
  const { connectionId } = input;
  refuseForeignStart(mirrorCatalogueId(connectionId), input.carried);
  let state = input.carried ?? nothing;
  let isWoken = false;
  let untilMs: number | null = null;
  let failure: string | null = null;

  setHandler(resumeMirrorSignal, () => {
    isWoken = true;
  });
  setHandler(mirrorProgressQuery, () => ({
    state: state.shown ?? 'running',
    until: untilMs === null ? null : new Date(untilMs).toISOString(),
    failure,
    last: state.last,
    totals: state.totals,
  }));

  const settings = () => state.settings ?? firstSettings;
  const isFull = () => {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= settings().maxHistoryEvents;
  };

  function show(shown: MirrorShown): void {
    const { last, totals } = state;
    const known =
      last === null ? 'nothing was read yet' : `${last.known} products, requests of the last 24 hours: ${last.inDay}`;
    setCurrentDetails(`${failure === null ? shown : `stopped: ${failure}`}; ${known}; turns: ${totals.turns}`);
    if (state.shown === shown) return;
    state = { ...state, shown };
    upsertSearchAttributes([{ key: stateKey, value: shown }]);
  }

  async function pause(ms: number, summary: string): Promise<void> {
    untilMs = Date.now() + ms;
    const isMoved = () => isWoken || isFull();
    // A word that came while it was at work ends the pause before its timer begins.
    if (!isMoved()) await condition(isMoved, ms, { summary });
    untilMs = null;
    isWoken = false;
  }

  /** A spent quota, or a connection that is refused: waited for in the open. @returns false: there is nothing to wait for */
  async function waitFor(error: unknown): Promise<boolean> {
    const openAtMs = budgetOpensAtMs(error);
    if (openAtMs !== null) {
      show('waitingForBudget');
      await pause(Math.max(openAtMs - Date.now(), shortestWaitMs), 'waits for the budget');
      return true;
    }
    const cause = error instanceof ActivityFailure ? error.cause : null;
    if (!(cause instanceof ApplicationFailure)) throw error;
    failure = cause.type ?? 'unknown';
    if (endingFailures.includes(failure)) return false;
    const { stoppedRetryMs, maxStoppedRetryMs } = settings();
    const waitMs = Math.min(stoppedRetryMs * 2 ** Math.min(state.vainLooks, 20), maxStoppedRetryMs);
    state = { ...state, vainLooks: state.vainLooks + 1 };
    show('stopped');
    log.warn('the catalogue stands still until it is mended, or for a while', { connectionId, failure, waitMs });
    await pause(waitMs, `stopped: ${failure}`);
    failure = null;
    return true;
  }

  for (;;) {
    if (isFull()) await continueAsNew<typeof mirrorCatalogue>({ connectionId, carried: state });
    const { readCatalogue } = proxyActivities<Activities>({
      // A turn sends few requests: whether the worker lives, its heartbeats tell.
      startToCloseTimeout: '10 minutes',
      heartbeatTimeout: settings().heartbeatTimeoutMs,
      // A spent quota, and a system that fails, name their own, longer delays (activities/failures.ts).
      retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 minutes' },
    });
    const shownWaitMs = state.settings?.shownWaitMs;
    try {
      const turn = await readCatalogue({ connectionId, ...(shownWaitMs === undefined ? {} : { shownWaitMs }) });
      if (turn.isOver) break;
      state = {
        ...state,
        totals: sumOf(state.totals, turn.turn),
        last: turn.turn,
        settings: turn.settings,
        vainLooks: 0,
      };
    } catch (error) {
      if (!(await waitFor(error))) break;
      continue;
    }
    show('running');
    await pause(settings().pauseMs, 'until the next turn');
  }
  log.info('ended: the connection mirrors no catalogue any more', { connectionId });
  return state.totals;
}

function sumOf(totals: MirrorTotals, turn: TurnCounts): MirrorTotals {
  return {
    turns: totals.turns + 1,
    requests: totals.requests + turn.requests,
    products: totals.products + turn.products,
    failed: totals.failed + turn.failed,
    gone: totals.gone + turn.gone,
    woken: totals.woken + turn.woken,
  };
}
