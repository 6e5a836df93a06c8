/**
 * Yapla's GraphQL over the model's people, as the http client answers it: its own executor (graphql-js) carries the configured documents out, so that
 * errors stand beside data where the language says so. Tokens end, and answers are cut short, as the setting says.
 */
import { buildSchema, type ExecutionResult, graphql, GraphQLError, type GraphQLSchema } from 'graphql';
import type { JsonObject } from '../../../src/core/document.js';
import type { Answer, HttpRequest } from '../../../src/http/client.js';
import { AccessRefused, type FailureContext } from '../../../src/http/failures.js';
import { fieldNames, type GraphqlWays, type Mishap } from '../liveModel/setting.js';
import { MemoryTokens } from '../memoryTokens.js';

/** What the configuration says of this server. */
export function namesOf({ renames }: Pick<GraphqlWays, 'renames'>): Readonly<Record<string, string>> {
  return Object.fromEntries(fieldNames.map((field) => [field, renames && field === 'city' ? 'town' : field]));
}

/** Unmapped, and what belongs to a member besides its fields. */
const besides = ['note', 'external_reference'];

/** Documents as they are configured. */
export function documentsOf(ways: GraphqlWays) {
  const member = ['id', ...Object.values(namesOf(ways)), ...besides, 'updated_at'].join(' ');
  return {
    read: `query ($id: ID!) { node(id: $id) { ${member} } }`,
    create: `mutation ($input: MemberInput!) { createMember(input: $input) { id node { ${member} } } }`,
    update: `mutation ($id: ID!, $input: MemberInput!) { updateMember(id: $id, input: $input) { node { ${member} } } }`,
  };
}

const schemas = new Map<string, GraphQLSchema>();

function schemaOf(names: readonly string[], neverWithout: boolean): GraphQLSchema {
  const node = neverWithout ? 'Member!' : 'Member';
  const key = `${node} ${names.join()}`;
  const known = schemas.get(key);
  if (known !== undefined) return known;
  const fields = [...names, ...besides].map((name) => `${name}: String`).join(' ');
  const made = buildSchema(`
    type Member { id: ID! updated_at: String! ${fields} }
    input MemberInput { ${fields} }
    type Created { id: ID node: ${node} }
    type Updated { node: ${node} }
    type Query { node(id: ID!): Member }
    type Mutation { createMember(input: MemberInput!): Created updateMember(id: ID!, input: MemberInput!): Updated }
  `);
  schemas.set(key, made);
  return made;
}

/** What the server does with people; documents are those of the list. */
export interface People {
  /** @returns null: there is no such member */
  show(id: string): JsonObject | null;
  /** @returns the new id and the member; `told`: whether the answer holds them */
  create(document: JsonObject): { readonly document: JsonObject; readonly told: boolean };
  update(id: string, document: JsonObject): JsonObject;
}

const coded = (code: string) => new GraphQLError('Zoé Lemaire, zoe@example.org', { extensions: { code } });
const failed = 'INTERNAL_SERVER_ERROR';
const failing = (code: string) => () => {
  throw coded(code);
};

/** One account: its token and what happens to its requests are the same for all workers. */
export class GraphqlAccount {
  readonly tokens = new MemoryTokens();
  private issued = 0;
  private accepted: string | null = null;
  private requests = 0;
  private missing = 0;
  private readonly schema: GraphQLSchema;
  private readonly names: Readonly<Record<string, string>>;

  constructor(
    private readonly ways: GraphqlWays,
    /** Told of what costs requests. */
    private readonly mishapped: () => void,
  ) {
    this.names = namesOf(ways);
    this.schema = schemaOf(Object.values(this.names), ways.neverWithout);
  }

  async logIn(): Promise<void> {
    await this.tokens.save({ ...this.issue(), lifeMs: null });
  }

  private issue() {
    this.issued += 1;
    this.accepted = `access-${this.issued}`;
    return { accessToken: this.accepted, refreshToken: `refresh-${this.issued}` };
  }

  /** The token endpoint: takes each refresh token once. */
  renew({ form }: HttpRequest, context: FailureContext): Answer {
    const given = new URLSearchParams(form).get('refresh_token');
    if (given !== `refresh-${this.issued}`) return answer(context, 400, { error: 'invalid_grant' });
    const { accessToken, refreshToken } = this.issue();
    return answer(context, 200, {
      access_token: accessToken,
      refresh_token: refreshToken,
      token_type: 'bearer',
    });
  }

  /** @throws {AccessRefused} as the http client, where the token is refused once more after it was renewed */
  async answer(request: HttpRequest, context: FailureContext, people: People): Promise<Answer> {
    if (request.kind === 'graphql schema') return answer(context, 400, refusal('GRAPHQL_VALIDATION_FAILED'));
    const mishap = this.nextMishap(request);
    if (mishap !== null) this.mishapped();
    if (mishap === 'token ends' || mishap === 'token unknown') this.accepted = null;
    if (request.headers?.['authorization'] !== `Bearer ${this.accepted}`) {
      if (mishap === 'token unknown') return answer(context, 200, refusal('UNAUTHENTICATED'));
      if (request.onUnauthorised !== 'answer') throw new AccessRefused(context, 401);
      return answer(context, 401, null);
    }
    if (mishap === 'throttled') return answer(context, 200, refusal('THROTTLED'));
    if (mishap === 'fails before') return answer(context, 200, refusal(failed));
    const result = await this.executed(request.body as Body, mishap, people);
    // Errors of the executor say by themselves how they are written.
    const body = JSON.parse(JSON.stringify(result)) as JsonObject;
    return answer(context, 200, mishap === 'empty' && request.access === 'read' ? emptied(body) : body);
  }

  /** A token that was just renewed is good for the request that it was renewed for. */
  private nextMishap({ onUnauthorised }: HttpRequest): Mishap | null {
    const { mishaps } = this.ways;
    const next = mishaps[this.requests++] ?? null;
    const endsToken = next === 'token ends' || next === 'token unknown';
    return endsToken && onUnauthorised !== 'answer' ? null : next;
  }

  private executed({ query, variables }: Body, mishap: Mishap | null, people: People): Promise<ExecutionResult> {
    const node = (document: JsonObject | null, told = true) => {
      if (document === null || !told) return null;
      return this.shown(document, mishap);
    };
    const done = <T>(what: T): T => {
      if (mishap === 'fails after') throw coded(failed);
      return what;
    };
    const rootValue = {
      node: ({ id }: { readonly id: string }) => {
        const document = people.show(id);
        // Servers say it either way.
        if (document === null && ++this.missing % 2 === 0) throw coded('NOT_FOUND');
        return done(node(document));
      },
      createMember: ({ input }: { readonly input: JsonObject }) => {
        const { document, told } = people.create(this.taken(input));
        const isShown = told && mishap !== 'empty';
        return done({ id: isShown ? document['id'] : null, node: node(document, isShown) });
      },
      updateMember: ({ id, input }: { readonly id: string; readonly input: JsonObject }) =>
        done({ node: node(people.update(id, this.taken(input)), mishap !== 'empty') }),
    };
    return graphql({ schema: this.schema, source: query, rootValue, variableValues: variables });
  }

  private shown(document: JsonObject, mishap: Mishap | null): Record<string, unknown> {
    const { names } = this;
    const entries = Object.entries(document).map(([name, value]) => [names[name] ?? name, value]);
    const code = mishap?.includes('not') ? 'NOT_FOUND' : failed;
    return {
      ...(Object.fromEntries(entries) as JsonObject),
      ...(mishap?.startsWith('field') && { [names['city']!]: failing(code) }),
      ...(mishap?.startsWith('record') && { updated_at: failing(code) }),
    };
  }

  /** In the names of the list. */
  private taken(input: JsonObject): JsonObject {
    const own = new Map(Object.entries(this.names).map(([name, shown]) => [shown, name]));
    return Object.fromEntries(Object.entries(input).map(([name, value]) => [own.get(name) ?? name, value]));
  }
}

interface Body {
  readonly query: string;
  readonly variables: JsonObject;
}

function refusal(code: string): JsonObject {
  return { data: null, errors: [coded(code).toJSON() as unknown as JsonObject] };
}

function emptied(body: JsonObject): JsonObject {
  const data = body['data'] as JsonObject;
  return data['node'] === null ? body : { ...body, data: { ...data, node: {} } };
}

function answer(context: FailureContext, status: number, body: unknown): Answer {
  return { status, headers: {}, body, requestId: 'request', sentAtMs: 0, answeredAtMs: 0, context };
}
