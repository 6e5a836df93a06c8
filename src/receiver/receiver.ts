/** The receiver as a whole: takes webhooks, stores them in the inbox, and tells the workflows of the records they are about. */
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Config } from '../config/schema.js';
import type { Log } from '../log.js';
import { openDatabase } from '../store/database.js';
import { catalogueShown } from '../store/catalogueFeed.js';
import { addEvents, countPending, inboxIsReady, type NewInboxEvent } from '../store/inbox.js';
import { isKnown, lastWebhooks, webhookUse } from '../store/webhookUse.js';
import { toldKinds } from '../liveWorkflows.js';
import { signalChanged } from '../syncRecord.js';
import { endpointsOf } from './endpoints.js';
import { connectionsWithFeeds } from './feeds.js';
import { createCeilings, hourMs } from './ceilings.js';
import { startForwarder } from './forwarder.js';
import { createInboxWriter, watchOutage } from './inboxWriter.js';
import { createMetrics } from './metrics.js';
import { createSilenceLog, expectedWebhooks, silencesOf } from './quiet.js';
import { createServer, type Readiness } from './server.js';
import { addressOf, within } from '../status.js';

export interface ReceiverOptions {
  readonly config: Pick<Config, 'connections' | 'receiver' | 'retention' | 'temporal'>;
  /** Migrated already. The receiver opens connections of its own, so that webhooks never wait for a bulk sync. */
  readonly databaseUrl: string;
  /** Need not be connected: while Temporal does not answer, events wait. Stays open when the receiver ends. */
  readonly client: Client;
  /** Left out: `receiver.port` of the configuration; 0: any. */
  readonly port?: number;
  readonly log: Log;
}

export interface RunningReceiver {
  /** `http://host:port`, to which paths are appended. */
  readonly address: string;
  /** Whose webhooks are taken, by place: `<connection>/<system>`, and what alone is delivered there. */
  readonly endpoints: readonly string[];
  /** Connections whose catalogue has feeds. */
  readonly feeds: readonly string[];
  /** Takes no new requests, stores and answers those under way, and ends. Repeatable. */
  stop(): Promise<void>;
}

/** While it stops: how soon a connection is closed whose last request has been answered. */
const idleSweepMs = 50;

/** Whether there is anything to listen for: a system of these connections delivers webhooks, or a catalogue has feeds. */
export function isReceiverNeeded(connections: Config['connections']): boolean {
  return endpointsOf(connections).size > 0 || connectionsWithFeeds(connections).length > 0;
}

/** Starts listening and forwarding. @throws when the port is taken (`EADDRINUSE`) or the host is not ours */
export async function startReceiver(options: ReceiverOptions): Promise<RunningReceiver> {
  const { config, client, log } = options;
  const settings = config.receiver;
  const connections = Object.entries(config.connections);
  const connectionIds = connections.map(([connectionId]) => connectionId);
  const sql = openDatabase(options.databaseUrl, {
    maxConnections: settings.databaseConnections,
    applicationName: 'passerelle-receiver',
    statementTimeoutMs: settings.storeTimeoutMs,
    plans: 'kept',
  });

  const endpoints = endpointsOf(config.connections);
  const expected = expectedWebhooks(config.connections);
  const silences = async () => silencesOf(config.connections, await lastWebhooks(sql, expected), Date.now());
  const orNull = <T>(result: Promise<T>) => within(settings.storeTimeoutMs, result).catch(() => null);
  const metrics = createMetrics(
    { pending: () => orNull(countPending(sql, connectionIds)), silences: () => orNull(silences()) },
    [...new Set(expected.map(({ connectionId }) => connectionId))],
  );
  const logSilences = createSilenceLog(log);
  const listening = new AbortController();
  const listens = (async () => {
    while (!listening.signal.aborted) {
      logSilences((await orNull(silences())) ?? []);
      await sleep(settings.quietLookMs, undefined, { signal: listening.signal, ref: false }).catch(() => undefined);
    }
  })();
  const gatherMs = (connectionId: string) => config.connections[connectionId]!.live.debounceMs;
  const ceilings = createCeilings({
    gatherMs,
    use: (connectionId) =>
      within(
        settings.storeTimeoutMs,
        webhookUse(sql, connectionId, { windowMs: hourMs, gatherMs: gatherMs(connectionId) }),
      ),
    isKnown: (event) => within(settings.storeTimeoutMs, isKnown(sql, event)),
  });
  const storing = watchOutage({
    ...settings,
    log,
    lost: 'webhooks cannot be stored: they are answered 503',
    found: 'webhooks are stored again',
  });
  const writer = createInboxWriter({
    insert: (events) => addEvents(sql, events.map(keeping(config.retention))),
    timeoutMs: settings.storeTimeoutMs,
    onInsert: (milliseconds, error) => {
      metrics.inserted(milliseconds);
      if (error === null) storing.succeeded();
      else storing.failed(error);
    },
  });
  const forwarder = startForwarder({
    sql,
    rules: connections.map(([connectionId, { live }]) => ({
      connectionId,
      debounceMs: live.debounceMs,
      resignalMs: live.resignalMs,
    })),
    kinds: toldKinds,
    settings,
    send: ({ scope, linkId, gathered }) => {
      const target = {
        client,
        liveTaskQueue: config.temporal.liveTaskQueue,
        scope,
        connection: config.connections[scope.connectionId]!,
      };
      return client.withDeadline(Date.now() + settings.signalTimeoutMs, () => signalChanged(target, linkId, gathered));
    },
    onForwarded: ({ scope }) => metrics.forwarded(scope.connectionId),
    onFailed: ({ scope }) => metrics.forwardFailed(scope.connectionId),
    log,
  });

  async function readiness(): Promise<Readiness> {
    const postgres = await within(settings.storeTimeoutMs, inboxIsReady(sql)).then(
      (ready) => (ready ? 'up' : 'notMigrated'),
      () => 'down' as const,
    );
    return { ready: postgres === 'up', postgres, temporal: forwarder.temporal };
  }

  const server = await createServer({
    logins: { sql, connections: config.connections },
    feeds: {
      connections: config.connections,
      read: (scope, nowMs) => within(settings.storeTimeoutMs, catalogueShown(sql, scope, nowMs)),
      onServed: (connectionId, format, isNew) => metrics.feedServed(connectionId, format, isNew),
    },
    settings,
    endpoints,
    ceilings,
    writer,
    metrics,
    onStored: () => forwarder.poke(),
    readiness,
    log,
  });
  const close = async () => {
    // Node closes the connections that are idle when it is told to stop; those whose answer is sent afterwards would be kept alive.
    const sweeping = setInterval(() => server.server.closeIdleConnections(), idleSweepMs);
    await server.close().finally(() => clearInterval(sweeping));
    listening.abort();
    await listens;
    await forwarder.stop();
    await sql.end({ timeout: 5 });
  };
  try {
    await server.listen({ host: settings.host, port: options.port ?? settings.port });
  } catch (error) {
    await close();
    throw error;
  }
  const address = addressOf(settings.host, server.server.address() as AddressInfo);
  const feeds = connectionsWithFeeds(config.connections);
  log.info({ address, endpoints: [...endpoints.keys()], feeds }, 'receiver started');
  let stopped: Promise<void> | undefined;
  return {
    address,
    endpoints: [...endpoints.keys()],
    feeds,
    stop: () => (stopped ??= close().then(() => log.info('receiver stopped'))),
  };
}

/** Of what nobody acts on only that it came is kept, unless its body was asked for: it holds people's data. */
function keeping({ otherWebhookBodies }: Config['retention']): (event: NewInboxEvent) => NewInboxEvent {
  return (event) => (event.event === 'other' && !otherWebhookBodies ? { ...event, body: '{}' } : event);
}
