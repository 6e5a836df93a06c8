/** Yapla: DATA API 1.0 (read) and REST 2.0 (sessions, create, update), on one server, in one of three shapes. */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Json, JsonObject } from '../../systems/system.js';
import { Door, type Answer, type Call, type Drift, type Manners, type Outbox } from '../door.js';
import type { Faults, RequestKind } from '../faults.js';
import type { ResolvedSandboxOptions } from '../options.js';
import { bareServer } from '../server.js';
import type { Member, Members } from './members.js';
import { authenticated, graphqlPath, invalidInside, serveGraphql, unauthenticated } from './graphql.js';
import { LoginServer } from './oauth.js';
import { Sessions } from './sessions.js';
import type { YaplaShape } from './shape.js';
import { mergeWrite } from './validation.js';

type Options = ResolvedSandboxOptions['yapla'];

const data = '/api/1.0';
const rest = '/api/2';

export interface YaplaParts {
  readonly options: Options;
  readonly shape: YaplaShape;
  readonly members: Members;
  readonly faults: Faults;
  readonly drift: Drift;
  readonly outbox: Outbox;
}

export interface YaplaServer {
  readonly app: FastifyInstance;
  readonly door: Door;
  readonly sessions: Sessions;
  readonly logins: LoginServer;
}

export function createYapla({ options, shape, members, faults, drift, outbox }: YaplaParts): YaplaServer {
  const sessions = new Sessions(options.sessionMs, options.timeZone);
  const logins = new LoginServer(options.graphql);
  const door = new Door(
    'yapla',
    manners(options, shape, sessions, logins),
    faults,
    drift,
    outbox,
    options.limits,
    options.latency,
  );
  const app = bareServer(
    fastify({ forceCloseConnections: true, routerOptions: { ignoreTrailingSlash: true, caseSensitive: true } }),
  );
  const ofCampaign = (campaign: string) => campaign === '0' || campaign === options.campaign;
  const notFound = () => shape.failure(404, 'Not found');
  const notAllowed = () => shape.failure(405, 'Method not allowed');

  app.all<{ Params: { campaign: string } }>(`${data}/campaign/:campaign/members`, (request, reply) =>
    door.serve('list', null, request, reply, (call) => {
      if (request.method !== 'GET') return notAllowed();
      if (!ofCampaign(request.params.campaign)) return notFound();
      const query = new URL(request.url, 'http://localhost').searchParams;
      const window = shape.windowOf(query, options.maxPageSize);
      const all = call.asListed(inOrder(members.all(), query, options));
      const page = all.slice(window.start, window.start + window.size);
      return { status: 200, body: shape.page(page, all.length, window, options.listEnd) };
    }),
  );

  const readOne = (id: string, api: 'data' | 'rest'): Answer => {
    if (options.singleReads === 'notAllowed') return notAllowed();
    if (options.singleReads === 'noAddress' || !shape.readsOne[api]) return notFound();
    const member = members.get(id);
    return member === undefined ? notFound() : { status: 200, body: shape.readAnswer(member) };
  };

  if (shape.readsOne.data) {
    app.all<{ Params: { campaign: string; id: string } }>(`${data}/campaign/:campaign/members/:id`, (request, reply) =>
      door.serve('read', request.params.id, request, reply, () => {
        if (request.method !== 'GET') return notAllowed();
        return ofCampaign(request.params.campaign) ? readOne(request.params.id, 'data') : notFound();
      }),
    );
  }

  app.all(`${rest}/authentication`, (request, reply) =>
    door.serve('session', null, request, reply, () => {
      if (request.method !== 'POST') return notAllowed();
      return withBody(shape, request, (body) => {
        // Wrong keys count: the throttle is the only thing between an API and a guessing client.
        if (body['api_key'] !== options.key) return shape.failure(401, 'Invalid API key');
        const { token, expireDate } = sessions.open();
        return { status: 200, body: { result: true, data: { session_token: token, expire_date: expireDate } } };
      });
    }),
  );

  app.all(`${rest}${shape.restPath}`, (request, reply) =>
    door.serve('create', null, request, reply, (call) => {
      if (request.method !== 'POST') return notAllowed();
      return withBody(shape, request, (body) => createMember(shape, members, body, call));
    }),
  );

  app.all<{ Params: { id: string } }>(`${rest}${shape.restPath}/:id`, (request, reply) => {
    const { id } = request.params;
    return door.serve(request.method === 'GET' ? 'read' : 'write', id, request, reply, (call) => {
      if (request.method === 'GET') return readOne(id, 'rest');
      if (request.method !== shape.updateMethod) return notAllowed();
      return withBody(shape, request, (body) => updateMember(shape, members, id, body, call));
    });
  });

  serveGraphql({ app, door, members, logins, options: options.graphql });

  app.setNotFoundHandler((_request: FastifyRequest, reply: FastifyReply) =>
    reply.code(404).type('application/json').send(JSON.stringify(notFound().body)),
  );
  return { app, door, sessions, logins };
}

/** By id, if it is asked for that and knows the word; else as the account lists them. An unknown word is ignored, as servers do. */
function inOrder(members: readonly Member[], query: URLSearchParams, { orderedBy, listOrder }: Options) {
  const isAsked = orderedBy !== null && query.get(orderedBy.parameter) === orderedBy.value;
  if (isAsked || listOrder === 'created') return members;
  return [...members].sort((a, b) => b.updatedAtMs - a.updatedAtMs || Number(a.id) - Number(b.id));
}

function createMember(shape: YaplaShape, members: Members, body: JsonObject, call: Call): Answer {
  const merged = mergeWrite(null, shape.parse(body));
  if ('complaints' in merged) return shape.invalid(merged.complaints);
  const member = members.create({ ...merged.fields, person: call.asStored(null, merged.fields.person) }, 'api');
  call.applied('created', member.id);
  return shape.createdAnswer(member);
}

function updateMember(shape: YaplaShape, members: Members, id: string, body: JsonObject, call: Call): Answer {
  const member = members.get(id);
  if (member === undefined) return shape.failure(404, 'Not found');
  const merged = mergeWrite(member.fields, shape.parse(body));
  if ('complaints' in merged) return shape.invalid(merged.complaints);
  members.update(
    member,
    { ...merged.fields, person: call.asStored(member.fields.person, merged.fields.person) },
    'api',
  );
  call.applied('updated', id);
  return shape.updatedAnswer(member);
}

function withBody(shape: YaplaShape, request: FastifyRequest, apply: (body: JsonObject) => Answer): Answer {
  let body: Json;
  try {
    body = JSON.parse((request.body as string | undefined) ?? '') as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return shape.failure(400, 'Invalid JSON');
    throw error;
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    return shape.failure(400, 'JSON object expected');
  return apply(body);
}

function manners(options: Options, shape: YaplaShape, sessions: Sessions, logins: LoginServer): Manners {
  const isGraphql = (request: FastifyRequest) => request.url.split('?')[0] === graphqlPath;
  return {
    unauthorised: (request) =>
      isGraphql(request) ? unauthenticated(options.graphql) : shape.failure(401, 'Unauthorized'),
    forbidden: () => shape.failure(403, 'Forbidden'),
    throttled: (seconds) =>
      shape.failure(429, 'Too Many Requests', seconds === null ? {} : { 'Retry-After': String(seconds) }),
    invalid: (field, message, request) =>
      isGraphql(request) ? invalidInside(field, message) : shape.invalid({ [field]: message }),
    redirect: () => null,
    authenticate: (request: FastifyRequest, kind: RequestKind) => {
      // One account, one counter: the key and the sessions opened with it are the same client.
      if (kind === 'session') return options.key;
      if (request.url.startsWith(`${data}/`)) {
        return shape.keyOf(request) === options.key ? options.key : shape.failure(401, 'Invalid API key');
      }
      if (isGraphql(request)) {
        const known = authenticated(request, logins, options.graphql);
        return known === true ? options.key : (known as Answer);
      }
      const token = request.headers['token'];
      if (typeof token !== 'string') return shape.failure(401, 'Session token missing');
      return sessions.isOpen(token) ? options.key : shape.failure(401, 'Session expired');
    },
  };
}
