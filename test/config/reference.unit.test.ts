import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { configReference } from '../../src/config/reference.js';
import { forms, rootSetting } from '../../src/config/settings.js';
import type { Setting } from '../../src/config/settings.js';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

/** Every single setting with its dotted path; groups that only hold others are left out. */
function leaves(path: string, setting: Setting): readonly (readonly [string, Setting])[] {
  const below = forms(setting).flatMap((form) => [
    ...Object.entries(form.properties ?? {}).flatMap(([name, child]) => leaves(`${path}.${name}`, child)),
    ...(form.items === undefined ? [] : leaves(`${path}[]`, form.items)),
    ...(typeof form.additionalProperties === 'object' ? leaves(`${path}.<name>`, form.additionalProperties) : []),
  ]);
  return setting.properties === undefined && !path.endsWith('[]') && !path.endsWith('<name>')
    ? [[path, setting], ...below]
    : below;
}

describe('docs/configuration.md', () => {
  test('is what `npm run docs:config` writes', () => {
    expect(page).toBe(configReference());
  });

  test('says of every setting what it does', () => {
    const silent = leaves('', rootSetting()).filter(([, setting]) => !setting.description);
    expect(silent.map(([path]) => path)).toEqual([]);
  });

  test('marks secrets and required settings', () => {
    expect(page).toMatch(/^\| `token` \| text; \*\*secret\*\* \| \*\*required\*\* \|/m);
    expect(page).toMatch(/^\| `pageSize` \| whole number from 2 to 100 \| `100` \|/m);
  });

  test("has a row for each of a setting's forms", () => {
    expect(page).toContain('## `connections.<name>.yapla.write` with mode: rest');
    expect(page).toContain('## `connections.<name>.fields.<name>`');
    expect(page).toContain('## `connections.<name>.matching.rules[]`');
  });
});
