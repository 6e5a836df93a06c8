/** A system shows a record that we cannot read. Its link is held back until it can be read again; it is not taken as gone, and nobody is made of it. */
import type { SystemName } from '../core/record.js';
import type { UnreadableRecord } from '../http/failures.js';
import { type FoundUnreadable, unreadableCode } from '../store/unreadable.js';
import { type Kind, noAnswers } from './kind.js';

export const unreadable = {
  code: unreadableCode,
  about: 'link',
  answers: { ...noAnswers, close: 'asksAgain' },
  holds: { what: 'link', isHolding: () => true },
  endsByMerging: false,
  // Anyone who reads the record closes it (store/unreadable.ts): what is stored of it says nothing about that.
  stands: () => true,
  shows: { what: 'differences', writes: 0 },
  facts: ({ details }) => {
    const { system, position = null, what = null, places = [] } = (details ?? {}) as Partial<UnreadableDetails>;
    return system === undefined ? [] : [{ code: 'unreadable' as const, system, position, what, places }];
  },
} as const satisfies Kind;

export interface UnreadableDetails {
  readonly system: SystemName;
  /** In the list, from 0, where not even its id can be read; else null. */
  readonly position: number | null;
  /** What is wrong, with settings and paths, and without values. */
  readonly what: string;
  readonly places: UnreadableRecord['places'];
}

/** A record that cannot be read, and the question about it. @param position in the list, where it was found in one */
export function foundUnreadable(
  system: SystemName,
  { id, what, places }: UnreadableRecord,
  position: number | null = null,
): FoundUnreadable {
  const details: UnreadableDetails = { system, position: id === null ? position : null, what, places };
  const name = id ?? `#${position ?? 0}`;
  return { id: name, position, question: { kind: unreadableCode, subject: `${system}:${name}`, details } };
}
