/** Holds a club of the real servers against what must hold of each of its registrations (bookingJudge.ts). */
import type { BookingView } from '../../../src/core/events/bookings.js';
import type { RegistrationStatus } from '../../../src/core/events/registration.js';
import { complaintOf, type JudgedOrder, type JudgedRegistration, placesText } from '../bookingJudge.js';
import type { EventsClub, Occasion, ShownOrder } from '../eventsClub.js';
import type { OrderLedger } from './ledger.js';

interface ShownPerson {
  readonly member_id?: number;
  readonly first_name: string;
  readonly last_name: string;
}

/** A registration as Yapla's webhooks show it, as far as it is judged. */
interface ShownRegistration {
  readonly id: number;
  readonly status: 'validated' | 'waiting_for_payment' | 'cancelled';
  readonly event: { readonly id: number };
  readonly participants: readonly ShownPerson[];
  readonly amount: string;
  readonly paid_at: string | null;
}

const statuses: Readonly<Record<ShownRegistration['status'], RegistrationStatus>> = {
  validated: 'validated',
  waiting_for_payment: 'waitingForPayment',
  cancelled: 'cancelled',
};

/** Registrations about which a person once said to leave things as they are. */
export type Kept = ReadonlySet<string>;

/** What is wrong, and how the link stands: ids, names and hashes. */
export interface Complaint {
  readonly what: string;
  readonly view: BookingView | null;
  /** Id of the order that the link has. */
  readonly own: string | null;
  /** Ids of orders that stand for the registration. */
  readonly standing: readonly string[];
}

/** What is wrong with each registration, by its id in Yapla; those with which nothing is are left out. */
export async function complaintsOf(
  club: EventsClub,
  occasions: readonly Occasion[],
  ledger: OrderLedger,
  kept: Kept,
): Promise<ReadonlyMap<string, Complaint>> {
  const shown = (await club.house.sandbox.control.yaplaEvents.documents(
    'registration',
  )) as unknown as readonly ShownRegistration[];
  const states = await club.states(shown.map(({ id }) => String(id)));
  const asked = new Set((await club.cases()).flatMap(({ linkId }) => linkId ?? []));
  const orders = await club.activeOrders();
  const members = new Map(club.members.map(({ yapla, yoplanning }) => [yoplanning, yapla]));
  const found = new Map<string, Complaint>();
  for (const one of shown) {
    const id = String(one.id);
    const state = states.get(id) ?? null;
    const standing = orders
      .filter(({ external_reference: reference }) => reference === id)
      .map((order) => judgedOrder(order, members, ledger));
    const what = complaintOf({
      registration: judgedRegistration(one, occasions),
      orders: standing,
      state,
      isAsked: asked.has(`yapla:${id}`),
      wasKept: kept.has(id),
    });
    if (what === null) continue;
    const own = state?.link.pair.ids.yoplanning ?? null;
    found.set(id, { what, view: state?.view ?? null, own, standing: standing.map((order) => order.id) });
  }
  return found;
}

function judgedRegistration(
  { status, event, participants, amount, paid_at: paidAt }: ShownRegistration,
  occasions: readonly Occasion[],
): JudgedRegistration {
  const { session } = occasions.find((one) => one.event === String(event.id))!;
  const price = Number(amount) / participants.length;
  return {
    status: statuses[status],
    places: placesText(participants.map((one) => ({ who: whoIs(one), price, session }))),
    paid: paidAt === null ? 0 : Number(amount),
  };
}

function whoIs({ member_id: member, first_name: first, last_name: last }: ShownPerson): string {
  return member === undefined ? `${first} ${last}` : `member ${member}`;
}

/** @param members by the ids of their clients */
function judgedOrder(
  { id, items, payments }: ShownOrder,
  members: ReadonlyMap<string, string>,
  ledger: OrderLedger,
): JudgedOrder {
  const whoOf = (client: ShownPerson & { readonly id: string }) => {
    const member = members.get(client.id);
    return member === undefined ? whoIs(client) : `member ${member}`;
  };
  return {
    id,
    isOurs: ledger.isOurs(id),
    places: placesText(
      items.map(({ client, price, session_group: session }) => ({
        who: whoOf(client as ShownPerson & { readonly id: string }),
        price: Number(price.amount),
        session,
      })),
    ),
    paid: payments.reduce((sum, { amount }) => sum + Number(amount), 0),
  };
}
