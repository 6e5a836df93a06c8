/**
 * The configured documents held against the account's own schema, as it tells it by introspection: which field or argument does not exist is
 * known before anything is sent. A server may refuse to tell its schema: then only its own answers can say so.
 */
import {
  buildClientSchema,
  getIntrospectionQuery,
  getNamedType,
  type GraphQLSchema,
  isInputObjectType,
  type IntrospectionQuery,
  type OperationDefinitionNode,
  Kind,
  parse,
  type TypeNode,
  validate,
} from 'graphql';
import { isJsonObject } from '../../core/document.js';
import type { YaplaConfig } from '../../config/yapla.js';
import type { YaplaGraphqlConfig } from '../../config/yaplaGraphql.js';
import type { Ask } from '../../http/client.js';
import { RequestRefused, WritesStopped } from '../../http/failures.js';
import type { Budget } from '../../store/budget.js';
import type { SchemaStore } from '../../store/graphqlSchemas.js';
import { writePlace } from '../mapping.js';
import { isEntry, stepsOf } from '../places.js';
import { type RecordPlaces, unexpected } from '../records.js';
import type { Json, JsonObject } from '../system.js';
import { contentAt } from './dataApi.js';
import { graphqlAddress, graphqlRequest, type Operation } from './graphqlRequest.js';
import type { YaplaSession } from './renewing.js';
import { formsOf } from './reshape.js';

/** Of several flaws, so many are told: each may be a consequence of the first. */
const mostFlaws = 5;

const operations = ['read', 'create', 'update'] as const satisfies readonly Operation[];

export interface Flaw {
  readonly operation: (typeof operations)[number];
  /** `yapla.write.update.document` … */
  readonly setting: string;
  /** Of the parser or the schema: names of the document and of the schema, no value. */
  readonly what: string;
}

/** Asks once in a process, where nothing fresh is kept from another, and holds every document against the answer. */
export interface SchemaCheck {
  /** Of the query that reads one member. @throws {RequestRefused} naming what does not exist; nothing was sent */
  holdRead(ask: Ask): Promise<void>;
  /**
   * Of all documents. What does not fit stops the writes: the account's owner must look, and what is read by other ways goes on.
   * @throws {WritesStopped} naming what does not exist; nothing was sent
   */
  holdWrite(ask: Ask): Promise<void>;
}

/** `told`: as the server told it, to be kept. */
export type Introspected = { readonly schema: GraphQLSchema; readonly told: JsonObject } | { readonly refused: string };

/** Reads the schema. One request. `refused`: the server does not tell it. */
export async function introspect(
  session: YaplaSession,
  config: Pick<YaplaConfig, 'server'>,
  graphql: YaplaGraphqlConfig,
  ask: Ask,
): Promise<Introspected> {
  const { path } = graphqlAddress(config, graphql);
  const query = getIntrospectionQuery({ descriptions: false });
  const answer = await session.run(ask, (send) => send(graphqlRequest(path, 'schema', query), ask));
  if (answer.status === 404) throw unexpected(answer, 'there is no GraphQL there (404): correct yapla.write.address');
  const data = isJsonObject(answer.body as Json) ? contentAt(answer, 'data') : undefined;
  if (!isJsonObject(data) || !isJsonObject(data['__schema'])) {
    return { refused: `the server does not tell its schema (${answer.status})` };
  }
  const schema = schemaOf(data);
  return schema === null ? { refused: 'what the server tells as its schema is none' } : { schema, told: data };
}

/** Null: it is none. */
function schemaOf(told: JsonObject): GraphQLSchema | null {
  try {
    return buildClientSchema(told as unknown as IntrospectionQuery);
  } catch {
    // The package's words would quote what the server told.
    return null;
  }
}

/** What of the configured documents, variables and names the schema does not have. */
export function flawsOf(schema: GraphQLSchema, graphql: YaplaGraphqlConfig, places: RecordPlaces): readonly Flaw[] {
  return operations.flatMap((operation): readonly Flaw[] => {
    const settings = graphql[operation];
    if (settings === null) return [];
    const setting = `yapla.write.${operation}`;
    const document = parse(settings.document);
    const flaws = validate(schema, document).map(({ message }) => ({
      operation,
      setting: `${setting}.document`,
      what: message,
    }));
    if (flaws.length > 0 || !('input' in settings)) return flaws;
    const [definition] = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
    return inputFlaws(schema, definition!, settings.input, formsOf(places, graphql).places).map((what) => ({
      operation,
      setting,
      what,
    }));
  });
}

/** Fields that are written and that the input does not have. */
function inputFlaws(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  input: string,
  { fieldMap }: RecordPlaces,
): readonly string[] {
  return Object.entries(fieldMap).flatMap(([name, field]) => {
    if ((field as { direction?: string }).direction === 'toYoplanning') return [];
    const place = writePlace(field.yapla);
    const missing = missingIn(schema, operation, input, place);
    return missing === null ? [] : [`${missing}, where the field "${name}" is written ("${place}")`];
  });
}

/** Walks a place through the input types of a variable. Null: it is there, or the type takes anything (a scalar of JSON). */
function missingIn(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  input: string,
  place: string,
): string | null {
  const [variable, ...within] = [...stepsOf(input), ...stepsOf(place)];
  const declared = operation.variableDefinitions?.find((one) => one.variable.name.value === variable);
  // Said when the configuration is read.
  if (declared === undefined) return null;
  const typeName = nameOfType(declared.type);
  let named = schema.getType(typeName);
  for (const step of within) {
    if (isEntry(step) || typeof step === 'number') continue;
    if (!isInputObjectType(named)) return null;
    const next = named.getFields()[step];
    if (next === undefined) return `Input type "${named.name}" has no field "${step}"`;
    named = schema.getType(getNamedType(next.type).name);
  }
  return null;
}

/** Of a type as it is written, without lists and marks. */
function nameOfType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOfType(type.type);
}

export interface SchemaCheckOptions {
  readonly connection: string;
  readonly config: YaplaConfig;
  readonly graphql: YaplaGraphqlConfig;
  readonly places: RecordPlaces;
  readonly session: YaplaSession;
  readonly budget: Pick<Budget, 'stop'>;
  /** Where the schema is kept for other processes, and for those after a restart; left out: nowhere. */
  readonly kept?: SchemaStore | undefined;
}

/** Remembers what it found as long as the process lives: documents change with a restart only. A request that failed is asked again. */
export function createSchemaCheck(options: SchemaCheckOptions): SchemaCheck {
  const { connection, config, graphql, places, session, budget, kept } = options;
  const { path } = graphqlAddress(config, graphql);
  const context = { connection, system: 'yapla', access: 'none', method: 'POST', path } as const;
  let looking: Promise<readonly Flaw[]> | null = null;

  async function look(ask: Ask): Promise<readonly Flaw[]> {
    const known = (await kept?.read(graphql.schemaFreshMs)) ?? null;
    const schema = known === null ? null : schemaOf(known);
    // Whom the kept one does not fit, the account may have been given what it lacked since.
    if (schema !== null && flawsOf(schema, graphql, places).length === 0) return [];
    // Others wait for this, too: it is about no record, and the first to ask does not cancel it for them.
    const { signal: _signal, record: _record, ...shared } = ask;
    const told = await introspect(session, config, graphql, shared);
    if ('refused' in told) return [];
    await kept?.save(told.told);
    return flawsOf(told.schema, graphql, places);
  }

  function found(ask: Ask): Promise<readonly Flaw[]> {
    looking ??= look(ask).catch((error: unknown) => {
      looking = null;
      throw error;
    });
    return looking;
  }

  return {
    async holdRead(ask) {
      const flaws = (await found(ask)).filter(({ operation }) => operation === 'read');
      if (flaws.length === 0) return;
      throw new RequestRefused(
        context,
        0,
        `nothing was sent, because ${inWords(flaws)}`,
        'Correct these settings, and restart the workers',
      );
    },

    async holdWrite(ask) {
      const flaws = await found(ask);
      if (flaws.length === 0) return;
      const reason = `${inWords(flaws)}: correct these settings, and restart the workers`;
      await budget.stop(reason, 'writes');
      throw new WritesStopped(context, reason);
    },
  };
}

function inWords(flaws: readonly Flaw[]): string {
  const told = flaws.slice(0, mostFlaws).map(({ setting, what }) => `${setting}: ${what.replace(/\.$/, '')}`);
  return `the account's schema does not have what is configured (${told.join('; ')})`;
}
