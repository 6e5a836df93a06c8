/**
 * `deriveFacts`: keeps what the passing of time says about a connection's people up to date, such as which session is the next. One for each
 * connection, not for each person: it sleeps until the next fact changes, or for a while, and computes those again whose time has come.
 *
 * It is asked nothing and told nothing. What is booked meanwhile may change sooner than what it waits for, so it never sleeps for long; a
 * look sends no request.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  continueAsNew,
  proxyActivities,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import { deriveFactsId, type DeriveFactsInput } from './deriveFacts.messages.js';
import { refuseForeignStart } from './ownStart.js';

const { deriveFacts: derive } = proxyActivities<Activities>({
  // A club's whole season turns at once; whether the worker lives, its heartbeats tell.
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '30 seconds',
  retry: {
    initialInterval: '1 second',
    maximumInterval: '10 minutes',
    nonRetryableErrorTypes: ['UnknownConnection', 'KindNotOffered'],
  },
});

/** Eight events a look: a run lasts some days at the default pace, and its history stays short. */
const maxHistoryEvents = 2_000;

/** Ends where nothing is to be derived any more: a worker that is configured otherwise starts it anew. */
export async function deriveFacts(input: DeriveFactsInput): Promise<void> {
  refuseForeignStart(deriveFactsId(input.connectionId), undefined);
  while (!isFull()) {
    const waitMs = await lookedAt(input);
    if (waitMs === null) return;
    await sleep(waitMs, { summary: 'until a fact changes by the passing of time, or for a while' });
  }
  await continueAsNew<typeof deriveFacts>(input);
}

async function lookedAt({ connectionId }: DeriveFactsInput): Promise<number | null> {
  try {
    return (await derive({ connectionId })).waitMs;
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    // The configuration does not have the connection any more.
    if (cause instanceof ApplicationFailure && cause.type === 'UnknownConnection') return null;
    throw error;
  }
}

function isFull(): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= maxHistoryEvents;
}
