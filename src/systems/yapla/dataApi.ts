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
  readonly query: Record<string, number>;
}

export function createDataApi({ config, places, http }: DataApiOptions): YaplaDataApi {
  const { membersPath, memberPath, key, paging, answer: shape } = config.read;
  const { campaign } = config;
  const keyInQuery = key.in === 'query' ? { [key.name]: key.prefix + key.value } : {};

  function wantedPage(from: number): WantedPage {
    const { pageParameter, sizeParameter, pageSize } = paging;
    if (paging.style === 'offset') {
      return { start: from, size: pageSize, query: { [pageParameter]: from, [sizeParameter]: pageSize } };
    }
    const { number, size, start } = choosePage(from, pageSize);
    return { start, size, query: { [pageParameter]: number + paging.firstPage, [sizeParameter]: size } };
  }

  /** Positions are computed from what was asked for, so a page that holds something else would leave gaps unseen. */
  function checkPage(answer: Answer, { start, size }: WantedPage, from: number, received: number, count: number): void {
    const setting = 'yapla.read.paging';
    const asked = `the page holds ${received} records where ${size} were asked for, and the list has ${count}`;
    if (received > size) {
      throw unexpected(answer, `${asked}: the server does not take the size from ${setting}.sizeParameter`);
    }
    const due = Math.min(size, Math.max(0, count - start));
    const lastPage = start + size >= count;
    if (received < due - (lastPage ? countRace : 0)) {
      const cure = `set ${setting}.pageSize to what the server gives at most, or correct ${setting} or yapla.read.answer.count`;
      throw unexpected(answer, `${asked}, of which position ${start} is the first: ${cure}`);
    }
    if (received > due + countRace) {
      throw unexpected(answer, `${asked}: yapla.read.answer.count does not lead to the total of the list`);
    }
    if (start + size <= from + 1 && count > from + 1) {
      throw unexpected(
        answer,
        `no page of at most ${paging.pageSize} records holds both position ${from} and the next: set ${setting}.pageSize to ${smallestOverlapping} or more`,
      );
    }
  }

  return {
    async readPage(from, ask) {
      const wanted = wantedPage(from);
      const path = fillPath(membersPath, { campaign });
      const query = { ...wanted.query, ...keyInQuery };
      const answer = accepted(await http.send({ method: 'GET', path, query, kind: membersPath }, ask), shape.errorWhen);
      if (answer.status === 404) {
        const what =
          'there is no such list (404): correct yapla.read.baseUrl, yapla.read.membersPath or yapla.campaign';
        throw unexpected(answer, what);
      }
      const documents = documentsIn(answer, contentAt(answer, shape.records), shape.records);
      const count = contentAt(answer, shape.count);
      if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > longestList) {
        throw wrongPath(answer, 'yapla.read.answer.count', shape.count, 'a whole number');
      }
      checkPage(answer, wanted, from, documents.length, count);
      return { start: wanted.start, count, ...toRecords(documents, places, answer, wanted.start) };
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
