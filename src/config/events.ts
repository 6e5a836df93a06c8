/** What a connection does about events: registrations of Yapla that become bookings of Yoplanning. Left out: nothing. */
import { z } from 'zod';
import { catalogueSchema } from './catalogue.js';
import { derivedFields, derivedIn, type DerivedPlaces } from '../core/events/derived.js';
import { type FactRules, isSeasonStart } from '../core/events/facts.js';
import { systemNames } from '../core/record.js';
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
        'A participant who is nobody in Yoplanning so far, and no member on their way there: `order` has the order name them, and Yoplanning makes the client; `ask` does so once a person says yes; `none` makes no clients: the registration waits until somebody has entered them in Yoplanning.',
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
    season: z
      .strictObject({
        from: z
          .string()
          .refine(isSeasonStart, 'expected a month and a day that every year has, such as 09-01')
          .default('09-01')
          .describe(
            'Month and day on which a season begins, `MM-DD`, by the clocks of `yapla.timeZone`. In France clubs count from September.',
          ),
      })
      .prefault({})
      .describe(
        'What counts as this season in fields that are derived from orders (`fields.<name>.yoplanning.derived`).',
      ),
    deriveEveryMs: z
      .number()
      .int()
      .positive()
      .default(15 * 60_000)
      .describe(
        'So often it is looked which derived fields the passing of time has changed, and at once at the time that is known to be the next. A look sends no request; a field is at most so late.',
      ),
    retryFullMs: z
      .number()
      .int()
      .positive()
      .default(6 * 3_600_000)
      .describe(
        'Whoever waits for a place is looked after again so often, in the lane `idle`, and at once when an order of that session is cancelled. The default costs four requests a day for each who waits.',
      ),
    catalogue: catalogueSchema.optional(),
  })
  .describe('Events: registrations of Yapla become orders of Yoplanning. Left out: registrations are not looked at.');

export type EventsConfig = z.infer<typeof eventsSchema>;

interface FactConnection {
  readonly events?: EventsConfig | undefined;
  readonly fields: Readonly<Record<string, DerivedPlaces>>;
  readonly yapla: { readonly timeZone: string };
  readonly yoplanning: { readonly events: Pick<BookingsConfig, 'currency'> };
}

/** By what facts about people are made; null: no field takes one. */
export function factRulesOf({ events, fields, yapla, yoplanning }: FactConnection): FactRules | null {
  if (events === undefined) return null;
  const areTaken = systemNames.some((system) => Object.keys(derivedFields(fields, system)).length > 0);
  if (!areTaken) return null;
  return { seasonFrom: events.season.from, timeZone: yapla.timeZone, currency: yoplanning.events.currency };
}

interface EventConnection {
  readonly events?: EventsConfig | undefined;
  readonly fields: Readonly<Record<string, DerivedPlaces>>;
  readonly yapla: { readonly events?: unknown };
  readonly yoplanning: { readonly events: { readonly order: Pick<BookingsConfig['order'], 'cancelBy' | 'changeBy'> } };
}

/** What does not fit together, by its path below the connection. */
export function eventProblems({
  events,
  fields,
  yapla,
  yoplanning,
}: EventConnection): { readonly path: readonly string[]; readonly message: string }[] {
  if (events === undefined)
    return Object.entries(fields).flatMap(([name, places]) =>
      systemNames
        .filter((system) => derivedIn(places[system]) !== null)
        .map((system) => ({
          path: ['fields', name, system],
          message: 'expected a place, because the connection has no `events`: there is nothing to derive it from',
        })),
    );
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
