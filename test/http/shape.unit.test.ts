import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Answer } from '../../src/http/client.js';
import { isFailure } from '../../src/http/failures.js';
import type { UnexpectedResponse } from '../../src/http/failures.js';
import { checkShape } from '../../src/http/shape.js';

const page = z.object({
  count: z.number().min(0),
  results: z.array(z.object({ id: z.uuid(), language: z.enum(['fr', 'en']).nullish() })),
});

function answerOf(body: unknown, method = 'GET'): Answer {
  const access = method === 'GET' ? 'read' : 'update';
  const context = { connection: 'club', system: 'yoplanning', access, method, path: '/clients' } as const;
  return { status: 200, headers: {}, body, requestId: '1', sentAtMs: 0, answeredAtMs: 0, context };
}

function failureOf(schema: z.ZodType, answer: Answer): UnexpectedResponse {
  try {
    checkShape(schema, answer);
  } catch (error) {
    if (isFailure(error) && error.type === 'UnexpectedResponse') return error;
    throw error;
  }
  throw new Error('expected a failure');
}

describe('the shape of an answer', () => {
  test('that is as expected comes back typed', () => {
    const body = { count: 1, results: [{ id: '8d23503e-4b5a-4c7e-9d3f-0a1b2c3d4e5f', language: 'fr' }] };
    expect(checkShape(page, answerOf(body))).toEqual(body);
  });

  test('that differs is told by path and expectation, never by what came', () => {
    const failure = failureOf(
      page,
      answerOf({ count: 'many', results: [{ id: 'Zoé Martin', language: 'zoe@example.org' }] }),
    );
    expect(failure.places).toEqual([
      { path: 'count', expected: 'number' },
      { path: 'results.0.id', expected: 'text in the form uuid' },
      { path: 'results.0.language', expected: 'one of fr, en' },
    ]);
    expect(failure.message).toContain('results.0.id: expected text in the form uuid');
    expect(failure.message + JSON.stringify(failure)).not.toMatch(/many|Zoé|zoe@/);
  });

  test('with keys that can be values does not show them', () => {
    const failure = failureOf(z.record(z.string(), z.number()), answerOf({ 'zoe@example.org': 'x' }));
    expect(failure.places).toEqual([{ path: '*', expected: 'number' }]);
  });

  test('of the whole answer is told as such, and a write may have taken effect', () => {
    const failure = failureOf(page, answerOf([], 'PUT'));
    expect(failure.places).toEqual([{ path: '(the whole answer)', expected: 'object' }]);
    expect(failure.effect).toBe('unknown');
    expect(failureOf(page, answerOf(null)).effect).toBe('none');
  });

  test('with very many differences names the first few', () => {
    const body = { count: 1, results: Array.from({ length: 100 }, () => ({ id: 5 })) };
    expect(failureOf(page, answerOf(body)).places).toHaveLength(5);
  });
});
