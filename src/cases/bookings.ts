/**
 * The questions about one registration and its order (core/events/bookings.ts says when each is asked and how it ends), and those beside them:
 * an event that nobody has mapped yet, which stands for all its registrations; a second order; what cannot be read.
 */
import type { BookingAnswer, BookingQuestion, Hindrance } from '../core/events/bookings.js';
import { linkIdOf, parseLinkId } from '../core/linkId.js';
import type { EventProblem } from '../core/events/shown.js';
import type { FieldHash } from '../core/record.js';
import { type Failure, InvalidRecord } from '../http/failures.js';
import type { NewCase } from '../store/cases.js';
import { type Kind, noAnswers } from './kind.js';

/** What a person can answer to each. */
const answersTo = {
  tooLate: ['keep'],
  notBookable: ['keep'],
  newClient: ['carryOut', 'keep'],
  noPlace: ['carryOut', 'wait', 'keep'],
  toCancel: ['carryOut', 'keep'],
  toChange: ['carryOut', 'keep'],
  toPay: ['carryOut', 'keep'],
  orderChanged: ['carryOut', 'keep'],
  orderCancelled: ['carryOut', 'keep'],
  orderRefused: ['carryOut', 'keep'],
  orderUncertain: ['carryOut', 'keep'],
  reopened: ['carryOut', 'keep'],
} as const satisfies Readonly<Record<BookingQuestion, readonly BookingAnswer[]>>;

/** What a question's details may say, for anyone who answers. */
export interface BookingDetails {
  readonly why?: Hindrance;
  /** Sessions without a place. */
  readonly sessions?: readonly string[];
  /** Of a refusal: places that the server names, and its own words, which can quote values. */
  readonly fields?: readonly string[];
  readonly words?: string | null;
}

function bookingKind(code: BookingQuestion) {
  return {
    code,
    about: 'link',
    answers: { ...noAnswers, booking: answersTo[code], session: code === 'noPlace' },
    // What is held back until a person answers says core/events/bookings.ts.
    holds: null,
    endsByMerging: true,
    stands: () => true,
    shows: { what: 'details', writes: 0 },
    facts: ({ details }) => {
      const { why, sessions, fields = [], words = null } = (details ?? {}) as BookingDetails;
      return [
        ...(why === undefined ? [] : [{ code: 'hindrance' as const, why }]),
        ...(sessions === undefined ? [] : [{ code: 'noPlaceIn' as const, sessions }]),
        ...(fields.length === 0 && words === null ? [] : [{ code: 'orderRefusal' as const, fields, words }]),
      ];
    },
  } as const satisfies Kind;
}

export const bookingKinds = {
  tooLate: bookingKind('tooLate'),
  notBookable: bookingKind('notBookable'),
  newClient: bookingKind('newClient'),
  noPlace: bookingKind('noPlace'),
  toCancel: bookingKind('toCancel'),
  toChange: bookingKind('toChange'),
  toPay: bookingKind('toPay'),
  orderChanged: bookingKind('orderChanged'),
  orderCancelled: bookingKind('orderCancelled'),
  orderRefused: bookingKind('orderRefused'),
  orderUncertain: bookingKind('orderUncertain'),
  reopened: bookingKind('reopened'),
} as const satisfies Readonly<Record<BookingQuestion, Kind>>;

/** @param saw what was wanted when it was asked */
export function bookingCase(
  linkId: string,
  question: BookingQuestion,
  details: BookingDetails,
  saw: FieldHash | null,
): NewCase<BookingDetails> {
  return { kind: question, subject: linkId, linkId, details, saw: { yapla: { wants: saw ?? '' }, yoplanning: null } };
}

/** Yoplanning refused the data of an order. */
export function orderRefusedCase(linkId: string, failure: Failure, saw: FieldHash | null): NewCase<BookingDetails> {
  const [fields, words] = failure instanceof InvalidRecord ? [failure.fields, failure.words] : [[], failure.what];
  return bookingCase(linkId, 'orderRefused', { fields, words }, saw);
}

/** Nobody has said which product and session an event of Yapla is. Its registrations wait. */
export const eventNotMapped = {
  code: 'eventNotMapped',
  about: 'records',
  answers: { ...noAnswers, map: true },
  holds: null,
  endsByMerging: false,
  stands: () => true,
  shows: { what: 'details', writes: 0 },
  facts: ({ subject }) => [{ code: 'event' as const, event: subject.replace(/^event /, '') }],
} as const satisfies Kind;

/** @param event key of the event (core/events/places.ts) */
export function eventNotMappedCase(event: string): NewCase<Record<string, never>> {
  return { kind: eventNotMapped.code, subject: eventSubject(event), details: {} };
}

export function eventSubject(event: string): string {
  return `event ${event}`;
}

/** An order bears a registration's number beside the order that the registration has. */
export const secondOrder = {
  code: 'secondOrder',
  about: 'records',
  answers: { ...noAnswers, close: 'notAskedAgain' },
  holds: null,
  endsByMerging: false,
  stands: () => true,
  shows: { what: 'details', writes: 0 },
  facts: ({ subject }) => [{ code: 'secondOrder' as const, order: parseLinkId(subject).id }],
} as const satisfies Kind;

/** @param linkId of the registration @param order id of the order */
export function secondOrderCase(linkId: string, order: string): NewCase<Record<string, never>> {
  return { kind: secondOrder.code, subject: linkIdOf('yoplanning', order), linkId, details: {} };
}

/** What Yapla shows of a registration or a donation cannot be read: what is wrong, by its place. */
export const unreadableEvent = {
  code: 'unreadableEvent',
  about: 'records',
  answers: { ...noAnswers, close: 'asksAgain' },
  holds: null,
  endsByMerging: false,
  stands: () => true,
  shows: { what: 'details', writes: 0 },
  facts: ({ details }) => [
    { code: 'problems' as const, problems: ((details ?? {}) as Partial<UnreadableEventDetails>).problems ?? [] },
  ],
} as const satisfies Kind;

export interface UnreadableEventDetails {
  readonly problems: readonly EventProblem[];
}

export function unreadableEventCase(
  linkId: string,
  problems: readonly EventProblem[],
): NewCase<UnreadableEventDetails> {
  return { kind: unreadableEvent.code, subject: linkId, linkId, details: { problems } };
}
