/**
 * A configured path with its places filled in: `/teams/{team}/clients/{id}`. A slash at the end stays as configured, because
 * Yoplanning redirects the other form, and a redirected write loses its body (docs/systems.md).
 *
 * @throws {TypeError} when the path names a place that is not given.
 */
export function fillPath(template: string, places: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = places[name];
    if (value === undefined) {
      throw new TypeError(
        `The configured path "${template}" names {${name}}; known here: ${Object.keys(places).join(', ')}`,
      );
    }
    return encodeURIComponent(value);
  });
}
