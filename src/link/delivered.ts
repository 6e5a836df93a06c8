/**
 * A record from the bodies of its events, where the system cannot be asked for one record (design: Order). A body shows the member as
 * it was when the event was made: a late one must not undo a newer one.
 */
import { type JsonObject, laidOver } from '../core/document.js';
import type { CanonicalFields, FieldName, SystemName } from '../core/record.js';
import type { Instants } from '../core/zone.js';
import type { ConnectionConfig } from '../config/schema.js';
import type { OpenConnection } from '../connection.js';
import { UnreadableRecord } from '../http/failures.js';
import type { ShownByFile } from '../store/exports.js';
import { type InboxEvent, tellsNothing } from '../store/inbox.js';
import type { Replaced } from '../store/journal.js';
import type { Shadow } from '../store/shadows.js';
import { contentIn, readPlace, shownFields } from '../systems/mapping.js';
import { putAt } from '../systems/places.js';
import type { SystemRecord } from '../systems/system.js';
import { memberDelivered } from '../systems/yapla/dataApi.js';

/**
 * What is known of a record once these bodies are laid over it, oldest first: by their modification dates where all have one, else in the
 * order in which they were received. What a body does not show stays as it is known.
 *
 * Our own write may have overtaken a body that was made before it. So a body that shows in a field just what our write replaced says nothing
 * about that field, until one shows something else there: it is late, or somebody set the value back at once, which the next list shows.
 *
 * A file has no modification dates, and may have overtaken a body, too. A body that was made before the file was exported says nothing about
 * the fields that the file shows.
 *
 * @param replaced what our own writes replaced, and nobody has shown since that it is so (`replacedUnseen`)
 * @param file that the record was stored from
 * @returns null where all of them are older than what is known, or none has a body (a removal)
 * @throws {UnexpectedResponse} when a configured path does not fit a body
 */
export function newestDelivered(
  connection: OpenConnection,
  system: SystemName,
  events: readonly InboxEvent[],
  known: Shadow | null,
  replaced: readonly Replaced[] = [],
  file: ShownByFile | null = null,
): SystemRecord | null {
  const from = { context: contextOf(connection, system, events) };
  const recordOf = (document: JsonObject) => connection.systems[system].recordOf(document, from);
  const before = known?.document ?? {};
  // By its document, which says more than the time that was stored: that may stand for two instants, or be read in another zone now.
  const knownAt = known === null ? null : modifiedIn(recordOf, before);
  const overtaking = new OvertakingFile(connection, system, file);
  const bodies = events
    .filter((one) => one.event !== 'deleted' && !tellsNothing(one))
    .map((one) => {
      const document = documentIn(connection, system, one);
      const modified = modifiedOf(recordOf(laidOver(before, document)));
      return { document, modified, isOvertaken: overtaking.hasOvertaken(one, document, modified) };
    })
    .filter((one) => !isOlder(one.modified, knownAt) && !(one.isOvertaken && overtaking.showsAll));
  if (bodies.length === 0) return null;
  const late = new LateFields(connection, system, recordOf, before, replaced);
  const laid = (known: JsonObject, { document, isOvertaken }: (typeof bodies)[number]) => {
    const next = late.laid(known, document);
    return isOvertaken ? overtaking.kept(known, next) : next;
  };
  return recordOf(inOrder(bodies).reduce(laid, before));
}

/** The file that a record was stored from: what it shows is younger than a body that was made before it. */
class OvertakingFile {
  private readonly places: readonly string[];
  /** Every mapped field: such a body says nothing at all. */
  readonly showsAll: boolean;

  private readonly config: ConnectionConfig;

  constructor(
    { config }: OpenConnection,
    system: SystemName,
    private readonly file: ShownByFile | null,
  ) {
    this.config = config;
    const mapped = Object.entries(shownFields(config.fields, system));
    const shown = mapped.filter(([name]) => file?.columns?.includes(name) ?? true);
    this.places = shown.map(([, field]) => readPlace(field[system]));
    this.showsAll = shown.length === mapped.length;
  }

  /** By the body's own date, or because it came before the export. @param modified of the body laid over what is known */
  hasOvertaken({ receivedAtMs }: InboxEvent, body: JsonObject, modified: Instants | null): boolean {
    if (this.file === null) return false;
    const { atMs } = this.file;
    const { modified: place } = this.config.yapla.read.answer;
    const isDated = place !== null && contentIn(body, place) !== undefined;
    return receivedAtMs < atMs || (isDated && isOlder(modified, { first: atMs, last: atMs }));
  }

  /** `next`, with what the file shows as it is known. */
  kept(known: JsonObject, next: JsonObject): JsonObject {
    const kept = structuredClone(next);
    for (const place of this.places) {
      const content = contentIn(known, place);
      if (content !== undefined) putAt(kept, place, content);
    }
    return kept;
  }
}

/** Fields that our own writes changed, and of which bodies may still show what was there before. */
class LateFields {
  private readonly places: ReadonlyMap<FieldName, string>;
  private readonly old: CanonicalFields;
  private readonly unseen: Set<FieldName>;

  constructor(
    connection: OpenConnection,
    system: SystemName,
    private readonly recordOf: (document: JsonObject) => SystemRecord,
    known: JsonObject,
    replaced: readonly Replaced[],
  ) {
    const fields = shownFields(connection.config.fields, system);
    const mapped = replaced.filter(({ field }) => fields[field] !== undefined);
    this.places = new Map(mapped.map(({ field }) => [field, readPlace(fields[field]![system])]));
    const before = structuredClone(known);
    for (const { field, oldValue } of mapped) putAt(before, this.places.get(field)!, oldValue);
    this.old = mapped.length === 0 ? {} : recordOf(before).fields;
    this.unseen = new Set(this.places.keys());
  }

  /** `body` laid over `known`, but for the fields of which it is late. */
  laid(known: JsonObject, body: JsonObject): JsonObject {
    const document = laidOver(known, body);
    const shown = [...this.unseen].filter((field) => contentIn(body, this.places.get(field)!) !== undefined);
    if (shown.length === 0) return document;
    const { fields } = this.recordOf(document);
    const kept = structuredClone(document);
    for (const field of shown) {
      const place = this.places.get(field)!;
      if (fields[field] === this.old[field]) putAt(kept, place, contentIn(known, place));
      else this.unseen.delete(field);
    }
    return kept;
  }
}

/**
 * Whether what is stored of a record counts, although nothing newer was found out: somebody asks to look again, and there is nothing else
 * to look at (design: Order). A removal that cannot be proven asks for nothing.
 */
export function countsAsStored(events: readonly InboxEvent[], known: Shadow | null): boolean {
  return known !== null && events.at(-1)?.event !== 'deleted';
}

interface Body {
  readonly document: JsonObject;
  /** Null: not known. */
  readonly modified: Instants | null;
}

/** Each after those that are older for certain, and else as received; where one has no time, all as received. */
function inOrder<B extends Body>(bodies: readonly B[]): readonly B[] {
  if (bodies.some((one) => one.modified === null)) return bodies;
  if (bodies.every(({ modified }) => modified!.first === modified!.last))
    return [...bodies].sort((a, b) => a.modified!.first - b.modified!.first);
  const left = [...bodies];
  const ordered: B[] = [];
  while (left.length > 0) {
    const next = left.findIndex((one) => !left.some((other) => isOlder(other.modified, one.modified)));
    ordered.push(...left.splice(next, 1));
  }
  return ordered;
}

/** For certain: a time that stands for two instants sets nothing aside that may be newer. */
function isOlder(at: Instants | null, than: Instants | null): boolean {
  return at !== null && than !== null && at.last < than.first;
}

function modifiedOf({ modifiedAt, modifiedWithin }: SystemRecord): Instants | null {
  return modifiedWithin ?? (modifiedAt === null ? null : { first: modifiedAt, last: modifiedAt });
}

/** Of a stored document, which may not fit today's field map any more. */
function modifiedIn(recordOf: (document: JsonObject) => SystemRecord, document: JsonObject): Instants | null {
  try {
    return modifiedOf(recordOf(document));
  } catch (error) {
    if (error instanceof UnreadableRecord) return null;
    throw error;
  }
}

/** For messages about what a webhook delivered. */
export function contextOf(connection: OpenConnection, system: SystemName, [event]: readonly InboxEvent[]) {
  const context = {
    connection: connection.scope.connectionId,
    system,
    access: 'none',
    method: 'POST',
    path: `/webhooks/${connection.scope.connectionId}/${system}`,
  } as const;
  return event === undefined ? context : { ...context, record: event.externalId };
}

/** Only Yapla's events have content. */
function documentIn(connection: OpenConnection, system: SystemName, event: InboxEvent): JsonObject {
  if (system !== 'yapla') return event.body;
  return memberDelivered(connection.config, event.body, event.externalId, contextOf(connection, system, [event]));
}
