/** Yapla's GraphQL and its login, on the server of the other APIs: the executor of the `graphql` package over the account's members. */
import { execute, GraphQLError, Kind, NoSchemaIntrospectionCustomRule, parse, specifiedRules, validate } from 'graphql';
import type { DocumentNode, ExecutionResult } from 'graphql';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isJsonObject } from '../../core/document.js';
import type { Json, JsonObject } from '../../systems/system.js';
import type { Answer, Call, Door } from '../door.js';
import type { RequestKind } from '../faults.js';
import type { ResolvedSandboxOptions } from '../options.js';
import { inputError, memberGraph, memberResolvers } from './memberGraph.js';
import type { Members } from './members.js';
import type { LoginServer } from './oauth.js';

type Options = ResolvedSandboxOptions['yapla']['graphql'];

export const graphqlPath = '/graphql';
const authorizePath = '/oauth/authorize';
export const tokenPath = '/oauth/token';
const revokePath = '/oauth/revoke';

interface Parts {
  readonly app: FastifyInstance;
  readonly door: Door;
  readonly members: Members;
  readonly logins: LoginServer;
  readonly options: Options;
}

/** What a request asks for, as far as it can be read. */
interface Asked {
  readonly kind: RequestKind;
  readonly record: string | null;
  readonly document: DocumentNode | GraphQLError;
  readonly variables: JsonObject;
}

export function serveGraphql({ app, door, members, logins, options }: Parts): void {
  app.all(graphqlPath, (request, reply) => {
    const asked = askedIn(request);
    return door.serve(asked.kind, asked.record, request, reply, (call) => {
      if (request.method !== 'POST') return { status: 405, body: { errors: [{ message: 'POST only.' }] } };
      return answerOf(asked, members, call, options);
    });
  });

  // A person's browser: no credential's request, and nothing that is counted.
  app.get(authorizePath, (request, reply) => {
    const { status, headers, body } = logins.authorize(new URL(request.url, 'http://localhost').searchParams);
    return reply
      .code(status)
      .headers(headers ?? {})
      .type('text/html; charset=utf-8')
      .send(body ?? '');
  });

  app.post(tokenPath, (request, reply) =>
    door.serve('session', null, request, reply, () =>
      logins.token(new URLSearchParams((request.body as string | undefined) ?? ''), request.headers.authorization),
    ),
  );

  app.post(revokePath, (request, reply) =>
    door.serve('session', null, request, reply, () =>
      logins.revoke(new URLSearchParams((request.body as string | undefined) ?? ''), request.headers.authorization),
    ),
  );
}

/** The credential behind a request of GraphQL, or the answer that refuses it. */
export function authenticated(request: FastifyRequest, logins: LoginServer, options: Options): boolean | Answer {
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (token !== undefined && logins.isValid(token)) return true;
  return unauthenticated(options);
}

export function unauthenticated({ unauthenticated: how }: Options): Answer {
  return {
    ...insideAnswer(new GraphQLError('Log in.', { extensions: { code: 'UNAUTHENTICATED' } })),
    status: how === 'status' ? 401 : 200,
  };
}

/** An input refused by a fault. */
export function invalidInside(field: string, message: string): Answer {
  return insideAnswer(inputError(field, message));
}

function insideAnswer(error: GraphQLError): Answer {
  return { status: 200, body: { errors: [error.toJSON()], data: null } };
}

function askedIn(request: FastifyRequest): Asked {
  let body: Json = null;
  try {
    body = JSON.parse((request.body as string | undefined) ?? '') as Json;
  } catch {
    // Answered as what it is, once the request was counted.
  }
  const { query, variables } = isJsonObject(body) ? body : {};
  const given = isJsonObject(variables) ? variables : {};
  let document: DocumentNode | GraphQLError;
  try {
    document = parse(typeof query === 'string' ? query : '');
  } catch (error) {
    document = new GraphQLError((error as Error).message, { extensions: { code: 'GRAPHQL_PARSE_FAILED' } });
  }
  return { document, variables: given, kind: kindOf(document), record: idIn(given) };
}

function kindOf(document: DocumentNode | GraphQLError): RequestKind {
  if (document instanceof GraphQLError) return 'schema';
  const [operation] = document.definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION ? [one] : []));
  const fields = operation?.selectionSet.selections.flatMap((one) => (one.kind === Kind.FIELD ? [one.name.value] : []));
  if (fields?.includes('createMember') === true) return 'create';
  if (fields?.includes('updateMember') === true) return 'write';
  return fields?.includes('member') === true ? 'read' : 'schema';
}

/** Wherever the document has its id. */
function idIn(variables: JsonObject): string | null {
  for (const [name, value] of Object.entries(variables)) {
    if (name.toLowerCase().endsWith('id') && (typeof value === 'string' || typeof value === 'number'))
      return String(value);
  }
  return null;
}

function answerOf({ document, variables }: Asked, members: Members, call: Call, options: Options): Answer {
  if (document instanceof GraphQLError) return { status: 400, body: { errors: [document.toJSON()] } };
  const rules = options.introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const flaws = validate(memberGraph, document, rules);
  if (flaws.length > 0) {
    const errors = flaws.map((flaw) => ({ ...flaw.toJSON(), extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }));
    return { status: 400, body: { errors } };
  }
  const rootValue = memberResolvers(members, call, options.mayWrite);
  // Nothing here waits: what is answered is there at once.
  const result = execute({ schema: memberGraph, document, rootValue, variableValues: variables }) as ExecutionResult;
  const errors = result.errors?.map((error) => ({ extensions: { code: 'BAD_USER_INPUT' }, ...error.toJSON() }));
  return { status: 200, body: { ...result, ...(errors === undefined ? {} : { errors }) } };
}
