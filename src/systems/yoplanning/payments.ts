/** Payments of a team: `payments` (API v3.1, with `expand=operator`). Read only. */
import { z } from 'zod';
import type { YoplanningConfig } from '../../config/yoplanning.js';
import type { Money } from '../../core/events/money.js';
import type { Ask, HttpClient } from '../../http/client.js';
import type { JsonObject } from '../system.js';
import { type DocumentReader, type Listed, mapped, readDocument, readPage } from './reading.js';
import { type Answered, createResource, type FilterSpec } from './resource.js';

export interface Payment {
  readonly id: string;
  readonly amount: Money;
  /** Null: not shown. */
  readonly orderId: string | null;
  readonly clientId: string | null;
  /** Who took it; null: not shown, or nobody. */
  readonly operatorId: string | null;
  /** ISO 8601 in UTC; null: not shown. */
  readonly createdAt: string | null;
}

/** As orders have it in other connectors. */
const paymentFilters = { creation_date: 'datetime' } as const satisfies FilterSpec;

const expandable = ['operator'] as const;

export interface PaymentRequest {
  /** Position (0-based) of the first payment wanted. Default: 0. */
  readonly offset?: number;
  /** Default: `yoplanning.pageSize`. */
  readonly limit?: number;
  /** Those that were made later. A filter may be ignored: check what comes. */
  readonly after?: Date;
}

export interface Payments {
  /** One page, the latest first where the server honours that. One request. */
  list(request: PaymentRequest, ask: Ask): Promise<Answered<Listed<Payment>>>;
  /** Null: there is none. One request. @throws {UnreadableRecord} */
  get(id: string, ask: Ask): Promise<Answered<Payment | null>>;
}

type PaymentDocument = JsonObject & { id: string };

export function createPayments(http: HttpClient, config: YoplanningConfig): Payments {
  const { paths, team, timeZone, pageSize } = config;
  const resource = createResource<PaymentDocument, typeof paymentFilters>(http, {
    filters: paymentFilters,
    schema: z.looseObject({ id: z.string().min(1) }),
    listed: z.unknown(),
    listPath: paths.payments,
    instancePath: paths.payment,
    forbids: 'resource',
    places: { team },
    timeZone,
  });
  return {
    async list({ offset = 0, limit = pageSize, after }, ask) {
      const filters = after === undefined ? {} : { creation_date: { gt: after } };
      const answer = await resource.list(
        { offset, limit, filters, ordering: '-creation_date', expand: expandable },
        ask,
      );
      return readPage(answer, offset, config, paymentOf);
    },
    async get(id, ask) {
      const answer = await resource.get(id, ask, { expand: expandable });
      return mapped(answer, (document) => document && readDocument(document, config, answer, paymentOf));
    },
  };
}

const documented = 'yoplanning.paths.payments';

function paymentOf(reader: DocumentReader): Payment {
  const amount = reader.price('amount', documented);
  if (amount === null) throw reader.lacking('amount', documented, 'an amount');
  return {
    id: reader.id('id', documented),
    amount,
    orderId: reader.nestedId('order'),
    clientId: reader.nestedId('client'),
    operatorId: reader.nestedId('operator'),
    createdAt: reader.instant('creation_date', documented),
  };
}
