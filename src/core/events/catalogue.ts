/**
 * The catalogue's mirror: which request is sent next, so that products and sessions of Yoplanning are known from few requests a day. Pure.
 *
 * **What is read.** The whole list of products now and then, because a deletion shows in no list of changes; in between the list of what changed
 * since (mostly one page); and the sessions of one product after the other, because nothing tells that places were taken.
 *
 * **Whose sessions.** By turns: one product that was read longest ago, one that is most urgent. The first kind of turn bounds how old anything
 * can be ({@link oldestMs}); the second makes that sessions which begin soon, and those that somebody waits for, are known better than the rest.
 *
 * **How many.** Evenly over the day, `requestsPerDay` in any 24 hours. Of a catalogue that nobody has read yet the first half of that at once, so that
 * a new connection need not wait for days.
 */
export interface CatalogueSettings {
  /** At least 1. */
  readonly requestsPerDay: number;
  /** Between two turns; where so many requests a day do not allow one for each, turns are further apart ({@link turnMs}). */
  readonly everyMs: number;
  /** Between two lists of what changed. */
  readonly changesEveryMs: number;
  /** Between two whole lists. */
  readonly wholeEveryMs: number;
}

/** How far the list of products is. */
export interface ListProgress {
  /** When the whole list was last read to its end; null: never. */
  readonly wholeAtMs: number | null;
  /** When a list was last begun; null: never. */
  readonly begunAtMs: number | null;
  /** A list whose further pages are still to be read. */
  readonly underWay: { readonly whole: boolean; readonly offset: number } | null;
  /** The server can list what changed. */
  readonly showsChanges: boolean;
}

export interface ProductProgress {
  readonly id: string;
  /** When its sessions were last read to the end; null: never. */
  readonly readAtMs: number | null;
  /** Where its next page begins, where it has further ones; 0: none is under way. */
  readonly offset: number;
  /** Start of its next session, as far as known; null: none is. */
  readonly nextStartMs: number | null;
  /** Registrations that wait for a place in it. */
  readonly waiting: number;
  /** A list showed a change of it after its sessions were read. */
  readonly hasChanged: boolean;
}

export interface CatalogueProgress {
  readonly list: ListProgress;
  readonly products: readonly ProductProgress[];
  /** Products whose turn it was so far. */
  readonly turns: number;
}

export type CatalogueReading =
  | { readonly read: 'products'; readonly whole: boolean; readonly offset: number }
  | { readonly read: 'sessions'; readonly productId: string; readonly offset: number };

export const dayMs = 86_400_000;

/** What is read next; null: nothing before the next turn. */
export function nextReading(
  { list, products, turns }: CatalogueProgress,
  settings: CatalogueSettings,
  nowMs: number,
): CatalogueReading | null {
  if (list.underWay !== null) return { read: 'products', ...list.underWay };
  const whole = dueList(list, settings, nowMs);
  if (whole !== null) return { read: 'products', whole, offset: 0 };
  // What was read in this turn is known, however many requests the turn has.
  const due = products.filter(({ readAtMs }) => readAtMs === null || nowMs >= readAtMs + turnMs(settings));
  const product = products.find(({ offset }) => offset > 0) ?? nextProduct(due, turns, nowMs);
  return product === null ? null : { read: 'sessions', productId: product.id, offset: product.offset };
}

/** Whether it is time for a list, and for a whole one. No list is begun sooner after another than `changesEveryMs`: one that fails costs no more. */
function dueList(list: ListProgress, settings: CatalogueSettings, nowMs: number): boolean | null {
  const { wholeAtMs, begunAtMs, showsChanges } = list;
  if (begunAtMs !== null && nowMs < begunAtMs + settings.changesEveryMs) return null;
  if (wholeAtMs === null || nowMs >= wholeAtMs + settings.wholeEveryMs) return true;
  return showsChanges ? false : null;
}

function nextProduct(products: readonly ProductProgress[], turns: number, nowMs: number): ProductProgress | null {
  const age = ({ readAtMs }: ProductProgress) => (readAtMs === null ? Infinity : Math.max(0, nowMs - readAtMs));
  const rank = turns % 2 === 0 ? age : (one: ProductProgress) => age(one) * urgencyOf(one, nowMs);
  return products.reduce<ProductProgress | null>((first, one) => {
    if (first === null) return one;
    const [before, now] = [rank(first), rank(one)];
    return now > before || (now === before && one.id < first.id) ? one : first;
  }, null);
}

/** How many times as often as one of which nothing is known to happen. */
function urgencyOf({ nextStartMs, waiting, hasChanged }: ProductProgress, nowMs: number): number {
  const days = nextStartMs === null ? Infinity : (nextStartMs - nowMs) / dayMs;
  const soon = days < 2 ? 8 : days < 7 ? 4 : days < 30 ? 2 : 1;
  return soon * (waiting > 0 ? 8 : 1) * (hasChanged ? 8 : 1);
}

/** Requests that one turn may send. @param inDay those that were sent within the last 24 hours */
export function requestsOfTurn(
  { list, products }: Pick<CatalogueProgress, 'list' | 'products'>,
  settings: CatalogueSettings,
  inDay: number,
): number {
  const { requestsPerDay } = settings;
  const isNew = list.wholeAtMs === null || products.some(({ readAtMs }) => readAtMs === null);
  const first = isNew ? Math.floor(requestsPerDay / 2) - inDay : 0;
  return Math.max(0, Math.min(requestsPerDay - inDay, Math.max(shareOfTurn(settings), first)));
}

/** How far turns are apart, in milliseconds. */
export function turnMs({ requestsPerDay, everyMs }: CatalogueSettings): number {
  return Math.max(everyMs, Math.ceil(dayMs / requestsPerDay));
}

function shareOfTurn(settings: CatalogueSettings): number {
  return Math.max(1, Math.floor((settings.requestsPerDay * turnMs(settings)) / dayMs));
}

/** How many pages the lists have. */
export interface CatalogueSize {
  readonly listPages: number;
  /** Of the sessions of each product, at least one. */
  readonly sessionPages: readonly number[];
}

/**
 * How old the reading of any product's sessions gets at most, in milliseconds, from a day after all were read: while every turn gets its permits, and a
 * list of changes has one page. Infinite where lists take all requests.
 *
 * Between two readings of a product every other product can have had one turn because it was older, and between any two of those turns one of the
 * largest was urgent; lists come on top.
 */
export function oldestMs({ listPages, sessionPages }: CatalogueSize, settings: CatalogueSettings): number {
  const { changesEveryMs, wholeEveryMs } = settings;
  const perMs = shareOfTurn(settings) / turnMs(settings);
  const forLists = 1 / changesEveryMs + listPages / wholeEveryMs;
  if (perMs <= forLists) return Infinity;
  const largest = Math.max(1, ...sessionPages);
  const between = sessionPages.reduce((sum, pages) => sum + pages + largest, 0);
  // One list of each sort may fall into any span beyond its share, and a request waits for its turn.
  return (between + listPages + 1) / (perMs - forLists) + 2 * turnMs(settings);
}
