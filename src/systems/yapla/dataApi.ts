/** Yapla's DATA API 1.0: the list of members, and one member where the account's API can read one. Read only. */
import { isJsonObject } from '../../core/document.js';
import type { YaplaConfig } from '../../config/yapla.js';
import type { Answer, Ask, HttpClient } from '../../http/client.js';
import type { Permit } from '../../store/budget.js';
import { fillPath } from '../paths.js';
import { toRecords, type RecordPlaces } from '../records.js';
import { longestList, type Json, type Page } from '../system.js';
import { unexpected, wrongPath } from '../unexpected.js';
import type { DocumentAnswer } from '../update.js';
import { accepted, contentAt, objectAt } from './answers.js';
import { choosePage } from './paging.js';

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
  const { membersPath, memberPath, key, paging, answer: shape } = config.read;
  const { campaign } = config;
  const keyInQuery = key.in === 'query' ? { [key.name]: key.prefix + key.value } : {};

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
    const query = { ...wanted.query, ...keyInQuery };
    return accepted(await http.send({ method: 'GET', path, query, kind: membersPath }, ask), shape.errorWhen);
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
      const request = { method: 'GET', path, query: keyInQuery, kind: memberPath } as const;
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
