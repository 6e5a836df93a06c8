/** Yapla's DATA API 1.0: the list of members, and one member where the account's API can read one. Read only. */
import { carriedIn, isJsonObject } from '../../core/document.js';
import type { YaplaConfig } from '../../config/yapla.js';
import type { Answer, Ask, HttpClient } from '../../http/client.js';
import type { Permit } from '../../store/budget.js';
import { fillPath, putAt } from '../places.js';
import { reading, type RecordPlaces, toRecords, unexpected, wrongPath } from '../records.js';
import { type Json, type JsonObject, longestList, type Page } from '../system.js';
import type { DocumentAnswer } from '../update.js';
import { getProperty } from 'dot-prop';
import { type FailureContext, InvalidRecord } from '../../http/failures.js';
import type { ConnectionConfig } from '../../config/schema.js';
import { memberIdPath } from '../../config/webhooks.js';
import { contentIn, readPlace, shownFields, valueAt } from '../mapping.js';

/** Records that may come or go while the server counts and lists: on the last page, so much off its own total is no error. */
const countRace = 2;

/** Below this size there are positions at which all sizes end together, so that no page overlaps the one before. */
const smallestOverlapping = 20;

export interface YaplaDataApi {
  readPage(from: number, ask: Ask): Promise<Page>;
  /** One member; only where `yapla.read.memberPath` is set. */
  readOne(id: string, ask: Ask, permit?: Permit): Promise<DocumentAnswer>;
}

export interface DataApiOptions {
  readonly config: YaplaConfig;
  readonly places: RecordPlaces;
  readonly http: HttpClient;
}

interface WantedPage {
  readonly start: number;
  readonly size: number;
  /** Of the page, as the server counts them; null where pages go by position. */
  readonly number: number | null;
  readonly query: Record<string, number>;
}

const pagingSetting = 'yapla.read.paging';
const sizeSetting = `${pagingSetting}.sizeParameter`;
const pageSizeCure = `set ${pagingSetting}.pageSize to what the server gives at most, or correct ${pagingSetting}`;

export function createDataApi({ config, places, http }: DataApiOptions): YaplaDataApi {
  const { membersPath, memberPath, key, paging, ordering, answer: shape } = config.read;
  const { campaign } = config;
  const keyInQuery: Record<string, string> = key?.in === 'query' ? { [key.name]: key.prefix + key.value } : {};
  const inOrder = ordering === null ? {} : { [ordering.parameter]: ordering.value };

  function wantedPage(from: number): WantedPage {
    const { pageParameter, sizeParameter, pageSize } = paging;
    if (paging.style === 'offset') {
      return { start: from, size: pageSize, number: null, query: { [pageParameter]: from, [sizeParameter]: pageSize } };
    }
    const { number: index, size, start } = choosePage(from, pageSize);
    const number = index + paging.firstPage;
    return { start, size, number, query: { [pageParameter]: number, [sizeParameter]: size } };
  }

  /** The page that a record behind this one would stand on. */
  function pageBehind({ start, size, number, query }: WantedPage, received: number): WantedPage {
    const { pageParameter } = paging;
    if (number === null) {
      const next = start + received;
      return { start: next, size, number, query: { ...query, [pageParameter]: next } };
    }
    return { start: start + size, size, number: number + 1, query: { ...query, [pageParameter]: number + 1 } };
  }

  async function send(wanted: WantedPage, ask: Ask): Promise<Answer> {
    const path = fillPath(membersPath, { campaign });
    const query = { ...wanted.query, ...inOrder, ...keyInQuery };
    return accepted(
      await http.send({ method: 'GET', access: 'read', path, query, kind: membersPath } as const, ask),
      shape.errorWhen,
    );
  }

  /**
   * Whether a list that states no total ends with this page. Where the server does not say so, a page that is not full is the last one only
   * if none stands behind it: a server that gives fewer records than it is asked for would else end every list with its first page.
   */
  async function endsWith(answer: Answer, wanted: WantedPage, received: number, ask: Ask): Promise<boolean> {
    const { size, number } = wanted;
    const short = `the page holds ${received} records where ${size} were asked for`;
    if (received > size) throw unexpected(answer, `${short}: the server does not take the size from ${sizeSetting}`);
    const positionsHold = received === size || number === null;
    const isStated = statedEnd(answer, number);
    if (isStated === false && !positionsHold) {
      throw unexpected(answer, `${short}, and it is not the last: ${pageSizeCure}`);
    }
    if (isStated !== null) return isStated;
    if (received === size) return false;
    if (received === 0) return true;
    const behind = await send(pageBehind(wanted, received), ask);
    const records = behind.status === 404 ? [] : documentsIn(behind, contentAt(behind, shape.records), shape.records);
    if (records.length === 0) return true;
    if (!positionsHold) throw unexpected(answer, `${short}, and the next one holds records, too: ${pageSizeCure}`);
    return false;
  }

  /** What the server says of it; null: nothing. */
  function statedEnd(answer: Answer, number: number | null): boolean | null {
    if (shape.lastPage !== null && number !== null) {
      const last = contentAt(answer, shape.lastPage);
      if (typeof last !== 'number' || !Number.isInteger(last)) {
        throw wrongPath(answer, 'yapla.read.answer.lastPage', shape.lastPage, 'a whole number');
      }
      return number >= last;
    }
    if (shape.more === null) return null;
    const more = contentAt(answer, shape.more);
    // Servers leave out the address of a page that does not exist; and a path that leads nowhere must not end a list.
    if (more === undefined || more === null) return null;
    if (typeof more === 'object')
      throw wrongPath(answer, 'yapla.read.answer.more', shape.more, 'true, false or a text');
    return !more;
  }

  /** Positions are computed from what was asked for, so a page that holds something else would leave gaps unseen. */
  function checkPage(answer: Answer, { start, size }: WantedPage, received: number, count: number): void {
    const asked = `the page holds ${received} records where ${size} were asked for, and the list has ${count}`;
    if (received > size) {
      throw unexpected(answer, `${asked}: the server does not take the size from ${sizeSetting}`);
    }
    const due = Math.min(size, Math.max(0, count - start));
    const lastPage = start + size >= count;
    if (received < due - (lastPage ? countRace : 0)) {
      const where = `of which position ${start} is the first`;
      throw unexpected(answer, `${asked}, ${where}: ${pageSizeCure} or yapla.read.answer.count`);
    }
    if (received > due + countRace) {
      throw unexpected(answer, `${asked}: yapla.read.answer.count does not lead to the total of the list`);
    }
  }

  /** @param isBeyond whether the list has a record behind position `from` */
  function checkOverlap(answer: Answer, { start, size }: WantedPage, from: number, isBeyond: boolean): void {
    if (start + size > from + 1 || !isBeyond) return;
    throw unexpected(
      answer,
      `no page of at most ${paging.pageSize} records holds both position ${from} and the next: set ${pagingSetting}.pageSize to ${smallestOverlapping} or more`,
    );
  }

  return {
    async readPage(from, ask) {
      const wanted = wantedPage(from);
      const answer = await send(wanted, ask);
      if (answer.status === 404) {
        const what =
          'there is no such list (404): correct yapla.read.baseUrl, yapla.read.membersPath or yapla.campaign';
        throw unexpected(answer, what);
      }
      const documents = documentsIn(answer, contentAt(answer, shape.records), shape.records);
      const { start } = wanted;
      if (shape.count === null) {
        const ends = await endsWith(answer, wanted, documents.length, ask);
        checkOverlap(answer, wanted, from, !ends);
        return { start, count: null, ends, ...toRecords(documents, places, answer, start) };
      }
      const count = contentAt(answer, shape.count);
      if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > longestList) {
        throw wrongPath(answer, 'yapla.read.answer.count', shape.count, 'a whole number');
      }
      checkPage(answer, wanted, documents.length, count);
      checkOverlap(answer, wanted, from, count > from + 1);
      return { start, count, ...toRecords(documents, places, answer, start) };
    },

    async readOne(id, ask, permit) {
      if (memberPath === null)
        throw new TypeError('yapla.read.memberPath is null: the DATA API cannot read one member');
      const path = fillPath(memberPath, { campaign, id });
      const request = { method: 'GET', access: 'read', path, query: keyInQuery, kind: memberPath } as const;
      const answer = accepted(await http.send(request, ask, permit), shape.errorWhen);
      const missing = answer.status === 404;
      const document = missing ? null : objectAt(answer, shape.record, 'yapla.read.answer.record');
      return { ...timesOf(answer), document };
    },
  };
}

/** What a `DocumentAnswer` says besides the document. */
export function timesOf({ requestId, sentAtMs, answeredAtMs, context }: Answer): Omit<DocumentAnswer, 'document'> {
  return { requestId, sentAtMs, answeredAtMs, context };
}

function documentsIn(answer: Answer, content: Json | undefined, path: string): Json[] {
  if (!Array.isArray(content) || (content.length > 0 && !content.some(isJsonObject))) {
    throw wrongPath(answer, 'yapla.read.answer.records', path, 'a list of objects');
  }
  return content;
}

// Reading Yapla's answers by configured paths. None of Yapla's JSON names is public (docs/systems.md).

export type ErrorWhen = YaplaConfig['read']['answer']['errorWhen'];

/** What stands at a configured path; the empty path is the answer itself. `undefined`: nothing. */
export function contentAt(answer: Answer, path: string): Json | undefined {
  if (path === '') return answer.body as Json;
  return getProperty(answer.body, path) as Json | undefined;
}

/** Whether a 2xx answer means an error all the same (`yapla.read.answer.errorWhen`). */
export function meansError(answer: Answer, errorWhen: ErrorWhen): boolean {
  if (errorWhen === null || answer.status >= 300) return false;
  return contentAt(answer, errorWhen.path) === errorWhen.equals;
}

/**
 * Passes on an answer that does not mean an error.
 *
 * @throws {UnexpectedResponse} after a read; @throws {InvalidRecord} after a write, whose words go to the case.
 */
export function accepted(answer: Answer, errorWhen: ErrorWhen): Answer {
  if (!meansError(answer, errorWhen)) return answer;
  if (answer.context.access === 'read') {
    throw unexpected(answer, `the answer (${answer.status}) says that it is an error, by yapla.read.answer.errorWhen`);
  }
  throw new InvalidRecord(answer.context, answer.status, [], JSON.stringify(answer.body).slice(0, 4_096));
}

/** The object at a configured path. @throws {UnexpectedResponse} when there is none. */
export function objectAt(answer: Answer, path: string, setting: string): JsonObject {
  const content = contentAt(answer, path);
  if (!isJsonObject(content)) throw wrongPath(answer, setting, path, 'an object');
  return content;
}

/** An id, canonically as text. @throws {UnexpectedResponse} */
export function idAt(answer: Answer, path: string, setting: string): string {
  const content = contentAt(answer, path);
  if ((typeof content !== 'string' && typeof content !== 'number') || content === '') {
    throw wrongPath(answer, setting, path, 'an id (text or number)');
  }
  return typeof content === 'string' ? (carriedIn(content)?.text ?? content) : String(content);
}

/**
 * Which page to ask for, where a list is counted in page numbers.
 *
 * A scan reads with one record of overlap (docs/how-it-works.md, Scan), but a page number counts in multiples of the page
 * size: page 2 of 100 begins exactly where page 1 ended, and asking it to begin one record earlier is not possible. What is
 * free is the size. With 99 records a page, page 2 begins at position 99, the last record of page 1 of 100. So each request
 * gets the size and number of a page that holds the wanted position and reaches furthest beyond it.
 */

/** A page by number, and the positions (0-based) it stands for. */
export interface NumberedPage {
  /** 0-based number of the page. */
  readonly number: number;
  readonly size: number;
  /** Position of its first record: `number * size`. */
  readonly start: number;
}

/**
 * The page of at most `largestSize` records that contains position `from` and reaches furthest.
 *
 * Always `start <= from < start + size`. Of two pages that reach equally far the smaller is taken: fewer records twice.
 */
export function choosePage(from: number, largestSize: number): NumberedPage {
  let best = pageHolding(from, 1);
  for (let size = 2; size <= largestSize; size++) {
    const candidate = pageHolding(from, size);
    if (candidate.start + candidate.size > best.start + best.size) best = candidate;
  }
  return best;
}

function pageHolding(from: number, size: number): NumberedPage {
  const number = Math.floor(from / size);
  return { number, size, start: number * size };
}

// The member in the body of a webhook, in the form in which answers show one: so that both are read by one field map.

type Settings = Pick<ConnectionConfig, 'webhooks' | 'yapla' | 'fields'>;

/**
 * @param id of the member, which the receiver found in the body
 * @param context names the delivery in errors
 * @throws {UnexpectedResponse} when a configured path does not fit the body
 */
export function memberDelivered(settings: Settings, body: JsonObject, id: string, context: FailureContext): JsonObject {
  const { member: path, ...places } = settings.webhooks.yapla;
  const { answer } = settings.yapla.read;
  const delivery = { context };
  const member = contentIn(body, path);
  if (!isJsonObject(member)) throw wrongPath(delivery, 'webhooks.yapla.member', path, 'an object');
  return reading(delivery, () => {
    const shown = Object.keys(places.fields).length === 0 ? structuredClone(member) : mappedOnly(member, settings);
    if (places.modified !== null && answer.modified !== null) {
      place(shown, answer.modified, valueAt(member, places.modified, 'webhooks.yapla.modified'));
    }
    // What stands there in a webhook may be another number of theirs: the id is the one by which the receiver found the member.
    if (memberIdPath(settings) !== answer.id) putAt(shown, answer.id, id);
    return shown;
  });
}

/** Where names differ, what is not mapped cannot be told apart: it could stand in the place of something else. */
function mappedOnly(member: JsonObject, { webhooks, yapla, fields }: Settings): JsonObject {
  const shown: JsonObject = {};
  for (const [name, field] of Object.entries(shownFields(fields, 'yapla'))) {
    const own = webhooks.yapla.fields[name];
    const setting = own === undefined ? `fields.${name}.yapla` : `webhooks.yapla.fields.${name}`;
    place(shown, readPlace(field.yapla), valueAt(member, own ?? readPlace(field.yapla), setting));
  }
  const { modified, id } = yapla.read.answer;
  if (modified !== null && webhooks.yapla.modified === null) {
    place(shown, modified, valueAt(member, modified, 'yapla.read.answer.modified'));
  }
  if (memberIdPath({ webhooks, yapla }) === id) place(shown, id, contentIn(member, id));
  return shown;
}

function place(shown: JsonObject, path: string, value: Json | undefined): void {
  if (value !== undefined) putAt(shown, path, value);
}
