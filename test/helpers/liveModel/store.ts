/** What Postgres holds, in memory. Every method is one transaction. Sides and hashes are those of the real store's own functions. */
import { formOf, hashForm } from '../../../src/core/alike.js';
import { createFingerprint, hashFields } from '../../../src/core/fingerprint.js';
import type { JsonObject } from '../../../src/core/document.js';
import { linkIdOf } from '../../../src/core/linkId.js';
import {
  systemNames,
  type CanonicalFields,
  type FieldHash,
  type FieldHashes,
  type FieldTimes,
  type FieldValue,
  type SystemName,
} from '../../../src/core/record.js';
import type { EqualValues, LinkedPair } from '../../../src/store/links.js';
import type { Shadow } from '../../../src/store/shadows.js';
import type { Delivery, ServerRecord } from './server.js';
import { fieldsIn, types } from './setting.js';

/** One key for all histories: the real engine's hashes are compared with the model's. */
export const fingerprint = createFingerprint(new Uint8Array(32).fill(7));

interface Reading {
  readonly fields: CanonicalFields;
  readonly hashes: FieldHashes;
  readonly forms: FieldHashes;
}

/** Documents are never changed in place, and the same one is read again and again. */
const readings = new WeakMap<JsonObject, Reading>();

/** Mapped fields of a document, and their hashes. */
export function readingOf(document: JsonObject): Reading {
  const before = readings.get(document);
  if (before !== undefined) return before;
  const fields = fieldsIn(document);
  const reading = { fields, hashes: hashFields(fields, fingerprint), forms: formsOf(fields) };
  readings.set(document, reading);
  return reading;
}

function formsOf(fields: CanonicalFields): FieldHashes {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => {
      const form = formOf(types[name as keyof typeof types], value, 'BE');
      return form === null ? [] : [[name, hashForm(form, (text) => fingerprint(`${name}~`, text))]];
    }),
  );
}

export interface StoredShadow extends Shadow {
  readonly system: SystemName;
  readonly person: number;
  gone: boolean;
  /** Of the scan that last saw it, or the read. */
  unseen: boolean;
}

export interface StoredLink {
  readonly linkId: string;
  readonly ids: Record<SystemName, string | null>;
  base: FieldHashes | null;
  equal: EqualValues;
  /** Increased when it is looked at and is not what it was (`versionOf`). */
  version: number;
  /** What it was then. */
  looked: string;
}

export type Answer =
  { readonly take: SystemName } | { readonly take: 'value'; readonly value: FieldValue } | { readonly take: 'create' };

export interface Case {
  readonly kind: 'conflict' | 'frozen' | 'notTaken' | 'removal' | 'create' | 'doubt';
  readonly linkId: string;
  readonly field: string;
  /** Of a doubt: everybody concerned. */
  readonly records: readonly string[];
  /** Hashes of both sides when a system did not take the field. */
  readonly saw: Readonly<Record<SystemName, FieldHash | undefined>> | null;
  answer: Answer | null;
  open: boolean;
}

export interface JournalEntry {
  readonly linkId: string;
  readonly system: SystemName;
  readonly field: string;
  /** As it stood in the document. */
  readonly old: string | null;
  readonly new: FieldValue;
  outcome: 'written' | 'abandoned' | null;
}

export interface InboxEvent extends Delivery {
  linkId: string | null;
  handled: boolean;
}

export interface Intent {
  readonly linkId: string;
  readonly system: SystemName;
  readonly externalId: string | null;
  readonly hashes: FieldHashes;
  open: boolean;
}

export class Store {
  readonly shadows = new Map<string, StoredShadow>();
  readonly links = new Map<string, StoredLink>();
  readonly cases: Case[] = [];
  readonly journal: JournalEntry[] = [];
  readonly intents: Intent[] = [];
  inbox: InboxEvent[] = [];
  /** Rows of `link_signal`: links with events that their workflow has not taken yet. */
  readonly signals = new Map<string, { signalled: boolean }>();
  /** Records that were read as gone before anything else was known of them. */
  readonly goneUnknown = new Set<string>();
  /** Links that somebody writes to now. */
  readonly claims = new Set<string>();
  /** Links that were merged into others: a transaction that meant one of them finds nothing. */
  private readonly holders = new Map<string, StoredLink>();

  shadow(system: SystemName, id: string | null): StoredShadow | undefined {
    return id === null ? undefined : this.shadows.get(`${system}:${id}`);
  }

  /** @param ours times of the values that a write of ours left; null: the record was read */
  keepShadow(system: SystemName, record: ServerRecord, ours: FieldTimes | null = null): StoredShadow {
    const { fields, hashes, forms } = readingOf(record.document);
    const before = this.shadow(system, record.id);
    const isNew = (field: string) => before?.hashes[field] !== hashes[field];
    const timeOf = (field: string) => (isNew(field) ? record.modifiedAt : (before?.times?.[field] ?? null));
    const read = () => Object.fromEntries(Object.keys(hashes).map((field) => [field, timeOf(field)] as const));
    const times: FieldTimes = ours === null ? read() : { ...before?.times, ...ours };
    const shadow = {
      system,
      id: record.id,
      document: record.document,
      fields,
      hashes,
      forms,
      times,
      modifiedAt: record.modifiedAt,
      externalReference: record.externalReference,
      person: record.person,
      gone: false,
      unseen: false,
    };
    this.shadows.set(`${system}:${record.id}`, shadow);
    return shadow;
  }

  holder(system: SystemName, id: string): StoredLink | undefined {
    return this.holders.get(`${system}:${id}`);
  }

  /** @throws {Error} if a record has a link already: the unique indexes of the table `link` */
  addLink(linkId: string, ids: Record<SystemName, string | null>): StoredLink {
    const link: StoredLink = {
      linkId,
      ids: { yapla: null, yoplanning: null },
      base: null,
      equal: {},
      version: 1,
      looked: '',
    };
    this.links.set(linkId, link);
    for (const system of systemNames) if (ids[system] !== null) this.setId(link, system, ids[system]);
    return link;
  }

  setId(link: StoredLink, system: SystemName, id: string): void {
    const holder = this.holder(system, id);
    if (holder !== undefined && holder !== link) throw new Error(`${system} ${id} stands in two links`);
    link.ids[system] = id;
    this.holders.set(`${system}:${id}`, link);
  }

  /** Another record takes the place of one that is gone. */
  replaceId(link: StoredLink, system: SystemName, id: string): void {
    this.holders.delete(`${system}:${link.ids[system]}`);
    this.setId(link, system, id);
  }

  dropLink(link: StoredLink): void {
    this.links.delete(link.linkId);
    for (const system of systemNames) this.holders.delete(`${system}:${link.ids[system]}`);
  }

  pair(link: StoredLink): LinkedPair {
    const yapla = this.shadow('yapla', link.ids.yapla);
    const yoplanning = this.shadow('yoplanning', link.ids.yoplanning);
    return {
      linkId: link.linkId,
      ids: link.ids,
      base: link.base,
      equal: link.equal,
      state: 'active',
      version: link.version,
      settledVersion: null,
      baseFields: null,
      shadows: {
        yapla: yapla === undefined || yapla.gone ? null : yapla,
        yoplanning: yoplanning === undefined || yoplanning.gone ? null : yoplanning,
      },
      unseen: { yapla: yapla?.unseen ?? false, yoplanning: yoplanning?.unseen ?? false },
    };
  }

  openCases(linkId: string): Case[] {
    return this.cases.filter((one) => one.open && one.linkId === linkId);
  }

  /** A question that is open already is not asked again. */
  ask(question: Pick<Case, 'kind' | 'linkId'> & Partial<Case>): void {
    const { kind, linkId, field = '', records = [], saw = null } = question;
    const before = this.cases.find(
      (one) => one.open && one.kind === kind && one.linkId === linkId && one.field === field,
    );
    if (before === undefined) this.cases.push({ kind, linkId, field, records, saw, answer: null, open: true });
  }

  isDoubtful(record: string): boolean {
    return this.cases.some((one) => one.open && one.kind === 'doubt' && one.records.includes(record));
  }

  openIntent(linkId: string, system?: SystemName): Intent | undefined {
    return this.intents.find(
      (one) => one.open && one.linkId === linkId && (system === undefined || one.system === system),
    );
  }

  // The inbox.

  receive(delivery: Delivery): void {
    this.inbox.push({ ...delivery, linkId: null, handled: false });
  }

  /** Gives every event the link that it concerns. An event that joins others, told and not yet taken, tells nobody. */
  address(): void {
    for (const event of this.inbox) {
      if (event.linkId !== null || event.handled) continue;
      event.linkId = this.holder(event.system, event.id)?.linkId ?? linkIdOf(event.system, event.id);
      this.signals.set(event.linkId, this.signals.get(event.linkId) ?? { signalled: false });
    }
  }

  eventsOf(linkId: string): InboxEvent[] {
    return this.inbox.filter((event) => event.linkId === linkId && !event.handled);
  }

  handled(events: readonly InboxEvent[]): void {
    for (const event of events) event.handled = true;
    if (this.inbox.length > 30) this.inbox = this.inbox.filter((event) => !event.handled);
  }

  /** Moves what came for a link to another, and asks for a signal to that one. */
  readdress(from: string, to: string, wasRead: boolean): void {
    const events = this.eventsOf(from);
    for (const event of events) event.linkId = to;
    if (wasRead || events.length > 0) this.signals.set(to, { signalled: false });
    this.signals.delete(from);
  }
}

/** The document as we write it: the whole of what was read, with our values in their places. */
export function merged(document: JsonObject, set: Readonly<Record<string, FieldValue>>): JsonObject {
  return { ...document, ...set };
}
