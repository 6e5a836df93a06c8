/**
 * Keeps what was computed lately, by key. Two generations: what is still asked for moves into the younger one, and the older is
 * forgotten as a whole, so that nothing has to be kept in order.
 *
 * @param most entries of a generation; at most twice as many are kept
 */
export function remembering<Value>(most: number): (key: string, compute: (key: string) => Value) => Value {
  let young = new Map<string, Value>();
  let old = new Map<string, Value>();
  return (key, compute) => {
    const known = young.get(key);
    // A value may itself be undefined.
    if (known !== undefined || young.has(key)) return known as Value;
    const value = old.has(key) ? (old.get(key) as Value) : compute(key);
    if (young.size >= most) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
    return value;
  };
}
