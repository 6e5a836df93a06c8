/** Yoplanning API v3.1, teams and clients (what is booked: bookingRoutes.ts): what the vendor documents, and Django REST framework where the vendor is silent. */
import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import { Door, type Answer, type Call, type Drift, type Manners, type Outbox } from '../door.js';
import type { Faults, RequestKind, RequestResource } from '../faults.js';
import { Labels } from '../labels.js';
import type { ResolvedSandboxOptions } from '../options.js';
import { bareServer } from '../server.js';
import { drf } from './answers.js';
import { Clients, fieldsOf, personOf, type Client, type ClientDocument, type ClientFields } from './clients.js';
import { addBookingRoutes } from './bookingRoutes.js';
import type { Bookings } from './bookings.js';
import { clientRules } from './clientListing.js';
import { paginate, parseQuery, pathOf, select } from './listing.js';
import { addressOf, canonicalUuid, isUuid, kindOfOne, withBody } from './requests.js';
import { parseClient } from './validation.js';

type Options = ResolvedSandboxOptions['yoplanning'];

interface Team {
  readonly id: string;
  readonly name: string;
}

export interface YoplanningParts {
  readonly options: Options;
  /** The clients of the team that the token may use. */
  readonly clients: Clients;
  /** What it sells, and what is booked there. */
  readonly bookings: Bookings;
  /** A team that exists and is somebody else's. */
  readonly foreignTeam: string;
  readonly faults: Faults;
  readonly drift: Drift;
  readonly outbox: Outbox;
}

export interface YoplanningServer {
  readonly app: FastifyInstance;
  readonly door: Door;
}

export function createYoplanning({
  options,
  clients,
  bookings,
  foreignTeam,
  faults,
  drift,
  outbox,
}: YoplanningParts): YoplanningServer {
  const labels = new Labels(options.labels);
  const ours: Team[] = [{ id: options.team, name: 'École de voile du Phare' }];
  const clientsOf = new Map([[options.team, clients]]);
  const mayUse = (team: string) => clientsOf.has(team);
  const door = new Door(
    'yoplanning',
    manners(options, foreignTeam, mayUse),
    faults,
    drift,
    outbox,
    options.limits,
    options.latency,
  );
  const app = bareServer(
    fastify({ forceCloseConnections: true, routerOptions: { ignoreTrailingSlash: true, caseSensitive: true } }),
  );

  app.all('/api/v3.1/teams', (request, reply) =>
    door.serve('team', null, request, reply, ({ request }) => {
      if (request.method === 'GET') return drf.ok(paginate(ours, parseQuery(request.url), addressOf(request)));
      if (request.method !== 'POST') return drf.methodNotAllowed(request.method, 'GET, POST');
      return withBody(request, (body) => {
        const name = typeof body === 'object' && body !== null && !Array.isArray(body) ? body['name'] : undefined;
        if (typeof name !== 'string' || name.trim() === '') return drf.invalid({ name: ['This field is required.'] });
        const team = { id: randomUUID(), name: name.trim() };
        ours.push(team);
        clientsOf.set(team.id, new Clients(() => undefined));
        return drf.created(team);
      });
    }),
  );

  app.all<{ Params: { team: string } }>('/api/v3.1/teams/:team', (request, reply) =>
    door.serve('team', null, request, reply, ({ request: { method } }) => {
      const team = ours.find(({ id }) => id === request.params.team);
      if (method !== 'GET') return drf.methodNotAllowed(method, 'GET');
      return team === undefined ? drf.notFound() : drf.ok(team);
    }),
  );

  app.all<{ Params: { team: string } }>('/api/v3.1/teams/:team/clients', (request, reply) =>
    door.serve(request.method === 'GET' ? 'list' : 'create', null, request, reply, (call) => {
      const { method } = request;
      const store = clientsOf.get(request.params.team);
      if (method !== 'GET' && method !== 'POST') return drf.methodNotAllowed(method, 'GET, POST');
      if (store === undefined) return drf.notFound();
      return method === 'GET'
        ? listClients(store, call, options, labels)
        : createClient(store, randomUUID(), call, labels);
    }),
  );

  app.all<{ Params: { team: string; id: string } }>('/api/v3.1/teams/:team/clients/:id', (request, reply) => {
    const { team } = request.params;
    const id = canonicalUuid(request.params.id);
    return door.serve(kindOfOne(request.method), id, request, reply, (call) => {
      const { method } = request;
      const store = clientsOf.get(team);
      if (!['GET', 'PUT', 'DELETE'].includes(method)) return drf.methodNotAllowed(method, 'GET, PUT, DELETE');
      if (store === undefined) return drf.notFound();
      const client = store.get(id);
      if (method === 'PUT')
        return client === undefined
          ? putCreate(store, id, call, options, labels)
          : updateClient(store, client, call, labels);
      if (client === undefined) return drf.notFound();
      if (method === 'GET') return drf.ok(shown(client, labels));
      store.remove(id, 'api');
      call.applied('removed', id);
      return drf.noContent();
    });
  });

  addBookingRoutes(app, door, { team: options.team, clients, ...bookings });

  app.setNotFoundHandler((_request, reply) => {
    const { status, body } = drf.noSuchPath();
    return reply.code(status).type('text/html; charset=utf-8').send(body);
  });
  return { app, door };
}

function listClients(clients: Clients, { request, asListed }: Call, options: Options, labels: Labels): Answer {
  const { listOmits: omitted } = options;
  const query = parseQuery(request.url);
  const selection = select(asListed(clients.all()), query, clientRules(options));
  if ('errors' in selection) return drf.invalid(selection.errors);
  const page = paginate(selection.items, query, addressOf(request));
  const results = page.results.map((client) => {
    const document = shown(client, labels);
    return omitted.length === 0
      ? document
      : Object.fromEntries(Object.entries(document).filter(([name]) => !omitted.includes(name)));
  });
  return drf.ok({ ...page, results });
}

function shown({ document }: Client, labels: Labels): ClientDocument {
  return labels.isEmpty ? document : { ...document, ...fieldsOf(labels.shown(personOf(document))) };
}

function createClient(clients: Clients, id: string, call: Call, labels: Labels): Answer {
  return withClient(call, labels, (fields) => {
    const client = clients.create(id, { ...fields, ...fieldsOf(call.asStored(null, personOf(fields))) }, 'api');
    call.applied('created', id);
    return drf.created(shown(client, labels));
  });
}

function putCreate(clients: Clients, id: string, call: Call, options: Options, labels: Labels): Answer {
  if (!options.putCreates) return drf.notFound();
  if (!isUuid(id)) return drf.invalid({ id: [`"${id}" is not a valid UUID.`] });
  return createClient(clients, id, call, labels);
}

function updateClient(clients: Clients, client: Client, call: Call, labels: Labels): Answer {
  return withClient(call, labels, (fields) => {
    const stored = call.asStored(personOf(client.document), personOf(fields));
    clients.update(client, { ...fields, ...fieldsOf(stored) }, 'api');
    call.applied('updated', client.id);
    return drf.ok(shown(client, labels));
  });
}

function withClient(call: Call, labels: Labels, apply: (fields: ClientFields) => Answer): Answer {
  return withBody(call.request, (body) => {
    const parsed = parseClient(body, labels);
    return 'errors' in parsed ? drf.invalid(parsed.errors) : apply(parsed.fields);
  });
}

function manners(options: Options, foreignTeam: string, mayUse: (team: string) => boolean): Manners {
  return {
    unauthorised: drf.invalidToken,
    forbidden: drf.forbidden,
    throttled: drf.throttled,
    invalid: (field, message) => drf.invalid({ [field]: [message] }),
    redirect: (request, kind, resource) => {
      const path = pathOf(request.url);
      const wanted = options.slashes[kind === 'team' ? 'teams' : slashesOf(kind, resource)] === 'with';
      if (path.endsWith('/') === wanted) return null;
      const canonical = wanted ? `${path}/` : path.slice(0, -1);
      return drf.redirect(canonical + request.url.slice(path.length));
    },
    authenticate: (request, kind) => {
      const header = request.headers.authorization ?? '';
      const [scheme = '', token, ...rest] = header.trim().split(/\s+/);
      if (scheme.toLowerCase() !== 'token') return drf.noCredentials();
      if (token === undefined) return drf.malformedHeader('No credentials provided.');
      if (rest.length > 0) return drf.malformedHeader('Token string should not contain spaces.');
      if (token !== options.token) return drf.invalidToken();
      const { team } = request.params as { team?: string };
      if (team !== undefined && team === foreignTeam && !mayUse(team)) return drf.forbidden();
      // A validation is a POST that writes nothing.
      const isWrite = request.method !== 'GET' && kind !== 'check';
      if (isWrite && !(kind === 'team' ? options.mayCreateTeams : options.mayWrite)) return drf.forbidden();
      return token;
    },
  };
}

/** Whose form a path has. */
function slashesOf(kind: RequestKind, resource: RequestResource): keyof Options['slashes'] {
  switch (resource) {
    case 'person':
      return 'clients';
    case 'product':
    case 'session':
      return 'products';
    case 'availability':
      return 'availabilityDetails';
    case 'order':
      return kind === 'check' ? 'orderValidation' : 'orders';
    case 'payment':
      return 'payments';
    case 'category':
      return 'categories';
  }
}
