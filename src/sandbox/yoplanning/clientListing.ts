/** How an account lists its clients: the filters that the vendor shows, and what other connectors sort by. */
import type { Client } from './clients.js';
import type { ListRules } from './listing.js';

/** How an account lists its clients. */
export interface Listing {
  /** Fields that `ordering` may name; others are ignored. */
  readonly orderings: readonly string[];
  /** The order of a list that was asked for in none. */
  readonly listOrder: 'created' | 'modified';
}

const keys = {
  first_name: ({ document }) => document.first_name,
  last_name: ({ document }) => document.last_name,
  birth_date: ({ document }) => document.birth_date,
  last_update: ({ updatedAtMs }) => updatedAtMs,
  id: ({ id }) => id,
} as const satisfies ListRules<Client>['orderings'];

export const orderableFields = ['first_name', 'last_name', 'birth_date', 'last_update', 'id'] as const;

const filters: ListRules<Client>['filters'] = {
  first_name: { type: 'text', key: keys.first_name },
  birth_date: { type: 'date', key: keys.birth_date },
  last_update: { type: 'datetime', key: keys.last_update },
};

export function clientRules({ orderings, listOrder }: Listing): ListRules<Client> {
  const named = Object.fromEntries(Object.entries(keys).filter(([name]) => orderings.includes(name)));
  if (listOrder === 'created') return { filters, orderings: named };
  return { filters, orderings: named, usual: { key: keys.last_update, sign: -1 } };
}
