/**
 * What is used of a document of Yoplanning's that is no client, read into canonical values: ids and texts as text, times as instants, prices as
 * money. One document that cannot be read is one question (`UnreadableRecord`), and not the end of its list.
 */
import type { BookingsConfig } from '../../config/yoplanningEvents.js';
import { carriedIn, isJsonObject } from '../../core/document.js';
import { type Money, parseMoney } from '../../core/events/money.js';
import { isRecordId } from '../../core/record.js';
import { effectOf, UnexpectedResponse, UnreadableRecord } from '../../http/failures.js';
import { contentIn } from '../places.js';
import { type AnswerContext, unexpected, type UnreadableListed, wrongPath } from '../records.js';
import type { Json, JsonObject } from '../system.js';
import { parseTimestamp } from '../time.js';
import type { Answered, ResourcePage } from './resource.js';

/** What reading needs to know of a connection. */
export interface ReadingConfig {
  /** Of times without one. */
  readonly timeZone: string;
  readonly events: Pick<BookingsConfig, 'currency'>;
}

/** One page of a list, each record by itself. */
export interface Listed<Item> {
  /** The total that the server states. */
  readonly count: number;
  /** Position of the first record of this page. */
  readonly start: number;
  /** Records of this page, those that cannot be read included: the next page begins behind them. */
  readonly length: number;
  readonly items: readonly Item[];
  readonly unreadable: readonly UnreadableListed[];
}

/** Reads values of one document; what does not fit is an `UnexpectedResponse` that names the path, never the value. */
export class DocumentReader {
  constructor(
    readonly document: JsonObject,
    private readonly config: ReadingConfig,
    private readonly answer: AnswerContext,
  ) {}

  /** @param setting to correct, where the path is one. @throws {UnexpectedResponse} where there is none */
  id(path: string, setting: string): string {
    const id = this.#text(path);
    if (id === null || !isRecordId(id)) throw wrongPath(this.answer, setting, path, 'an id (text or number)');
    return id;
  }

  /** The id of something nested: it stands there as such, or, expanded, as an object with one. Null: neither. */
  nestedId(path: string): string | null {
    const content = contentIn(this.document, path);
    return isJsonObject(content) ? textOf(content['id']) : textOf(content);
  }

  /** Null: there is no text, or number, or an empty one. */
  text(path: string): string | null {
    return this.#text(path);
  }

  /** A whole number of 0 or more; null: it is not shown, or as something else. @throws {UnexpectedResponse} */
  count(path: string, setting: string): number | null {
    const text = this.#text(path);
    if (text === null) return null;
    // Places that are overbooked are none.
    if (!/^-?\d{1,9}$/.test(text)) throw wrongPath(this.answer, setting, path, 'a whole number');
    return Math.max(0, Number(text));
  }

  /**
   * An instant, ISO 8601 in UTC; null: nothing stands there. Where clocks are put back, a time without a zone stands for two: it is then the
   * first of them.
   *
   * @throws {UnexpectedResponse}
   */
  instant(path: string, setting: string): string | null {
    const text = this.#text(path);
    if (text === null) return null;
    const at = parseTimestamp(text, this.config.timeZone);
    if (at === null) throw wrongPath(this.answer, setting, path, 'a time such as 2019-05-23T10:53:00');
    return new Date(at.first).toISOString();
  }

  /** The same; null also where what stands there is no time. */
  instantIfAny(path: string): string | null {
    const text = this.#text(path);
    const at = text === null ? null : parseTimestamp(text, this.config.timeZone);
    return at === null ? null : new Date(at.first).toISOString();
  }

  /**
   * A price: text, a number, or an object that has one under `tax_included` (of a product) or `amount` (of an order). Null: nothing stands there.
   *
   * @throws {UnexpectedResponse} where it is no amount, or of another currency than the team's
   */
  price(path: string, setting: string): Money | null {
    return this.priceOf(contentIn(this.document, path), path, setting);
  }

  priceOf(content: Json | undefined, path: string, setting: string): Money | null {
    const { currency } = this.config.events;
    const stated = isJsonObject(content) ? content['currency'] : this.document['currency'];
    if (typeof stated === 'string' && stated !== '' && stated.toUpperCase() !== currency) {
      throw unexpected(
        this.answer,
        `an amount is of another currency than ${currency}: correct yoplanning.events.currency`,
      );
    }
    const value = isJsonObject(content) ? (content['tax_included'] ?? content['amount']) : content;
    if (value === undefined || value === null || value === '') return null;
    const parsed = parseMoney(value, currency);
    if ('problem' in parsed) throw wrongPath(this.answer, setting, path, `an amount of ${currency}`);
    return parsed.money;
  }

  /** The objects of a list; none where there is no list. @throws {UnexpectedResponse} where an entry is no object */
  entries(path: string): readonly JsonObject[] {
    const list = contentIn(this.document, path);
    if (list === undefined || list === null) return [];
    if (!Array.isArray(list) || !list.every(isJsonObject))
      throw unexpected(this.answer, `"${path}" in the answer is not a list of objects`);
    return list;
  }

  /** For a value that must be there, and is not. */
  lacking(path: string, setting: string, expected: string): UnexpectedResponse {
    return wrongPath(this.answer, setting, path, expected);
  }

  /** The same for a part of the document. */
  of(part: JsonObject): DocumentReader {
    return new DocumentReader(part, this.config, this.answer);
  }

  #text(path: string): string | null {
    return textOf(contentIn(this.document, path));
  }
}

function textOf(value: Json | undefined): string | null {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string' || value === '') return null;
  return carriedIn(value)?.text ?? value;
}

/** @throws {UnreadableRecord} naming the record where its id can be read */
export function readDocument<Item>(
  document: Json,
  config: ReadingConfig,
  answer: AnswerContext,
  read: (reader: DocumentReader) => Item,
): Item {
  try {
    if (!isJsonObject(document)) throw unexpected(answer, 'the record is not an object');
    return read(new DocumentReader(document, config, answer));
  } catch (error) {
    if (!(error instanceof UnexpectedResponse) || error instanceof UnreadableRecord) throw error;
    throw new UnreadableRecord(error, isJsonObject(document) ? textOf(document['id']) : null);
  }
}

/**
 * A page, each record read by itself.
 *
 * @param start position of the first
 * @throws {UnexpectedResponse} where the list begins with several records, none of which can be read: then it is not what was asked for
 */
export function readPage<Item>(
  answer: Answered<ResourcePage<JsonObject>>,
  start: number,
  config: ReadingConfig,
  read: (reader: DocumentReader) => Item,
): Answered<Listed<Item>> {
  const { count, results } = answer.value;
  const items: Item[] = [];
  const unreadable: UnreadableListed[] = [];
  results.forEach((document, index) => {
    try {
      items.push(readDocument(document, config, answer, read));
    } catch (error) {
      if (!(error instanceof UnreadableRecord)) throw error;
      unreadable.push({ position: start + index, failure: error });
    }
  });
  const [first, second] = unreadable;
  // One alone may be a bad record: lists below a product are short.
  if (start === 0 && first !== undefined && second !== undefined && items.length === 0) {
    const { what, places } = first.failure;
    throw new UnexpectedResponse(answer.context, effectOf(answer), `no record can be read: ${what}`, places);
  }
  return { ...answer, value: { count, start, length: results.length, items, unreadable } };
}

/** The value of an answer, made into another. */
export function mapped<From, To>(answer: Answered<From>, to: (value: From) => To): Answered<To> {
  return { ...answer, value: to(answer.value) };
}
