/** A record that turns out to be unreadable while it is looked at, or while something is carried out about its link. */
import { foundUnreadable } from '../cases/unreadable.js';
import type { SystemName } from '../core/record.js';
import { UnexpectedResponse, UnreadableRecord } from '../http/failures.js';
import type { FoundUnreadable } from '../store/unreadable.js';

export interface Unreadable {
  readonly system: SystemName;
  /** Its question names the link: a record that was only just made belongs to none yet. */
  readonly found: FoundUnreadable;
}

/** An answer that cannot be read may be a hiccup of something in between: it is asked for so often before a person is. */
export const attemptsToRead = 3;

/** Requests that name the record which their answer shows: a creation's `POST` names none. */
const aboutOneRecord: readonly string[] = ['GET', 'PUT', 'PATCH'];

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
  const { method, record = null } = error.context;
  const failure = aboutOneRecord.includes(method) ? new UnreadableRecord(error, record) : null;
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
