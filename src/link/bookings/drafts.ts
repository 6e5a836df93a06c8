/** Orders beside what is wanted: as they are sent, and whether one that is there is just that. Pure. */
import { compareMoney, moneyOf, subtractMoney, sumMoney } from '../../core/events/money.js';
import type { Wanted, WantedItem } from '../../core/events/wanted.js';
import type { Order, OrderDraft, OrderEdit } from '../../systems/yoplanning/orders.js';
import type { OpenEvents } from './open.js';
import { type BookingState, orderViewOf } from './state.js';

/** Null where nothing is known to compare it with. */
export function sameOrder(events: OpenEvents, order: Order, known: Order | null): boolean | null {
  if (known === null) return null;
  const [a, b] = [orderViewOf(events, order), orderViewOf(events, known)];
  return a.booking === b.booking && a.isCancelled === b.isCancelled && a.isPaid === b.isPaid;
}

/** Whether an order shows just what is wanted; of a client whom the order made nobody knew the id. */
export function isAsWanted({ items, status }: Order, wanted: Wanted): boolean {
  if (status !== 'active' || items.length !== wanted.items.length) return false;
  const left = [...items];
  return wanted.items.every(({ client, amount }) => {
    const at = left.findIndex(
      (item) =>
        item.sessionId === wanted.sessionId &&
        item.amount?.amount === amount.amount &&
        (!('id' in client) || item.clientId === client.id),
    );
    return at >= 0 && left.splice(at, 1).length === 1;
  });
}

/** The items that an order shall have: what stays keeps its item; what is new is added; what nobody wants any more goes. */
export function itemsFor(order: Order, wanted: Wanted): OrderEdit {
  const left = [...order.items];
  const items = wanted.items.map((item) => {
    const at = left.findIndex(
      ({ id, sessionId, clientId, amount }) =>
        id !== null &&
        sessionId === wanted.sessionId &&
        'id' in item.client &&
        clientId === item.client.id &&
        amount?.amount === item.amount.amount,
    );
    return at < 0 ? itemDraft(wanted, item) : { id: left.splice(at, 1)[0]!.id! };
  });
  return { items };
}

/** The whole price at once, where it is paid. */
export function paymentsFor(wanted: Wanted | null): OrderDraft['payments'] {
  return wanted === null || wanted.paid === null ? [] : [{ amount: wanted.paid, client: wanted.items[0]!.client }];
}

/** What of the whole price the order does not show as paid yet; empty: nothing. */
export function paymentsMissing({ payments }: Order, wanted: Wanted): OrderDraft['payments'] {
  return paymentsFor(wanted).flatMap((whole) => {
    const { currency } = whole.amount;
    const shown = sumMoney(
      payments.map(({ amount }) => amount),
      currency,
    );
    const missing = subtractMoney(whole.amount, shown);
    return compareMoney(missing, moneyOf('0', currency)) > 0 ? [{ ...whole, amount: missing }] : [];
  });
}

export function draftOf({ link }: BookingState, wanted: Wanted): OrderDraft {
  return {
    externalReference: link.pair.ids.yapla!,
    items: wanted.items.map((item) => itemDraft(wanted, item)),
    payments: paymentsFor(wanted),
  };
}

function itemDraft({ sessionId }: Wanted, { amount, client }: WantedItem) {
  return { sessionGroup: sessionId, amount, client };
}

/** Which client each participant is, where the answer has as many items as were sent, in their order. */
export function clientsIn({ items }: Order, { wanted, registration }: BookingState): readonly (string | null)[] {
  const people = registration?.participants ?? [];
  if (wanted === null || items.length !== people.length) return people.map(() => null);
  return people.map(({ memberId }, nth) => (memberId === null ? items[nth]!.clientId : null));
}
