/** What a name of a field looks like; a key of another form may be a value (an id, an e-mail address). */
const fieldName = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/**
 * The names and types in a JSON answer, one dotted path a line, without any value: what a person needs to correct the paths in
 * the configuration. Of a list, what any of its elements has.
 *
 * @param mostLines the rest is left out
 */
export function outline(body: unknown, mostLines = 40): readonly string[] {
  const types = new Map<string, Set<string>>();
  visit(body, '', types);
  const lines = [...types].map(
    ([path, found]) => `${path === '' ? '(the whole answer)' : path}: ${[...found].join(' or ')}`,
  );
  return lines.length > mostLines ? [...lines.slice(0, mostLines), `and ${lines.length - mostLines} more`] : lines;
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
