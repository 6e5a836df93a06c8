/**
 * The feeds of the catalogue: `GET /feeds/<connection>/<secret>/catalogue.ics`, `.json` and `.xlsx`. What they show is read from the mirror; no
 * system is asked. Their address is their key: a wrong one is answered as one that does not exist, in the same time.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fresh from 'fresh';
import { feedsOf, type FeedsConfig } from '../config/feeds.js';
import type { ConnectionConfig } from '../config/schema.js';
import { feedOf } from '../core/events/feed.js';
import type { Scope } from '../core/record.js';
import { type FeedFormat, feedFile, formatOfFile, mediaTypes, writeFeed } from '../feeds/formats.js';
import type { CatalogueShown } from '../store/catalogueFeed.js';
import { isEqual, nobodysSecret } from './constantTime.js';
import { Refusal } from './refusals.js';

/** So long what was read is shown to all who ask: a page that many look at costs PostgreSQL a statement a second. */
const freshMs = 1_000;

export interface FeedSources {
  /** A configuration is read once: what changes it, starts the process anew. */
  readonly connections: Readonly<Record<string, ConnectionConfig>>;
  /** @param nowMs sessions that were over by then are left out */
  readonly read: (scope: Scope, nowMs: number) => Promise<CatalogueShown>;
  /** Told of each answer. */
  readonly onServed?: (connectionId: string, format: FeedFormat, isNew: boolean) => void;
  readonly now?: () => number;
}

interface Place {
  readonly connection: string;
  readonly secret: string;
  readonly file: string;
}

/** A feed's bytes in one form. */
interface Edition {
  readonly bytes: Uint8Array;
  /** Of HTTP: another for other bytes. */
  readonly etag: string;
  /** Epoch milliseconds; null: nothing is known yet. */
  readonly changedAtMs: number | null;
}

/** Whose catalogue has feeds. */
export function connectionsWithFeeds(connections: Readonly<Record<string, ConnectionConfig>>): readonly string[] {
  return Object.keys(connections).filter((id) => feedsOf(connections[id]!) !== null);
}

/** Adds the route. @param app with `limitRequests` */
export function addFeedRoute(app: FastifyInstance, sources: FeedSources): void {
  const shelves = new Map<string, Shelf>();
  for (const [connectionId, connection] of Object.entries(sources.connections)) {
    const feeds = feedsOf(connection);
    if (feeds !== null) shelves.set(connectionId, new Shelf(connectionId, connection, feeds, sources));
  }
  // The framework answers HEAD by the same route.
  app.get<{ Params: Place }>(
    '/feeds/:connection/:secret/:file',
    { onRequest: app.rateLimit() },
    async (request, reply) => {
      const { connection, secret, file } = request.params;
      const shelf = shelves.get(connection);
      const isKnown = isEqual(secret, shelf?.feeds.secret ?? nobodysSecret);
      const format = formatOfFile(file);
      if (shelf === undefined || !isKnown || format === null) throw new Refusal('notFound');
      const edition = await shelf.edition(format);
      const isNew = answer(request, reply, edition, { format, maxAgeMs: shelf.feeds.maxAgeMs });
      sources.onServed?.(connection, format, isNew);
      return reply;
    },
  );
}

/** @returns whether the reader did not have it yet */
function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { bytes, etag, changedAtMs }: Edition,
  { format, maxAgeMs }: { readonly format: FeedFormat; readonly maxAgeMs: number },
): boolean {
  const validators = {
    etag,
    ...(changedAtMs === null ? {} : { 'last-modified': new Date(changedAtMs).toUTCString() }),
  };
  reply.headers({
    ...validators,
    'cache-control': `public, max-age=${Math.floor(maxAgeMs / 1_000)}`,
    // A page of the club's, wherever it stands, may read it; it sends nothing of its visitor along.
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    'x-content-type-options': 'nosniff',
    // A search engine that met the address would show it to everybody.
    'x-robots-tag': 'noindex, nofollow',
  });
  if (fresh(request.headers, validators)) {
    reply.code(304).send();
    return false;
  }
  reply
    .headers({
      'content-disposition': `${format === 'xlsx' ? 'attachment' : 'inline'}; filename="${feedFile(format)}"`,
    })
    .type(mediaTypes[format])
    .send(bytes);
  return true;
}

/** The feeds of one connection. Read and written once for all who ask within a moment. */
class Shelf {
  #shown: { readonly atMs: number; readonly reading: Promise<CatalogueShown> } | null = null;
  #editions = new Map<FeedFormat, { readonly of: string; readonly edition: Promise<Edition> }>();

  constructor(
    private readonly connectionId: string,
    private readonly connection: ConnectionConfig,
    readonly feeds: FeedsConfig,
    private readonly sources: FeedSources,
  ) {}

  /** @throws {Refusal} where PostgreSQL does not answer */
  async edition(format: FeedFormat): Promise<Edition> {
    const { connectionId, connection, feeds } = this;
    const { timeZone, events } = connection.yoplanning;
    const shown = await this.#read();
    const feed = feedOf(shown, { name: feeds.name, pageUrl: feeds.pageUrl, lang: events.lang, timeZone });
    const of = digestOf(JSON.stringify(feed));
    const known = this.#editions.get(format);
    if (known?.of === of) return await known.edition;
    const changedAtMs = feed.changedAt === null ? null : Date.parse(feed.changedAt);
    const edition = writeFeed(feed, format, { connectionId, maxAgeMs: feeds.maxAgeMs }).then((bytes) => ({
      bytes,
      etag: `"${digestOf(bytes)}"`,
      changedAtMs,
    }));
    this.#editions.set(format, { of, edition });
    edition.catch(() => this.#editions.delete(format));
    return await edition;
  }

  async #read(): Promise<CatalogueShown> {
    const nowMs = (this.sources.now ?? Date.now)();
    if (this.#shown === null || nowMs >= this.#shown.atMs + freshMs || nowMs < this.#shown.atMs) {
      const reading = this.sources.read({ connectionId: this.connectionId, kind: 'registration' }, nowMs);
      this.#shown = { atMs: nowMs, reading };
    }
    const { reading } = this.#shown;
    try {
      return await reading;
    } catch {
      // Whoever asks next, asks again.
      if (this.#shown?.reading === reading) this.#shown = null;
      throw new Refusal('unread');
    }
  }
}

function digestOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('base64url');
}
