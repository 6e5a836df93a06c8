/** What the stand-in sells, and how it takes orders. The defaults are what the vendor documents, and the framework where it is silent. */
import { z } from 'zod';

const count = z.number().int().nonnegative();

export const catalogueSchema = z.strictObject({
  seed: z.number().int().default(1),
  products: count.default(3),
  /** Of all products together, spread evenly. */
  sessions: count.default(12),
  /** Products of other teams for which this one is a dealer, on top of the number above, without sessions. */
  dealerProducts: count.default(1),
  /** Day of the first session (`YYYY-MM-DD`); left out: tomorrow, by this machine's clock in UTC. */
  firstDay: z.iso.date().optional(),
  /** The sessions begin within so many days. */
  days: z.number().int().positive().default(30),
});

export const bookingsOptionsSchema = z.strictObject({
  catalogue: catalogueSchema.prefault({}),
  /** Which list of a product's sessions the account has; the other is an address that nobody knows. */
  sessions: z.enum(['sessionGroups', 'availabilities']).default('sessionGroups'),
  /** False: sessions do not show how many places are left. */
  showsPlaces: z.boolean().default(true),
  /** Amounts of orders and payments: text, as the framework's decimals are, or numbers. */
  amounts: z.enum(['text', 'number']).default('text'),
  /** False: the framework knows no such filter, and shows all orders. */
  filtersByReference: z.boolean().default(false),
  /** False: lists of orders and payments are not sorted as asked, and show the oldest first. */
  sortsOrders: z.boolean().default(true),
  /** How an order that comes too late is answered: 400 with the field, 400 or 200 with the words of the validation. */
  lateAnswer: z.enum(['field', 'refused', 'inside']).default('field'),
  /** What a cancelled order has as its status. */
  cancelledWord: z.string().default('cancelled'),
  /** False: answered 405. */
  orderPut: z.boolean().default(true),
  orderDelete: z.boolean().default(true),
});

export type CatalogueOptions = z.input<typeof catalogueSchema>;
export type ResolvedCatalogueOptions = z.output<typeof catalogueSchema>;
export type ResolvedBookingsOptions = z.output<typeof bookingsOptionsSchema>;
