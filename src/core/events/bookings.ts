/**
 * What is to be done next about one registration and its order: pure, over hashes, used unchanged by the `syncRegistration` workflow, so that
 * replay shows every decision, and by the plan before the first run.
 *
 * The registration says what is wanted; the order is Yoplanning's. Nothing is ever written to Yapla's registration. Both sides stand against
 * the base, which is what they were when last agreed: an order that is not what we left was changed by staff, and is asked about, never
 * overwritten. At most one question about a registration stands at a time: the one that is to be answered next.
 */
import type { FieldHash } from '../record.js';
import type { RegistrationStatus } from './registration.js';

/** Why a registration that is to be booked cannot be, as things stand. */
export type Hindrance =
  /** Nobody has said which product and session its event is. One question stands for all its registrations. */
  | 'notMapped'
  /** A participant is a member whose client is on its way. */
  | 'peopleAwaited'
  /** A participant's link is in an open case: who the client is, a person must say. */
  | 'personAsked'
  /** A participant has no client, and the connection's rule is to make none; or no name by which one could be made. */
  | 'noClient'
  /** A participant bears the number of a member whom Yapla does not show, and looks like no client. */
  | 'unknownMember'
  /** A participant can be one of several clients. */
  | 'manyClients'
  /** Amounts in a currency that the team does not use. */
  | 'otherCurrency'
  /** It shows no amount, and the connection's rule is to ask. */
  | 'noAmount'
  /** The session that it is mapped to is not there any more. */
  | 'noSession';

/** The registration as Yapla shows it. */
export interface WantedView {
  readonly status: RegistrationStatus;
  /** Of all that Yapla shows of it. */
  readonly shown: FieldHash;
  /** Who is to be booked into which session at which price; null: not known, see `hindrance`. */
  readonly wants: FieldHash | null;
  readonly hindrance: Hindrance | null;
  /** To book it as wanted makes a client, and the connection's rule is to ask first. Left out, as by runs of before: it does not. */
  readonly makesClients?: boolean;
  readonly isPaid: boolean;
  /** Its session, or event, has begun. */
  readonly isOver: boolean;
  /**
   * It was cancelled, and Yapla told of it as not cancelled afterwards without a time by which the two can be put in order: a late event, or
   * a new registration under the old number.
   */
  readonly isReopened: boolean;
}

/** The order as Yoplanning shows it. */
export interface OrderView {
  /** Of its sessions, clients and prices. */
  readonly booking: FieldHash;
  /** Cancelled, or not there any more. */
  readonly isCancelled: boolean;
  readonly isPaid: boolean;
}

/** What both sides were when they last agreed. */
export interface AgreedBooking {
  /** `none`: nothing is to be booked. Where what is wanted was not known: `WantedView.shown`. */
  readonly wants: FieldHash;
  /** Null: there is no order, and a person said that there shall be none. */
  readonly booking: FieldHash | null;
  readonly isCancelled: boolean;
  readonly isPaid: boolean;
}

/** What stands for the hash of a registration that nothing is to be booked for. */
export const wantsNone = 'none';

/** What stands for what is wanted where an order is to show that it is paid, and nothing else. */
const wantsPaid = 'paid';

/** Questions about one registration (src/cases). */
export type BookingQuestion =
  /** It has begun before it could be booked. */
  | 'tooLate'
  /** It cannot be booked as it is: see the hindrance. */
  | 'notBookable'
  /** To book it makes a client: see `WantedView.makesClients`. */
  | 'newClient'
  /** No place is left, or the session is not offered any more. */
  | 'noPlace'
  /** Cancelled in Yapla; the order is still there. */
  | 'toCancel'
  /** Changed in Yapla; the order is as it was. */
  | 'toChange'
  /** Paid in Yapla; the order does not show it. */
  | 'toPay'
  /** Staff changed the order. */
  | 'orderChanged'
  /** Staff cancelled the order; the registration stands. */
  | 'orderCancelled'
  /** Yoplanning does not take it as it is. */
  | 'orderRefused'
  /** An order was sent, and whether it is there cannot be told. */
  | 'orderUncertain'
  /** See `WantedView.isReopened`. */
  | 'reopened';

export const bookingQuestions = [
  'tooLate',
  'notBookable',
  'newClient',
  'noPlace',
  'toCancel',
  'toChange',
  'toPay',
  'orderChanged',
  'orderCancelled',
  'orderRefused',
  'orderUncertain',
  'reopened',
] as const satisfies readonly BookingQuestion[];

/**
 * How a person answers:
 * - `carryOut`: do it (book, change, cancel, pay; over what staff entered);
 * - `keep`: leave both as they are now, because it was done by hand or is wanted so;
 * - `wait`: book it when a place is free.
 */
export type BookingAnswer = 'carryOut' | 'keep' | 'wait';

/** What the connection does by itself; all else is asked. */
export interface BookingRules {
  /** Registrations that wait for payment are booked, too. */
  readonly booksUnpaid: boolean;
  readonly change: 'ask' | 'put';
  readonly pay: 'ask' | 'put';
  readonly cancel: 'ask' | 'delete' | 'put';
  /** How it cancels when a person says so; null: it cannot. */
  readonly canCancelBy: 'delete' | 'put' | null;
  readonly canChange: boolean;
}

/** What the store knows of one registration's link: hashes, names and counts. It stands in workflow histories. */
export interface BookingView {
  /**
   * - `linked`: there is a registration;
   * - `orderOnly`: an order that no registration of Yapla led to: told to the facts about its people, and nothing is done about it;
   * - `merged`: the order belongs to a registration, `mergedInto`, whose workflow goes on;
   * - `unreadable`: what Yapla shows of it cannot be read; a case is open;
   * - `unknown`: nothing is known under this id;
   * - `early`: no plan of bookings was approved yet.
   */
  readonly state: 'linked' | 'orderOnly' | 'merged' | 'unreadable' | 'unknown' | 'early';
  readonly mergedInto: string | null;
  readonly version: number;
  readonly openCases: number;
  readonly registration: WantedView | null;
  readonly order: OrderView | null;
  readonly base: AgreedBooking | null;
  readonly rules: BookingRules;
  /** An order was sent, or was about to be, and nobody knows what became of it. */
  readonly awaiting: boolean;
  /** Questions about it that are open. */
  readonly asked: readonly BookingQuestion[];
  /** Answers that are not carried out yet. */
  readonly answers: Readonly<Partial<Record<BookingQuestion, BookingAnswer>>>;
  /** What Yoplanning refused to take (`orderRefused`; see `aimOf`), while that question is open; null: nothing. Anything else is tried. */
  readonly refused: FieldHash | null;
  /** The same of what there was no place for (`noPlace`). */
  readonly full: FieldHash | null;
  /** A person said to wait for a place: whether to try now. Null: nobody waits. */
  readonly waits: 'now' | 'later' | null;
}

/** What is to be carried out. */
export type BookingDecision =
  /** Validate and order. An order that was sent before is looked for first. `waited`: in the lane `idle`, because it waits for a place. */
  | { readonly kind: 'book'; readonly waited: boolean; readonly answers: BookingQuestion | null }
  /** Look for an order whose sending was cut off, and nothing else: it is not wanted any more, or perhaps not as it was sent. */
  | { readonly kind: 'find' }
  /** Bring the order to what the registration says. `over`: over what staff changed, as a person said. */
  | { readonly kind: 'change' | 'pay'; readonly over: boolean; readonly answers: BookingQuestion | null }
  | {
      readonly kind: 'cancel';
      readonly by: 'delete' | 'put';
      readonly over: boolean;
      readonly answers: BookingQuestion | null;
    }
  /** Both sides are as they shall be: the base moves to what they show. */
  | { readonly kind: 'agree'; readonly answers: BookingQuestion | null }
  /** A person said to book it again: the cancelled order is none any more. */
  | { readonly kind: 'bookAgain'; readonly answers: 'orderCancelled' }
  /** A person said to wait for a place. */
  | { readonly kind: 'wait'; readonly answers: 'noPlace' }
  /** A person said that an order of which nobody could tell is not there. */
  | { readonly kind: 'forget'; readonly answers: 'orderUncertain' }
  /** A person said that what Yapla showed last is what holds. */
  | { readonly kind: 'reopen'; readonly answers: 'reopened' }
  | { readonly kind: 'ask'; readonly question: BookingQuestion; readonly why: Hindrance | null };

/** What a step comes to, in one word, as the log and Temporal's UI show it. */
export type BookingOutcome =
  | 'booked'
  | 'changed'
  | 'cancelled'
  | 'paid'
  | 'agreed'
  | 'found'
  | 'case'
  | 'inStep'
  | 'nothingToBook'
  | 'awaitsPayment'
  | 'awaitsPeople'
  | 'notMapped'
  | 'waitsForPlace'
  | 'declined'
  | 'orderOnly'
  | 'merged'
  | 'unknown'
  | 'early';

export type BookingStep =
  | { readonly do: 'apply'; readonly outcome: BookingOutcome; readonly decision: BookingDecision }
  | { readonly do: 'rest'; readonly outcome: BookingOutcome };

const rest = (outcome: BookingOutcome): BookingStep => ({ do: 'rest', outcome });
const apply = (outcome: BookingOutcome, decision: BookingDecision): BookingStep => ({ do: 'apply', outcome, decision });

/** The next step of a registration. Pure: the same view gives the same step, whoever caused the look. */
export function nextBookingStep(view: BookingView): BookingStep {
  switch (view.state) {
    case 'unknown':
    case 'merged':
    case 'early':
    case 'orderOnly':
      return rest(view.state);
    case 'unreadable':
      return rest('case');
    case 'linked':
      break;
  }
  const { registration } = view;
  if (registration === null) return rest('unknown');
  if (registration.isReopened) return ofReopened(view, registration);
  if (isUncertain(view)) return ofUncertain(view);
  if (view.awaiting && !isToBook(view, registration)) return apply('found', { kind: 'find' });
  if (view.order === null) return withoutOrder(view, registration);
  return view.order.isCancelled
    ? withCancelledOrder(view, registration, view.order)
    : withOrder(view, registration, view.order);
}

/** Whether an open question still is one; if not, it answered itself: somebody has put right what it was about. */
export function bookingQuestionStands(question: BookingQuestion, view: BookingView): boolean {
  const { registration } = view;
  if (view.state !== 'linked' || registration === null) return true;
  if (question === 'orderUncertain') return isUncertain(view);
  // What was tried and failed, as long as it is the same that is wanted.
  if (question === 'orderRefused') return view.refused !== null && view.refused === aimOf(view);
  if (question === 'noPlace')
    return isWanted(view, registration) && !registration.isOver && view.full === registration.wants;
  const step = nextBookingStep({ ...view, asked: [], answers: {}, waits: null, full: null, refused: null });
  return step.do === 'apply' && step.decision.kind === 'ask' && step.decision.question === question;
}

/**
 * What is to be brought about next, as the hash that tells one refusal from another; null: nothing, or what a person must say first. A refusal
 * counts for just this.
 */
export function aimOf(view: BookingView): FieldHash | null {
  const { registration, order, base } = view;
  if (registration === null || (order !== null && !order.isCancelled && isByStaff(base, order))) return null;
  if (!isWanted(view, registration)) return registration.status === 'cancelled' ? wantsNone : null;
  if (order === null || order.isCancelled) return registration.isOver ? null : registration.wants;
  const isPayment = base !== null && isLeft(view, registration) && registration.isPaid && !base.isPaid;
  return isPayment ? wantsPaid : registration.wants;
}

/** Staff changed it: it is not as it was left. */
function isByStaff(base: AgreedBooking | null, order: OrderView): boolean {
  return base !== null && base.booking !== order.booking;
}

/** Nobody can tell whether an order that was sent is there: neither a search, nor an event about it. */
function isUncertain({ awaiting, asked, order, base }: BookingView): boolean {
  const isShown = order !== null && !order.isCancelled && (base === null || base.booking === null);
  return awaiting && !isShown && asked.includes('orderUncertain');
}

/** A person looks it up, and says whether to send it again, or to leave it. */
function ofUncertain({ answers }: BookingView): BookingStep {
  if (answers.orderUncertain === 'keep') return apply('agreed', { kind: 'agree', answers: 'orderUncertain' });
  if (answers.orderUncertain === undefined) return rest('case');
  return apply('agreed', { kind: 'forget', answers: 'orderUncertain' });
}

/** Its places are to be taken. */
function isWanted({ rules, base }: BookingView, { status }: WantedView): boolean {
  if (status === 'cancelled') return false;
  // What was booked once stays booked until it is cancelled.
  return status === 'validated' || rules.booksUnpaid || (base !== null && base.booking !== null && !base.isCancelled);
}

/** There is no order, or one that is cancelled, and both sides agree on that. */
function isWithout({ order, base }: BookingView): boolean {
  return order === null || (order.isCancelled && base !== null && base.isCancelled && base.wants === wantsNone);
}

/** Booking it is the next thing to do, so that a lost order is looked for on the way. */
function isToBook(view: BookingView, registration: WantedView): boolean {
  if (!isWithout(view) || !isWanted(view, registration)) return false;
  const step = toBook({ ...view, awaiting: false }, registration);
  return step.do === 'apply' && step.decision.kind === 'book';
}

/** There was no place for just this, and a person has not answered. */
function isFull({ full, answers }: BookingView, wants: FieldHash): boolean {
  return full === wants && answers.noPlace === undefined;
}

/** What follows where Yoplanning refused just this: a person says to leave it, or to try again. Null: it did not refuse this. */
function afterRefusal(view: BookingView, aim: FieldHash, again: (() => BookingStep) | null): BookingStep | null {
  if (view.refused !== aim) return null;
  const { orderRefused: answer } = view.answers;
  if (answer === 'keep') return apply('agreed', { kind: 'agree', answers: 'orderRefused' });
  return answer === undefined || again === null ? rest('case') : again();
}

/** Asks, unless it is asked already; what a person answered is carried out. */
function asking(
  view: BookingView,
  question: BookingQuestion,
  carryOut: (() => BookingStep) | null,
  why: Hindrance | null = null,
): BookingStep {
  const answer = view.answers[question];
  if (answer === 'keep') return apply('agreed', { kind: 'agree', answers: question });
  if (answer === 'carryOut' && carryOut !== null) return carryOut();
  return view.asked.includes(question) ? rest('case') : apply('case', { kind: 'ask', question, why });
}

function ofReopened(view: BookingView, registration: WantedView): BookingStep {
  // It is cancelled after all: nothing is left to ask.
  const reopen = () => apply('agreed', { kind: 'reopen', answers: 'reopened' } as const);
  return registration.status === 'cancelled' ? reopen() : asking(view, 'reopened', reopen);
}

/** A person said to leave it as it is, and it is what it was then. */
function isLeft({ base }: BookingView, { wants, shown }: WantedView): boolean {
  return base !== null && (base.wants === shown || base.wants === wants);
}

function withoutOrder(view: BookingView, registration: WantedView): BookingStep {
  if (!isWanted(view, registration))
    return rest(registration.status === 'waitingForPayment' ? 'awaitsPayment' : 'nothingToBook');
  return toBook(view, registration);
}

/** It is wanted, and there is no order. */
function toBook(view: BookingView, registration: WantedView): BookingStep {
  const { base, answers } = view;
  const { wants, hindrance } = registration;
  if (base?.booking === null && isLeft(view, registration)) return rest('declined');
  if (registration.isOver) return asking(view, 'tooLate', null);
  if (wants === null) return hindered(view, hindrance);
  // The answer stands until it is booked: somebody who waits for a place is not asked about the client again.
  if (registration.makesClients && answers.newClient !== 'carryOut') return asking(view, 'newClient', null);
  const booking = (waited: boolean, question: BookingQuestion | null) =>
    apply('booked', { kind: 'book', waited, answers: question });
  const refused = afterRefusal(view, wants, () => booking(false, 'orderRefused'));
  if (refused !== null) return refused;
  if (answers.noPlace === 'wait') return apply('waitsForPlace', { kind: 'wait', answers: 'noPlace' });
  if (answers.noPlace === 'keep') return apply('agreed', { kind: 'agree', answers: 'noPlace' });
  if (answers.noPlace === 'carryOut') return booking(false, 'noPlace');
  if (view.waits !== null) return view.waits === 'now' ? booking(true, null) : rest('waitsForPlace');
  if (isFull(view, wants)) return rest('case');
  return booking(false, null);
}

function hindered(view: BookingView, hindrance: Hindrance | null): BookingStep {
  switch (hindrance) {
    case 'notMapped':
      return rest('notMapped');
    case null:
    case 'peopleAwaited':
      return rest('awaitsPeople');
    default:
      return asking(view, 'notBookable', null, hindrance);
  }
}

/** The order is cancelled or gone. */
function withCancelledOrder(view: BookingView, registration: WantedView, order: OrderView): BookingStep {
  const { base } = view;
  if (!isWanted(view, registration)) {
    if (registration.status === 'waitingForPayment') return rest('awaitsPayment');
    return isWithout(view) ? rest('nothingToBook') : apply('agreed', { kind: 'agree', answers: null });
  }
  // Cancelled in Yapla, agreed upon, and registered again: a new order.
  if (isWithout(view)) return toBook(view, registration);
  // A person said that it may stay cancelled.
  if (base?.isCancelled && base.booking === order.booking && isLeft(view, registration)) return rest('declined');
  return asking(view, 'orderCancelled', () => apply('agreed', { kind: 'bookAgain', answers: 'orderCancelled' }));
}

function withOrder(view: BookingView, registration: WantedView, order: OrderView): BookingStep {
  const { base, rules } = view;
  const byStaff = isByStaff(base, order);
  if (!isWanted(view, registration)) {
    // Whoever booked it did so before it was paid: it is theirs.
    if (registration.status === 'waitingForPayment') return rest('awaitsPayment');
    if (base !== null && base.wants === wantsNone && !byStaff && !base.isCancelled) return rest('declined');
    const cancel = (by: 'delete' | 'put' | null, over: boolean, answers: BookingQuestion | null) =>
      by === null ? null : () => apply('cancelled', { kind: 'cancel', by, over, answers });
    const refused = byStaff ? null : afterRefusal(view, wantsNone, cancel(rules.canCancelBy, false, 'orderRefused'));
    if (refused !== null) return refused;
    if (rules.cancel === 'ask' || byStaff) return asking(view, 'toCancel', cancel(rules.canCancelBy, true, 'toCancel'));
    return cancel(rules.cancel, false, null)!();
  }
  const { wants, isPaid } = registration;
  const changed = wants !== null && !isLeft(view, registration);
  const change = (over: boolean, answers: BookingQuestion | null) =>
    rules.canChange && wants !== null ? () => apply('changed', { kind: 'change', over, answers } as const) : null;
  if (byStaff) return asking(view, 'orderChanged', change(true, 'orderChanged'));
  if (wants === null && registration.hindrance !== null) return hindered(view, registration.hindrance);
  // An order that bears the registration's number, and of which nobody knows who entered it: as it is, or a question.
  if (base === null || changed) {
    const refused = wants === null ? null : afterRefusal(view, wants, change(base === null, 'orderRefused'));
    if (refused !== null) return refused;
    if (base !== null && rules.change === 'put')
      return registration.makesClients ? asking(view, 'newClient', change(false, 'newClient')) : change(false, null)!();
    return asking(
      view,
      base === null ? 'orderChanged' : 'toChange',
      change(true, base === null ? 'orderChanged' : 'toChange'),
    );
  }
  if (isPaid && !base.isPaid) {
    if (order.isPaid) return apply('agreed', { kind: 'agree', answers: null });
    const pay = (over: boolean, answers: BookingQuestion | null) =>
      rules.canChange ? () => apply('paid', { kind: 'pay', over, answers } as const) : null;
    const refused = afterRefusal(view, wantsPaid, pay(false, 'orderRefused'));
    if (refused !== null) return refused;
    return rules.pay === 'put' ? pay(false, null)!() : asking(view, 'toPay', pay(true, 'toPay'));
  }
  return rest('inStep');
}
