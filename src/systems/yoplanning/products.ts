/** What Yoplanning sells online: `online-products` (API v3.1). Read only. A dealer's list has the products of other teams, too. */
import { z } from 'zod';
import type { YoplanningConfig } from '../../config/yoplanning.js';
import type { Money } from '../../core/events/money.js';
import type { Ask, HttpClient } from '../../http/client.js';
import type { JsonObject } from '../system.js';
import { type DocumentReader, type Listed, mapped, readDocument, readPage } from './reading.js';
import { type Answered, createResource, type Filters, type FilterSpec } from './resource.js';

export interface Product {
  readonly id: string;
  /** In the language that was asked for. */
  readonly title: string;
  /** The team whose product it is; null: not shown. Other connectors read it, the vendor's example has none. */
  readonly teamId: string | null;
  readonly description: string | null;
  /** Where people meet, and the address; null: not shown. */
  readonly meetingPoint: string | null;
  readonly address: string | null;
  /** Category ids are integers there, and text here. */
  readonly categoryId: string | null;
  readonly categoryName: string | null;
  /** "The standard maximum participant for a session of this product"; null: not shown. */
  readonly maximumParticipants: number | null;
  /** With tax. "Just an indication": a session has the real one. Null: not shown. */
  readonly standardPrice: Money | null;
  /** Special prices, such as that of members. */
  readonly otherPrices: readonly { readonly label: string; readonly price: Money }[];
  /** What an order should tell of each participant besides the names. */
  readonly expectedData: readonly ExpectedDatum[];
  /** ISO 8601 in UTC; null: not shown. */
  readonly modifiedAt: string | null;
}

/** API v3.1, "Online Product object", `participants.expected_data`. */
export interface ExpectedDatum {
  /** Its name in an order. */
  readonly field: string;
  /** `number`, `text`, `textarea`, `email`, `date`, `select`; or what the vendor adds. */
  readonly type: string;
  /** For people, in the language that was asked for. */
  readonly label: string;
  readonly required: boolean;
  /** Of a `select`: what may be sent, and its name for people. */
  readonly options: readonly { readonly id: string; readonly name: string }[];
}

/** As documented: `sub_category_id`, `team_id`, `last_modified` with `__lt` and `__gt`; dates of availability in a newer text. */
const productFilters = {
  sub_category_id: 'number',
  team_id: 'text',
  last_modified: 'datetime',
  start_date: 'date',
  end_date: 'date',
  category: 'text',
} as const satisfies FilterSpec;

export interface ProductRequest {
  /** Position (0-based) of the first product wanted. Default: 0. */
  readonly offset?: number;
  /** Default: `yoplanning.pageSize`. */
  readonly limit?: number;
  readonly filters?: Filters<typeof productFilters>;
  /** Default: `yoplanning.events.lang`. */
  readonly lang?: string;
}

export interface Products {
  /** One page. One request. A filter may be ignored: check what comes. */
  list(request: ProductRequest, ask: Ask): Promise<Answered<Listed<Product>>>;
  /** Null: there is none. One request. @throws {UnreadableRecord} */
  get(id: string, ask: Ask, lang?: string): Promise<Answered<Product | null>>;
}

type ProductDocument = JsonObject & { id: string };

export function createProducts(http: HttpClient, config: YoplanningConfig): Products {
  const { paths, team, timeZone, pageSize, events } = config;
  const resource = createResource<ProductDocument, typeof productFilters>(http, {
    filters: productFilters,
    schema: z.looseObject({ id: z.string().min(1) }),
    listed: z.unknown(),
    listPath: paths.products,
    instancePath: paths.product,
    forbids: 'resource',
    places: { team },
    timeZone,
  });
  return {
    async list({ offset = 0, limit = pageSize, filters = {}, lang = events.lang }, ask) {
      return readPage(await resource.list({ offset, limit, filters, lang }, ask), offset, config, productOf);
    },
    async get(id, ask, lang = events.lang) {
      const answer = await resource.get(id, ask, { lang });
      return mapped(answer, (document) => document && readDocument(document, config, answer, productOf));
    },
  };
}

const documented = 'yoplanning.paths.products';

function productOf(reader: DocumentReader): Product {
  return {
    id: reader.id('id', documented),
    // The vendor's example has a title; other connectors read a name.
    title: reader.text('title') ?? reader.text('name') ?? '',
    teamId: reader.nestedId('team'),
    description: reader.text('description'),
    meetingPoint: reader.text('location.meeting_point'),
    address: reader.text('location.address'),
    categoryId: reader.nestedId('category'),
    categoryName: reader.text('category.name'),
    maximumParticipants: reader.count('participants.maximum', documented),
    standardPrice: reader.price('sessions.standard_price', documented),
    otherPrices: reader.entries('sessions.other_prices').flatMap((entry) => {
      const special = reader.of(entry);
      const price = special.price('price', documented);
      return price === null ? [] : [{ label: special.text('label') ?? '', price }];
    }),
    expectedData: reader.entries('participants.expected_data').map((entry) => expectedOf(reader.of(entry))),
    modifiedAt: reader.instant('last_modified', documented),
  };
}

function expectedOf(datum: DocumentReader): ExpectedDatum {
  const field = datum.id('field', documented);
  return {
    field,
    type: datum.text('type') ?? 'text',
    label: datum.text('label') ?? field,
    required: datum.document['required'] === true,
    options: datum.entries('options').map((entry) => {
      const option = datum.of(entry);
      const id = option.id('id', documented);
      return { id, name: option.text('name') ?? id };
    }),
  };
}
