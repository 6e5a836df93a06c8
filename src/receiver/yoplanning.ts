/**
 * Yoplanning's webhooks: `{ resource: { id, type }, link, event }` (the vendor's API text, "WebHook"). They carry no content. The link is
 * never followed: whoever could make us do so would be sent our token.
 */
import type { ConnectionConfig } from '../config/schema.js';
import { isJsonObject, type Json, type JsonObject } from '../core/document.js';
import type { RecordKind } from '../core/record.js';
import type { RecordEvent } from '../store/inbox.js';
import { other, type Reading } from './reading.js';
import { Refusal } from './refusals.js';

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
export function readYoplanning({ yoplanning }: ConnectionConfig, body: JsonObject): Reading {
  const { resource, link, event } = body;
  if (!isJsonObject(resource) || typeof resource['type'] !== 'string' || typeof event !== 'string') {
    throw new Refusal('shape', 'Expected resource.id, resource.type, link and event, as Yoplanning documents them.');
  }
  const address = addressOf(link);
  if (link !== undefined && address?.host !== new URL(yoplanning.baseUrl).host) throw elsewhere(address, 'host');
  const word = event.trim().toLowerCase();
  const kind = kindOf(resource['type']);
  if (kind === null || !Object.hasOwn(events, word)) return other;
  const id = typeof resource['id'] === 'string' ? resource['id'].toLowerCase() : '';
  if (!uuidForm.test(id)) throw new Refusal('shape', 'Expected a UUID as resource.id of a client.');
  if (address === null) throw new Refusal('shape', 'Expected the link of a client.');
  if (withoutSlash(address.pathname.toLowerCase()) !== pathOf(yoplanning, id)) throw elsewhere(address, 'path');
  return { kind, event: events[word]!, externalId: id };
}

/** Of a resource type; null: one that we do not act on. */
function kindOf(type: string): RecordKind | null {
  return type.trim().toLowerCase() === 'client' ? 'person' : null;
}

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

/** Where the API shows this client, in small letters and without the slash that the vendor writes or leaves out. */
function pathOf({ baseUrl, paths, team }: ConnectionConfig['yoplanning'], id: string): string {
  const path = paths.client.replaceAll('{team}', team).replaceAll('{id}', id);
  return withoutSlash(`${withoutSlash(new URL(baseUrl).pathname)}${path}`.toLowerCase());
}

const withoutSlash = (path: string) => path.replace(/\/+$/, '');

/** Counted apart and logged with what differs and the host: the rest of the address is whatever the sender put there. */
function elsewhere(address: URL | null, differs: 'host' | 'path'): Refusal {
  return new Refusal('link', undefined, { host: address?.host.slice(0, 255) ?? 'not an address', differs });
}
