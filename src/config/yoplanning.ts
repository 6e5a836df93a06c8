import { z } from 'zod';
import { placeText, recordPath, secret, systemAddress, timeZoneSchema } from './values.js';
import { breakerSchema, httpSchema, limitsSchema } from './limits.js';
import { bookingsSchema } from './yoplanningEvents.js';

/** Path of a list below a product. Without its id each product would show the same list. */
const productPath = () =>
  z
    .string()
    .includes('{product}', { message: 'expected a path with {product} in it, such as /products/{product}/sessions' });

/** Yoplanning API v3.1, as its vendor documents it; what is not documented is a setting with an assumption. */
export const yoplanningSchema = z.strictObject({
  baseUrl: systemAddress()
    .default('https://yoplanning.pro/api/v3.1')
    .describe('Address of the API; https, or on this machine.'),
  token: z
    .string()
    .min(1)
    .meta(secret)
    .describe('API token, asked for from Yoplanning. Write it as `${NAME}`: it is read from the environment.'),
  team: z.uuid().describe('Id of the team whose clients are synchronised.'),
  paths: z
    .strictObject({
      teams: z.string().default('/teams/').describe('List of teams. The vendor writes it with a slash at the end.'),
      clients: z
        .string()
        .default('/teams/{team}/clients')
        .describe(
          'List of clients. The vendor writes it without a slash at the end; a redirect on a write is an error.',
        ),
      client: recordPath().default('/teams/{team}/clients/{id}').describe('One client.'),
      products: z
        .string()
        .default('/teams/{team}/online-products/')
        .describe('List of the products that are sold online. The vendor writes it with a slash at the end.'),
      product: recordPath().default('/teams/{team}/online-products/{id}/').describe('One product.'),
      sessionGroups: productPath()
        .default('/teams/{team}/online-products/{product}/session-groups/')
        .describe('Session groups of a product (`events.sessions: sessionGroups`).'),
      availabilities: productPath()
        .default('/teams/{team}/online-products/{product}/availabilities/')
        .describe('Availabilities of a product (`events.sessions: availabilities`).'),
      availabilityDetails: recordPath()
        .default('/teams/{team}/availability-details/{id}/')
        .describe('What one session offers besides; `{id}` is its session group.'),
      orderValidation: z
        .string()
        .default('/teams/{team}/order-validation')
        .describe('Asks whether an order could be placed. The vendor writes it without a slash at the end.'),
      orders: z
        .string()
        .default('/teams/{team}/orders')
        .describe('List of orders. The vendor writes it without a slash at the end; other connectors with.'),
      order: recordPath().default('/teams/{team}/orders/{id}').describe('One order.'),
      payments: z
        .string()
        .default('/teams/{team}/payments')
        .describe('List of payments. The vendor writes it without a slash at the end; other connectors with.'),
      payment: recordPath().default('/teams/{team}/payments/{id}').describe('One payment.'),
      categories: z
        .string()
        .default('/categories/')
        .describe('List of categories, which are the same for all teams. Not public; other connectors use this path.'),
    })
    .prefault({}),
  pageSize: z.number().int().min(2).max(100).default(100).describe('Records per page; 100 is the documented maximum.'),
  ordering: z
    .string()
    .min(1)
    .nullable()
    .default('id')
    .describe(
      'The order that lists are asked for in, `-` in front for descending: by something that no edit changes, so that our own writes do not move records while a list is read. Not every list honours it (`doctor` tells); null: none is asked for.',
    ),
  createBy: z
    .enum(['put', 'post'])
    .default('put')
    .describe(
      '`put` to an id of our own making, which cannot make a twin; `post` where the account does not allow it.',
    ),
  referenceField: placeText()
    .nullable()
    .default('external_reference')
    .describe('Where the Yapla id is stored in a client; null: nowhere.'),
  modifiedField: z
    .string()
    .nullable()
    .default('last_update')
    .describe('Modification time of a client (without zone, in `timeZone`); null: not returned.'),
  timeZone: timeZoneSchema('UTC is what the vendor documents.'),
  volatileFields: z
    .array(z.string())
    .default(['last_update', 'last_modified'])
    .describe('Unmapped values that the server itself changes on a write: not a sign of damage.'),
  events: bookingsSchema,
  limits: limitsSchema({ requestsPerSecond: 5, requestsPerDay: 1_000, why: 'Documented by the vendor.' }),
  breaker: breakerSchema,
  http: httpSchema,
});

export type YoplanningConfig = z.infer<typeof yoplanningSchema>;
