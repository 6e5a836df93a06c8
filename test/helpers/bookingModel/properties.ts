/** What must hold of a club's registrations and orders once events stop: as bookingJudge.ts says, and looking again writes nothing. */
import { complaintOf, type JudgedOrder, type JudgedRegistration, placesText } from '../bookingJudge.js';
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
    const { id } = registration;
    const complaint = complaintOf({
      registration: judgedRegistration(registration, world.session),
      orders: world.yoplanning.active(id).map((order) => judgedOrder(order, world)),
      state: await world.state(id),
      isAsked: asked.has(`yapla:${id}`),
      wasKept: world.kept.has(id),
    });
    if (complaint !== null) throw new Violation(complaint);
  }
}

const statuses = {
  validated: 'validated',
  'waiting for payment': 'waitingForPayment',
  cancelled: 'cancelled',
} as const;

function judgedRegistration({ status, participants, paid }: ModelRegistration, session: string): JudgedRegistration {
  const whoOf = (one: ModelRegistration['participants'][number]) => ('member' in one ? `c${one.member}` : one.guest);
  return {
    status: statuses[status],
    places: placesText(participants.map((one) => ({ who: whoOf(one), price: priceEach, session }))),
    paid: paid ? priceEach * participants.length : 0,
  };
}

function judgedOrder({ id, items, payments }: ModelOrder, { yoplanning }: BookingWorld): JudgedOrder {
  return {
    id,
    isOurs: yoplanning.behind.get(id)!.ours,
    places: placesText(
      items.map(({ client, price, session_group: session }) => ({
        who: yoplanning.clients.get(client) ?? client,
        price: Number(price.amount),
        session,
      })),
    ),
    paid: payments.reduce((sum, { amount }) => sum + Number(amount), 0),
  };
}
