/** Yoplanning as a `System`: the clients of one team. */
import type { YoplanningConfig } from '../../config/yoplanning.js';
import type { HttpClient } from '../../http/client.js';
import { RecordMissing, RequestRefused } from '../../http/failures.js';
import { type FieldMap, shownFields } from '../mapping.js';
import { type RecordPlaces, toRecord, toRecords, unexpected } from '../records.js';
import type { CreateResult, System } from '../system.js';
import { type DocumentAnswer, newDocument, readMergeWrite } from '../update.js';
import { type Client, createClients } from './clients.js';
import type { Answered } from './resource.js';

export interface YoplanningSystemOptions {
  readonly config: YoplanningConfig;
  readonly fieldMap: FieldMap;
  /** ISO 3166 country of phone numbers written without a country code. */
  readonly defaultCountry: string;
  readonly http: HttpClient;
}

export function createYoplanningSystem({ config, fieldMap, defaultCountry, http }: YoplanningSystemOptions): System {
  const clients = createClients(http, config);
  const places: RecordPlaces = {
    system: 'yoplanning',
    fieldMap: shownFields(fieldMap, 'yoplanning'),
    defaultCountry,
    timeZone: config.timeZone,
    id: { path: 'id', setting: 'yoplanning.paths' },
    modified: place(config.modifiedField, 'yoplanning.modifiedField'),
    reference: place(config.referenceField, 'yoplanning.referenceField'),
  };

  return {
    name: 'yoplanning',
    kinds: ['person'],
    pageSize: config.pageSize,
    choosesIds: config.createBy === 'put',
    readsOne: true,
    writes: true,
    storesReference: config.referenceField !== null,

    recordOf: (document, from) => toRecord(document, places, from),

    async readPage({ from }, ask) {
      const { pageSize: limit, ordering } = config;
      const answer = await clients.list({ offset: from, limit, ...(ordering === null ? {} : { ordering }) }, ask);
      const { count, results } = answer.value;
      // Fewer is no error: positions go by what came, so a page that the server cut short only costs more pages.
      if (results.length > config.pageSize) {
        const what = `the list holds ${results.length} records where at most ${config.pageSize} were asked for: correct yoplanning.pageSize or yoplanning.paths.clients`;
        throw unexpected(answer, what);
      }
      return { start: from, count, ...toRecords(results, places, answer, from) };
    },

    async read(id, ask) {
      const answer = await clients.get(id, ask);
      return answer.value === null ? null : toRecord(answer.value, places, answer, id);
    },

    async create({ id, fields, externalReference }, ask): Promise<CreateResult> {
      const { sent, expected } = newDocument(fields, externalReference, places);
      if (config.createBy === 'post') {
        const answer = await clients.post(sent, ask);
        const record = answer.value === null ? null : toRecord(answer.value, places, answer);
        return { record, requestId: answer.requestId };
      }
      if (id === null) throw new TypeError('Yoplanning creates by PUT here (createBy: put): an id must be given');
      const answer = await putNew(() => clients.put(id, sent, ask));
      return { record: toRecord(answer.value ?? expected, places, answer, id), requestId: answer.requestId };
    },

    update(id, merge, ask, reference) {
      return readMergeWrite(id, merge, reference, ask, {
        http,
        places,
        volatileFields: config.volatileFields,
        shape: 'whole',
        read: async (permit) => documentAnswer(await clients.get(id, ask, { permit })),
        write: async (document, permit) => documentAnswer(await clients.put(id, document, ask, permit)),
      });
    },
  };
}

/** "For many endpoints, [PUT] will also create the ressource if it does not exist": an account where it does not answers 404 or 405. */
async function putNew(put: () => Promise<Answered<Client | null>>): Promise<Answered<Client | null>> {
  try {
    return await put();
  } catch (error) {
    const status = error instanceof RecordMissing ? 404 : error instanceof RequestRefused ? error.status : null;
    if (status !== 404 && status !== 405) throw error;
    const { context } = error as RecordMissing | RequestRefused;
    const what = `this account does not create a client by PUT to an id that does not exist (${status})`;
    throw new RequestRefused(
      context,
      status,
      what,
      'Set yoplanning.createBy to "post", or correct yoplanning.paths.client',
    );
  }
}

function place(path: string | null, setting: string): RecordPlaces['modified'] {
  return path === null ? null : { path, setting };
}

function documentAnswer({ value, ...answer }: Answered<Client | null>): DocumentAnswer {
  return { ...answer, document: value };
}
