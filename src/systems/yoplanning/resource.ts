/**
 * What all resources of Yoplanning have in common (API v3.1): a manager (`GET` list, `POST`) and instances (`GET`, `PUT`,
 * `DELETE`), paged lists, filters, `ordering` and `expand`. One file per resource says which verbs it has and what it looks like.
 */
import { z } from 'zod';
import type { Answer, Ask, HttpClient, HttpRequest } from '../../http/client.js';
import {
  type FailureContext,
  type Forbids,
  RecordMissing,
  RequestRefused,
  UnexpectedResponse,
} from '../../http/failures.js';
import { checkShape } from '../../http/shape.js';
import { fillPath } from '../places.js';
import type { Permit } from '../../store/budget.js';
import { type JsonObject, longestList } from '../system.js';
import { type FilterSide, filterTimestamp } from '../time.js';

declare const expandedBrand: unique symbol;

/**
 * A document read with `expand`: nested resources stand in it whole instead of by id, so it must never be sent back ("If you
 * want to retrieve a ressource in order to update it with a PUT request, you MUST NOT USE the expand mechanism").
 */
export type Expanded<Document> = Document & { readonly [expandedBrand]: true };

/** What `post` and `put` take: any document, except one that was read with `expand`. The brand survives copying and merging. */
export type Writable = JsonObject & { readonly [expandedBrand]?: never };

/** An answer's content, with what the request log and the measured gap need. */
export interface Answered<Value> {
  readonly value: Value;
  /** Id of the request in the request log. */
  readonly requestId: string;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  /** Where it came from, for errors about its content. */
  readonly context: FailureContext;
}

/** One page of a list, as documented under "Pagination". */
export interface ResourcePage<Document> {
  /** The total, not this page's number of records. */
  readonly count: number;
  readonly next: string | null;
  readonly previous: string | null;
  readonly results: readonly Document[];
}

export interface ListRequest<Spec extends FilterSpec> {
  /** Position (0-based) of the first record wanted. */
  readonly offset: number;
  /** Most records wanted; 100 is the documented maximum. */
  readonly limit: number;
  readonly filters?: Filters<Spec>;
  /** A field name, with `-` in front for descending. Not honoured by every list: sort again where it matters. */
  readonly ordering?: string;
  /** Language (ISO 639-1) of translatable fields; the vendor's default is English. */
  readonly lang?: string;
  /** Of a nested list: what it lies below, by the names in braces of its path, such as `{ product: '…' }`. */
  readonly within?: Readonly<Record<string, string>>;
}

/** Nested resources to have in full, in dot notation: `['items.voucher.product', 'payments.operator']`. */
export interface Expand {
  readonly expand: readonly [string, ...string[]];
}

interface ResourceDefinition<Spec extends FilterSpec> {
  /** In which the server takes times without one. */
  readonly timeZone: string;
  readonly filters: Spec;
  /** What is relied on; unknown fields are let through. */
  readonly schema: z.ZodType;
  /** The same of what a list holds, where anyone who asks judges each record by itself. Default: as `schema`. */
  readonly listed?: z.ZodType;
  /** Configured paths: `/teams/{team}/clients`, and the same with `{id}`. Null: there is no manager, or no instances. */
  readonly listPath: string | null;
  readonly instancePath: string | null;
  /** What a `POST` to the manager does there. Default: it creates. */
  readonly posts?: 'create' | 'check';
  /** What a 403 stops. An account that may not see orders, or not book, goes on with people: only what they stand in is the credential's. */
  readonly forbids: Forbids;
  /** What stands for the names in braces, `{id}` and those of `within` excepted. */
  readonly places: Readonly<Record<string, string>>;
}

/** All verbs of a resource; a resource's own file offers those that are documented for it. */
export interface Resource<Document extends JsonObject, Spec extends FilterSpec> {
  /** One page. One request. */
  list(request: ListRequest<Spec> & Expand, ask: Ask): Promise<Answered<ResourcePage<Expanded<Document>>>>;
  list(request: ListRequest<Spec> & { expand?: never }, ask: Ask): Promise<Answered<ResourcePage<Document>>>;
  /** Creates a record whose id the server makes. */
  post(document: Writable, ask: Ask, permit?: Permit): Promise<Answered<Document | null>>;
  /** One record; `null` when the server answers 404. */
  get(id: string, ask: Ask, options?: GetOptions & { expand?: never }): Promise<Answered<Document | null>>;
  get(id: string, ask: Ask, options: GetOptions & Expand): Promise<Answered<Expanded<Document> | null>>;
  /** Replaces the whole record; for many resources it creates one that does not exist. `null`: the answer had no content. */
  put(id: string, document: Writable, ask: Ask, permit?: Permit): Promise<Answered<Document | null>>;
  /** @throws {RecordMissing} when there was none. */
  delete(id: string, ask: Ask, permit?: Permit): Promise<Answered<null>>;
}

export interface GetOptions {
  readonly permit?: Permit | undefined;
  /** As for a list. */
  readonly lang?: string;
}

export function createResource<Document extends JsonObject, const Spec extends FilterSpec>(
  http: HttpClient,
  {
    schema,
    listed = schema,
    listPath,
    instancePath,
    posts = 'create',
    forbids,
    places,
    timeZone,
  }: ResourceDefinition<Spec>,
): Resource<Document, Spec> {
  const pageSchema = z.looseObject({
    count: z.number().int().nonnegative().max(longestList),
    next: z.string().nullish(),
    previous: z.string().nullish(),
    results: z.array(listed),
  });
  const collection = (within: Readonly<Record<string, string>> = {}) => at(listPath, { ...places, ...within });
  const instance = (id: string) => at(instancePath, { ...places, id });

  async function send(request: HttpRequest, ask: Ask, permit?: Permit): Promise<Answer> {
    return await http.send({ ...request, forbids }, ask, permit);
  }

  /** The document as it came: zod's own output would have its keys in another order. */
  function documentOf(answer: Answer): Document {
    checkShape(schema, answer);
    return answer.body as Document;
  }

  async function write(method: 'POST' | 'PUT', where: Where, document: Writable, ask: Ask, permit?: Permit) {
    const access = method === 'POST' ? posts : 'update';
    const answer = await send({ method, access, ...where, body: document }, ask, permit);
    return answered(answer, answer.body === null ? null : documentOf(answer));
  }

  async function list(request: ListRequest<Spec> & { expand?: readonly string[] }, ask: Ask) {
    const query = {
      offset: request.offset,
      limit: request.limit,
      ordering: request.ordering,
      lang: request.lang,
      expand: request.expand?.join(','),
      ...filterQuery<Spec>(request.filters ?? {}, timeZone),
    };
    const answer = await send({ method: 'GET', access: 'read', ...collection(request.within), query }, ask);
    if (answer.status === 404) {
      const what = 'there is no such list (404): correct yoplanning.baseUrl, yoplanning.paths or yoplanning.team';
      throw new UnexpectedResponse(answer.context, 'none', what);
    }
    checkShape(pageSchema, answer);
    const { count, next, previous, results } = answer.body as ResourcePage<Document>;
    return answered(answer, { count, next: next ?? null, previous: previous ?? null, results });
  }

  async function get(id: string, ask: Ask, options: GetOptions & { expand?: readonly string[] } = {}) {
    const query = { lang: options.lang, expand: options.expand?.join(',') };
    const answer = await send({ method: 'GET', access: 'read', ...instance(id), query }, ask, options.permit);
    return answered(answer, answer.status === 404 ? null : documentOf(answer));
  }

  return {
    list: list as unknown as Resource<Document, Spec>['list'],
    get: get as Resource<Document, Spec>['get'],
    post: (document, ask, permit) => write('POST', collection(), document, ask, permit),
    put: (id, document, ask, permit) => write('PUT', instance(id), document, ask, permit),
    delete: async (id, ask, permit) =>
      answered(await send({ method: 'DELETE', access: 'update', ...instance(id) }, ask, permit), null),
  };
}

/**
 * Runs a `POST` to an address that no record has to exist for: 404 then says that there is no such address.
 *
 * @param setting to correct
 * @throws {RequestRefused} instead of `RecordMissing`
 */
export async function posting<Result>(setting: string, post: () => Promise<Result>): Promise<Result> {
  try {
    return await post();
  } catch (error) {
    if (!(error instanceof RecordMissing)) throw error;
    const advice = `Correct ${setting}, or yoplanning.team`;
    throw new RequestRefused(error.context, 404, 'there is no such address (404)', advice);
  }
}

interface Where {
  readonly path: string;
  readonly kind: string;
}

function at(template: string | null, places: Readonly<Record<string, string>>): Where {
  if (template === null) throw new TypeError('this resource has no such address');
  return { path: fillPath(template, places), kind: template };
}

function answered<Value>(answer: Answer, value: Value): Answered<Value> {
  const { requestId, sentAtMs, answeredAtMs, context } = answer;
  return { value, requestId, sentAtMs, answeredAtMs, context };
}

// Filters of Yoplanning's lists: `first_name=Norbert`, `birth_date__gt=1995-01-25` (API v3.1, "Filters").

/** `date`: `YYYY-MM-DD`. `datetime`: a moment, sent in the system's time zone. Only these and `number` can be compared by more than equality. */
export type FilterKind = 'text' | 'number' | 'date' | 'datetime';

/** Which fields a resource can be filtered by. */
export type FilterSpec = Readonly<Record<string, FilterKind>>;

interface FilterValues {
  readonly text: string;
  readonly number: number;
  readonly date: string;
  readonly datetime: Date;
}

const comparisons = ['lt', 'lte', 'gt', 'gte'] as const;

/** Lower than, lower or equal, greater than, greater or equal; two of them make a range. */
export type Comparison<Value> = { readonly [Operator in (typeof comparisons)[number]]?: Value };

type FilterOf<Kind extends FilterKind> = Kind extends 'text'
  ? FilterValues[Kind]
  : FilterValues[Kind] | Comparison<FilterValues[Kind]>;

/** What a caller may ask of a resource with this spec, for example `{ first_name: 'Norbert', birth_date: { gt: '1995-01-25' } }`. */
export type Filters<Spec extends FilterSpec> = { readonly [Field in keyof Spec]?: FilterOf<Spec[Field]> };

/**
 * Filters as query parameters. An unknown filter is ignored by the framework behind Yoplanning, so a filtered list is to be
 * checked by its caller.
 *
 * @param timeZone in which the server takes times without one
 */
export function filterQuery<Spec extends FilterSpec>(filters: Filters<Spec>, timeZone: string): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [field, filter] of Object.entries(filters) as [string, Plain | Comparison<Plain> | undefined][]) {
    if (filter === undefined) continue;
    if (!isComparison(filter)) {
      query[field] = wireForm(filter, timeZone, 'at');
      continue;
    }
    for (const operator of comparisons) {
      const value = filter[operator];
      if (value !== undefined)
        query[`${field}__${operator}`] = wireForm(value, timeZone, operator.startsWith('g') ? 'later' : 'earlier');
    }
  }
  return query;
}

type Plain = string | number | Date;

function isComparison(filter: Plain | Comparison<Plain>): filter is Comparison<Plain> {
  return typeof filter === 'object' && !(filter instanceof Date);
}

function wireForm(value: Plain, timeZone: string, side: FilterSide): string {
  return value instanceof Date ? filterTimestamp(value, timeZone, side) : String(value);
}
