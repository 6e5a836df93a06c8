/** What a name of a field looks like; a key of another form may be a value (an id, an e-mail address). */
const fieldName = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/**
 * The names and types in a JSON answer, one dotted path a line, without any value: what a person needs to correct the paths in
 * the configuration. Of a list, what any of its elements has.
 *
 * @param mostLines the rest is left out: what stands deepest, because what a setting names is seldom there, and one nested object can have
 * more names than the record around it
 */
export function outline(body: unknown, mostLines = 80): readonly string[] {
  const types = new Map<string, Set<string>>();
  visit(body, '', types);
  const lineOf = (path: string) =>
    `${path === '' ? '(the whole answer)' : path}: ${[...types.get(path)!].join(' or ')}`;
  const paths = [...types.keys()];
  if (paths.length <= mostLines) return paths.map(lineOf);
  // Sorting is stable: what is equally deep stays in the answer's order.
  const kept = new Set([...paths].sort((a, b) => depthOf(a) - depthOf(b)).slice(0, mostLines));
  return [...paths.filter((path) => kept.has(path)).map(lineOf), `and ${paths.length - mostLines} more, deeper within`];
}

/** Names and lists on the way. */
function depthOf(path: string): number {
  return path === '' ? 0 : path.split(/\.|\[\]/).length;
}

function visit(value: unknown, path: string, types: Map<string, Set<string>>): void {
  const found = types.get(path) ?? new Set<string>();
  types.set(path, found.add(typeOf(value)));
  if (Array.isArray(value)) value.forEach((item) => visit(item, `${path}[]`, types));
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      const name = fieldName.test(key) ? key : '*';
      visit(inner, path === '' ? name : `${path}.${name}`, types);
    }
  }
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  return typeof value === 'string' ? 'text' : typeof value === 'object' ? 'object' : typeof value;
}
