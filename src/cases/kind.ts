/**
 * What a kind of case is. Each kind is one file of this folder and one line in index.ts: nothing else names kinds but the words in
 * which a terminal or a page tells them. No terminal, no HTTP, and no SQL in a kind: it judges what the store has loaded.
 */
import type { Decision } from '../core/decide.js';
import type { BookingAnswer } from '../core/events/bookings.js';
import type { FieldName } from '../core/record.js';
import type { HoldSize } from '../store/guard.js';
import type { LinkCase } from '../store/cases.js';
import type { PairHashes } from '../store/linkState.js';

/** What a question is about: a link as a whole, one field of a link, records of the systems (who is who, what a write did), a plan, or writes of many links. */
export type About = 'link' | 'field' | 'records' | 'plan' | 'writes';

/**
 * What it comes to when a person closes a case without more:
 * - `triesAgain`: what was held back is tried again; if it fails again, it is a new case;
 * - `notAskedAgain`: it is left as it is for good;
 * - `asksAgain`: the next sync asks again where there is still something to ask;
 * - `mended`: the person has put it right; a connection that was stopped can be resumed;
 * - `goesOn`: what was held goes on, as far as it still differs.
 */
export type Closing = 'triesAgain' | 'notAskedAgain' | 'asksAgain' | 'mended' | 'goesOn';

/** How a kind is answered. */
export interface Answers {
  /** By a system's value, or by one of the person's own: the link's next decision writes it to anyone who does not hold it. */
  readonly value: boolean;
  /** By the word that the person may be created in the system that does not know them. */
  readonly create: boolean;
  /** By the word that what is held under it is meant, and goes on. */
  readonly goOn: boolean;
  /** By closing it; null: only an answer ends it. */
  readonly close: Closing | null;
  /** By what shall become of an order: `carryOut`, `keep`, `wait`. Left out: by none of these. */
  readonly booking?: readonly BookingAnswer[];
  /** By choosing another session, in which it is then booked. */
  readonly session?: boolean;
  /** By saying where the event goes. Left out: not so. */
  readonly map?: true;
  /** By approving or rejecting the plan, and in no other way. */
  readonly plan: boolean;
  /** A system's value can become the field's rule for the connection. */
  readonly remember: boolean;
}

/** A kind says the ways in which it can be answered. */
export const noAnswers: Answers = {
  value: false,
  create: false,
  goOn: false,
  close: null,
  plan: false,
  remember: false,
};

/** What of a decision a case can hold back, and whether it does so now. */
export interface Hold {
  /** `link`: no system is written and nobody is created. `field`: it is neither written nor asked about once more. */
  readonly what: 'link' | 'field';
  /** @param now both sides as they are decided on now */
  readonly isHolding: (question: Pick<LinkCase, 'field' | 'saw'>, now: PairHashes) => boolean;
}

/** What helps to answer, beside the details: see view.ts. */
export interface Shows {
  /**
   * - `values`: the field on both sides, its base, and where each value came from;
   * - `differences`: the fields in which both records differ; `records`: the same, and when each record was read;
   * - `people`: who the records are.
   */
  readonly what: 'values' | 'differences' | 'records' | 'people' | 'details';
  /** So many of our last writes to the field, for each system. */
  readonly writes: number;
}

/** A case as far as its details are told. */
export interface Told {
  /** Ids of what it is about. */
  readonly subject: string;
  readonly field: FieldName;
  /** As stored: perhaps by an older version, so nothing in them is certain to be there. */
  readonly details: unknown;
  /** How much is held under it; left out where it is not known, and of kinds that nothing is held under. */
  readonly held?: HoldSize;
}

/** Something to tell: its code says what the other members mean. Values may be personal data. */
export interface Fact {
  readonly code: string;
}

export interface Kind {
  /** As stored. */
  readonly code: string;
  readonly about: About;
  readonly answers: Answers;
  readonly holds: Hold | null;
  /** When the link became part of another one, where the missing record is: the question is over. */
  readonly endsByMerging: boolean;
  /**
   * Whether an open case still is a question; if not, it answered itself: anyone who edited one of the systems has said what holds.
   *
   * @param wanted what would be done about the link if everything were allowed: what may not be written is still different
   */
  readonly stands: (question: Pick<LinkCase, 'subject' | 'field' | 'take'>, wanted: Decision) => boolean;
  readonly shows: Shows;
  /** What its details say, for anyone who answers. */
  readonly facts: (told: Told) => readonly Fact[];
}

/** A case that a newer version of the program has stored. It holds nothing back, and only a person ends it. */
export const unknownKind: Kind = {
  code: 'unknown',
  about: 'records',
  answers: { ...noAnswers, close: 'asksAgain' },
  holds: null,
  endsByMerging: false,
  stands: () => true,
  shows: { what: 'details', writes: 0 },
  facts: () => [],
};
