/**
 * Text from elsewhere (values, names, ids, a server's words) on a terminal: it must not steer the terminal, hide anything, or look like
 * lines of ours. Two doors, one table of what is not seen:
 * - {@link visible} for each value, where a command makes its lines of it;
 * - {@link visibleLines} for whatever is written in the end, so that a value that a command forgot can do no more than break a line.
 */

/**
 * Control, format and private characters, halves of pairs, line separators, and letters that look like nothing (fillers, variation
 * selectors). The two joiners stay: Persian and Indian names are misspelt without them.
 */
const unseen =
  /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180F\u2800\u3164\uFE00-\uFE0F\uFFA0\u{E0000}-\u{E0FFF}]/u;

/** What our own lines may hold of it: line breaks, and the colours that picocolors writes (none of them hides text). */
const ours = /\n|\u001B\[(?:[0-79]|[2-4]\d|9[0-7]|10[0-7])m/u;

const everyUnseen = new RegExp(unseen, 'gu');
const everyUnseenButOurs = new RegExp(`(${ours.source})|${unseen.source}`, 'gu');

/** More blanks than anybody types: enough of them push the rest of a value to the start of the terminal's next line. */
const manyBlanks = /\p{Zs}{8,}/gu;

/** A value as one can see it, on one line: nothing in it is hidden, steers the terminal, or begins a line. */
export function visible(text: string): string {
  return text
    .replaceAll(everyUnseen, (character) => (character === '\n' ? '↵' : code(character)))
    .replaceAll(manyBlanks, (blanks) => `[${blanks.length} blanks]`);
}

/** The same of lines that are ready to be written: line breaks and colours stay. */
export function visibleLines(text: string): string {
  return text.replaceAll(everyUnseenButOurs, (character, kept: string | undefined) => kept ?? code(character));
}

/** JSON that parses to the same, with nothing in it that a terminal would act on or not show. */
export function visibleJson(value: unknown, indent = 2): string {
  return escapedJson(JSON.stringify(value, null, indent));
}

/** Escapes within JSON that is written already: what is not seen can only stand in its texts. Line breaks between its parts stay. */
export function escapedJson(json: string): string {
  return json.replaceAll(everyUnseen, (character) => {
    if (character === '\n') return character;
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}

/** At most so many characters, as people count them; the rest is counted. Made visible. */
export function visibleUpTo(text: string, most: number): string {
  const characters = Array.from(text);
  if (characters.length <= most) return visible(text);
  return `${visible(characters.slice(0, most).join(''))}… (${characters.length - most} more characters)`;
}

function code(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
