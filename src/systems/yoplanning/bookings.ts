/** Everything that Yoplanning has about events, for one team: what is sold, when it takes place, and what is booked. */
import type { YoplanningConfig } from '../../config/yoplanning.js';
import type { Ask, HttpClient } from '../../http/client.js';
import { withPermits } from '../../http/permits.js';
import type { Permit } from '../../store/budget.js';
import { type Availability, createAvailability } from './availabilityDetails.js';
import { type Categories, createCategories } from './categories.js';
import { createOrders, type Orders } from './orders.js';
import { createValidate, type Validate } from './orderValidation.js';
import { createPayments, type Payments } from './payments.js';
import { createProducts, type Products } from './products.js';
import { createSessions, type Sessions } from './sessions.js';

export interface Bookings {
  readonly products: Products;
  readonly sessions: Sessions;
  readonly availability: Availability;
  readonly validate: Validate;
  readonly orders: Orders;
  readonly payments: Payments;
  readonly categories: Categories;
  /** See `withPermits`: a validation is worth nothing where its order must wait for a permit. */
  readonly withPermits: <Result>(
    n: number,
    ask: Ask,
    work: (next: () => Permit | undefined) => Promise<Result>,
  ) => Promise<Result>;
}

/** Nothing is sent before the first call. */
export function openBookings(http: HttpClient, config: YoplanningConfig): Bookings {
  return {
    products: createProducts(http, config),
    sessions: createSessions(http, config),
    availability: createAvailability(http, config),
    validate: createValidate(http, config),
    orders: createOrders(http, config),
    payments: createPayments(http, config),
    categories: createCategories(http, config),
    withPermits: (n, ask, work) => withPermits(http, n, ask, work),
  };
}
