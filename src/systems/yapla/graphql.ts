/** Members through Yapla's GraphQL: create, update, read one by a configured query. Documents, variables and places are configuration. */
import { laidOver } from '../../core/document.js';
import type { YaplaConfig } from '../../config/yapla.js';
import type { YaplaGraphqlConfig } from '../../config/yaplaGraphql.js';
import type { Answer, Ask, HttpClient } from '../../http/client.js';
import { RecordMissing } from '../../http/failures.js';
import type { Permit } from '../../store/budget.js';
import { putAt } from '../places.js';
import { type RecordPlaces, toRecord } from '../records.js';
import type { Json, JsonObject, Merge, SystemRecord, UpdateResult } from '../system.js';
import { changeOf, type DocumentAnswer, newDocument, nothingToWrite, readMergeWrite } from '../update.js';
import { contentAt, idAt, objectAt, timesOf, type YaplaDataApi } from './dataApi.js';
import { type GraphqlJudge, withoutComplaints } from './graphqlAnswers.js';
import { graphqlAddress, graphqlRequest } from './graphqlRequest.js';
import type { SchemaCheck } from './graphqlSchema.js';
import type { SessionSend, YaplaSession } from './renewing.js';
import { type Forms, formsOf } from './reshape.js';
import { nothingKnown, type UpdateOptions, type YaplaWriter } from './rest.js';

export interface GraphqlWriterOptions {
  readonly config: YaplaConfig;
  readonly graphql: YaplaGraphqlConfig;
  readonly places: RecordPlaces;
  readonly http: HttpClient;
  readonly session: YaplaSession;
  readonly judge: GraphqlJudge;
  /** Holds the documents against the account's schema, before the first of them is sent. */
  readonly schema: SchemaCheck;
  /** Reads one member where no query does. */
  readonly dataApi: YaplaDataApi;
}

export function createGraphqlWriter(options: GraphqlWriterOptions): YaplaWriter {
  const { config, graphql, places, http, session, judge, schema, dataApi } = options;
  const forms: Forms = formsOf(places, graphql);
  const { path } = graphqlAddress(config, graphql);
  const { read } = graphql;

  async function post(
    send: SessionSend,
    operation: 'read' | 'create' | 'update',
    variables: JsonObject,
    ask: Ask,
    permit?: Permit,
  ): Promise<Answer | null> {
    const document = operation === 'read' ? read!.document : graphql[operation].document;
    const answer = await send(graphqlRequest(path, operation, document, variables), ask, permit);
    return judge.judge(answer, operation);
  }

  /** In GraphQL's form. */
  async function queryOne(send: SessionSend, id: string, ask: Ask, permit?: Permit): Promise<DocumentAnswer> {
    const { id: idVariable, constants, record } = read!;
    const variables = variablesWith(constants, [[idVariable, id]]);
    // Kept beside the answer: where there is no such member, the answer is known by its times alone.
    let sent: Answer | undefined;
    const keeping: SessionSend = async (...request) => (sent = await send(...request));
    const answer = await post(keeping, 'read', variables, ask, permit);
    if (answer === null || contentAt(answer, record) === null) return { ...timesOf(sent!), document: null };
    return { ...timesOf(answer), document: objectAt(answer, record, 'yapla.write.read.record') };
  }

  /** A member of the DATA API, in GraphQL's form. */
  async function listedOne(id: string, ask: Ask, permit?: Permit): Promise<DocumentAnswer> {
    const got = await dataApi.readOne(id, ask, permit);
    return got.document === null ? got : { ...got, document: forms.fromList(toRecord(got.document, places, got, id)) };
  }

  /** @returns the member as GraphQL shows it; null: it shows none */
  async function put(send: SessionSend, id: string, document: JsonObject, ask: Ask, permit?: Permit) {
    const { id: idVariable, input, constants, record, complaints } = graphql.update;
    const variables = variablesWith(constants, [
      [input, document],
      [idVariable, id],
    ]);
    const answer = (await post(send, 'update', variables, ask, permit))!;
    withoutComplaints(answer, complaints);
    return { ...timesOf(answer), document: answered(answer, record, 'yapla.write.update.record') };
  }

  /** What was read elsewhere shows what is mapped, and no more: so must what it is compared with. */
  function mappedOnly(put: DocumentAnswer, id: string): DocumentAnswer {
    if (put.document === null || !forms.differ) return put;
    return { ...put, document: forms.fromList(forms.toList(toRecord(put.document, forms.places, put, id))) };
  }

  async function writeRead(send: SessionSend, id: string, merge: Merge, { reference, ask, known }: UpdateOptions) {
    const result = await readMergeWrite(id, (before) => merge(shown(before, known)), reference, ask, {
      http,
      places: forms.places,
      volatileFields: config.volatileFields,
      shape: graphql.update.shape,
      read: (permit) => (read === null ? listedOne(id, ask, permit) : queryOne(send, id, ask, permit)),
      write: async (document, permit) => {
        const written = await put(send, id, document, ask, permit);
        return read === null ? mappedOnly(written, id) : written;
      },
    });
    if (result.outcome === 'missing') return result;
    if (result.outcome === 'stopped') return { ...result, before: shown(result.before, known) };
    return { ...result, before: shown(result.before, known), after: shown(result.after, known) };
  }

  const shown = (record: SystemRecord, known?: SystemRecord) => forms.toList(record, known);

  /** Where no member can be read: decided and written on what the caller knows, as by REST 2.0. */
  async function writeUnread(send: SessionSend, before: SystemRecord, merge: Merge, { reference, ask }: UpdateOptions) {
    const { id } = before;
    const decision = merge(before);
    if ('stop' in decision) return { outcome: 'stopped', reason: decision.stop, before } as const;
    const ours = forms.places.reference === null ? undefined : reference;
    const change = changeOf(before, decision.set, ours, { places: forms.places, shape: 'partial' });
    if (change === null) return { outcome: 'stopped', reason: nothingToWrite, before } as const;
    const { expected } = changeOf(before, decision.set, ours, { places, shape: 'partial' })!;
    try {
      const written = await put(send, id, change.sent, ask);
      const after =
        written.document === null ? {} : shown(toRecord(written.document, forms.places, written, id)).document;
      return {
        outcome: 'written',
        before,
        after: toRecord(laidOver(expected, after), places, written, id),
        answered: written.document !== null,
        gapMs: 0,
        unmappedChanged: [],
        requestId: written.requestId,
      } as const;
    } catch (error) {
      if (error instanceof RecordMissing) return { outcome: 'missing' } as const;
      throw error;
    }
  }

  function update(send: SessionSend, id: string, merge: Merge, rest: UpdateOptions): Promise<UpdateResult> {
    if (read !== null || config.read.memberPath !== null) return writeRead(send, id, merge, rest);
    return writeUnread(send, rest.known ?? nothingKnown(id), merge, rest);
  }

  return {
    writes: true,

    checkWrites: (ask) => schema.holdWrite(ask),

    read:
      read === null
        ? null
        : async (id, ask) => {
            await schema.holdRead(ask);
            return session.run(ask, async (send) => {
              const got = await queryOne(send, id, ask);
              return got.document === null ? null : shown(toRecord(got.document, forms.places, got, id));
            });
          },

    async create({ fields, externalReference }, ask) {
      await schema.holdWrite(ask);
      const { input, constants, id: idPath, record, complaints } = graphql.create;
      const { sent } = newDocument(fields, forms.places.reference === null ? null : externalReference, forms.places);
      const { expected } = newDocument(fields, forms.places.reference === null ? null : externalReference, places);
      const variables = variablesWith(constants, [[input, sent]]);
      const answer = (await session.run(ask, (send) => post(send, 'create', variables, ask)))!;
      withoutComplaints(answer, complaints);
      const { requestId } = answer;
      const document = answered(answer, record, 'yapla.write.create.record');
      const id = idPath === null ? undefined : idAt(answer, idPath, 'yapla.write.create.id');
      if (document === null)
        return { record: id === undefined ? null : toRecord(expected, places, answer, id), requestId };
      const made = shown(toRecord(document, forms.places, answer, id));
      return { record: toRecord(laidOver(expected, made.document), places, answer, made.id), requestId };
    },

    async update(id, merge, ask, reference, known) {
      await schema.holdWrite(ask);
      return session.run(ask, (send) => update(send, id, merge, { reference, ask, known }));
    },
  };
}

/** Fixed variables, and values at their places. Later ones stand within earlier ones, where the places say so. */
function variablesWith(constants: JsonObject, values: readonly (readonly [string, Json])[]): JsonObject {
  const variables = structuredClone(constants);
  for (const [place, value] of values) putAt(variables, place, value);
  return variables;
}

/** `null` where the configuration says that a write answers no record, or the payload has none. */
function answered(answer: Answer, path: string | null, setting: string): JsonObject | null {
  if (path === null || contentAt(answer, path) === null) return null;
  return objectAt(answer, path, setting);
}
