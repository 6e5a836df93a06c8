import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.js';
import { forms, rootSetting, settingsAt } from '../../src/config/settings.js';
import type { ConfigPath, Setting } from '../../src/config/settings.js';

const file = new URL('../../passerelle.config.example.yaml', import.meta.url).pathname;
const example = readFileSync(file, 'utf8');
/** The same file with every `# name: value` uncommented; comments in words stay. */
const everything = example.replaceAll(/^( *)# ( *)(- )?([a-z]\w*:(?: .*)?)$/gm, '$1$2$3$4');

const env = { YAPLA_API_KEY: 'one', YOPLANNING_TOKEN: 'two' };
const webhookSecret = 'invented-for-this-test-0123456789';
const allEnv = {
  ...env,
  YAPLA_REST_API_KEY: 'three',
  PGPASSWORD: 'four',
  TEMPORAL_API_KEY: 'five',
  YAPLA_WEBHOOK_SECRET: webhookSecret,
  YAPLA_WEBHOOK_HEADER: webhookSecret,
  YAPLA_WEBHOOK_PASSWORD: webhookSecret,
  YAPLA_WEBHOOK_KEY: webhookSecret,
  YOPLANNING_WEBHOOK_SECRET: webhookSecret,
  CATALOGUE_FEED_SECRET: 'another-for-this-test-0123456789',
};

function leafValues(value: unknown, path: ConfigPath): readonly (readonly [ConfigPath, unknown])[] {
  const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
  const isDefaulted = settingsAt(path).some((setting) => 'default' in setting && setting.properties === undefined);
  if (!isGroup || (isDefaulted && !('mode' in value) && path.at(-1) !== 'fields')) return [[path, value]];
  return Object.entries(value).flatMap(([key, item]) => leafValues(item, [...path, key]));
}

function settingNames(setting: Setting): readonly string[] {
  return forms(setting).flatMap((form) => [
    ...Object.entries(form.properties ?? {}).flatMap(([name, child]) => [name, ...settingNames(child)]),
    ...(form.items === undefined ? [] : settingNames(form.items)),
    ...(typeof form.additionalProperties === 'object' ? settingNames(form.additionalProperties) : []),
  ]);
}

describe('passerelle.config.example.yaml', () => {
  test('is valid as it stands, with two secrets in the environment', () => {
    expect(Object.keys(parseConfig(example, file, env).config.connections)).toEqual(['club']);
  });

  test('is valid with everything uncommented', () => {
    const { club } = parseConfig(everything, file, allEnv).config.connections;
    expect(club?.yapla.write).toMatchObject({ mode: 'rest', apiKey: 'three' });
    expect(club?.fields['country']).toMatchObject({ yapla: { read: 'country.code', write: 'country' } });
  });

  test('names every setting that there is', () => {
    const missing = new Set(settingNames(rootSetting()).filter((name) => !new RegExp(`\\b${name}:`).test(example)));
    expect([...missing]).toEqual([]);
  });

  test('shows the true default of every setting that is commented out', () => {
    const other = leafValues(parse(everything), [])
      .filter(([path]) => !path.includes('fields'))
      .filter(([path, value]) => {
        const defaults = settingsAt(path).filter((setting) => 'default' in setting);
        return (
          defaults.length > 0 && !defaults.some((setting) => JSON.stringify(setting.default) === JSON.stringify(value))
        );
      });
    // The one default that a first configuration must change: creating in both systems needs a way to write to Yapla.
    expect(other.map(([path]) => path.join('.'))).toEqual(['connections.club.create']);
  });
});
