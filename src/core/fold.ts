/** What is left of a text when everything is set aside that two people write differently and mean the same. */

/** Letters that Unicode does not take apart into base letters. */
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

/**
 * Words without accents, case, ligatures and punctuation: `Côte d’Ivoire` and `COTE D'IVOIRE` are one. Only accents of Latin and Greek
 * letters: elsewhere a mark is a vowel, or makes another letter.
 */
export function foldWords(text: string): readonly string[] {
  const lower = ascii.test(text) ? text.toLowerCase() : unmarked(text);
  return lower.split(between).filter((word) => word !== '');
}

/** Most texts: nothing in them has to be taken apart. */
const ascii = /^[\0-\x7f]*$/;
const between = /[^\p{L}\p{M}\p{N}]+/u;

function unmarked(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/(?<=[\p{Script=Latin}\p{Script=Greek}]\p{M}*)\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[œæßøłđðþı]/g, (letter) => ligatures[letter] ?? letter)
    .normalize('NFC');
}

/**
 * The words run together: `Le Goff` and `LEGOFF`, `12, rue Haute` and `12 rue haute`, `H2X 1Y4` and `h2x1y4` are the same. Two numbers
 * that follow each other stay apart: `1, 12 rue` is not `11, 2 rue`.
 */
export function fold(text: string): string {
  return foldWords(text).reduce((all, word) => {
    const parts = /\p{N}$/u.test(all) && /^\p{N}/u.test(word);
    return parts ? `${all} ${word}` : all + word;
  }, '');
}
