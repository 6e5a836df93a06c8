/** Asks whether an order could be placed: `order-validation` (API v3.1), with the JSON of the order. It changes nothing. */
import { z } from 'zod';
import type { YoplanningConfig } from '../../config/yoplanning.js';
import type { Ask, HttpClient } from '../../http/client.js';
import type { Permit } from '../../store/budget.js';
import { unexpected } from '../records.js';
import type { Json, JsonObject } from '../system.js';
import { orderDocument, type OrderDraft } from './orderDocument.js';
import { mapped } from './reading.js';
import { type Answered, createResource, posting } from './resource.js';

/** What of an order is no longer to be had (`unavailable_items`). Ids, as far as the vendor names them. */
export interface Unavailable {
  /** Session groups without a place, or no longer offered. */
  readonly sessionIds: readonly string[];
  readonly dryResourceIds: readonly string[];
  readonly voucherIds: readonly string[];
  /** Number of other resources: their form is not public. */
  readonly resources: number;
}

export type Validation = { readonly success: true } | { readonly success: false; readonly unavailable: Unavailable };

/** One request. @throws {InvalidRecord} where the server refuses the order's data (400) */
export type Validate = (draft: OrderDraft, ask: Ask, permit?: Permit) => Promise<Answered<Validation>>;

const ids = z.array(z.string()).default([]);
const unavailableSchema = z.looseObject({
  group_ids: ids,
  dry_resource_ids: ids,
  voucher_ids: ids,
  resources: z.array(z.unknown()).default([]),
});
const refusalSchema = z.looseObject({ success: z.literal(false), unavailable_items: unavailableSchema });
const validationSchema = z.union([z.looseObject({ success: z.literal(true) }), refusalSchema]);

export function createValidate(http: HttpClient, config: YoplanningConfig): Validate {
  const { paths, team, timeZone } = config;
  const resource = createResource<JsonObject, Record<string, never>>(http, {
    filters: {},
    schema: validationSchema,
    listPath: paths.orderValidation,
    instancePath: null,
    posts: 'check',
    forbids: 'resource',
    places: { team },
    timeZone,
  });
  return async (draft, ask, permit) => {
    const order = orderDocument(draft, config);
    const answer = await posting('yoplanning.paths.orderValidation', () => resource.post(order, ask, permit));
    return mapped(answer, (document) => {
      if (document === null) throw unexpected(answer, 'the answer to an order validation has no content');
      const unavailable = unavailableIn(document);
      return unavailable === null ? { success: true } : { success: false, unavailable };
    });
  };
}

/** What an answer says to be unavailable; null: it says nothing of that kind. */
export function unavailableIn(answer: Json): Unavailable | null {
  const { data } = refusalSchema.safeParse(answer);
  if (data === undefined) return null;
  const { group_ids, dry_resource_ids, voucher_ids, resources } = data.unavailable_items;
  return {
    sessionIds: group_ids,
    dryResourceIds: dry_resource_ids,
    voucherIds: voucher_ids,
    resources: resources.length,
  };
}
