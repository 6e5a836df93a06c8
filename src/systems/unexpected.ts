/** Answers that do not fit the configuration, as `UnexpectedResponse`: each names the setting to correct, never a value. */
import { UnexpectedResponse, type Effect, type FailureContext } from '../http/failures.js';
import { MisplacedField, UnknownChoice } from './mapping.js';

/** What an answer is about, as far as errors need it. */
export interface AnswerContext {
  readonly context: FailureContext;
}

/** After a read nothing was changed; after a write that was answered, it may well have been. */
export function effectOf({ context }: AnswerContext): Effect {
  return context.method === 'GET' ? 'none' : 'unknown';
}

/** An answer that is not what was asked for. `what` names settings and ids, never a value. */
export function unexpected(answer: AnswerContext, what: string): UnexpectedResponse {
  return new UnexpectedResponse(answer.context, effectOf(answer), what);
}

/** A setting whose path does not fit the answer. */
export function wrongPath(answer: AnswerContext, setting: string, path: string, expected: string): UnexpectedResponse {
  const where = path === '' ? 'the answer itself' : `"${path}" in the answer`;
  const what = `${where} is not ${expected}: correct ${setting}`;
  return new UnexpectedResponse(answer.context, effectOf(answer), what, [{ path, expected }]);
}

/** A record shows what is in no row of a choice field's table. It is a record for certain. */
export class UnknownShown extends UnexpectedResponse {}

/** Runs `read`, and tells which request brought the document when the field map, or a table of it, does not fit it. */
export function reading<T>(answer: AnswerContext, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnknownChoice) {
      const places = [{ path: error.path, expected: 'a text of its table' }];
      throw new UnknownShown(answer.context, effectOf(answer), error.message, places);
    }
    if (!(error instanceof MisplacedField)) throw error;
    const places = [{ path: error.path, expected: 'a single value' }];
    throw new UnexpectedResponse(answer.context, effectOf(answer), error.message, places);
  }
}
