/** What `/metrics` shows, in Prometheus' text format. Names of connections and systems, and counts: nothing of any person. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { FeedFormat } from '../feeds/formats.js';
import type { NewInboxEvent, PendingCounts } from '../store/inbox.js';
import { type CeilingName, ceilingNames } from './ceilings.js';
import type { Silence } from './quiet.js';
import { refusalReasons, type RefusalReason } from './refusals.js';

export interface Metrics {
  received(delivered: Pick<NewInboxEvent, 'connectionId' | 'system' | 'kind' | 'event'>): void;
  refused(reason: RefusalReason): void;
  /** Refused as `ceiling`. */
  aboveCeiling(connectionId: string, ceiling: CeilingName): void;
  inserted(milliseconds: number): void;
  forwarded(connectionId: string): void;
  forwardFailed(connectionId: string): void;
  /** @param isNew the reader did not have it yet */
  feedServed(connectionId: string, format: FeedFormat, isNew: boolean): void;
  readonly contentType: string;
  text(): Promise<string>;
}

/** What is asked when the page is; null: PostgreSQL does not answer, and the page leaves it out. */
export interface MetricsSources {
  readonly pending: () => Promise<readonly PendingCounts[] | null>;
  readonly silences: () => Promise<readonly Silence[] | null>;
}

/** @param connectionIds those whose webhooks are taken */
export function createMetrics({ pending, silences }: MetricsSources, connectionIds: readonly string[] = []): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const received = new Counter({
    name: 'passerelle_webhooks_received_total',
    help: 'Webhooks stored and acknowledged, by kind of record. event "other", without a kind: kept, but nothing that Passerelle acts on.',
    labelNames: ['connection', 'system', 'kind', 'event'],
    registers,
  });
  const refused = new Counter({
    name: 'passerelle_webhooks_refused_total',
    help: 'Requests answered with an error, by reason.',
    labelNames: ['reason'],
    registers,
  });
  // Shown from the start: an alert on the growth of something that was never shown does not fire the first time.
  for (const reason of refusalReasons) refused.inc({ reason }, 0);
  const aboveCeiling = new Counter({
    name: 'passerelle_webhooks_above_ceiling_total',
    help: 'Webhooks refused because a ceiling of their connection (webhooks.max…) was reached.',
    labelNames: ['connection', 'ceiling'],
    registers,
  });
  for (const connection of connectionIds)
    for (const ceiling of ceilingNames) aboveCeiling.inc({ connection, ceiling }, 0);
  const quiet = new Gauge({
    name: 'passerelle_webhooks_quiet',
    help: '1 where no webhook of a system came for longer than webhooks.quietAlertMs.',
    labelNames: ['connection', 'system'],
    registers,
  });
  const insertSeconds = new Histogram({
    name: 'passerelle_inbox_insert_seconds',
    help: 'Time that one insert took, of as many webhooks as had gathered.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const signals = new Counter({
    name: 'passerelle_signals_forwarded_total',
    help: 'Signals that told a record’s workflow of gathered events.',
    labelNames: ['connection'],
    registers,
  });
  const failures = new Counter({
    name: 'passerelle_signals_failed_total',
    help: 'Signals that Temporal did not take. They are sent again.',
    labelNames: ['connection'],
    registers,
  });
  const feeds = new Counter({
    name: 'passerelle_feeds_served_total',
    help: 'Answers with a feed of the catalogue. answer "unchanged": the reader has it already.',
    labelNames: ['connection', 'format', 'answer'],
    registers,
  });
  const events = new Gauge({
    name: 'passerelle_inbox_pending_events',
    help: 'Events that are stored and not handled yet.',
    labelNames: ['connection'],
    registers,
  });
  const links = new Gauge({
    name: 'passerelle_inbox_pending_links',
    help: 'Records whose events their workflow has not taken yet.',
    labelNames: ['connection'],
    registers,
  });
  return {
    received: ({ connectionId: connection, system, kind, event }) =>
      received.inc({ connection, system, kind: kind ?? '', event }),
    refused: (reason) => refused.inc({ reason }),
    aboveCeiling: (connection, ceiling) => aboveCeiling.inc({ connection, ceiling }),
    inserted: (milliseconds) => insertSeconds.observe(milliseconds / 1_000),
    forwarded: (connection) => signals.inc({ connection }),
    forwardFailed: (connection) => failures.inc({ connection }),
    feedServed: (connection, format, isNew) => feeds.inc({ connection, format, answer: isNew ? 'new' : 'unchanged' }),
    contentType: registry.contentType,
    text: async () => {
      const [counts, systems] = await Promise.all([pending(), silences()]);
      events.reset();
      links.reset();
      quiet.reset();
      for (const { connectionId, system, isQuiet } of systems ?? [])
        quiet.set({ connection: connectionId, system }, isQuiet ? 1 : 0);
      for (const one of counts ?? []) {
        events.set({ connection: one.connectionId }, one.events);
        links.set({ connection: one.connectionId }, one.signals);
      }
      return await registry.metrics();
    },
  };
}
