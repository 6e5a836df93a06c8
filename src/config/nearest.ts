/** Number of letters to insert, delete, replace or swap to turn one word into the other (optimal string alignment). */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const above = rows[row - 1] as number[];
      const same = from[row - 1] === to[column - 1];
      let least = Math.min(
        (above[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (above[column - 1] as number) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        least = Math.min(least, (rows[row - 2]?.[column - 2] as number) + 1);
      }
      current.push(least);
    }
    rows.push(current);
  }
  return rows[from.length]?.[to.length] as number;
}

/** The known word that was probably meant, or `undefined` when none is near, or two are equally near. Case, hyphens and underscores do not count. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/[-_]/g, '');
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(plain(word), plain(candidate)) }))
    .sort((one, other) => one.distance - other.distance);
  const [best, second] = ranked;
  if (best === undefined || best.distance > Math.max(1, Math.floor(word.length / 3))) return undefined;
  return second?.distance === best.distance ? undefined : best.candidate;
}
