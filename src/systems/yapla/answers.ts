/** Reading Yapla's answers by configured paths. None of Yapla's JSON names is public (docs/systems.md). */
import { getProperty } from 'dot-prop';
import { carriedIn, isJsonObject } from '../../core/document.js';
import type { YaplaConfig } from '../../config/yapla.js';
import type { Answer } from '../../http/client.js';
import { InvalidRecord } from '../../http/failures.js';
import type { Json, JsonObject } from '../system.js';
import { unexpected, wrongPath } from '../unexpected.js';

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
  if (answer.context.method === 'GET') {
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
