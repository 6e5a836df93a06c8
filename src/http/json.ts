/** A string, or a number: strings are matched too, so that digits inside them are passed over. */
const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Fewer digits than this are always held exactly. */
const longNumber = /[\d.]{16,}/;

/**
 * Whether a JSON text has a number that JavaScript cannot hold exactly, such as an id of 19 digits. A document with one must not
 * be read and written back: the number would come out changed.
 */
export function hasInexactNumber(text: string): boolean {
  if (!longNumber.test(text)) return false;
  for (const [found] of text.matchAll(token)) {
    if (!found.startsWith('"') && longNumber.test(found) && !isExact(found)) return true;
  }
  return false;
}

function isExact(number: string): boolean {
  const [digits, exponent] = significant(number);
  const [digitsHeld, exponentHeld] = significant(String(Number(number)));
  return digits === digitsHeld && exponent === exponentHeld;
}

/** `-12.50e3` -> [`-125`, 2]: the number as digits without zeros at either end, times a power of ten. */
function significant(number: string): [string, number] {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const all = `${whole}${fraction}`.replace(/^0+/, '');
  const trimmed = all.replace(/0+$/, '');
  return trimmed === '' ? ['0', 0] : [sign + trimmed, Number(power) - fraction.length + all.length - trimmed.length];
}
