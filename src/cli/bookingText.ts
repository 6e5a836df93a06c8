/** Questions about registrations and their orders in words for a person. */
import type { BookingAnswer, BookingOutcome, BookingQuestion, Hindrance } from '../core/events/bookings.js';
import type { EventProblem } from '../core/events/shown.js';
import type { BookingPlan } from '../link/bookings/plan.js';
import type { CatalogueSession } from '../store/catalogue.js';
import { visible } from './visible.js';

/** What each question is. */
export const bookingQuestionTexts: Readonly<
  Record<BookingQuestion | 'eventNotMapped' | 'secondOrder' | 'unreadableEvent', string>
> = {
  tooLate: 'A registration cannot be booked any more: its session has begun.',
  notBookable: 'A registration cannot be booked as it is. Nothing was sent.',
  newClient:
    'A participant of this registration is nobody in Yoplanning so far (events.createClients: ask). Nothing was sent. "carry-out" names them in the order, and Yoplanning makes the client.',
  noPlace: 'No place is left for this registration, or its session is not offered any more.',
  toCancel: 'This registration was cancelled in Yapla, and its order still stands in Yoplanning.',
  toChange: 'This registration changed in Yapla, and its order in Yoplanning is as it was.',
  toPay: 'This registration is paid in Yapla, and its order in Yoplanning does not show it.',
  orderChanged:
    'The order of this registration is not as it was left: somebody changed it in Yoplanning, or entered it there.',
  orderCancelled: 'The order of this registration is cancelled in Yoplanning, and the registration stands in Yapla.',
  orderRefused: 'Yoplanning does not take this order as it is. It is not sent again until the registration changes.',
  orderUncertain:
    'An order was sent for this registration, and no answer came. Whether it is there cannot be told: look it up in Yoplanning. "carry-out" says that it is not there, and sends it again.',
  reopened:
    'This registration was cancelled, and an event that came later shows it as not cancelled: a late event, or a new registration under the old number.',
  eventNotMapped: 'Nobody has said which session of Yoplanning this event of Yapla is: all its registrations wait.',
  secondOrder:
    'A second order in Yoplanning has the number of this registration: perhaps it is booked twice. Cancel the one that is too much, or close this case if both are meant.',
  unreadableEvent: 'What Yapla or Yoplanning shows cannot be read. Nothing is done about it until it can.',
};

const hindranceTexts: Readonly<Record<Hindrance, string>> = {
  notMapped: 'Its event is not mapped to a session: "passerelle events map".',
  peopleAwaited: 'A participant is a member whose client is on its way.',
  personAsked: 'A question about one of its participants is open: answer that one first, and this one ends by itself.',
  noClient:
    'A participant is nobody in Yoplanning. No client is made for them (events.createClients: none), or they show no full name. Enter the client in Yoplanning.',
  unknownMember:
    'A participant bears the number of a member whom Yapla does not show. Correct the registration in Yapla, or restore the member: then this question ends by itself.',
  manyClients: 'A participant can be one of several clients: give the member’s number in Yapla, or merge the clients.',
  otherCurrency: 'Its amounts are in a currency that the team does not use (yoplanning.events.currency).',
  noAmount: 'It shows no amount (events.missingAmount).',
  noSession: 'The session that its event is mapped to is not there any more: "passerelle events map".',
};

export function hindranceText(why: Hindrance): string {
  return hindranceTexts[why];
}

export function noPlaceText(sessions: readonly string[]): string {
  return `No place in: ${sessions.map(visible).join(', ') || 'the session'}.`;
}

/** Sessions that could be chosen instead, each with the id that `resolve --session` takes. */
export function alternativeLines(sessions: readonly CatalogueSession[]): string[] {
  if (sessions.length === 0) return [];
  const lines = sessions.map(({ id, startsAt, placesLeft, readAt }) => {
    const places = placesLeft === null ? 'places not shown' : `places left: ${placesLeft}`;
    return `  --session ${visible(id)}   ${minute(startsAt)} UTC, ${places} (known ${minute(readAt)} UTC)`;
  });
  return ['Other sessions of the product:', ...lines];
}

/** `2027-06-05 12:00`. */
function minute(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}

export function problemLine({ place, code }: EventProblem): string {
  return `${visible(place)}: ${problemTexts[code]}`;
}

const problemTexts: Readonly<Record<EventProblem['code'], string>> = {
  missing: 'nothing stands there, and it is needed',
  notText: 'expected a text',
  notId: 'expected an id',
  notMoney: 'expected an amount',
  notCurrency: 'expected the code of a currency, such as EUR',
  notTime: 'expected a time',
  notList: 'expected a list',
  unknownWord: 'a status that the configuration does not have (yapla.events)',
  endsBeforeStart: 'it ends before it begins',
  noParticipants: 'nobody takes part',
  tooManyParticipants: 'more participants than one registration may have (yapla.events.registration.maxParticipants)',
  sameParticipantTwice: 'the same person once more',
};

/** Words of `--take`. */
export const answerWords: Readonly<Record<BookingAnswer, string>> = {
  carryOut: 'carry-out',
  keep: 'keep',
  wait: 'wait',
};

const outcomeTexts: Readonly<Partial<Record<BookingOutcome, string>>> = {
  booked: 'would be booked',
  notMapped: 'wait until their event is mapped ("passerelle events map")',
  awaitsPayment: 'wait for their payment',
  awaitsPeople: 'wait for a client who is on the way',
  nothingToBook: 'are cancelled: nothing is booked',
  case: 'are a question for a person',
  inStep: 'are booked already',
};

/** A plan before the first run. */
export function bookingPlanLines(connectionId: string, { number, totals, requests, hasBegun }: BookingPlan): string[] {
  const rows = Object.entries(totals).map(
    ([outcome, n]) => `  ${n} ${outcomeTexts[outcome as BookingOutcome] ?? visible(outcome)}`,
  );
  return [
    `Plan ${number} of bookings of ${connectionId}:`,
    ...(rows.length === 0 ? ['  No registration was told of so far.'] : rows),
    `  Cost: ${requests} requests of Yoplanning's day. Which sessions are full shows when it is their turn.`,
    hasBegun
      ? 'Bookings have begun: nothing has to be approved.'
      : `Nothing is booked before you say so: passerelle events approve ${connectionId} ${number}`,
  ];
}
