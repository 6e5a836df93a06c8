/**
 * The endpoints for webhooks: who may deliver there, and whom a delivery is about. Every comparison is of keyed digests in constant time, all configured checks are made whatever the first ones
 * say, and an address that does not exist is refused in the same way and the same time as a wrong secret: nothing can be found by trying.
 */
import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { ConnectionConfig } from '../config/schema.js';
import { memberIdPath, type WebhookAuthentication } from '../config/webhooks.js';
import { type EventWords, eventWordsOf, type YaplaEventsConfig } from '../config/yaplaEvents.js';
import { type RecordKind, type SystemName, systemNames } from '../core/record.js';
import { isJsonObject, type Json, type JsonObject } from '../core/document.js';
import { idIn } from '../core/idIn.js';
import { parseJson } from '../core/json.js';
import type { RecordEvent } from '../store/inbox.js';
import { getProperty } from 'dot-prop';
import { isEqual, nobodysSecret } from './constantTime.js';
import { Refusal } from './refusals.js';

/** One system of one connection that delivers here. */
export interface Endpoint {
  readonly connectionId: string;
  readonly system: SystemName;
  /** What alone is delivered here: a body need not say what it is about. Null: it must. */
  readonly about: EventKind | null;
  readonly connection: ConnectionConfig;
  readonly authentication: WebhookAuthentication;
}

/** Stands where no endpoint is, so that comparing takes as long. */
const nobody: WebhookAuthentication = { secret: nobodysSecret };

/** What Yapla lets a person set up webhooks for apart from members: each event, and each campaign of donations, with an address of its own. */
type EventKind = Exclude<RecordKind, 'person'>;
const eventKinds = ['registration', 'donation'] as const satisfies readonly EventKind[];

/** Endpoints by place, `<connection>/<system>`: every system with a secret; and where events are looked at, `<connection>/yapla/registrations` and `…/donations`. */
export type Endpoints = ReadonlyMap<string, Endpoint>;

/** How an endpoint is called; not its address, which has a secret in it. @param about the last part of the address, where it has one more */
export function endpointName(connection: string, system: string, about?: string): string {
  return [connection, system, ...(about === undefined ? [] : [about])].join('/');
}

export function endpointsOf(connections: Readonly<Record<string, ConnectionConfig>>): Endpoints {
  return new Map(
    Object.entries(connections).flatMap(([connectionId, connection]) =>
      systemNames.flatMap((system): [string, Endpoint][] => {
        const authentication: WebhookAuthentication = connection.webhooks[system];
        if (authentication.secret === undefined) return [];
        const at = (about: EventKind | null): [string, Endpoint] => [
          endpointName(connectionId, system, about === null ? undefined : `${about}s`),
          { connectionId, system, about, connection, authentication },
        ];
        const ofEvents = system === 'yapla' && connection.yapla.events !== undefined ? eventKinds : [];
        return [null, ...ofEvents].map(at);
      }),
    ),
  );
}

/** The place and the secret that a request names, and what it carries before its body. */
export interface Credentials {
  readonly connection: string;
  readonly system: string;
  readonly secret: string;
  /** What follows the secret; left out: nothing. */
  readonly about?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** The endpoint that a request may deliver to; null: none, for whatever reason. Does not need the body, and so does not check an HMAC. */
export function authenticate(
  endpoints: Endpoints,
  { connection, system, secret, about, headers }: Credentials,
): Endpoint | null {
  const endpoint = endpoints.get(endpointName(connection, system, about));
  const expected = endpoint?.authentication ?? nobody;
  const checks = [
    isEqual(secret, expected.secret ?? ''),
    expected.header === undefined || isEqual(headerOf(headers, expected.header.name), expected.header.value),
    expected.basic === undefined || isEqual(basicOf(headers), `${expected.basic.user}:${expected.basic.password}`),
  ];
  return endpoint !== undefined && checks.every(Boolean) ? endpoint : null;
}

/** Whether the signature of the raw body is right, or none is agreed. */
export function isSigned(endpoint: Endpoint, headers: IncomingHttpHeaders, body: Buffer): boolean {
  const { hmac } = endpoint.authentication;
  if (hmac === undefined) return true;
  const signature = createHmac(hmac.algorithm, hmac.secret).update(body).digest(hmac.encoding);
  const given = headerOf(headers, hmac.header);
  // Hexadecimal digits are written in either case.
  return isEqual(hmac.encoding === 'hex' ? given.toLowerCase() : given, prefixed(hmac, signature));
}

function prefixed({ prefix, encoding }: { prefix: string; encoding: string }, signature: string): string {
  return `${encoding === 'hex' ? prefix.toLowerCase() : prefix}${signature}`;
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  return String(headers[name.toLowerCase()] ?? '');
}

/** `user:password` of HTTP basic authentication (RFC 7617); empty: none was sent. */
function basicOf(headers: IncomingHttpHeaders): string {
  const match = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(headers.authorization ?? '');
  return match === null ? '' : Buffer.from(match[1]!, 'base64').toString('utf8');
}

// What a delivery says, as far as it is needed to know whom it is about.

/** `other`: a resource or an event that Passerelle does not act on; it is kept all the same. */
export type Reading =
  | { readonly kind: RecordKind; readonly event: RecordEvent; readonly externalId: string }
  | { readonly kind: null; readonly event: 'other'; readonly externalId: null };

export const other: Reading = { kind: null, event: 'other', externalId: null };

/** A body as a JSON object, its numbers to the letter (core/json.ts); null: it is none. `text`: without a byte order mark, as it can be stored. */
export function parseBody(raw: Buffer): { readonly text: string; readonly body: JsonObject } | null {
  const text = raw.toString('utf8').replace(/^\uFEFF/, '');
  try {
    const body = parseJson(text) as Json;
    return isJsonObject(body) ? { text, body } : null;
  } catch {
    return null;
  }
}

// Yapla's webhooks: the whole member, registration or donation, at configured paths (none of the names is public, see docs/systems.md).

/**
 * @param about what alone is delivered at the address; null: the body's word says it
 * @throws {Refusal} when the event is one that we act on, and the record or its id is not where the configuration says.
 */
export function readYapla(connection: ConnectionConfig, body: JsonObject, about: EventKind | null = null): Reading {
  const { events } = connection.yapla;
  if (events !== undefined) {
    // No two kinds share a word. That each delivery is one about a member, where those have none, is said of what says nothing else.
    for (const kind of about === null ? eventKinds : [about]) {
      const words = eventWordsOf(events[kind].event);
      const told = words.path === null ? null : eventOf(words, body);
      const event = about === null ? told : (told ?? 'updated');
      if (event !== null) return { kind, event, externalId: eventIdIn(events, kind, body) };
    }
  }
  return readMember(connection, body);
}

function eventIdIn(events: YaplaEventsConfig, kind: EventKind, body: JsonObject): string {
  const { document, id } = events[kind];
  const held = at(body, document);
  const externalId = isJsonObject(held) ? idIn(at(held, id)) : null;
  if (externalId === null) {
    throw new Refusal(
      'shape',
      `Expected the ${kind}’s id (text or number) where yapla.events.${kind}.document and .id of the configuration say.`,
    );
  }
  return externalId;
}

function readMember(connection: ConnectionConfig, body: JsonObject): Reading {
  const { yapla: webhooks } = connection.webhooks;
  const event = eventOf(webhooks.event, body);
  if (event === null) return other;
  const member = at(body, webhooks.member);
  if (!isJsonObject(member)) {
    throw new Refusal('shape', 'Expected a member where webhooks.yapla.member of the configuration says.');
  }
  const externalId = idIn(at(member, memberIdPath(connection)));
  if (externalId === null) {
    throw new Refusal(
      'shape',
      'Expected the member’s id (text or number) where webhooks.yapla.id of the configuration says.',
    );
  }
  // The words that the configuration knows are about members, and a member is a person.
  return { kind: 'person', event, externalId };
}

function eventOf({ path, created, updated, deleted }: EventWords, body: JsonObject): RecordEvent | null {
  if (path === null) return 'updated';
  const word = at(body, path);
  if (typeof word !== 'string') return null;
  const isIn = (words: readonly string[]) => words.some((one) => one.toLowerCase() === word.trim().toLowerCase());
  if (isIn(created)) return 'created';
  if (isIn(updated)) return 'updated';
  return isIn(deleted) ? 'deleted' : null;
}

function at(value: JsonObject, path: string): Json | undefined {
  if (path === '') return value;
  const found: unknown = getProperty(value, path);
  return found as Json | undefined;
}

/*
 * Yoplanning's webhooks: `{ resource: { id, type }, link, event }` (the vendor's API text, "WebHook"). They carry no content. The link is
 * never followed: anyone who could make us do so would be sent our token.
 */

/** `updated` is the only word that the vendor shows; the others stand in its FAQ. What counts is what is read afterwards. */
const events: Readonly<Record<string, RecordEvent>> = {
  created: 'created',
  updated: 'updated',
  modified: 'updated',
  deleted: 'deleted',
  cancelled: 'deleted',
};

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** @throws {Refusal} when it has another shape, or its link leads anywhere but to this resource in this connection's team. */
export function readYoplanning({ yapla, yoplanning }: ConnectionConfig, body: JsonObject): Reading {
  const { resource, link, event } = body;
  if (!isJsonObject(resource) || typeof resource['type'] !== 'string' || typeof event !== 'string') {
    throw new Refusal('shape', 'Expected resource.id, resource.type, link and event, as Yoplanning documents them.');
  }
  const address = addressOf(link);
  if (link !== undefined && address?.host !== new URL(yoplanning.baseUrl).host) throw elsewhere(address, 'host');
  const word = event.trim().toLowerCase();
  const acted = actedOn(resource['type'], yapla.events !== undefined);
  if (acted === null || !Object.hasOwn(events, word)) return other;
  const { kind, path, what } = acted;
  const id = typeof resource['id'] === 'string' ? resource['id'].toLowerCase() : '';
  if (!uuidForm.test(id)) throw new Refusal('shape', `Expected a UUID as resource.id of ${what}.`);
  if (address === null) throw new Refusal('shape', `Expected the link of ${what}.`);
  if (withoutSlash(address.pathname.toLowerCase()) !== pathOf(yoplanning, path, id)) throw elsewhere(address, 'path');
  return { kind, event: events[word]!, externalId: id };
}

/** What a resource type is here; null: one that we do not act on. An order is one side of a registration. */
function actedOn(type: string, withEvents: boolean): (typeof resources)[keyof typeof resources] | null {
  const word = type.trim().toLowerCase();
  if (word === 'order') return withEvents ? resources.order : null;
  return word === 'client' ? resources.client : null;
}

const resources = {
  client: { kind: 'person', path: 'client', what: 'a client' },
  order: { kind: 'registration', path: 'order', what: 'an order' },
} as const;

/**
 * Null: no web address, or one with a user in it, such as `https://yoplanning.pro@elsewhere/`. Whether it says http or https does not count:
 * the link is compared and never followed, and a vendor who writes http there must lead nobody to configure it.
 */
function addressOf(link: Json | undefined): URL | null {
  if (typeof link !== 'string' || !URL.canParse(link)) return null;
  const address = new URL(link);
  const isWeb = address.protocol === 'https:' || address.protocol === 'http:';
  return isWeb && address.username === '' && address.password === '' ? address : null;
}

/** Where the API shows this resource, in small letters and without the slash that the vendor writes or leaves out. */
function pathOf(
  { baseUrl, paths, team }: ConnectionConfig['yoplanning'],
  name: 'client' | 'order',
  id: string,
): string {
  const path = paths[name].replaceAll('{team}', team).replaceAll('{id}', id);
  return withoutSlash(`${withoutSlash(new URL(baseUrl).pathname)}${path}`.toLowerCase());
}

const withoutSlash = (path: string) => path.replace(/\/+$/, '');

/** Counted apart and logged with what differs and the host: the rest of the address is whatever the sender put there. */
function elsewhere(address: URL | null, differs: 'host' | 'path'): Refusal {
  return new Refusal('link', undefined, { host: address?.host.slice(0, 255) ?? 'not an address', differs });
}
