/**
 * Where one record cannot be read, what a write of ours leaves is what we knew of the record with what was sent laid over it. A list, or
 * a webhook's body, can show it anew while the write is under way: then what was sent is laid over that, or an edit that only they told of
 * would be lost under what we knew before.
 */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, laidOver, type JsonObject, type SystemRecord } from '../core/document.js';
import type { SystemName } from '../core/record.js';
import type { OpenConnection } from '../connection.js';
import type { ShadowRow } from '../store/shadows.js';

/** A row made anew, from the document that is stored by then. */
export type Relaid = (stored: JsonObject) => ShadowRow;

/** @param before as it was known. @param after with what was sent, and what the system answered, laid over it. @param row as it is stored where nobody else stored anything */
export function relaidOver(
  connection: Pick<OpenConnection, 'scope' | 'systems' | 'shadowOf'>,
  system: SystemName,
  { before, after, row }: { readonly before: SystemRecord; readonly after: SystemRecord; readonly row: ShadowRow },
): Relaid {
  const changed = changedSince(before.document, after.document);
  const context = {
    connection: connection.scope.connectionId,
    system,
    method: 'none',
    path: 'stored document',
    record: after.id,
  };
  return (stored) => {
    const record = connection.systems[system].recordOf(laidOver(stored, changed), { context });
    return { ...connection.shadowOf({ ...record, id: after.id }), ...(row.times && { times: row.times }) };
  };
}

/** What of a document is not as it was before; in objects within objects, too. */
function changedSince(before: JsonObject, after: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(after).flatMap(([key, value]) => {
      const was = Object.hasOwn(before, key) ? before[key] : undefined;
      if (isDeepStrictEqual(was, value)) return [];
      return [[key, isJsonObject(was) && isJsonObject(value) ? changedSince(was, value) : value] as const];
    }),
  );
}
