/** Sessions as the mirror knows them, for tests of what the feeds make of them. */
import { type CatalogueFeed, type CatalogueRow, feedOf, type FeedSettings } from '../../src/core/events/feed.js';

export function rowOf(more: Partial<CatalogueRow> = {}): CatalogueRow {
  return {
    id: 'b0a1f2c3-0000-4000-8000-000000000001',
    productId: '71',
    titles: { fr: 'Journée de voile' },
    category: 'Voile',
    meetingPoint: 'Ponton B',
    address: '1 quai du Port, Lorient',
    startsAt: '2027-06-05T08:00:00.000Z',
    endsAt: '2027-06-05T10:00:00.000Z',
    placesLeft: 3,
    price: { amount: '12.50', currency: 'EUR' },
    standardPrice: { amount: '13.00', currency: 'EUR' },
    isGone: false,
    knownAt: '2027-05-30T18:15:00.000Z',
    changedAt: '2027-05-28T09:00:00.000Z',
    revision: 0,
    ...more,
  };
}

export function feedWith(
  rows: readonly Partial<CatalogueRow>[],
  { lastOverAt = null, ...settings }: Partial<FeedSettings> & { readonly lastOverAt?: string | null } = {},
): CatalogueFeed {
  const made = { name: 'Catalogue', lang: 'fr', timeZone: 'Europe/Paris', pageUrl: null, ...settings };
  return feedOf({ sessions: rows.map(rowOf), lastOverAt }, made);
}
