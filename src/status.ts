/** How a process shows that it lives and can work: `/health`, `/ready` and `/metrics`, the same of the receiver and of a worker. */
import type { AddressInfo } from 'node:net';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyInstance } from 'fastify';

export interface Status {
  /** What `/ready` shows; asked each time. */
  readonly readiness: () => Promise<{ readonly ready: boolean }>;
  readonly metrics: {
    readonly contentType: string;
    /** In Prometheus' text format. */
    text(): Promise<string>;
  };
}

export const jsonType = 'application/json; charset=utf-8';

/** No header tells what the limit is. */
const noHeaders = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false };

/**
 * Limits the routes that ask for it (`app.rateLimit()`).
 *
 * @param busy what is thrown beyond the limit; left out: a plain 429
 */
export async function limitRequests(
  app: FastifyInstance,
  maxRequestsPerSecond: number,
  busy?: () => Error,
): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    max: maxRequestsPerSecond,
    timeWindow: 1_000,
    ...(busy === undefined ? {} : { errorResponseBuilder: busy }),
    addHeaders: noHeaders,
    addHeadersOnExceeding: noHeaders,
  });
}

/** Adds the three routes. @param app with `limitRequests` */
export function addStatusRoutes(app: FastifyInstance, { readiness, metrics }: Status): void {
  app.get('/health', (_request, reply) => reply.type(jsonType).send('{"status":"up"}'));
  // Each asks PostgreSQL something: anyone who reaches the port must not make it busy.
  app.get('/ready', { onRequest: app.rateLimit() }, async (_request, reply) => {
    const state = await readiness();
    return reply.code(state.ready ? 200 : 503).send(state);
  });
  app.get('/metrics', { onRequest: app.rateLimit() }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
}

export interface StatusServer {
  /** `http://host:port`, to which paths are appended. */
  readonly address: string;
  /** Repeatable. */
  stop(): Promise<void>;
}

/** Listens for the three routes and nothing else. @throws when the port is taken (`EADDRINUSE`) or the host is not ours */
export async function startStatusServer(
  status: Status,
  {
    host,
    port,
    maxRequestsPerSecond,
  }: { readonly host: string; readonly port: number; readonly maxRequestsPerSecond: number },
): Promise<StatusServer> {
  const app = fastify({ logger: false });
  await limitRequests(app, maxRequestsPerSecond);
  addStatusRoutes(app, status);
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw error;
  }
  return { address: addressOf(host, app.server.address() as AddressInfo), stop: () => app.close() };
}

/** Where a server that listens can be reached. */
export function addressOf(host: string, { port }: AddressInfo): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** @throws Error when it takes longer: what hangs must not make anyone who asks hang as well */
export async function within<T>(milliseconds: number, result: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
    // Nobody waits for it any more.
    result.catch(() => undefined);
  }
}
