/**
 * A record from the bodies of its events, where the system cannot be asked for one record (design: Order). A body shows the member as
 * it was when the event was made: a late one must not undo a newer one.
 */
import { setProperty } from 'dot-prop';
import { laidOver, type JsonObject } from '../core/document.js';
import type { CanonicalFields, FieldName, SystemName } from '../core/record.js';
import { tellsNothing, type InboxEvent } from '../store/inbox.js';
import type { Replaced } from '../store/journal.js';
import type { Shadow } from '../store/shadows.js';
import type { OpenConnection } from '../connection.js';
import { contentIn, readPlace } from '../systems/mapping.js';
import type { SystemRecord } from '../systems/system.js';
import { memberDelivered } from '../systems/yapla/delivered.js';

/**
 * What is known of a record once these bodies are laid over it, oldest first: by their modification dates where all have one, else in the
 * order in which they were received. What a body does not show stays as it is known.
 *
 * Our own write may have overtaken a body that was made before it. So a body that shows in a field just what our write replaced says nothing
 * about that field, until one shows something else there: it is late, or somebody set the value back at once, which the next list shows.
 *
 * @param replaced what our own writes replaced, and nobody has shown since that it is so (`replacedUnseen`)
 * @returns null where all of them are older than what is known, or none has a body (a removal)
 * @throws {UnexpectedResponse} when a configured path does not fit a body
 */
export function newestDelivered(
  connection: OpenConnection,
  system: SystemName,
  events: readonly InboxEvent[],
  known: Shadow | null,
  replaced: readonly Replaced[] = [],
): SystemRecord | null {
  const from = { context: contextOf(connection, system, events) };
  const recordOf = (document: JsonObject) => connection.systems[system].recordOf(document, from);
  const before = known?.document ?? {};
  const bodies = events
    .filter((one) => one.event !== 'deleted' && !tellsNothing(one))
    .map((one) => documentIn(connection, system, one))
    .map((document) => ({ document, modifiedAt: recordOf(laidOver(before, document)).modifiedAt }))
    .filter((one) => !isOlder(one.modifiedAt, known?.modifiedAt ?? null));
  if (bodies.length === 0) return null;
  const late = new LateFields(connection, system, recordOf, before, replaced);
  return recordOf(inOrder(bodies).reduce((document, body) => late.laid(document, body.document), before));
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
    const { fields } = connection.config;
    const mapped = replaced.filter(({ field }) => fields[field] !== undefined);
    this.places = new Map(mapped.map(({ field }) => [field, readPlace(fields[field]![system])]));
    const before = structuredClone(known);
    for (const { field, oldValue } of mapped) setProperty(before, this.places.get(field)!, oldValue);
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
      if (fields[field] === this.old[field]) setProperty(kept, place, contentIn(known, place));
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
  readonly modifiedAt: number | null;
}

function inOrder(bodies: readonly Body[]): readonly Body[] {
  if (bodies.some((one) => one.modifiedAt === null)) return bodies;
  return [...bodies].sort((a, b) => a.modifiedAt! - b.modifiedAt!);
}

function isOlder(at: number | null, than: number | null): boolean {
  return at !== null && than !== null && at < than;
}

function contextOf(connection: OpenConnection, system: SystemName, [event]: readonly InboxEvent[]) {
  const context = {
    connection: connection.scope.connectionId,
    system,
    method: 'POST',
    path: `/webhooks/${connection.scope.connectionId}/${system}`,
  };
  return event === undefined ? context : { ...context, record: event.externalId };
}

/** Only Yapla's events have content. */
function documentIn(connection: OpenConnection, system: SystemName, event: InboxEvent): JsonObject {
  if (system !== 'yapla') return event.body;
  return memberDelivered(connection.config, event.body, event.externalId, contextOf(connection, system, [event]));
}
