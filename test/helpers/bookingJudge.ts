/** What must hold of one registration and its orders once events stop, in whichever world they are: modelled or on the real servers. */
import { wantsNone } from '../../src/core/events/bookings.js';
import type { RegistrationStatus } from '../../src/core/events/registration.js';
import type { BookingState } from '../../src/link/bookings/state.js';

/** What Yapla has. */
export interface JudgedRegistration {
  readonly status: RegistrationStatus;
  /** Who takes part in which session at which price: see `placesText`. */
  readonly places: string;
  /** What was paid; 0: nothing. */
  readonly paid: number;
}

/** An order of Yoplanning that is not cancelled and bears the registration's number. */
export interface JudgedOrder {
  readonly id: string;
  /** Placed by us. One that staff entered beside the registration's own is theirs. */
  readonly isOurs: boolean;
  readonly places: string;
  readonly paid: number;
}

export interface Judged {
  readonly registration: JudgedRegistration;
  readonly orders: readonly JudgedOrder[];
  /** What our store holds; null: it knows no such registration. */
  readonly state: BookingState | null;
  /** A question about it is open. */
  readonly isAsked: boolean;
  /** A person once said to leave things as they are. */
  readonly wasKept: boolean;
}

/** One text for the same places in whatever sequence. */
export function placesText(
  places: readonly { readonly who: string; readonly price: number; readonly session: string }[],
): string {
  return places
    .map(({ who, price, session }) => `${who} ${price} ${session}`)
    .sort()
    .join();
}

/** What is wrong; null: nothing. */
export function complaintOf(judged: Judged): string | null {
  const { state, isAsked } = judged;
  if (state === null) return 'a registration that an export shows is not known';
  if (isAsked || isLeft(judged, state)) return null;
  const difference = differenceOf(judged, state);
  return difference === null ? null : `${difference}, and nobody is asked`;
}

/** A person said to leave it, and it is still what it was then. */
function isLeft({ registration: { status }, wasKept }: Judged, { view }: BookingState): boolean {
  const { base, order, registration } = view;
  if (!wasKept || base === null || registration === null) return false;
  const wants = status === 'cancelled' ? [wantsNone] : [registration.wants, registration.shown];
  return wants.includes(base.wants) && (order === null || base.booking === order.booking);
}

/** What of a registration is not as Yapla has it; null: nothing. */
function differenceOf({ registration, orders: all }: Judged, { link, booking }: BookingState): string | null {
  const own = link.pair.ids.yoplanning;
  const orders = all.filter(({ id, isOurs }) => id === own || isOurs);
  switch (registration.status) {
    case 'cancelled':
      return orders.length === 0 ? null : 'an order stands for a cancelled registration';
    case 'waitingForPayment':
      // What was booked, or entered by staff, stays until it is cancelled.
      return null;
    case 'validated': {
      const [order, ...more] = orders;
      if (order === undefined) return booking.waits ? null : 'a registration has no order';
      if (more.length > 0) return 'a registration has several orders';
      if (order.places !== registration.places) return 'an order is not what the registration says';
      return order.paid < registration.paid ? 'a payment is missing' : null;
    }
  }
}
