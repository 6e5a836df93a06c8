import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { remembering } from '../../src/core/remembered.js';

describe('remembering', () => {
  test('computes a value once, an empty one too', () => {
    const remember = remembering<string | null | undefined>(10);
    let computed = 0;
    for (const value of ['a', null, undefined]) {
      const compute = () => {
        computed += 1;
        return value;
      };
      expect(remember(String(value), compute)).toBe(value);
      expect(remember(String(value), compute)).toBe(value);
    }
    expect(computed).toBe(3);
  });

  test('answers as if it computed every time, whatever is asked in whatever order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.integer({ min: 0, max: 12 })), (most, asked) => {
        const remember = remembering<number>(most);
        for (const n of asked) expect(remember(`${n}`, () => n * n)).toBe(n * n);
      }),
    );
  });

  test('forgets what was not asked for while twice its size went by, and keeps what was', () => {
    const remember = remembering<number>(3);
    const computed: string[] = [];
    const ask = (key: string) => remember(key, () => computed.push(key));
    ask('gone');
    ask('kept');
    for (const key of ['b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      ask(key);
      ask('kept');
    }
    ask('gone');
    expect(computed.filter((key) => key === 'kept')).toHaveLength(1);
    expect(computed.filter((key) => key === 'gone')).toHaveLength(2);
  });
});
