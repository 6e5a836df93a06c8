/** One of the two systems: people edit its records, it answers requests and sends a webhook for every change, ours included. */
import type { JsonObject } from '../../../src/core/document.js';
import type { SystemName } from '../../../src/core/record.js';
import { fieldNames, normal } from './setting.js';

export interface Delivery {
  readonly system: SystemName;
  readonly event: 'created' | 'updated' | 'deleted';
  readonly id: string;
  /** Yapla sends the whole member as it was; Yoplanning's events have no content. */
  readonly body: ServerRecord | null;
}

export interface ServerRecord {
  readonly id: string;
  readonly document: JsonObject;
  readonly modifiedAt: number;
  readonly externalReference: string | null;
  /** Which of the invented people this is: known to the test alone. */
  readonly person: number;
  readonly madeBy: 'a person' | 'us';
}

export interface ServerHooks {
  /** A clock that never shows the same time twice. */
  readonly now: () => number;
  readonly send: (delivery: Delivery) => void;
  /** Somebody entered this value, or a declared transform made it. */
  readonly entered: (person: number, field: string, raw: string | null) => void;
  /** A request of ours replaces a document. */
  readonly overwrites: (system: SystemName, before: ServerRecord, document: JsonObject) => void;
}

export class Server {
  readonly records = new Map<string, ServerRecord>();
  /** Those that people removed, as they were. */
  readonly removed: ServerRecord[] = [];
  /** By id, everything that a record ever was, oldest first. */
  readonly versions = new Map<string, ServerRecord[]>();
  /** Requests that we sent, by kind. */
  readonly requests = { get: 0, put: 0, post: 0, pages: 0 };
  /** The list leaves out one record, as when it moves while it is read. */
  listIsShort = false;
  private ids = 0;

  constructor(
    readonly system: SystemName,
    private readonly hooks: ServerHooks,
    private readonly about: {
      readonly upperCases: boolean;
      readonly keepsReference: boolean;
      readonly answerLostEvery: number;
      /** Values that a job of the server's own puts back after each update: it fights. */
      readonly insistsOn?: Readonly<Record<string, string>>;
    },
  ) {}

  // What people do.

  enter(person: number, document: JsonObject): void {
    const id = `${this.system === 'yapla' ? 'm' : 'c'}${++this.ids}`;
    for (const field of fieldNames) this.typed(person, field, document[field] as string | null);
    this.store({ id, document: this.whole(document), externalReference: null, person, madeBy: 'a person' }, 'created');
  }

  edit(id: string, field: string, raw: string | null): void {
    const record = this.records.get(id);
    if (record === undefined) return;
    if (field !== 'note') this.typed(record.person, field, raw);
    this.store({ ...record, document: { ...record.document, [field]: this.rewritten(field, raw) } }, 'updated');
  }

  remove(id: string): void {
    const record = this.records.get(id);
    if (record === undefined) return;
    this.records.delete(id);
    this.removed.push(record);
    this.hooks.send({ system: this.system, event: 'deleted', id, body: null });
  }

  /** It is archived: lists do not show it any more, and nobody is told. */
  archive(id: string): void {
    const record = this.records.get(id);
    if (record === undefined) return;
    this.records.delete(id);
    this.removed.push(record);
  }

  /**
   * A row of an import file arrives: fields that have a value are set, whoever entered them. Nobody typed it here.
   *
   * @param id null: a member is made of it
   * @returns the record as it was; null: there was none, or it holds all of it already
   */
  takeRow(id: string | null, row: JsonObject, person: number): ServerRecord | null {
    if (id === null) {
      const empty = Object.fromEntries(fieldNames.map((field) => [field, null]));
      const document = { ...empty, ...row, note: 'as new' };
      this.store({ id: `m${++this.ids}`, document, externalReference: null, person, madeBy: 'us' }, 'created');
      return null;
    }
    const before = this.records.get(id)!;
    if (Object.entries(row).every(([field, value]) => before.document[field] === value)) return null;
    this.store({ ...before, document: { ...before.document, ...row } }, 'updated');
    return before;
  }

  // What we ask for.

  get(id: string): ServerRecord | null {
    this.requests.get += 1;
    return this.records.get(id) ?? null;
  }

  /** The whole list, two records a page. */
  list(): readonly ServerRecord[] {
    this.requests.pages += Math.max(1, Math.ceil(this.records.size / 2));
    return this.listed();
  }

  /** The list of which one page is asked for. */
  page(): readonly ServerRecord[] {
    this.requests.pages += 1;
    return this.listed();
  }

  private listed(): readonly ServerRecord[] {
    const records = [...this.records.values()];
    return this.listIsShort ? records.slice(1) : records;
  }

  /** Replaces the whole document. */
  put(id: string, document: JsonObject, externalReference: string | null): ServerRecord {
    this.requests.put += 1;
    const before = this.records.get(id)!;
    this.hooks.overwrites(this.system, before, document);
    const reference = this.about.keepsReference ? (externalReference ?? before.externalReference) : null;
    const answer = this.store({ ...before, document: this.whole(document), externalReference: reference }, 'updated');
    const insists = Object.entries(this.about.insistsOn ?? {}).filter(([field, value]) => document[field] !== value);
    for (const [field, value] of insists) this.edit(id, field, value);
    return answer;
  }

  /** Creates a record, or with an id that is taken replaces it. `null`: done, but the answer is lost or has no id. */
  create(
    id: string | null,
    document: JsonObject,
    externalReference: string | null,
    person: number,
  ): ServerRecord | null {
    this.requests.post += 1;
    const existing = id === null ? undefined : this.records.get(id);
    if (existing) this.hooks.overwrites(this.system, existing, document);
    const made = this.store(
      {
        id: id ?? `m${++this.ids}`,
        document: this.whole({ ...document, note: 'as new' }),
        externalReference: this.about.keepsReference ? externalReference : null,
        person,
        madeBy: 'us',
      },
      'created',
    );
    const { answerLostEvery } = this.about;
    return id === null && answerLostEvery > 0 && this.requests.post % answerLostEvery === 0 ? null : made;
  }

  private store(record: Omit<ServerRecord, 'modifiedAt'>, event: Delivery['event']): ServerRecord {
    const stored = this.keep({ ...record, modifiedAt: this.hooks.now() });
    this.hooks.send({ system: this.system, event, id: record.id, body: this.system === 'yapla' ? stored : null });
    return stored;
  }

  private keep(record: ServerRecord): ServerRecord {
    this.records.set(record.id, record);
    const versions = this.versions.get(record.id) ?? [];
    versions.push(record);
    this.versions.set(record.id, versions);
    return record;
  }

  /** What a person types is entered, and so is the server's form of it; of what we send only we know what it stands for. */
  private typed(person: number, field: string, raw: string | null): void {
    this.hooks.entered(person, field, raw);
    this.hooks.entered(person, field, this.rewritten(field, raw));
  }

  private rewritten(field: string, raw: string | null): string | null {
    return this.about.upperCases && field === 'city' ? (raw?.toUpperCase() ?? null) : raw;
  }

  /** A document that arrives whole is rewritten as a whole, fields that did not change included. */
  private whole(document: JsonObject): JsonObject {
    return { ...document, city: this.rewritten('city', (document['city'] ?? null) as string | null) };
  }

  /** A record that was there before the server had its ways, and of which no webhook tells. */
  seed(record: Omit<ServerRecord, 'modifiedAt'>): ServerRecord {
    const seeded = this.keep({ ...record, modifiedAt: this.hooks.now() });
    for (const field of fieldNames) {
      this.hooks.entered(record.person, field, normal(field, record.document[field] as string | null));
    }
    return seeded;
  }
}
