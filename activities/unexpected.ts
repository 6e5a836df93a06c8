/** What may be told of an error that nobody expected: where it arose, and nothing that it says, because that can quote a value. */

export interface UnexpectedError {
  readonly name: string;
  /** Code of Node.js, undici or PostgreSQL, where it has one. */
  readonly code?: string;
  /** The stack's frames, innermost first, each as `function (file:line:column)`. */
  readonly frames: readonly string[];
  readonly cause?: UnexpectedError;
}

/** Causes of causes are followed so far. */
const deepest = 3;

export function describeUnexpected(error: unknown, depth = 0): UnexpectedError {
  if (!(error instanceof Error)) return { name: `a thrown ${typeof error}`, frames: [] };
  const code = errorCode(error);
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    frames: framesOf(error),
    ...(error.cause === undefined || depth === deepest ? {} : { cause: describeUnexpected(error.cause, depth + 1) }),
  };
}

/** An error's code, if it looks like one. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[A-Z0-9_]{1,64}$/.test(error.code) ? error.code : undefined;
}

/** A message of several lines can contain what looks like a frame: it is cut off first, and a frame must end in a place in a file. */
function framesOf({ stack = '', message }: Error): string[] {
  const end = message === '' ? -1 : stack.indexOf(message);
  const trace = end < 0 ? stack : stack.slice(end + message.length);
  return [...trace.matchAll(/^ {4}at (.+:\d+:\d+\)?)$/gm)].map(([, frame]) => frame!);
}
