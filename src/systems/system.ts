/**
 * What any system must offer. Yapla and Yoplanning implement it. What else a third one takes: docs/engineers.md.
 *
 * A `System` is bound to one connection: it holds the credential's http client, the field map and the normaliser.
 */
import type { JsonObject, SystemRecord } from '../core/document.js';
import type { CanonicalFields, RecordKind, SystemName } from '../core/record.js';
import type { Ask } from '../http/client.js';
import type { FailureContext } from '../http/failures.js';
import type { UnreadableListed } from './records.js';

export type { Json, JsonObject, SystemRecord } from '../core/document.js';

/** Where to read: the page must contain position `from` (it may start before it, where the system can only count in pages). */
export interface PageRequest {
  /** Position (0-based) in the system's list that the page must contain, if the list is that long. */
  readonly from: number;
}

/** No list holds more: PostgreSQL counts so far (`integer`), and a count beyond is no count. */
export const longestList = 2_147_483_647;

export interface Page {
  /** Position of the first record of this page. `<= from`. */
  readonly start: number;
  /** In the order of the list. */
  readonly records: readonly SystemRecord[];
  /** Those that cannot be read; they count in the list like all others. */
  readonly unreadable: readonly UnreadableListed[];
  /** The total that the system states; null: it states none. */
  readonly count: number | null;
  /** Where it states no total: whether the list ends with this page. */
  readonly ends?: boolean;
}

/**
 * What `update` may write: the fields to set, or a reason not to write. Called between GET and PUT, so it must not wait; called
 * again, with a new reading, where a session ended in between. Where `readsOne` is false nothing was read: `before` then is what
 * the caller said that it knows.
 */
export type Merge = (before: SystemRecord) => { readonly set: CanonicalFields } | { readonly stop: string };

export type UpdateResult =
  /** The record does not exist (404). */
  | { readonly outcome: 'missing' }
  /** `merge` said stop, or the record holds all that was to be set (`nothingToWrite`, update.ts); nothing was written. */
  | { readonly outcome: 'stopped'; readonly reason: string; readonly before: SystemRecord }
  | {
      readonly outcome: 'written';
      readonly before: SystemRecord;
      /**
       * The system's own answer to the write, or the document as sent where it answers nothing usable (`answered: false`). Where no record
       * can be read, with what is known of the rest.
       */
      readonly after: SystemRecord;
      readonly answered: boolean;
      /** From the GET's answer to the sending of the PUT: the time in which another writer's edit could be lost. */
      readonly gapMs: number;
      /** The canary: paths of unmapped values that differ between what was read and what was answered. Empty is good. */
      readonly unmappedChanged: readonly string[];
      /** Id of the request that wrote, in the request log. */
      readonly requestId: string;
    };

export interface CreateRequest {
  /** The id that the record shall have, where the system lets us choose (`choosesIds`). */
  readonly id: string | null;
  readonly fields: CanonicalFields;
  /** Stored in the record, where the system has a place for it. */
  readonly externalReference: string | null;
}

export interface CreateResult {
  /** `null`: the system did not say which id it gave; the record is recognised later by the recorded intent. */
  readonly record: SystemRecord | null;
  readonly requestId: string;
}

export interface System {
  readonly name: SystemName;
  /** The kinds of records that can be read here. A connection opens a kind only where both of its systems offer it (src/connection.ts). */
  readonly kinds: readonly RecordKind[];
  /** Most records of one page. */
  readonly pageSize: number;
  /** False where its list cannot be asked for, but comes as a file that a person gives. Left out: it can. */
  readonly listed?: boolean;
  /** True where `create` may be given an id, so that repeating it can never make a twin. */
  readonly choosesIds: boolean;
  /** True where one record can be read by id. */
  readonly readsOne: boolean;
  /** True where records can be written at all. */
  readonly writes: boolean;
  /**
   * True where what is to be written waits for a file that a person imports (core/waiting.ts): `create` and `update` are never called.
   * Left out: it is sent.
   */
  readonly collects?: boolean;
  /** True where a record carries the other system's id. */
  readonly storesReference: boolean;

  /**
   * Holds what is configured about writing against what the account tells of itself, before anything is written. Asks the server where
   * nothing fresh is known. Left out: there is nothing to be held.
   * @throws {WritesStopped} it does not fit
   */
  checkWrites?(ask: Ask): Promise<void>;

  /** Reads one page. One request; a second at the end of a list that does not say where it ends. @throws {Failure} see http/failures.ts */
  readPage(request: PageRequest, ask: Ask): Promise<Page>;
  /**
   * A record from a document that was delivered to us (the member in a Yapla event), not asked for.
   *
   * @param from where it came from, for the error
   * @throws {UnreadableRecord} when a configured place does not fit the document
   */
  recordOf(document: JsonObject, from: { readonly context: FailureContext }): SystemRecord;
  /** Reads one record; `null` when the system answers 404. One request. */
  read(id: string, ask: Ask): Promise<SystemRecord | null>;
  /** Creates a record. One request. Not repeated here: the caller records the intent first and looks it up before repeating. */
  create(request: CreateRequest, ask: Ask): Promise<CreateResult>;
  /**
   * GET, merge into the whole document, PUT, back to back: both permits are taken before the GET, and in between only
   * the second permit's moment is awaited (due the shortest of the last round trips after the first, so mostly past already). Two requests, one when nothing is written; more where a session must be opened or renewed.
   *
   * Only fields that differ once normalised are written: the others keep the form in which the system holds them.
   *
   * @param reference stored with the same write, where the system has a place for it and the record carries none.
   * @param known the record as it was last shown, needed where `readsOne` is false: what was sent is laid over it.
   */
  update(id: string, merge: Merge, ask: Ask, reference?: string, known?: SystemRecord): Promise<UpdateResult>;
}
