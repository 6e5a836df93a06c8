/** The receiver's HTTP side: authenticates before it reads, checks before it parses, and acknowledges what is stored. */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ReceiverConfig } from '../config/receiver.js';
import type { JsonObject } from '../core/document.js';
import type { Log } from '../log.js';
import {
  authenticate,
  endpointName,
  type Endpoint,
  type Endpoints,
  isSigned,
  parseBody,
  readYapla,
  readYoplanning,
} from './endpoints.js';
import type { Ceilings } from './ceilings.js';
import { addFeedRoute, type FeedSources } from './feeds.js';
import { errorCode, type InboxWriter, type Outage } from './inboxWriter.js';
import { addLoginRoute, type LoginAnswers } from './loginAnswers.js';
import type { Metrics } from './metrics.js';
import { addStatusRoutes, jsonType, limitRequests } from '../status.js';
import { createRefusalLog, Refusal, type RefusalReason } from './refusals.js';

export interface ServerOptions {
  readonly settings: Pick<
    ReceiverConfig,
    'trustProxy' | 'bodyLimitBytes' | 'maxRequestsPerSecond' | 'requestTimeoutMs' | 'retryMs'
  >;
  readonly endpoints: Endpoints;
  readonly ceilings: Ceilings;
  readonly writer: InboxWriter;
  readonly metrics: Metrics;
  /** Where persons come back who log in to Yapla. */
  readonly logins: LoginAnswers;
  /** What is on, for the clubs' pages. */
  readonly feeds: FeedSources;
  /** Told when something was stored. */
  readonly onStored: () => void;
  readonly readiness: () => Promise<Readiness>;
  readonly log: Log;
}

/** What `/ready` shows. */
export interface Readiness {
  /** Whether a webhook can be stored. */
  readonly ready: boolean;
  readonly postgres: 'up' | 'down' | 'notMigrated';
  /** Not required: without Temporal events wait in the inbox. */
  readonly temporal: Outage['state'];
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the request is authenticated. */
    endpoint: Endpoint | null;
  }
}

interface Parsed {
  readonly text: string;
  readonly body: JsonObject;
}

interface Place {
  readonly connection: string;
  readonly system: string;
  readonly secret: string;
  readonly about?: string;
}

/** Room for any secret that the configuration allows, percent-encoded: what is longer would be answered 404 instead of 401. */
const maxParameterLength = 1_000;

/** How often Node looks for requests that took too long. */
const timeoutCheckMs = 1_000;

const json = /^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i;

/** Not listening yet. `close()` ends it after the requests that have come in. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { settings, endpoints, ceilings, writer, metrics, onStored, readiness, log, logins, feeds } = options;
  const { requestTimeoutMs } = settings;
  const logRefusal = createRefusalLog(log);
  const app = fastify({
    // Requests are not logged: their addresses hold secrets.
    logger: false,
    trustProxy: settings.trustProxy.length === 0 ? false : [...settings.trustProxy],
    bodyLimit: settings.bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    http: {
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: timeoutCheckMs,
    },
    routerOptions: { maxParamLength: maxParameterLength },
    // What has come in is answered, also while the receiver stops.
    return503OnClosing: false,
    // The framework's own answers would repeat the address.
    frameworkErrors: (_error, _request, reply: FastifyReply) => {
      metrics.refused('http');
      const refusal = new Refusal('http');
      void reply.code(refusal.statusCode).send(refusal.body);
    },
  });
  app.decorateRequest('endpoint', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(json, { parseAs: 'buffer' }, (request, raw: Buffer, done) => {
    const { endpoint } = request;
    // Nothing is found at this address: its body is nobody's.
    if (endpoint === null) return done(null);
    if (!isSigned(endpoint, request.headers, raw)) return done(new Refusal('authentication'));
    const parsed = parseBody(raw);
    if (parsed === null) return done(new Refusal('json'));
    done(null, parsed);
  });

  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.reason === 'internal') log.error({ error: errorCode(error) }, 'the receiver failed on a request');
    metrics.refused(refusal.reason);
    logRefusal(refusal, placeOf(request, endpoints));
    const isAway = refusal.reason === 'unavailable' || refusal.reason === 'unread';
    const retryAfterMs = isAway ? settings.retryMs : refusal.retryAfterMs;
    if (retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(retryAfterMs / 1_000));
    // RFC 9110 wants a challenge; it is the same whatever is configured.
    if (refusal.reason === 'authentication')
      reply.header('www-authenticate', 'Basic realm="webhooks", charset="UTF-8"');
    return reply.code(refusal.statusCode).send(refusal.body);
  });
  app.setNotFoundHandler(() => {
    throw new Refusal('notFound');
  });

  await limitRequests(app, settings.maxRequestsPerSecond, () => new Refusal('busy'));

  app.post<{ Params: Place }>(
    '/webhooks/:connection/:system/:secret/:about?',
    {
      onRequest: [
        app.rateLimit(),
        async (request) => {
          request.endpoint = authenticate(endpoints, { ...request.params, headers: request.headers });
          if (request.endpoint === null) throw new Refusal('authentication');
        },
      ],
    },
    async (request, reply) => {
      const endpoint = request.endpoint!;
      // Undefined: there was no body at all.
      const parsed = request.body as Parsed | undefined;
      if (parsed === undefined) throw new Refusal('json');
      const { connectionId, system, about, connection } = endpoint;
      const { kind, event, externalId } =
        system === 'yapla' ? readYapla(connection, parsed.body, about) : readYoplanning(connection, parsed.body);
      const delivered = { connectionId, kind, system, event, externalId, body: parsed.text };
      const exceeded = await ceilings.exceededBy(delivered, connection.webhooks);
      if (exceeded !== null) {
        metrics.aboveCeiling(connectionId, exceeded.ceiling);
        throw new Refusal('ceiling', undefined, { ceiling: exceeded.ceiling }, exceeded.retryAfterMs);
      }
      await writer.add(delivered);
      metrics.received(delivered);
      onStored();
      return reply.code(202).type(jsonType).send('{"status":"stored"}');
    },
  );

  addLoginRoute(app, logins);
  addFeedRoute(app, feeds);
  addStatusRoutes(app, { readiness, metrics });
  return app;
}

/** Of what the framework refuses by itself, by its code. */
const frameworkReasons: Readonly<Partial<Record<string, RefusalReason>>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'tooLarge',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'mediaType',
};

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { code, statusCode } = error as { readonly code?: string; readonly statusCode?: number };
  const reason = frameworkReasons[code ?? ''];
  if (reason !== undefined) return new Refusal(reason);
  // A body that ends too early, or is cut off.
  return new Refusal(statusCode !== undefined && statusCode < 500 ? 'http' : 'internal');
}

/** The endpoint that a request names, if it is one of ours: anything else was made up by the sender, and is not logged. */
function placeOf(request: FastifyRequest, endpoints: Endpoints): string {
  const { connection = '', system = '', about } = (request.params ?? {}) as Partial<Place>;
  const place = endpointName(connection, system, about);
  return endpoints.has(place) ? place : '';
}
