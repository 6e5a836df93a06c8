/**
 * One of the model's servers as the engine sees a system. Reading a document, merging a write into it and the canary are the real ones
 * (src/systems); what is left out is HTTP, and the permits of its budget.
 */
import type { JsonObject } from '../../../src/core/document.js';
import { otherSystem, recordKinds, type SystemName } from '../../../src/core/record.js';
import type { Ask, HttpClient } from '../../../src/http/client.js';
import { effectOf, NoAnswer, type FailureContext } from '../../../src/http/failures.js';
import type { FieldMap } from '../../../src/systems/mapping.js';
import { toRecord, type RecordPlaces } from '../../../src/systems/records.js';
import type {
  CreateRequest,
  CreateResult,
  Merge,
  Page,
  PageRequest,
  System,
  SystemRecord,
  UpdateResult,
} from '../../../src/systems/system.js';
import { newDocument, readMergeWrite, type DocumentAnswer } from '../../../src/systems/update.js';
import { fieldNames } from '../liveModel/setting.js';
import type { ServerRecord } from '../liveModel/server.js';
import type { Stopping } from './attempt.js';
import type { EngineWorld } from './world.js';

/** Requests need no permit here. */
export const noBudget = {
  reserve: (n: number) => Promise.resolve(Array.from({ length: n }, () => undefined)),
  release: () => undefined,
} as unknown as HttpClient;

/** Paths in documents of what is not a field, as the default configuration has them. */
const paths = {
  yapla: { modified: 'updated_at', reference: 'external_reference' },
  yoplanning: { modified: 'last_update', reference: 'external_reference' },
} as const;

export class SystemOverServer implements System {
  readonly kinds = recordKinds;
  readonly pageSize = 2;
  readonly choosesIds: boolean;
  readonly readsOne: boolean;
  readonly writes: boolean;
  readonly collects: boolean;
  readonly listed: boolean;
  readonly storesReference: boolean;
  private readonly places: RecordPlaces;

  /** @param attempt whose requests these are: before and after each of them something else can happen */
  constructor(
    readonly name: SystemName,
    protected readonly world: EngineWorld,
    fieldMap: FieldMap,
    private readonly attempt: Stopping,
  ) {
    const { setting } = world;
    this.choosesIds = name === 'yoplanning';
    this.readsOne = world.readsOne(name);
    this.writes = name === 'yoplanning' || setting.yapla.writes !== 'none';
    this.collects = name === 'yapla' && setting.yapla.writes === 'workbook';
    this.listed = name === 'yoplanning' || setting.yapla.reads !== 'file';
    this.storesReference = name === 'yoplanning' || setting.yaplaKeepsReference;
    const { modified, reference } = paths[name];
    this.places = {
      system: name,
      fieldMap,
      defaultCountry: 'BE',
      timeZone: 'UTC',
      id: { path: 'id', setting: `${name}.id` },
      modified: { path: modified, setting: `${name}.modified` },
      reference: this.storesReference ? { path: reference, setting: `${name}.reference` } : null,
    };
  }

  async readPage({ from }: PageRequest): Promise<Page> {
    if (!this.listed) throw new Error('a system that is read from files was asked for its list');
    await this.before('GET');
    const listed = this.server.page();
    const start = Math.min(from, Math.max(0, listed.length - 1));
    const records = listed.slice(start, start + this.pageSize).map((one) => this.recordOf(shown(this.name, one)));
    return { start, records, unreadable: [], count: listed.length };
  }

  recordOf(document: JsonObject): SystemRecord {
    return toRecord(document, this.places, { context: this.context('GET') });
  }

  async read(id: string, _ask: Ask): Promise<SystemRecord | null> {
    await this.before('GET', id);
    const { document } = this.answered('GET', id, this.server.get(id));
    await this.after('GET', id);
    return document === null ? null : this.recordOf(document);
  }

  async create({ id, fields, externalReference }: CreateRequest, _ask: Ask): Promise<CreateResult> {
    this.takesRequests();
    await this.before('POST', id ?? undefined);
    await this.world.look();
    const { sent } = newDocument(fields, externalReference, this.places);
    const { document, reference } = taken(this.name, { ...empty, ...sent });
    const made = this.server.create(id, document, reference, this.personOf(externalReference));
    await this.after('POST', id ?? undefined);
    return { record: made === null ? null : this.recordOf(shown(this.name, made)), requestId: 'request' };
  }

  async update(id: string, merge: Merge, ask: Ask, reference?: string): Promise<UpdateResult> {
    this.takesRequests();
    return await readMergeWrite(id, merge, reference, ask, {
      http: noBudget,
      places: this.places,
      volatileFields: [paths[this.name].modified],
      shape: 'whole',
      read: async () => {
        await this.before('GET', id);
        // A write of the journal is nobody's step: between the GET and the PUT nothing else happens, as in the model.
        await this.world.look();
        return this.answered('GET', id, this.server.get(id));
      },
      write: async (sent) => {
        const { document, reference: ours } = taken(this.name, sent);
        const put = this.server.put(id, document, ours);
        const answer = this.answered('PUT', id, this.world.fault?.startsWith('server') ? this.damage(put) : put);
        await this.after('PUT', id);
        return answer;
      },
    });
  }

  /** A server's fault: it forgets what is not mapped. */
  protected damage(record: ServerRecord): ServerRecord {
    if (record.document['note'] === null) return record;
    const damaged = { ...record, document: { ...record.document, note: null } };
    this.server.records.set(record.id, damaged);
    this.world.damaged.add(`${this.name}:${record.id}`);
    return damaged;
  }

  private takesRequests(): void {
    if (this.collects) throw new Error('a system that takes files was sent a request to write');
  }

  protected get server() {
    return this.world.servers[this.name];
  }

  private async before(method: string, id?: string): Promise<void> {
    await this.beforeRequest(this.context(method, id));
  }

  protected async beforeRequest(context: FailureContext): Promise<void> {
    const refused = () => new NoAnswer(context, 'none', 'ECONNREFUSED');
    await this.attempt.place(refused, { sends: context.access === 'create' });
  }

  private async after(method: string, id?: string): Promise<void> {
    await this.afterRequest(this.context(method, id));
  }

  /** It took effect; the answer may be lost. */
  protected async afterRequest(context: FailureContext): Promise<void> {
    await this.attempt.place(() => new NoAnswer(context, effectOf({ context }), 'ETIMEDOUT'));
  }

  private answered(method: string, id: string, record: ServerRecord | null): DocumentAnswer {
    const document = record === null ? null : shown(this.name, record);
    return { document, requestId: 'request', sentAtMs: 0, answeredAtMs: 0, context: this.context(method, id) };
  }

  protected context(method: string, id?: string): FailureContext {
    const { name: system, world } = this;
    const access = method === 'GET' ? 'read' : method === 'POST' ? 'create' : 'update';
    return {
      connection: world.connectionId,
      system,
      access,
      method,
      path: '/',
      ...(id !== undefined && { record: id }),
    };
  }

  /** Whom a record is made of: its id in the other system says it, which travels with every creation. */
  protected personOf(otherId: string | null): number {
    const { records, removed } = this.world.servers[otherSystem(this.name)];
    const made = records.get(otherId ?? '') ?? removed.find((one) => one.id === otherId);
    if (made === undefined) throw new Error(`a record was created in ${this.name} of nobody`);
    return made.person;
  }
}

export const empty = Object.fromEntries(fieldNames.map((field) => [field, null]));

/** The document that a server answers. */
export function shown(system: SystemName, { id, document, modifiedAt, externalReference }: ServerRecord): JsonObject {
  const { modified, reference } = paths[system];
  return { id, ...document, [modified]: new Date(modifiedAt).toISOString(), [reference]: externalReference };
}

/** What a server makes of a document that it is sent: its own fields are its own. */
export function taken(
  system: SystemName,
  sent: JsonObject,
): { readonly document: JsonObject; readonly reference: string | null } {
  const { modified, reference } = paths[system];
  const { id: _, [modified]: __, [reference]: refers = null, ...document } = sent;
  return { document, reference: refers as string | null };
}
