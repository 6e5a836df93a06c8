/**
 * Comparing people's names as lists write them: with and without accents, in capitals, with a hyphen or a blank, with first and
 * last name swapped, with one of two given names or surnames left out.
 */
export interface PersonName {
  readonly firstName: string | null;
  readonly lastName: string | null;
}

/** `same`: the same words. `compatible`: one may be a shorter form of the other. `different`: nothing says that they are one person. */
export type NameComparison = 'same' | 'compatible' | 'different';

/** Words that many unrelated surnames share: within a longer name they are part of it, and no evidence for it. */
const particles = new Set(
  'd da das de del della den der des di do dos du e el i l la las le les los of o ten ter the van vande vanden vander von y zu'.split(
    ' ',
  ),
);

/** Letters that Unicode does not take apart into a base letter and an accent. */
const ligatures: Readonly<Record<string, string>> = {
  œ: 'oe',
  æ: 'ae',
  ß: 'ss',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};

/** A name taken apart. */
export interface NameWords {
  /** Lower case, without accents: hyphens, apostrophes and blanks all part words. Sorted, so that order says nothing. */
  readonly words: readonly string[];
  /** Those that tell people apart: all but particles, and a particle where it is a whole first or last name (Lê, Đỗ, Van, Das). */
  readonly telling: ReadonlySet<string>;
  /**
   * The words can stand for a person: two at least tell, and a name that is particles only (`Van De`) counts once. A lone `Marie` or
   * `De Smet` cannot. Which of the two places a word stands in says nothing: systems swap them.
   */
  readonly identifies: boolean;
}

export function nameWords({ firstName, lastName }: PersonName): NameWords {
  const places = [wordsOf(firstName), wordsOf(lastName)];
  const isWhole = (place: readonly string[]) => place.every((word) => particles.has(word));
  const tellingOf = (place: readonly string[]) =>
    isWhole(place) ? place : place.filter((word) => !particles.has(word));
  const pieces = places.map((place) => (isWhole(place) ? Math.min(place.length, 1) : tellingOf(place).length));
  return {
    words: places.flat().sort(),
    telling: new Set(places.flatMap(tellingOf)),
    identifies: pieces.reduce((sum, one) => sum + one, 0) >= 2,
  };
}

function wordsOf(text: string | null): readonly string[] {
  if (text === null) return [];
  // Most names: nothing in them has to be taken apart.
  const lower = ascii.test(text) ? text.toLowerCase() : unmarked(text);
  return lower.split(between).filter((word) => word !== '');
}

const ascii = /^[\0-\x7f]*$/;
const between = /[^\p{L}\p{N}]+/u;

function unmarked(text: string): string {
  return text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[œæßøłđðþı]/g, (letter) => ligatures[letter] ?? letter);
}

/** Symmetric. Names that do not identify (see NameWords) are `different` from everything, themselves included: no evidence. */
export function compareNames(a: PersonName, b: PersonName): NameComparison {
  return compareWords(nameWords(a), nameWords(b));
}

/** compareNames for names that nameWords has taken apart already. */
export function compareWords(a: NameWords, b: NameWords): NameComparison {
  if (!a.identifies || !b.identifies) return 'different';
  if (a.words.join(' ') === b.words.join(' ')) return 'same';
  const { shared, restA, restB } = takeShared(a.words, b.words);
  // `Le` of Linh Le is no `Le` of Linh Le Roux.
  const evidence = shared.filter((word) => a.telling.has(word) && b.telling.has(word) && [...word].length > 1);
  if (evidence.length === 0) return 'different';
  const initials = pairInitials(restA, restB);
  const contained = shared.length + initials === Math.min(a.words.length, b.words.length);
  // An initial supports a whole word that agrees; initials alone (`J. D.`) fit too many people.
  if (contained && evidence.length + initials >= 2) return 'compatible';
  return runTogether(restA, restB) ? 'compatible' : 'different';
}

/** Takes equal words out of both lists, each once. */
function takeShared(a: readonly string[], b: readonly string[]) {
  const restB = [...b];
  const shared: string[] = [];
  const restA: string[] = [];
  for (const token of a) {
    const at = restB.indexOf(token);
    if (at === -1) {
      restA.push(token);
    } else {
      restB.splice(at, 1);
      shared.push(token);
    }
  }
  return { shared, restA, restB };
}

/** How many initials of one list find a word of their letter in the other. Counted by letter, so that no order matters. */
function pairInitials(a: readonly string[], b: readonly string[]): number {
  const letters = new Set([...a, ...b].filter(isInitial));
  let pairs = 0;
  for (const letter of letters) {
    const words = (tokens: readonly string[]) =>
      tokens.filter((token) => !isInitial(token) && token.startsWith(letter)).length;
    const initials = (tokens: readonly string[]) => tokens.filter((token) => token === letter).length;
    pairs += Math.min(initials(a), words(b)) + Math.min(initials(b), words(a));
  }
  return pairs;
}

/** One letter of an alphabet that has initials; a single Han character is a whole word. */
function isInitial(token: string): boolean {
  return /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]$/u.test(token);
}

/** `Le Roux` and `Leroux`, `D'Alembert` and `Dalembert`: what two names do not share is several words here, and these as one word there. */
function runTogether(restA: readonly string[], restB: readonly string[]): boolean {
  const [parts, whole] = restA.length > restB.length ? [restA, restB] : [restB, restA];
  const [word, ...more] = whole;
  return word !== undefined && more.length === 0 && parts.length >= 2 && concatenates(parts, word);
}

/** True if some order of the parts, put together, is the word. */
function concatenates(parts: readonly string[], word: string): boolean {
  if (parts.length === 0) return word === '';
  return parts.some((part, i) => word.startsWith(part) && concatenates(parts.toSpliced(i, 1), word.slice(part.length)));
}
