/**
 * Yoplanning API v3.1, what is sold and booked: products, session groups or availabilities, availability details, order validation, orders,
 * payments, categories. What the vendor documents, and Django REST framework where the vendor is silent.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Answer, Call, Door } from '../door.js';
import type { RequestKind, RequestResource } from '../faults.js';
import type { JsonObject } from '../../systems/system.js';
import { drf } from './answers.js';
import type { Bookings } from './bookings.js';
import { orderRules, paymentRules, productsWithin, productRules, sessionRules } from './bookingListing.js';
import { detailDocument, productDocument, sessionDocument } from './catalogue.js';
import type { Clients } from './clients.js';
import { type ListRules, paginate, parseQuery, type Query, select } from './listing.js';
import { categories } from './offers.js';
import { type ParsedOrder, parseOrder } from './orderParsing.js';
import { orderDocument, type OrderRecord, type OrderView, paymentDocument } from './orders.js';
import { addressOf, canonicalUuid, kindOfOne, withBody } from './requests.js';

interface Parts extends Bookings {
  readonly team: string;
  readonly clients: Clients;
}

type Verb = 'GET' | 'POST' | 'PUT' | 'DELETE';

export function addBookingRoutes(app: FastifyInstance, door: Door, parts: Parts): void {
  const { options, catalogue, orders, clients } = parts;
  const base = '/api/v3.1/teams/:team';

  /** Serves one address of the team: the verbs that it has, and 405 for all others. */
  function route(
    path: string,
    resource: RequestResource,
    kindOf: (method: string) => RequestKind,
    verbs: Partial<Record<Verb, (call: Call, id: string) => Answer>>,
  ): void {
    app.all<{ Params: { team?: string; id?: string } }>(
      path,
      (request: FastifyRequest<{ Params: { team?: string; id?: string } }>, reply: FastifyReply) => {
        const id = request.params.id === undefined ? null : canonicalUuid(request.params.id);
        const handler = (call: Call): Answer => {
          const verb = Object.hasOwn(verbs, request.method) ? verbs[request.method as Verb] : undefined;
          if (verb === undefined) return drf.methodNotAllowed(request.method, Object.keys(verbs).join(', '));
          if (request.params.team !== undefined && request.params.team !== parts.team) return drf.notFound();
          return verb(call, id ?? '');
        };
        return door.serve(kindOf(request.method), id, request, reply, handler, resource);
      },
    );
  }

  const ofList = (method: string): RequestKind => (method === 'GET' ? 'list' : 'create');
  const view = (query: Query): OrderView => ({
    options,
    clients,
    catalogue,
    expand: new Set((query.get('expand') ?? '').split(',').map((name) => name.trim())),
    lang: langOf(query),
  });

  route(`${base}/online-products`, 'product', ofList, {
    GET: (call) => {
      const query = parseQuery(call.request.url);
      const within = productsWithin(catalogue, query);
      if ('errors' in within) return drf.invalid(within.errors);
      return listed(call, query, within.products, productRules, (one) => productDocument(one, langOf(query)));
    },
  });
  route(`${base}/online-products/:id`, 'product', kindOfOne, {
    GET: ({ request }, id) => {
      const product = catalogue.product(id);
      return product === undefined ? drf.notFound() : drf.ok(productDocument(product, langOf(parseQuery(request.url))));
    },
  });
  const list = options.sessions === 'availabilities' ? 'availabilities' : 'session-groups';
  route(`${base}/online-products/:id/${list}`, 'session', ofList, {
    GET: (call, id) => {
      const query = parseQuery(call.request.url);
      if (catalogue.product(id) === undefined) return drf.notFound();
      const all = catalogue.sessionsOf(id);
      const sessions = query.get('status') === 'all' ? all : all.filter(({ gone }) => !gone);
      return listed(call, query, sessions, sessionRules, (one) => sessionDocument(one, list, options.showsPlaces));
    },
  });
  route(`${base}/availability-details/:id`, 'availability', kindOfOne, {
    GET: ({ request }, id) => {
      const session = catalogue.session(id);
      if (session === undefined || session.gone) return drf.notFound();
      return drf.ok(detailDocument(session, langOf(parseQuery(request.url)), options.showsPlaces));
    },
  });

  route(`${base}/order-validation`, 'order', () => 'check', {
    POST: (call) =>
      withOrder(call, parts, undefined, true, ({ items }) => {
        if (call.comesTooLate) orders.takePlaces(items);
        const full = orders.full(items);
        return drf.ok(full.length === 0 ? { success: true } : unavailable(full));
      }),
  });
  route(`${base}/orders`, 'order', ofList, {
    GET: (call) => {
      const query = parseQuery(call.request.url);
      const shown = view(query);
      return listed(call, query, orders.all(), orderRules(options), (one) => orderDocument(one, shown, false));
    },
    POST: (call) =>
      withOrder(call, parts, undefined, false, (parsed) => {
        if (call.comesTooLate) orders.takePlaces(parsed.items);
        const full = orders.full(parsed.items);
        if (full.length > 0) return tooLate(parsed, full, parts);
        const order = orders.place(parsed, 'api');
        call.applied('created', order.id);
        return drf.created(orderDocument(order, view(parseQuery(call.request.url)), true));
      }),
  });
  const withFound = (id: string, then: (order: OrderRecord) => Answer) => {
    const order = orders.get(id);
    return order === undefined ? drf.notFound() : then(order);
  };
  route(`${base}/orders/:id`, 'order', kindOfOne, {
    GET: ({ request }, id) =>
      withFound(id, (order) => drf.ok(orderDocument(order, view(parseQuery(request.url)), true))),
    ...(options.orderPut && {
      PUT: (call: Call, id: string) =>
        withFound(id, (order) =>
          withOrder(call, parts, order, false, (parsed) => {
            const full = parsed.cancelled ? [] : orders.full(parsed.items, order.cancelled ? [] : order.items);
            if (full.length > 0) return tooLate(parsed, full, parts);
            orders.replace(order, parsed, 'api');
            call.applied('updated', id);
            return drf.ok(orderDocument(order, view(parseQuery(call.request.url)), true));
          }),
        ),
    }),
    ...(options.orderDelete && {
      DELETE: (call: Call, id: string) =>
        withFound(id, (order) => {
          orders.remove(order, 'api');
          call.applied('removed', id);
          return drf.noContent();
        }),
    }),
  });

  route(`${base}/payments`, 'payment', ofList, {
    GET: (call) => {
      const query = parseQuery(call.request.url);
      const shown = view(query);
      return listed(call, query, orders.payments(), paymentRules(options), (one) => paymentDocument(one, shown));
    },
  });
  route(`${base}/payments/:id`, 'payment', kindOfOne, {
    GET: ({ request }, id) => {
      const payment = orders.payments().find((one) => one.id === id);
      return payment === undefined ? drf.notFound() : drf.ok(paymentDocument(payment, view(parseQuery(request.url))));
    },
  });
  route('/api/v3.1/categories', 'category', ofList, {
    GET: (call) => {
      const all = [...categories].map(([id, name]) => ({ id, name }));
      return listed(call, parseQuery(call.request.url), all, { filters: {}, orderings: {} }, (category) => ({
        ...category,
      }));
    },
  });
}

/** "Default : en". */
function langOf(query: Query): string {
  return query.get('lang') ?? 'en';
}

function listed<T>(
  { request, asListed }: Call,
  query: Query,
  items: readonly T[],
  rules: ListRules<T>,
  show: (item: T) => JsonObject,
): Answer {
  const selection = select(asListed(items), query, rules);
  if ('errors' in selection) return drf.invalid(selection.errors);
  const page = paginate(selection.items, query, addressOf(request));
  return drf.ok({ ...page, results: page.results.map(show) });
}

function withOrder(
  call: Call,
  { clients, catalogue, options }: Parts,
  before: OrderRecord | undefined,
  takesUnknownSessions: boolean,
  apply: (order: ParsedOrder) => Answer,
): Answer {
  return withBody(call.request, (body) => {
    const { cancelledWord } = options;
    const parsing = { clients, catalogue, cancelledWord, takesUnknownSessions, ...(before && { before }) };
    const parsed = parseOrder(body, parsing);
    return 'errors' in parsed ? drf.invalid(parsed.errors) : apply(parsed.order);
  });
}

function unavailable(sessions: readonly string[]): JsonObject {
  const unavailable_items = { group_ids: [...sessions], dry_resource_ids: [], voucher_ids: [], resources: [] };
  return { success: false, unavailable_items };
}

function tooLate({ items }: ParsedOrder, full: readonly string[], { options }: Parts): Answer {
  if (options.lateAnswer === 'inside') return drf.ok(unavailable(full));
  if (options.lateAnswer === 'refused') return drf.invalid(unavailable(full));
  const complaint = { session_group: ['This session is no longer available.'] };
  return drf.invalid({
    items: items.map(({ session }) => (session !== null && full.includes(session) ? complaint : {})),
  });
}
