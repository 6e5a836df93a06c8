import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import picocolors from 'picocolors';
import { escapedJson, visible, visibleJson, visibleLines, visibleUpTo } from '../../src/cli/visible.js';

/** What a terminal acts on, or does not show. */
const hostile = [
  ['an escape sequence', '\u001B[2J', '\\u{1b}[2J'],
  ['the one-byte form of it', '\u009B2J', '\\u{9b}2J'],
  ['a carriage return', '\r', '\\u{d}'],
  ['a line separator', '\u2028', '\\u{2028}'],
  ['text that runs to the left', '\u202Eabc', '\\u{202e}abc'],
  ['an isolate', '\u2066abc', '\\u{2066}abc'],
  ['a tag character', '\u{E0041}', '\\u{e0041}'],
  ['a variation selector', '\uFE0F', '\\u{fe0f}'],
  ['a supplementary variation selector', '\u{E0101}', '\\u{e0101}'],
  ['a blank that is a letter', '\u3164', '\\u{3164}'],
  ['a space without width', '\u200B', '\\u{200b}'],
  ['half a pair', '\uD83D', '\\u{d83d}'],
  ['a private character', '\uE000', '\\u{e000}'],
] as const;

const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom(...hostile.map(([, raw]) => raw), '\n', ' ', 'é'),
  ),
});

describe('a value on a terminal', () => {
  test.each(hostile)('shows %s as its code', (_, raw, shown) => {
    expect(visible(`a${raw}b`)).toBe(`a${shown}b`);
    expect(visibleLines(`a${raw}b`)).toBe(`a${shown}b`);
  });

  test('stays on its line, and is not pushed to the start of the next by blanks', () => {
    expect(visible('1 rue A\nGuard: none')).toBe('1 rue A↵Guard: none');
    expect(visible(`1 rue A${' '.repeat(200)}Guard: none`)).toBe('1 rue A[200 blanks]Guard: none');
    expect(visible(`1 rue A${'\u00A0'.repeat(9)}x`)).toBe('1 rue A[9 blanks]x');
  });

  test('keeps names as they are written, with accents and joiners', () => {
    for (const name of ['Zoé', 'Zoe\u0301', 'Nguyễn Thị', 'می\u200Cخواهم', 'क्\u200Dष', '  two  blanks ', '李', '👩'])
      expect(visible(name)).toBe(name);
  });

  test('is cut where it is long, and says by how much', () => {
    expect(visibleUpTo('abcdef', 4)).toBe('abcd… (2 more characters)');
    expect(visibleUpTo('👩👩👩👩', 4)).toBe('👩👩👩👩');
  });

  test('holds no character that is not seen, whatever came', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u{E0000}-\u{E0FFF}\u202A-\u202E\u2066-\u2069]/u);
      }),
    );
  });
});

describe('lines that are written', () => {
  test('keep their breaks and our colours, and no way to hide text or to move', () => {
    const { red, bold } = picocolors.createColors(true);
    const ours = `${red('no')}\n${bold('yes')}`;
    expect(visibleLines(ours)).toBe(ours);
    expect(visibleLines('\u001B[8mhidden\u001B[1A')).toBe('\\u{1b}[8mhidden\\u{1b}[1A');
  });
});

describe('JSON that is printed', () => {
  test('parses to the same, and nothing in it is acted on or hidden', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const json = visibleJson({ text });
        expect(JSON.parse(json)).toEqual({ text });
        expect(json.replaceAll('\n', '')).not.toMatch(
          /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u{E0000}-\u{E0FFF}\u202A-\u202E\u2066-\u2069]/u,
        );
      }),
    );
    expect(escapedJson('{"a":"\u{E0041}"}\n')).toBe('{"a":"\\udb40\\udc41"}\n');
  });
});
