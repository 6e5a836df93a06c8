/** A system in memory that does what a test tells it to, and a connection between two of them. No HTTP, no budget. */
import { guardSchema } from '../../src/config/guard.js';
import { createFingerprint, hashFields } from '../../src/core/fingerprint.js';
import { restrict } from '../../src/core/decide.js';
import {
  personsOf,
  recordKinds,
  type CanonicalFields,
  type FieldDefinition,
  type FieldName,
  type SystemName,
} from '../../src/core/record.js';
import type { OpenConnection } from '../../src/connection.js';
import type { CreateRequest, JsonObject, Merge, System, SystemRecord, UpdateResult } from '../../src/systems/system.js';

export const scriptedFields: readonly FieldDefinition[] = ['firstName', 'phone', 'city'].map((name) => ({
  name,
  type: 'text',
  rule: 'yapla',
  direction: 'both',
}));

type Call = 'create' | 'update' | 'read';

export class ScriptedSystem implements System {
  readonly kinds = recordKinds;
  readonly pageSize = 100;
  readonly choosesIds: boolean;
  readonly readsOne: boolean = true;
  readonly writes = true;
  readonly storesReference = true;
  /** Takes what is written from files that a person imports. */
  collects = false;
  readonly records = new Map<string, SystemRecord>();
  /** What reached the system, in order. */
  readonly calls: string[] = [];
  /** The system's own form of what is written to a field; the old value where it takes nothing. */
  rewrite: (field: FieldName, value: string | null, old: string | null) => string | null = (_, value) => value;
  /** Fields that it gives a new record by itself. */
  defaults: CanonicalFields = {};
  unmappedChanged: readonly string[] = [];
  /** Answers without the record when it creates one. */
  tellsIds = true;
  /** Called as each request arrives; throws to answer with a failure before it takes effect. */
  arrives: (call: Call, id: string) => void | Promise<void> = () => undefined;
  /** Called after the effect; throws where the answer is lost. */
  answers: (call: Call, id: string) => void = () => undefined;
  #made = 0;

  constructor(
    readonly name: SystemName,
    readonly log: string[] = [],
  ) {
    this.choosesIds = name === 'yoplanning';
  }

  put(id: string, fields: CanonicalFields, externalReference: string | null = null): SystemRecord {
    const document: JsonObject = { id, ...fields };
    const record = { id, document, fields, modifiedAt: null, externalReference };
    this.records.set(id, record);
    return record;
  }

  recordOf(document: JsonObject): SystemRecord {
    const { id, ...fields } = document as { id: string } & CanonicalFields;
    return { id, document, fields, modifiedAt: null, externalReference: null };
  }

  readPage(): Promise<never> {
    throw new Error('not asked for in these tests');
  }

  async read(id: string): Promise<SystemRecord | null> {
    await this.#arrive('read', id);
    return this.records.get(id) ?? null;
  }

  async create({ id, fields, externalReference }: CreateRequest) {
    const newId = id ?? `new-${++this.#made}`;
    await this.#arrive('create', newId);
    const taken = Object.entries(fields).map(([name, value]) => [name, this.rewrite(name, value, null)] as const);
    const record = this.put(newId, { ...this.defaults, ...Object.fromEntries(taken) }, externalReference);
    this.answers('create', newId);
    return { record: this.tellsIds ? record : null, requestId: `request-${this.calls.length}` };
  }

  async update(id: string, merge: Merge): Promise<UpdateResult> {
    const before = this.records.get(id);
    if (before === undefined) {
      await this.#arrive('update', id);
      return { outcome: 'missing' };
    }
    const decision = merge(before);
    if ('stop' in decision) return { outcome: 'stopped', reason: decision.stop, before };
    const changed = Object.entries(decision.set).filter(([name, value]) => before.fields[name] !== value);
    if (changed.length === 0) return { outcome: 'stopped', reason: 'nothingToWrite', before };
    await this.#arrive('update', id);
    const taken = changed.map(
      ([name, value]) => [name, this.rewrite(name, value, before.fields[name] ?? null)] as const,
    );
    const after = this.put(id, { ...before.fields, ...Object.fromEntries(taken) }, before.externalReference);
    this.answers('update', id);
    const { unmappedChanged } = this;
    return { outcome: 'written', before, after, answered: true, gapMs: 0, unmappedChanged, requestId: 'request' };
  }

  async #arrive(call: Call, id: string): Promise<void> {
    this.calls.push(`${call} ${id}`);
    this.log.push(`${this.name}: ${call} ${id}`);
    await this.arrives(call, id);
  }
}

export interface ScriptedConnection extends OpenConnection {
  readonly systems: { readonly yapla: ScriptedSystem; readonly yoplanning: ScriptedSystem };
  /** Reasons for which budgets were stopped. */
  readonly stops: string[];
  /** What both systems were asked, and what tests add, in order. */
  readonly log: string[];
}

export interface ScriptedOptions {
  readonly fields?: readonly FieldDefinition[];
  readonly bulk?: { readonly parallelItems?: number; readonly maxItemAttempts?: number };
}

const everything = { writes: { yapla: true, yoplanning: true }, creates: () => true };

export function scriptedConnection(id: string, options: ScriptedOptions = {}): ScriptedConnection {
  const fingerprint = createFingerprint(new Uint8Array(32).fill(7));
  const hash = (fields: CanonicalFields) => hashFields(fields, fingerprint);
  const log: string[] = [];
  const stops: string[] = [];
  const budget = { stop: (reason: string) => Promise.resolve(void stops.push(reason)) };
  return {
    scope: personsOf(id),
    // What applying reads of it; the rest is for activities that these tests do not run.
    config: {
      defaultCountry: 'FR',
      bulk: { parallelChunks: 1, parallelItems: 1, maxItemAttempts: 2, ...options.bulk },
      guard: guardSchema.parse({ maxCanaryTrips: 2 }),
      live: { maxFlips: 3, flipWindowMs: 3_600_000, maxAttempts: 4, newsHoldMs: 60_000, maxBodiesBytes: 4_194_304 },
      create: 'both',
    } as OpenConnection['config'],
    systems: { yapla: new ScriptedSystem('yapla', log), yoplanning: new ScriptedSystem('yoplanning', log) },
    credentials: { yapla: 'yapla:scripted', yoplanning: 'yoplanning:scripted' },
    budgets: { yapla: budget, yoplanning: budget } as unknown as OpenConnection['budgets'],
    // Of events nothing is asked.
    bookings: {} as OpenConnection['bookings'],
    fields: options.fields ?? scriptedFields,
    matchRules: [],
    matchSettings: { nameAlone: 'ask', duplicates: 'ask' },
    hash,
    shadowOf: (record) => ({ ...record, hashes: hash(record.fields), matchKeys: [] }),
    rawValue: (_, document, field) => document[field] ?? null,
    map: { normaliser: 1, defaultCountry: 'FR', fields: {} },
    mapDigest: 'map',
    rulesDigest: 'rules',
    permission: everything,
    allowed: (decision) => restrict(decision, everything),
    close: () => Promise.resolve(),
    stops,
    log,
  };
}
