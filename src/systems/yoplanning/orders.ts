/**
 * Orders of a team (API v3.1): listed, read, placed by `POST`; changed and cancelled only where the account's configuration says how. What an
 * order looks like: orderDocument.ts.
 */
import { z } from 'zod';
import type { YoplanningConfig } from '../../config/yoplanning.js';
import type { Ask, HttpClient } from '../../http/client.js';
import { InvalidRecord, RecordMissing } from '../../http/failures.js';
import { withPermits } from '../../http/permits.js';
import type { Permit } from '../../store/budget.js';
import type { Json, JsonObject } from '../system.js';
import {
  editedDocument,
  type Order,
  orderDocument,
  type OrderDraft,
  type OrderEdit,
  type OrderWithSessions,
  orderOf,
  sessionsIn,
} from './orderDocument.js';
import { findOrders, type FoundOrders, type LookedFor } from './orderLookup.js';
import { type Unavailable, unavailableIn } from './orderValidation.js';
import { type Listed, mapped, readDocument, readPage } from './reading.js';
import { type Answered, createResource, type Filters, type FilterSpec, posting } from './resource.js';

export type { Order, OrderDraft, OrderEdit, OrderWithSessions, ShownSession } from './orderDocument.js';

/** `creation_date__gt` is seen in other connectors; a filter by reference is not public, and not trusted (orderLookup.ts). */
export const orderFilters = { creation_date: 'datetime', external_reference: 'text' } as const satisfies FilterSpec;

/** The vendor's own example of `expand`. */
export const orderExpand = ['items.voucher.product', 'payments.operator'] as const;

export interface OrderRequest {
  /** Position (0-based) of the first order wanted. Default: 0. */
  readonly offset?: number;
  /** Default: `yoplanning.pageSize`. */
  readonly limit?: number;
  /** Placed later than this. */
  readonly after?: Date;
}

export type Placing =
  /** `order`: null where the server answered nothing: then it is found by its reference. `requestId`: in the request log. */
  | { readonly outcome: 'placed'; readonly order: Order | null; readonly requestId: string }
  /** Somebody else was faster, or the session is no longer offered. Nothing was placed. */
  | { readonly outcome: 'unavailable'; readonly unavailable: Unavailable };

export type Editing =
  | { readonly outcome: 'missing' }
  /** `decide` said stop; nothing was written. */
  | { readonly outcome: 'stopped'; readonly reason: string; readonly before: Order }
  /** `after`: as the server answered; null: it was deleted, or the server answered nothing. */
  | { readonly outcome: 'written'; readonly before: Order; readonly after: Order | null };

/** What shall become of an order as it is now, or why nothing shall. Called between two requests, so it must not wait. */
export type DecideEdit = (order: Order) => OrderEdit | { readonly stop: string };

export interface Orders {
  /** False: an order is never changed; `edit` may cancel at most. */
  readonly changes: boolean;
  /** False: an order cannot be cancelled here. */
  readonly cancels: boolean;
  /** One page, the latest first where the server honours that, with what the vendor expands. One request. A filter may be ignored: check what comes. */
  list(request: OrderRequest, ask: Ask): Promise<Answered<Listed<Order>>>;
  /** Null: there is none. One request. @throws {UnreadableRecord} */
  get(id: string, ask: Ask): Promise<Answered<Order | null>>;
  /** The same, with what it shows of its sessions. One request. @throws {UnreadableRecord} */
  getWithSessions(id: string, ask: Ask): Promise<Answered<OrderWithSessions | null>>;
  /** One request. Not repeated here: record the intent first, and look it up by its reference before it is sent again. @throws {InvalidRecord} */
  place(draft: OrderDraft, ask: Ask, permit?: Permit): Promise<Placing>;
  /** See orderLookup.ts. */
  findByReference(wanted: LookedFor, ask: Ask): Promise<FoundOrders>;
  /**
   * Reads, decides and writes, back to back: two requests, one where nothing is written. Both permits are taken before the first.
   *
   * @throws {TypeError} for an edit that the configuration does not allow (`changes`, `cancels`)
   */
  edit(id: string, decide: DecideEdit, ask: Ask): Promise<Editing>;
}

type OrderDocument = JsonObject & { id: string };

export function createOrders(http: HttpClient, config: YoplanningConfig): Orders {
  const { paths, team, timeZone, pageSize } = config;
  const { changeBy, cancelBy } = config.events.order;
  const resource = createResource<OrderDocument, typeof orderFilters>(http, {
    filters: orderFilters,
    // What was placed, or that it could not be: `place` tells them apart.
    schema: z.union([z.looseObject({ id: z.string().min(1) }), z.looseObject({ success: z.literal(false) })]),
    listed: z.unknown(),
    listPath: paths.orders,
    instancePath: paths.order,
    forbids: 'resource',
    places: { team },
    timeZone,
  });
  const read = (document: Json, answer: Answered<unknown>) =>
    readDocument(document, config, answer, (reader) => orderOf(reader, config));
  const readAnswer = (answer: Answered<OrderDocument | null>) =>
    mapped(answer, (document) => document && read(document, answer));

  /** What a decision comes to there. @returns null for a deletion */
  function bodyOf(document: JsonObject, edit: OrderEdit): JsonObject | null {
    const isChange = edit.items !== undefined || edit.addPayments !== undefined;
    if (isChange && changeBy === null)
      throw new TypeError('orders are not changed here (yoplanning.events.order.changeBy)');
    if (edit.cancel === true && cancelBy === null)
      throw new TypeError('orders are not cancelled here (yoplanning.events.order.cancelBy)');
    return edit.cancel === true && cancelBy === 'delete' ? null : editedDocument(document, edit, config);
  }

  async function editWith(id: string, decide: DecideEdit, ask: Ask, nextPermit: () => Permit | undefined) {
    const got = await resource.get(id, ask, { permit: nextPermit() });
    if (got.value === null) return { outcome: 'missing' } as const;
    const before = read(got.value, got);
    const decision = decide(before);
    if ('stop' in decision) return { outcome: 'stopped', reason: decision.stop, before } as const;
    const body = bodyOf(got.value, decision);
    const permit = nextPermit();
    try {
      const after = body === null ? await resource.delete(id, ask, permit) : await resource.put(id, body, ask, permit);
      return { outcome: 'written', before, after: after.value === null ? null : read(after.value, after) } as const;
    } catch (error) {
      if (error instanceof RecordMissing) return { outcome: 'missing' } as const;
      throw error;
    }
  }

  return {
    changes: changeBy !== null,
    cancels: cancelBy !== null,
    async list({ offset = 0, limit = pageSize, after }, ask) {
      const filters: Filters<typeof orderFilters> = after === undefined ? {} : { creation_date: { gt: after } };
      const request = { offset, limit, filters, ordering: '-creation_date', expand: orderExpand };
      return readPage(await resource.list(request, ask), offset, config, (reader) => orderOf(reader, config));
    },
    get: async (id, ask) => readAnswer(await resource.get(id, ask)),
    async getWithSessions(id, ask) {
      const { expand } = config.events.order;
      const [first, ...others] = expand;
      const { lang } = config.events;
      const answer: Answered<JsonObject | null> =
        first === undefined
          ? await resource.get(id, ask, { lang })
          : await resource.get(id, ask, { lang, expand: [first, ...others] });
      return mapped(
        answer,
        (document) =>
          document &&
          readDocument(document, config, answer, (reader) => ({
            order: orderOf(reader, config),
            sessions: sessionsIn(reader, config),
          })),
      );
    },
    async place(draft, ask, permit) {
      try {
        const document = orderDocument(draft, config);
        const answer = await posting('yoplanning.paths.orders', () => resource.post(document, ask, permit));
        const { value, requestId } = answer;
        const unavailable = value === null ? null : unavailableIn(value);
        if (unavailable !== null) return { outcome: 'unavailable', unavailable };
        return { outcome: 'placed', order: value && read(value, answer), requestId };
      } catch (error) {
        const unavailable = error instanceof InvalidRecord ? unavailableBy(error, draft) : null;
        if (unavailable === null) throw error;
        return { outcome: 'unavailable', unavailable };
      }
    },
    findByReference: (wanted, ask) => findOrders(resource, wanted, config, ask),
    edit: (id, decide, ask) => withPermits(http, 2, ask, (next) => editWith(id, decide, ask, next)),
  };
}

const refusedSession = /^items\.(\d+)\.session_group$/;

/**
 * A 400 that refuses an order's sessions and nothing else: full, or gone. How an order that comes too late is answered is not public: it may
 * say so as the validation does, or in the framework's form. Null: it is about something else.
 */
function unavailableBy(refusal: InvalidRecord, draft: OrderDraft): Unavailable | null {
  const named = unavailableIn(jsonOf(refusal.words));
  if (named !== null) return named;
  const positions = refusal.fields.map((field) => refusedSession.exec(field)?.[1]);
  const sessions = positions.map((position) => draft.items[Number(position)]?.sessionGroup);
  if (sessions.length === 0 || sessions.includes(undefined)) return null;
  return { sessionIds: sessions as string[], dryResourceIds: [], voucherIds: [], resources: 0 };
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
