/** What must hold of a club's registrations and orders once events stop. */
import type { BookingState } from '../../../src/link/bookings/state.js';
import { wantsNone } from '../../../src/core/events/bookings.js';
import { Violation } from '../liveModel/world.js';
import type { BookingWorld } from './world.js';
import { type ModelRegistration, priceEach } from './yapla.js';
import type { ModelOrder } from './yoplanning.js';

/**
 * @param writes sent before everything was shown once more, and nothing was new
 * @throws {Violation}
 */
export async function checkClub(world: BookingWorld, writes?: number): Promise<void> {
  if (writes !== undefined && world.yoplanning.writes.length > writes)
    throw new Violation('looking again writes, and nothing was new');
  const asked = new Set((await world.cases()).flatMap(({ linkId }) => linkId ?? []));
  for (const registration of world.yapla.registrations.values()) {
    const state = await world.state(registration.id);
    if (state === null) throw new Violation('a registration that an export shows is not known');
    if (asked.has(`yapla:${registration.id}`) || isLeft(world, registration, state) || state.booking.waits) continue;
    const difference = differenceOf(world, registration, state);
    if (difference !== null) throw new Violation(`${difference}, and nobody is asked`);
  }
}

/** A person said to leave it, and it is still what it was then. */
function isLeft({ kept }: BookingWorld, { id, status }: ModelRegistration, { view }: BookingState): boolean {
  const { base, order, registration } = view;
  if (!kept.has(id) || base === null || registration === null) return false;
  const wants = status === 'cancelled' ? [wantsNone] : [registration.wants, registration.shown];
  return wants.includes(base.wants) && (order === null || base.booking === order.booking);
}

/** What of a registration is not as Yapla has it; null: nothing. An order that staff entered beside its own is theirs. */
function differenceOf(world: BookingWorld, registration: ModelRegistration, { link }: BookingState): string | null {
  const { yoplanning } = world;
  const own = link.pair.ids.yoplanning;
  const orders = yoplanning.active(registration.id).filter(({ id }) => id === own || yoplanning.behind.get(id)!.ours);
  switch (registration.status) {
    case 'cancelled':
      return orders.length === 0 ? null : 'an order stands for a cancelled registration';
    case 'waiting for payment':
      // Whatever was booked, or entered by staff, stays until it is cancelled.
      return null;
    case 'validated': {
      const [order, ...more] = orders;
      if (order === undefined) return 'a registration has no order';
      if (more.length > 0) return 'a registration has several orders';
      if (textOf(world, order) !== wantedText(registration, world.session))
        return 'an order is not what the registration says';
      const paid = order.payments.reduce((sum, { amount }) => sum + Number(amount), 0);
      return registration.paid && paid < priceEach * registration.participants.length ? 'a payment is missing' : null;
    }
  }
}

function textOf({ yoplanning }: BookingWorld, { items }: ModelOrder): string {
  return items
    .map(
      ({ client, price, session_group: session }) =>
        `${yoplanning.clients.get(client) ?? client} ${Number(price.amount)} ${session}`,
    )
    .sort()
    .join();
}

function wantedText({ participants }: ModelRegistration, session: string): string {
  return participants
    .map((one) => `${'member' in one ? `c${one.member}` : one.guest} ${priceEach} ${session}`)
    .sort()
    .join();
}
