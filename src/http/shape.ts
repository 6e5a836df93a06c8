import type { z } from 'zod';
import type { Answer } from './client.js';
import { effectOf, UnexpectedResponse } from './failures.js';

const MOST_PLACES = 5;
const segment = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/**
 * Checks the body of an answer. @returns it, typed
 * @throws {UnexpectedResponse} naming path and expected type of the first differences, never what was received
 */
export function checkShape<Schema extends z.ZodType>(schema: Schema, answer: Answer): z.output<Schema> {
  const result = schema.safeParse(answer.body);
  if (result.success) return result.data;
  const places = result.error.issues
    .slice(0, MOST_PLACES)
    .map((issue) => ({ path: pathOf(issue.path), expected: expectedBy(issue) }));
  const list = places.map(({ path, expected }) => `${path}: expected ${expected}`).join('; ');
  const what = `the answer has another shape than expected (${list})`;
  throw new UnexpectedResponse(answer.context, effectOf(answer), what, places);
}

function pathOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '(the whole answer)';
  // A key that does not look like a name may be a value.
  return path.map((key) => (typeof key === 'number' || segment.test(String(key)) ? String(key) : '*')).join('.');
}

/** From the issue's code and not from its message, which can quote what was received. */
function expectedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected;
    case 'invalid_format':
      return `text in the form ${issue.format}`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `${issue.origin} of at least ${String(issue.minimum)}`;
    case 'too_big':
      return `${issue.origin} of at most ${String(issue.maximum)}`;
    case 'unrecognized_keys':
      return 'no further keys';
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_union':
      return 'one of several forms';
    case 'invalid_key':
    case 'invalid_element':
      return `valid contents of ${issue.origin}`;
    case 'custom':
      return 'something else';
  }
}
