/** A record that turns out to be unreadable while something is carried out about its link. */
import { foundUnreadable } from '../cases/unreadable.js';
import type { SystemName } from '../core/record.js';
import { type Failure, UnreadableRecord } from '../http/failures.js';
import type { FoundUnreadable } from '../store/unreadable.js';

export interface Unreadable {
  readonly system: SystemName;
  /** Its question names the link: a record that was only just made belongs to none yet. */
  readonly found: FoundUnreadable;
}

/** @returns null where the failure is another */
export function unreadableIn(failure: Failure, linkId: string): Unreadable | null {
  if (!(failure instanceof UnreadableRecord) || failure.id === null) return null;
  const system = failure.context.system as SystemName;
  const found = foundUnreadable(system, failure);
  return { system, found: { ...found, question: { ...found.question, linkId } } };
}
