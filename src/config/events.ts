/** What a connection does about events: registrations of Yapla that become bookings of Yoplanning. Left out: nothing. */
import { z } from 'zod';
import type { BookingsConfig } from './yoplanningEvents.js';

export const eventsSchema = z
  .strictObject({
    booksUnpaid: z
      .boolean()
      .default(false)
      .describe(
        'Books registrations that wait for payment, too. False: a place is taken once Yapla says "validated", so that nobody holds one for a payment that does not come.',
      ),
    createClients: z
      .enum(['order', 'ask', 'none'])
      .default('order')
      .describe(
        'A participant who is nobody in Yoplanning so far, and no member on their way there: `order` has the order name them, and Yoplanning makes the client; `ask` asks a person first; `none` books nobody who has no client.',
      ),
    missingAmount: z
      .enum(['ask', 'free'])
      .default('ask')
      .describe(
        'A registration that shows no amount: `ask` a person, or book it as `free`. An amount of 0 is free in any case.',
      ),
    cancel: z
      .enum(['ask', 'delete', 'put'])
      .default('ask')
      .describe(
        'What becomes of the order of a registration that was cancelled: a person is asked, or it is deleted, or cancelled by PUT (`yoplanning.events.order.cancelBy` must say the same). An order that staff changed is always asked about.',
      ),
    change: z
      .enum(['ask', 'put'])
      .default('ask')
      .describe(
        'What becomes of the order of a registration whose participants or session changed: a person is asked, or it is changed by PUT (`yoplanning.events.order.changeBy` must be `put`).',
      ),
    pay: z
      .enum(['ask', 'put'])
      .default('ask')
      .describe(
        'A registration that is paid after it was booked: a person is asked to enter the payment, or it is added by PUT (`yoplanning.events.order.changeBy` must be `put`). No money moves: it is an entry in the books.',
      ),
    retryFullMs: z
      .number()
      .int()
      .positive()
      .default(6 * 3_600_000)
      .describe(
        'Whoever waits for a place is looked after again so often, in the lane `idle`, and at once when an order of that session is cancelled. The default costs four requests a day for each who waits.',
      ),
  })
  .describe('Events: registrations of Yapla become orders of Yoplanning. Left out: registrations are not looked at.');

export type EventsConfig = z.infer<typeof eventsSchema>;

interface EventConnection {
  readonly events?: EventsConfig | undefined;
  readonly yapla: { readonly events?: unknown };
  readonly yoplanning: { readonly events: { readonly order: Pick<BookingsConfig['order'], 'cancelBy' | 'changeBy'> } };
}

/** What does not fit together, by its path below the connection. */
export function eventProblems({
  events,
  yapla,
  yoplanning,
}: EventConnection): { readonly path: readonly string[]; readonly message: string }[] {
  if (events === undefined) return [];
  const { cancelBy, changeBy } = yoplanning.events.order;
  const problems = [];
  if (yapla.events === undefined || yapla.events === null)
    problems.push({
      path: ['yapla', 'events'],
      message:
        'expected where registrations stand in a webhook (an empty section takes the defaults), because there are `events`',
    });
  if (events.cancel !== 'ask' && events.cancel !== cancelBy)
    problems.push({
      path: ['events', 'cancel'],
      message: `expected "ask"${cancelBy === null ? '' : ` or "${cancelBy}"`}, because yoplanning.events.order.cancelBy is ${String(cancelBy)}`,
    });
  for (const name of ['change', 'pay'] as const)
    if (events[name] === 'put' && changeBy !== 'put')
      problems.push({
        path: ['events', name],
        message: `expected "ask", because yoplanning.events.order.changeBy is ${String(changeBy)}`,
      });
  return problems;
}
