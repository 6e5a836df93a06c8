/** Yapla's webhooks: the whole member, at configured paths (none of the names is public, see docs/systems.md). */
import { getProperty } from 'dot-prop';
import type { ConnectionConfig } from '../config/schema.js';
import { memberIdPath } from '../config/webhooks.js';
import { carriedIn, isJsonObject, type Json, type JsonObject } from '../core/document.js';
import { isRecordId } from '../core/record.js';
import type { RecordEvent } from '../store/inbox.js';
import { other, type Reading } from './reading.js';
import { Refusal } from './refusals.js';

/** Far longer than any id, far shorter than what Temporal takes as the id of a workflow (1,000 characters). */
const maxIdLength = 200;

/** @throws {Refusal} when the event is one that we act on, and the member or its id is not where the configuration says. */
export function readYapla(connection: ConnectionConfig, body: JsonObject): Reading {
  const { yapla: webhooks } = connection.webhooks;
  const event = eventOf(webhooks.event, body);
  if (event === null) return other;
  const member = at(body, webhooks.member);
  if (!isJsonObject(member)) {
    throw new Refusal('shape', 'Expected a member where webhooks.yapla.member of the configuration says.');
  }
  const externalId = idOf(at(member, memberIdPath(connection)));
  if (externalId === null) {
    throw new Refusal(
      'shape',
      'Expected the member’s id (text or number) where webhooks.yapla.id of the configuration says.',
    );
  }
  // The words that the configuration knows are about members, and a member is a person.
  return { kind: 'person', event, externalId };
}

function eventOf(
  { path, created, updated, deleted }: ConnectionConfig['webhooks']['yapla']['event'],
  body: JsonObject,
): RecordEvent | null {
  if (path === null) return 'updated';
  const word = at(body, path);
  if (typeof word !== 'string') return null;
  const isIn = (words: readonly string[]) => words.some((one) => one.toLowerCase() === word.trim().toLowerCase());
  if (isIn(created)) return 'created';
  if (isIn(updated)) return 'updated';
  return isIn(deleted) ? 'deleted' : null;
}

/** An id in the form in which the API's answers are read. */
function idOf(value: Json | undefined): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : null;
  const carried = typeof value === 'string' ? carriedIn(value) : null;
  // A number that JavaScript cannot hold: as it stands in the body.
  if (carried?.is === 'number')
    return /^-?\d+$/.test(carried.text) && carried.text.length <= maxIdLength ? carried.text : null;
  // Control characters and halves of surrogate pairs are no part of any id, and PostgreSQL refuses some of them.
  if (typeof value !== 'string' || value.length > maxIdLength || /[\p{Cc}\p{Cs}]/u.test(value)) return null;
  return isRecordId(value) ? value : null;
}

function at(value: JsonObject, path: string): Json | undefined {
  if (path === '') return value;
  const found: unknown = getProperty(value, path);
  return found as Json | undefined;
}
