/**
 * Finds orders by our own reference, before one is sent again whose answer was lost.
 *
 * Whether the list can be filtered by reference is not public, and the framework ignores a filter that it does not know: it then shows all
 * orders. So each order is looked at, and where more come than one page holds, pages are read, the latest first, until one is older than the
 * attempt. Such a list moves while it is read: a page begins with the last order of the one before, and where it does not, it is read again
 * from further in front, so that an order is never passed over.
 */
import type { YoplanningConfig } from '../../config/yoplanning.js';
import type { Ask } from '../../http/client.js';
import { UnexpectedResponse } from '../../http/failures.js';
import { isJsonObject } from '../../core/document.js';
import type { Json, JsonObject } from '../system.js';
import { type Order, orderOf, referencePath } from './orderDocument.js';
import type { orderFilters } from './orders.js';
import { DocumentReader, readDocument } from './reading.js';
import type { Answered, ListRequest, ResourcePage } from './resource.js';

/** What is looked for. */
export interface LookedFor {
  readonly reference: string;
  /** When it was sent at the earliest. */
  readonly since: Date;
  /** Ids of orders with the reference that are known not to be it: the search goes on past them. */
  readonly except?: readonly string[];
}

export interface FoundOrders {
  /** Those with the reference, cancelled ones too: none, one, or, where something went wrong before, several. */
  readonly orders: readonly Order[];
  /** False: the search ended (`lookupPages`) before it could be certain that there is none. Then none must be placed. */
  readonly complete: boolean;
  readonly requests: number;
}

/** The one verb that the search needs. */
interface OrderList {
  list(
    request: ListRequest<typeof orderFilters> & { expand?: never },
    ask: Ask,
  ): Promise<Answered<ResourcePage<JsonObject>>>;
}

/** @throws {UnreadableRecord} where an order with the reference cannot be read */
export async function findOrders(
  list: OrderList,
  { reference, since, except = [] }: LookedFor,
  config: YoplanningConfig,
  ask: Ask,
): Promise<FoundOrders> {
  const { lookupPages, lookupMarginMs } = config.events.order;
  const from = new Date(since.getTime() - lookupMarginMs);
  const filters = { external_reference: reference, creation_date: { gt: from } };
  const search = new Search(reference, from, new Set(except), config);
  let offset = 0;
  for (let requests = 1; ; requests += 1) {
    const limit = config.pageSize;
    const page = await list.list({ offset, limit, filters, ordering: '-creation_date' }, ask);
    const next = search.take(page, offset);
    if (next === null || search.found.length > 0) return { orders: search.found, complete: true, requests };
    if (requests === lookupPages) return { orders: [], complete: false, requests };
    offset = next;
  }
}

class Search {
  readonly found: Order[] = [];
  readonly #seen = new Set<string>();
  #latest = Infinity;
  /** So far each order was placed before the one in front of it: the order that was asked for is honoured. */
  #descends = true;

  constructor(
    private readonly reference: string,
    private readonly from: Date,
    private readonly except: ReadonlySet<string>,
    private readonly config: YoplanningConfig,
  ) {}

  /** @returns the position at which the next page begins; null: everything was seen */
  take(page: Answered<ResourcePage<JsonObject>>, offset: number): number | null {
    const { results, count } = page.value;
    if (results.length === 0) return offset === 0 && count === 0 ? null : Math.max(0, offset - this.config.pageSize);
    const ids = results.map((document) =>
      isJsonObject(document) && typeof document['id'] === 'string' ? document['id'] : '',
    );
    const overlaps = this.#seen.size === 0 || this.#seen.has(ids[0]!);
    results.forEach((document, index) => this.#look(document, ids[index]!, page));
    const step = Math.max(1, results.length - 1);
    // Orders went from in front of the page: what moved up was not seen.
    if (!overlaps) return Math.max(0, offset - step);
    if (offset + results.length >= count || (this.#descends && this.#latest < this.from.getTime())) return null;
    return offset + step;
  }

  #look(document: Json, id: string, page: Answered<unknown>): void {
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    const reader = isJsonObject(document) ? new DocumentReader(document, this.config, page) : null;
    const placedAt = reader === null ? null : this.#placedAt(reader);
    if (placedAt === null || placedAt > this.#latest) this.#descends = false;
    else this.#latest = placedAt;
    if (this.except.has(id) || reader?.text(referencePath) !== this.reference) return;
    this.found.push(readDocument(document, this.config, page, (ours) => orderOf(ours, this.config)));
  }

  /** Epoch milliseconds; null: it cannot be read, which is no matter of ours where it is somebody else's order. */
  #placedAt(reader: DocumentReader): number | null {
    try {
      const { createdField } = this.config.events.order;
      const at = reader.instant(createdField, 'yoplanning.events.order.createdField');
      return at === null ? null : Date.parse(at);
    } catch (error) {
      if (error instanceof UnexpectedResponse) return null;
      throw error;
    }
  }
}
