/** What a delivery says, as far as it is needed to know whom it is about. */
import { isJsonObject, type Json, type JsonObject } from '../core/document.js';
import { parseJson } from '../core/json.js';
import type { RecordKind } from '../core/record.js';
import type { RecordEvent } from '../store/inbox.js';

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
