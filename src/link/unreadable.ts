/** A record that turns out to be unreadable while it is looked at, or while something is carried out about its link. */
import { foundUnreadable } from '../cases/unreadable.js';
import type { SystemName } from '../core/record.js';
import {
  type Access,
  type Failure,
  type FailureContext,
  UnexpectedResponse,
  UnreadableRecord,
} from '../http/failures.js';
import type { FoundUnreadable } from '../store/unreadable.js';
import { nameFields } from '../core/person.js';
import type { OpenConnection } from '../connection.js';
import { fieldsShown } from '../store/awaited.js';
import { failuresWhileOthersPass } from '../store/budgetState.js';
import type { Sql } from '../store/database.js';
import { type InboxEvent, tellsNothing } from '../store/inbox.js';
import type { Shadow } from '../store/shadows.js';
import { memberDelivered } from '../systems/yapla/dataApi.js';

export interface Unreadable {
  readonly system: SystemName;
  /** Its question names the link: a record that was only just made belongs to none yet. */
  readonly found: FoundUnreadable;
}

/** An answer that cannot be read may be a hiccup of something in between: it is asked for so often before a person is. */
export const attemptsToRead = 3;

/** Requests that name the record which their answer shows: a creation names none, or the other system's. */
const aboutOneRecord: readonly Access[] = ['read', 'update'];

/**
 * The one record that a failure is about.
 *
 * @param isLastTry an answer that is no record at all (broken JSON, a page of HTML) may be a hiccup of something in between; on the last try
 * it is the record's: asked for again and again it would cost requests for ever
 * @returns null where the failure is another
 */
export function unreadableRecord(
  error: unknown,
  isLastTry: boolean,
): (UnreadableRecord & { readonly id: string }) | null {
  if (error instanceof UnreadableRecord) return hasId(error) ? error : null;
  if (!isLastTry || !(error instanceof UnexpectedResponse)) return null;
  const { access, record = null } = error.context;
  const failure = aboutOneRecord.includes(access) ? new UnreadableRecord(error, record) : null;
  return failure !== null && hasId(failure) ? failure : null;
}

function hasId(failure: UnreadableRecord): failure is UnreadableRecord & { readonly id: string } {
  return failure.id !== null;
}

/** @param isLastTry see {@link unreadableRecord} @returns null where the failure is another */
export function unreadableIn(error: unknown, linkId: string, isLastTry: boolean): Unreadable | null {
  const failure = unreadableRecord(error, isLastTry);
  if (failure === null) return null;
  const system = failure.context.system as SystemName;
  const found = foundUnreadable(system, failure);
  return { system, found: { ...found, question: { ...found.question, linkId } } };
}

/**
 * Whether a failure (5xx) is the record's, not the server's: so often in a row it came while others were answered. Yoplanning says that
 * invalid data, too, can be answered so.
 */
export async function isTheRecord(
  { sql, connection }: { readonly sql: Sql; readonly connection: OpenConnection },
  failure: Failure,
): Promise<boolean> {
  const { access, record } = failure.context;
  if (failure.type !== 'ServerFailed' || record === undefined) return false;
  const system = failure.context.system as SystemName;
  const { config, credentials } = connection;
  const { dayWindowMs: windowMs } = config[system].limits;
  const of = access === 'read' ? 'reads' : 'writes';
  const failed = await failuresWhileOthersPass(sql, credentials[system], { record, of, windowMs });
  // The first one is before anybody else was answered.
  return failed + 1 >= config.live.maxAttempts;
}

// Whether the body of a webhook shows a record as its API does, so that it can do for a reading (design: Order).

interface Delivered {
  readonly connection: OpenConnection;
  readonly system: SystemName;
  readonly events: readonly InboxEvent[];
  readonly known: Shadow | null;
  /** Names the delivery in errors. */
  readonly context: FailureContext;
}

/**
 * Whether each of these bodies is believed (`webhooks.yapla.believe`). One that cannot be read by itself is not, whatever it is laid over:
 * with other names than the API's, it would change nothing, and nobody would hear of that.
 */
export async function areBelieved(
  sql: Sql,
  { connection, system, events, known, context }: Delivered,
): Promise<boolean> {
  // Only Yapla's events have content.
  const bodies = events.filter((event) => system === 'yapla' && event.event !== 'deleted' && !tellsNothing(event));
  if (bodies.length === 0) return true;
  const { believe } = connection.config.webhooks.yapla;
  if (believe === 'nothing') return false;
  // Where no list can be asked for, there is nothing better than what a body shows.
  const takesParts = believe === 'part' || connection.systems[system].listed === false;
  const expected = takesParts ? [] : await fieldsExpected(sql, connection, system, known);
  return bodies.every(({ body, externalId }) => {
    try {
      const member = memberDelivered(connection.config, body, externalId, context);
      const { fields } = connection.systems[system].recordOf(member, { context });
      return expected.every((field) => field in fields);
    } catch (error) {
      if (!(error instanceof UnexpectedResponse)) throw error;
      return false;
    }
  });
}

/** Fields that the API shows: of this record, or of others; a name at least, where nobody is known. */
async function fieldsExpected(
  sql: Sql,
  { scope, config }: OpenConnection,
  system: SystemName,
  known: Shadow | null,
): Promise<readonly string[]> {
  const shown = known === null ? await fieldsShown(sql, scope, system) : Object.keys(known.fields);
  const mapped = shown.filter((field) => field in config.fields);
  return mapped.length === 0 ? nameFields : mapped;
}
