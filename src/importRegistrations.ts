/**
 * What a staged export of registrations shows and nobody knew yet goes into the inbox, as if a webhook had told of it: from there on its way
 * is theirs. Repeatable: what is in the inbox is known.
 */
import { isJsonObject, type JsonObject } from './core/document.js';
import { foldRegistration } from './core/export/registrations.js';
import { isOverdue } from './core/events/registration.js';
import { stringifyJson } from './core/json.js';
import type { Scope } from './core/record.js';
import type { Sql } from './store/database.js';
import { type ExportFile, listedMembers, type ListedMember } from './store/exports.js';
import { addEvents, lastTold, type LastTold } from './store/inbox.js';
import { shadowsByIds } from './store/shadows.js';
import { inBody, registrationExported, registrationLaidOver } from './systems/yapla/exportedRegistration.js';
import { registrationOf, type YaplaEvents } from './systems/yapla/events.js';
import { contentIn, putAt } from './systems/places.js';

/** What came of the registrations of a file that can be used. */
export interface ImportedRegistrations {
  /** Put into the inbox: new, or other than they were known. */
  readonly told: number;
  readonly same: number;
  /** Told of by Yapla since the file was exported: the file is older, and changes nothing of them. */
  readonly newer: number;
}

/** Registrations that are looked at, and put into the inbox, together. */
const atOnce = 500;

/** @param file staged to its end, of the scope's registrations */
export async function importRegistrations(
  sql: Sql,
  scope: Scope,
  settings: YaplaEvents,
  file: ExportFile,
): Promise<ImportedRegistrations> {
  const sum = { told: 0, same: 0, newer: 0 };
  for (let from = 0; from < (file.members ?? 0); from += atOnce) {
    const listed = await listedMembers(sql, scope, file.fileId, { from, limit: atOnce });
    const known = await knownOf(sql, scope, settings, listed);
    const events = listed.flatMap((one) => {
      const before = known.get(one.id) ?? null;
      const body = bodyOf(one, before, settings, file);
      if (body === null) return [];
      if (typeof body === 'string') {
        sum[body] += 1;
        return [];
      }
      sum.told += 1;
      return [
        {
          ...scope,
          system: 'yapla' as const,
          event: 'updated' as const,
          externalId: one.id,
          body: stringifyJson(body),
          exportedAt: file.exportedAt,
        },
      ];
    });
    await addEvents(sql, events);
  }
  return sum;
}

interface Known {
  readonly document: JsonObject;
  readonly told: LastTold['event'];
  /** Null: nothing is kept that says. */
  readonly atMs: number | null;
}

/**
 * As they were last told of; as they were last read, where what was told last is older than that (it came late, and was set aside), or is
 * kept no longer.
 */
async function knownOf(
  sql: Sql,
  scope: Scope,
  settings: YaplaEvents,
  listed: readonly ListedMember[],
): Promise<Map<string, Known>> {
  const ids = listed.map(({ id }) => id);
  const [told, read] = await Promise.all([lastTold(sql, scope, 'yapla', ids), shadowsByIds(sql, scope, 'yapla', ids)]);
  const known = new Map<string, Known>();
  for (const [id, { document, fields, modifiedAt }] of read) {
    const last = fields['cancelled'] === 'yes' ? 'deleted' : 'updated';
    known.set(id, { document, told: last, atMs: modifiedAt });
  }
  for (const [id, { body, event, receivedAtMs }] of told) {
    const document = contentIn(body, settings.events.registration.document);
    const reading = registrationOf(settings, body, event);
    if (reading.problems === undefined && isOverdue(reading.value, read.get(id) ?? null)) continue;
    if (isJsonObject(document)) known.set(id, { document, told: event, atMs: receivedAtMs });
  }
  return known;
}

/** What is to be told; or why nothing is: null, because its rows cannot be used. */
function bodyOf(
  { rows, problem }: ListedMember,
  known: Known | null,
  settings: YaplaEvents,
  { about, exportedAt }: ExportFile,
): JsonObject | 'same' | 'newer' | null {
  const { registration: places } = settings.events;
  const folded = problem === null ? foldRegistration(rows, about.found, about.orders) : problem;
  if ('is' in folded) return null;
  if (known !== null && known.atMs !== null && known.atMs > exportedAt.getTime()) return 'newer';
  const shown = contentIn(registrationExported(settings.events, folded), places.document) as JsonObject;
  const document = known === null ? shown : registrationLaidOver(places, known.document, shown, settings.timeZone);
  if (known !== null) {
    const [before, after] = [
      registrationOf(settings, inBody(places, known.document), known.told),
      registrationOf(settings, inBody(places, document)),
    ];
    // Of one that cannot be read only the whole document tells whether something of it changed.
    const isSame =
      before.problems === undefined
        ? JSON.stringify(before) === JSON.stringify(after)
        : JSON.stringify(known.document) === JSON.stringify(document);
    if (isSame) return 'same';
  }
  // As it was then: by an older time it would be taken for an older version.
  if (places.modified !== null) putAt(document, places.modified, exportedAt.toISOString());
  return inBody(places, document);
}
