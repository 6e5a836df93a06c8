/** What the number formats of a workbook make of a number: a day, digits with zeros in front, or nothing that matters here. */

export type NumberLook = 'number' | 'day' | { readonly digits: number };

/** Formats that have a number and no text (ECMA-376 18.8.30), where they show days; those from 27 on in East Asian Excel. */
const builtInDays = new Set([14, 15, 16, 17, 22, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58]);

/** Literal texts, colours, conditions, fillers: what is left are the letters that count. */
const literal = /"[^"]*"|\\.|_.|\*.|\[[^\]]*\]/g;

/** @param code of the format, where the workbook brings one */
export function lookOf(id: number, code: string | undefined): NumberLook {
  if (code === undefined) return builtInDays.has(id) ? 'day' : 'number';
  const [positive = ''] = code.replaceAll(literal, '').split(';');
  // `General` has letters as well; a day has a year or a day in it: `mm:ss` and `hh:mm` are times.
  if (/^general$/i.test(positive.trim())) return 'number';
  // French Excel writes years and days as `aaaa` and `jj`, where other programs store its formats as they are shown.
  if (/[ydaj]/i.test(positive.replaceAll(/am\/pm|a\/p/gi, ''))) return 'day';
  const zeros = /^0{2,}$/.exec(positive.trim());
  return zeros === null ? 'number' : { digits: zeros[0].length };
}
