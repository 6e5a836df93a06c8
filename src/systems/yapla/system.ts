/** Yapla as a `System`: read by the DATA API, written in the way that the connection chose. */
import type { YaplaConfig } from '../../config/yapla.js';
import type { YaplaGraphqlConfig } from '../../config/yaplaGraphql.js';
import type { HttpClient } from '../../http/client.js';
import type { Budget } from '../../store/budget.js';
import type { SchemaStore } from '../../store/graphqlSchemas.js';
import type { TokenStore } from '../../store/oauthTokens.js';
import { type FieldMap, shownFields } from '../mapping.js';
import { type RecordPlaces, toRecord } from '../records.js';
import type { System } from '../system.js';
import { createDataApi, type YaplaDataApi } from './dataApi.js';
import { createGraphqlWriter } from './graphql.js';
import { graphqlJudge } from './graphqlAnswers.js';
import { createSchemaCheck } from './graphqlSchema.js';
import { createOAuthClient } from './oauth.js';
import { createTokenSession } from './tokens.js';
import { createNoWriter, createRestWriter, type YaplaWriter } from './rest.js';
import { createSession } from './session.js';
import { createCollectingWriter } from './workbook.js';

export interface YaplaSystemOptions {
  readonly connection: string;
  readonly config: YaplaConfig;
  readonly fieldMap: FieldMap;
  /** ISO 3166 country of phone numbers written without a country code. */
  readonly defaultCountry: string;
  /** For the DATA API. */
  readonly dataHttp: HttpClient;
  /** For the address of the way to write; it takes its permits from the same budget. */
  readonly writeHttp: HttpClient;
  readonly budget: Pick<Budget, 'stop' | 'close' | 'failed'>;
  /** Where `yapla.write.mode` is graphql: for the address of tokens, and where they are kept. */
  readonly login?: { readonly http: HttpClient; readonly tokens: TokenStore } | undefined;
  /** Where it is graphql: where the account's schema is kept. */
  readonly schemas?: SchemaStore | undefined;
}

export function createYaplaSystem(options: YaplaSystemOptions): System {
  const { config } = options;
  const places = listPlaces(options);
  const dataApi = createDataApi({ config, places, http: options.dataHttp });
  const writer = createWriter(options, places, dataApi);
  const listed = config.read.mode === 'api';
  const dataApiReadsOne = config.read.memberPath !== null;

  return {
    name: 'yapla',
    kinds: ['person'],
    pageSize: listed ? config.read.paging.pageSize : config.workbook.pageRows,
    listed,
    choosesIds: false,
    readsOne: dataApiReadsOne || writer.read !== null,
    writes: writer.writes,
    collects: config.write.mode === 'workbook',
    storesReference: config.referenceField !== null,

    recordOf: (document, from) => toRecord(document, places, from),

    readPage: ({ from }, ask) => {
      if (!listed)
        throw new TypeError('Yapla’s list comes as a file here (yapla.read.mode is "workbook"): it is not asked for');
      return dataApi.readPage(from, ask);
    },

    // The DATA API first: its documents have the form of those in the list, and it needs no session.
    async read(id, ask) {
      if (!dataApiReadsOne) {
        if (writer.read === null) throw new TypeError('Yapla cannot read one member here (readsOne is false)');
        return writer.read(id, ask);
      }
      const got = await dataApi.readOne(id, ask);
      return got.document === null ? null : toRecord(got.document, places, got, id);
    },

    create: (request, ask) => writer.create(request, ask),
    update: (id, merge, ask, reference, known) => writer.update(id, merge, ask, reference, known),

    // Nobody is logged in yet: the first write after the login looks.
    checkWrites: async (ask) => ((await isLoggedIn(options)) ? writer.checkWrites?.(ask) : undefined),
  };
}

async function isLoggedIn({ login }: YaplaSystemOptions): Promise<boolean> {
  const stored = (await login?.tokens.read()) ?? null;
  return stored !== null && 'accessToken' in stored;
}

/** Where the list of members has what a record needs. */
export function listPlaces({
  config,
  fieldMap,
  defaultCountry,
}: Pick<YaplaSystemOptions, 'config' | 'fieldMap' | 'defaultCountry'>): RecordPlaces {
  const { answer } = config.read;
  return {
    system: 'yapla',
    fieldMap: shownFields(fieldMap, 'yapla'),
    defaultCountry,
    timeZone: config.timeZone,
    id: { path: answer.id, setting: 'yapla.read.answer.id' },
    modified: answer.modified === null ? null : { path: answer.modified, setting: 'yapla.read.answer.modified' },
    reference: config.referenceField === null ? null : { path: config.referenceField, setting: 'yapla.referenceField' },
  };
}

/** What every request of GraphQL goes through, a doctor's too. */
export function openGraphql(options: Omit<YaplaSystemOptions, 'dataHttp'>, graphql: YaplaGraphqlConfig) {
  const { connection, config, writeHttp: http, budget, login } = options;
  if (login === undefined) throw new TypeError('yapla.write.mode is graphql: it needs a place for tokens');
  const { maxRetryAfterMs } = config.limits;
  const judge = graphqlJudge({ errors: graphql.errors, record: graphql.read?.record ?? null, maxRetryAfterMs, budget });
  const client = createOAuthClient(graphql.oauth, login.http);
  const { tokens, http: tokenHttp } = login;
  const session = createTokenSession({
    connection,
    config: graphql.oauth,
    tokens,
    client,
    http,
    tokenHttp,
    judge,
    budget,
  });
  return { judge, session };
}

function createWriter(options: YaplaSystemOptions, places: RecordPlaces, dataApi: YaplaDataApi): YaplaWriter {
  const { config, writeHttp: http, budget } = options;
  const { write } = config;
  switch (write.mode) {
    case 'none':
      return createNoWriter(options.connection);
    case 'workbook':
      return createCollectingWriter(options.connection);
    case 'rest': {
      const session = createSession({
        config: write,
        timeZone: config.timeZone,
        errorWhen: config.read.answer.errorWhen,
        http,
        budget,
      });
      return createRestWriter({ config, rest: write, places, http, session, dataApi });
    }
    case 'graphql': {
      const { judge, session } = openGraphql(options, write);
      const { connection, schemas: kept } = options;
      const schema = createSchemaCheck({ connection, config, graphql: write, places, session, budget, kept });
      return createGraphqlWriter({ config, graphql: write, places, http, session, judge, schema, dataApi });
    }
  }
}
