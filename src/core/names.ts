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

/** Words that many unrelated surnames share: they are part of a name, and no evidence for it. */
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

/** The words of a name, lower case, without accents: hyphens, apostrophes and blanks all part words. Sorted, so that order says nothing. */
export function nameTokens(name: PersonName): readonly string[] {
  return `${name.firstName ?? ''} ${name.lastName ?? ''}`
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[œæßøłđðþı]/g, (letter) => ligatures[letter] ?? letter)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((token) => token !== '')
    .sort();
}

/** True if the words can stand for a person: at least two that are not mere particles. A lone `Marie` or `De Smet` cannot. */
export function identifies(tokens: readonly string[]): boolean {
  return tokens.filter((token) => !particles.has(token)).length >= 2;
}

/** Symmetric. Names of fewer than two words (see identifies) are `different` from everything, themselves included: no evidence. */
export function compareNames(a: PersonName, b: PersonName): NameComparison {
  return compareTokens(nameTokens(a), nameTokens(b));
}

/** compareNames for words that nameTokens has made already. */
export function compareTokens(a: readonly string[], b: readonly string[]): NameComparison {
  if (!identifies(a) || !identifies(b)) return 'different';
  if (a.join(' ') === b.join(' ')) return 'same';
  const { shared, restA, restB } = takeShared(a, b);
  const evidence = shared.filter((token) => !particles.has(token) && [...token].length > 1);
  const initials = pairInitials(restA, restB);
  const contained = shared.length + initials === Math.min(a.length, b.length);
  // An initial supports a whole word that agrees; initials alone (`J. D.`) fit too many people.
  if (contained && evidence.length >= 1 && evidence.length + initials >= 2) return 'compatible';
  return runTogether(a, b) ? 'compatible' : 'different';
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

/** `Le Roux` and `Leroux`, `D'Alembert` and `Dalembert`: words that follow each other in one name are one word in the other. */
function runTogether(a: readonly string[], b: readonly string[]): boolean {
  const { restA, restB, shared } = takeShared(a, b);
  if (!shared.some((token) => !particles.has(token) && [...token].length > 1)) return false;
  const [parts, whole] = restA.length > restB.length ? [restA, restB] : [restB, restA];
  if (whole.length !== 1 || parts.length < 2) return false;
  const [word = ''] = whole;
  return concatenates(parts, word);
}

/** True if some order of the parts, put together, is the word. */
function concatenates(parts: readonly string[], word: string): boolean {
  if (parts.length === 0) return word === '';
  return parts.some((part, i) => word.startsWith(part) && concatenates(parts.toSpliced(i, 1), word.slice(part.length)));
}
