/** The receiver's HTTP side alone, with an inbox in memory. */
import { pino } from 'pino';
import type { z } from 'zod';
import { configSchema, type connectionSchema, type Config } from '../../src/config/schema.js';
import { endpointsOf } from '../../src/receiver/endpoints.js';
import type { Ceilings } from '../../src/receiver/ceilings.js';
import type { FeedSources } from '../../src/receiver/feeds.js';
import { createMetrics } from '../../src/receiver/metrics.js';
import { createServer } from '../../src/receiver/server.js';
import type { NewInboxEvent } from '../../src/store/inbox.js';

export const team = '5a90332e-568f-4980-9859-88a984844a4d';
export const client = '8d23503e-041e-4180-98d1-641183bc5ead';

/** Invented for these tests: nobody's. */
export const secrets = {
  yapla: 'yapla-secret-of-nobody-0123456789',
  yoplanning: 'yoplanning-secret-of-nobody-0123456789',
  other: 'other-secret-of-nobody-0123456789',
} as const;

type ConnectionInput = z.input<typeof connectionSchema>;
type WebhooksInput = NonNullable<ConnectionInput['webhooks']>;

/** A configuration with one connection that takes the webhooks of both systems, left out: `club`, and one that takes none and has no events. */
export function testConfig(
  more: {
    readonly yapla?: WebhooksInput['yapla'];
    readonly yoplanning?: WebhooksInput['yoplanning'];
    /** Ceilings of the connection, and when it is quiet. */
    readonly webhooks?: Omit<WebhooksInput, 'yapla' | 'yoplanning'>;
    readonly receiver?: Partial<Config['receiver']>;
    readonly connection?: Partial<ConnectionInput>;
    readonly connectionId?: string;
    readonly liveTaskQueue?: string;
  } = {},
): Config {
  const club: ConnectionInput = {
    create: 'none',
    yapla: { read: { key: { value: 'key' } } },
    yoplanning: { token: 'token', team },
    webhooks: {
      yapla: { secret: secrets.yapla, ...more.yapla },
      yoplanning: { secret: secrets.yoplanning, ...more.yoplanning },
      ...more.webhooks,
    },
    ...more.connection,
  };
  // Of another team: two connections with one are refused.
  const yoplanning = { ...club.yoplanning, team: '11111111-1111-4111-8111-111111111111' };
  const silent: ConnectionInput = { ...club, yoplanning, webhooks: {}, events: undefined };
  return configSchema.parse({
    receiver: { port: 0, ...more.receiver },
    temporal: { liveTaskQueue: more.liveTaskQueue },
    connections: { [more.connectionId ?? 'club']: club, silent },
  });
}

/** What Yoplanning's vendor shows as an example. */
export const clientEvent = {
  resource: { id: client, type: 'client' },
  link: `https://yoplanning.pro/api/v3.1/teams/${team}/clients/${client}`,
  event: 'updated',
};

export const memberEvent = { event: 'member.updated', data: { id: 1042, first_name: 'Nobody' } };

export async function testServer(
  options: Parameters<typeof testConfig>[0] & {
    readonly ceilings?: Ceilings;
    readonly feeds?: Omit<FeedSources, 'connections'>;
  } = {},
) {
  const config = testConfig(options);
  const stored: NewInboxEvent[] = [];
  const logged: string[] = [];
  const metrics = createMetrics({ pending: async () => [], silences: async () => [] }, ['club']);
  const app = await createServer({
    logins: { sql: undefined as never, connections: {} },
    feeds: {
      connections: config.connections,
      read: async () => ({ sessions: [], lastOverAt: null }),
      onServed: (connectionId, format, isNew) => metrics.feedServed(connectionId, format, isNew),
      ...options.feeds,
    },
    settings: config.receiver,
    endpoints: endpointsOf(config.connections),
    ceilings: options.ceilings ?? { exceededBy: async () => null },
    writer: { add: async (event) => void stored.push(event) },
    metrics,
    onStored: () => undefined,
    readiness: async () => ({ ready: true, postgres: 'up', temporal: 'unknown' }),
    log: pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) }),
  });
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await app.inject({
      method: 'POST',
      url: path,
      headers: { 'content-type': 'application/json', ...headers },
      payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.json<{ error?: string; message?: string }>(),
    };
  };
  return {
    app,
    post,
    stored,
    logged,
    metrics,
    toYapla: (body: unknown, headers?: Record<string, string>) =>
      post(`/webhooks/club/yapla/${secrets.yapla}`, body, headers),
    toYoplanning: (body: unknown, headers?: Record<string, string>) =>
      post(`/webhooks/club/yoplanning/${secrets.yoplanning}`, body, headers),
  };
}
