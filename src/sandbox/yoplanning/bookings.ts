/** What a team sells and what is booked there, in one piece: the catalogue, the orders, and the account's ways. */
import type { OnChange } from '../registry.js';
import type { ResolvedBookingsOptions } from './bookingsOptions.js';
import { Catalogue, populateCatalogue } from './catalogue.js';
import type { Clients } from './clients.js';
import { Orders } from './orders.js';

export interface Bookings {
  readonly options: ResolvedBookingsOptions;
  readonly catalogue: Catalogue;
  readonly orders: Orders;
}

export function createBookings(
  options: ResolvedBookingsOptions,
  team: string,
  clients: Clients,
  onChange: OnChange,
): Bookings {
  const catalogue = new Catalogue();
  populateCatalogue(catalogue, team, options.catalogue);
  return { options, catalogue, orders: new Orders(clients, catalogue, onChange) };
}
