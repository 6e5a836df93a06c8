/**
 * What Yoplanning sells and what is booked there. Public are products, the JSON of an order as it is sent, and the answer of an order
 * validation (docs/systems.md); where a session or an order has the rest in an answer is not.
 */
import { z } from 'zod';
import { isCurrency } from '../core/events/money.js';
import { placeText } from './values.js';

const words = (text: string) => z.array(z.string().min(1)).describe(text);

const sessionSchema = z
  .strictObject({
    idField: placeText()
      .nullable()
      .default(null)
      .describe(
        'Id that an order names. Null: `session_group` of an availability (other connectors read it there), `id` of a session group.',
      ),
    startField: placeText().default('start_date').describe('Its start; without a zone, in `yoplanning.timeZone`.'),
    endField: placeText().nullable().default('end_date').describe('Its end; null: not returned.'),
    placesLeftField: placeText()
      .nullable()
      .default('remaining_places')
      .describe(
        'Number of places left. Not public; assumed. Null: not returned; then only a validation shows that it is full.',
      ),
    priceField: placeText()
      .nullable()
      .default('price')
      .describe(
        'Its price: text, a number, or an object with `tax_included` or `amount`. Not public; assumed. Null: not returned; then only the product’s standard price is known, which the vendor calls an indication.',
      ),
    stateField: placeText()
      .nullable()
      .default('status')
      .describe('Whether it still takes place, by one of `goneWords`. Not public; assumed. Null: not returned.'),
    goneWords: words(
      'What `stateField` holds of a session that no longer takes place, in any case of letters.',
    ).default(['deleted', 'cancelled', 'canceled']),
  })
  .prefault({})
  .describe('Where a session group, or an availability, has what is used of it.');

const orderSchema = z
  .strictObject({
    statusField: placeText()
      .nullable()
      .default('status')
      .describe(
        'Where an order says that it is cancelled. Not public; assumed. Null: nowhere; a cancelled order is then one that is gone.',
      ),
    cancelledWords: words(
      'What `statusField` holds of a cancelled order, in any case of letters. Not public; assumed.',
    ).default(['cancelled', 'canceled', 'deleted']),
    createdField: placeText()
      .default('creation_date')
      .describe(
        'When it was placed; without a zone, in `yoplanning.timeZone`. Other connectors read, filter and sort by it.',
      ),
    modifiedField: placeText()
      .nullable()
      .default('last_modified')
      .describe('Time of its last change. Not public; assumed. Null: not returned.'),
    expand: z
      .array(z.string().min(1))
      .default(['items.session_group.product'])
      .describe(
        'What is asked to be shown whole of an order that is read for the facts about its people (`expand`): the sessions, with their times and products. The vendor shows `items.voucher.product`; that sessions can be asked for likewise is assumed. A server that does not know it shows their ids, and their times stay unknown until the catalogue tells them.',
      ),
    sessionField: placeText().default('session_group').describe('Session of an item of the order, as it is sent.'),
    amountField: placeText().default('price.amount').describe('Amount of an item, as it is sent.'),
    clientField: placeText().default('client').describe('Client of an item: its id, or an object with `id`.'),
    paidField: placeText().default('amount').describe('Amount of a payment of the order, as it is sent.'),
    amounts: z
      .enum(['text', 'number'])
      .default('text')
      .describe(
        'How amounts are sent. The framework takes both; the vendor’s example has numbers. A text is never rounded.',
      ),
    changeBy: z
      .literal('put')
      .nullable()
      .default(null)
      .describe(
        '`put` where the account may change an order (the whole document as read, with the change in it). Not public; null: never, a person is asked.',
      ),
    cancelBy: z
      .enum(['delete', 'put'])
      .nullable()
      .default(null)
      .describe(
        'How an order is cancelled: `delete` removes it, `put` sets `cancelWord`. Not public; null: not at all, a person is asked.',
      ),
    cancelWord: z
      .string()
      .min(1)
      .default('cancelled')
      .describe('What is written into `statusField` with `cancelBy: put`.'),
    lookupPages: z
      .number()
      .int()
      .min(1)
      .default(10)
      .describe(
        'Pages that a search for an order by its reference may read. The first mostly suffices; without a filter by reference, the latest orders are read back to the time of the attempt.',
      ),
    lookupMarginMs: z
      .number()
      .int()
      .nonnegative()
      .default(10 * 60_000)
      .describe('So much earlier than the attempt such a search begins, because the two clocks may differ.'),
  })
  .superRefine(({ cancelBy, statusField }, context) => {
    if (cancelBy !== 'put' || statusField !== null) return;
    const message = 'expected "delete" or null, because statusField is null: there is no place for `cancelWord`';
    context.addIssue({ code: 'custom', path: ['cancelBy'], message });
  })
  .prefault({})
  .describe('Where an order has what is used of it, and what the account may do with it.');

export const bookingsSchema = z
  .strictObject({
    sessions: z
      .enum(['sessionGroups', 'availabilities'])
      .default('sessionGroups')
      .describe(
        'Which list of a product shows its sessions. The API’s text has session groups, a newer text of the vendor availabilities; `doctor` tells which one answers.',
      ),
    lang: z
      .string()
      .regex(/^[a-z]{2}$/, 'expected two small letters, such as fr')
      .default('fr')
      .describe('Language (ISO 639-1) of titles and descriptions; the vendor names en, fr and de.'),
    currency: z
      .string()
      .refine(isCurrency, 'expected the code of a currency (ISO 4217), such as EUR')
      .default('EUR')
      .describe('Currency of all amounts of the team: the API names none.'),
    session: sessionSchema,
    order: orderSchema,
  })
  .prefault({});

export type BookingsConfig = z.infer<typeof bookingsSchema>;
