/**
 * Tells the workflows of records about which events gathered in the inbox. Everything it works from stands in PostgreSQL: any number of
 * forwarders may run at once, and what one leaves behind another finds.
 *
 * It wakes when this process stored something, when a signal is due, and every `pollMs` for what others left. While Temporal does not
 * answer, events wait in the inbox and one signal at a time is tried, after ever longer pauses.
 */
import { isGrpcServiceError } from '@temporalio/client';
import type { ReceiverConfig } from '../config/receiver.js';
import type { RecordKind } from '../core/record.js';
import type { Log } from '../log.js';
import { type Sql, withoutValues } from '../store/database.js';
import {
  addressEvents,
  type DueSignal,
  type ForwardingRule,
  nextDueInMs,
  releaseSignals,
  reviveStranded,
  takeDueSignals,
} from '../store/inbox.js';
import { createAlarm, errorCode, type Outage, watchOutage } from './inboxWriter.js';

export interface ForwarderOptions {
  readonly sql: Sql;
  /** Of the connections that this process knows; events of others are left to others. */
  readonly rules: readonly ForwardingRule[];
  /** Kinds of records that have a workflow to be told: events of others wait in the inbox until one has. */
  readonly kinds: readonly RecordKind[];
  readonly settings: Pick<ReceiverConfig, 'pollMs' | 'parallelSignals' | 'retryMs' | 'maxRetryMs' | 'strandedMs'>;
  /** Sends one signal. Repeatable. */
  readonly send: (signal: DueSignal) => Promise<void>;
  readonly onForwarded: (signal: DueSignal) => void;
  readonly onFailed: (signal: DueSignal) => void;
  readonly log: Log;
}

export interface Forwarder {
  /** Something was stored. */
  poke(): void;
  /** Whether Temporal takes signals; `unknown`: none was sent yet. */
  readonly temporal: Outage['state'];
  /** Ends after the signals under way. What is not sent stays in the inbox. Repeatable. */
  stop(): Promise<void>;
}

/** Events that come one after the other are addressed together, so often at most: a storm must not cost a statement for each. */
const gatherMs = 50;

/** Events that one statement addresses: some milliseconds of work. */
const addressLimit = 1_000;

/** A timer may fire a moment early, and it is the database's clock that says whether a signal is due. */
const timerSlackMs = 2;

export function startForwarder(options: ForwarderOptions): Forwarder {
  const { sql, rules, kinds, settings, send, onForwarded, onFailed, log } = options;
  const temporal = watchOutage({
    ...settings,
    log,
    lost: 'Temporal does not take signals: events wait in the inbox',
    found: 'Temporal takes signals again',
  });
  const database = watchOutage({
    ...settings,
    log,
    lost: 'the inbox cannot be read: what it holds is forwarded when it can',
    found: 'the inbox can be read again',
  });
  const alarm = createAlarm();
  let stopping = false;
  let poked = true;
  let polledAt = -Infinity;
  let addressedAt = -Infinity;
  let revivedAt = -Infinity;
  let nextDueAt = Infinity;

  async function run(): Promise<void> {
    while (!stopping) {
      try {
        await pass();
        database.succeeded();
      } catch (error) {
        // Whatever was under way is found again: it stands in the tables.
        poked = true;
        database.failed(withoutValues(error));
      }
      if (!stopping) await alarm.sleepUntil(wakeAt());
    }
  }

  function wakeAt(): number {
    const pollAt = polledAt + settings.pollMs;
    const addressAt = poked ? addressedAt + gatherMs : Infinity;
    const dueAt = Math.max(nextDueAt, temporal.pausedUntil);
    return Math.max(Math.min(pollAt, addressAt, dueAt), database.pausedUntil);
  }

  async function pass(): Promise<void> {
    const now = performance.now();
    if (now >= polledAt + settings.pollMs) {
      poked = true;
      await revive(now);
      polledAt = now;
    }
    await address();
    while (!stopping && performance.now() >= temporal.pausedUntil) {
      // One at a time is tried while Temporal is down: the others need not fail to show it.
      const due = await takeDueSignals(sql, rules, temporal.state === 'down' ? 1 : settings.parallelSignals);
      if (due.length === 0) break;
      await forward(due);
      await address();
    }
    const ms = await nextDueInMs(sql, rules);
    nextDueAt = ms === null ? Infinity : performance.now() + Math.max(0, ms) + timerSlackMs;
  }

  async function revive(now: number): Promise<void> {
    if (now < revivedAt + settings.strandedMs / 4) return;
    const links = await reviveStranded(sql, rules, settings.strandedMs);
    revivedAt = now;
    if (links > 0) log.warn({ links }, 'events were taken and never handled: their workflows are signalled again');
  }

  async function address(): Promise<void> {
    while (poked && performance.now() >= addressedAt + gatherMs) {
      poked = false;
      const addressed = await addressEvents(sql, rules, addressLimit, kinds);
      if (addressed < addressLimit) addressedAt = performance.now();
      else poked = true;
    }
  }

  async function forward(signals: readonly DueSignal[]): Promise<void> {
    const ends = await Promise.all(signals.map(async (signal) => ({ signal, error: await failureOf(signal) })));
    const refused = ends.filter(({ error }) => isAboutOneLink(error));
    const unsent = ends.filter(({ error }) => error !== null && !isAboutOneLink(error));
    if (unsent.length === 0) temporal.succeeded();
    else temporal.failed(unsent[0]!.error);
    for (const { signal, error } of refused) {
      const { scope, linkId } = signal;
      const place = { ...scope, linkId, error: errorCode(error) };
      log.warn(place, 'Temporal refuses the signal to one record’s workflow: it is sent again later');
    }
    await releaseSignals(
      sql,
      refused.map(({ signal }) => signal),
      settings.maxRetryMs,
    );
    await releaseSignals(
      sql,
      unsent.map(({ signal }) => signal),
      0,
    );
  }

  /** Sends a signal. @returns why that failed; null: it did not. */
  async function failureOf(signal: DueSignal): Promise<unknown> {
    try {
      await send(signal);
    } catch (error) {
      onFailed(signal);
      return error ?? new Error('unknown');
    }
    onForwarded(signal);
    const { scope, linkId, gathered, attempt } = signal;
    log.info({ ...scope, linkId, ...gathered, attempt }, 'events forwarded');
    return null;
  }

  const ended = run();
  return {
    poke: () => {
      poked = true;
      alarm.notLaterThan(Math.max(addressedAt + gatherMs, database.pausedUntil));
    },
    get temporal() {
      return temporal.state;
    },
    stop: async () => {
      stopping = true;
      alarm.notLaterThan(-Infinity);
      await ended;
    },
  };
}

/** gRPC codes (https://grpc.io/docs/guides/status-codes/) by which Temporal refuses one request, and would take others. */
const refusals: ReadonlySet<number> = new Set([3 /* INVALID_ARGUMENT */, 9 /* FAILED_PRECONDITION */]);

function isAboutOneLink(error: unknown): boolean {
  const cause = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  return isGrpcServiceError(cause) && refusals.has(cause.code);
}
