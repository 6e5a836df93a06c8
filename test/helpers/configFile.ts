/** A house's configuration as a person would have written it, for commands that run on it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../src/config/schema.js';
import { sandboxClient, sandboxCredentials } from '../../src/sandbox/options.js';
import type { TestPasserelle } from './passerelle.js';

export interface ConfigFile {
  readonly file: string;
  /** The secrets that the file names. */
  readonly env: Readonly<Record<string, string>>;
}

/** Writes it into a directory of the test's own, which is the data directory too. @param changes laid over it, key by key at the top */
export function writeConfigFile(
  { config }: Pick<TestPasserelle, 'config'>,
  directory: string,
  changes: Partial<Config> = {},
): ConfigFile {
  const env: Record<string, string> = { TEST_DATABASE_URL: config.database.url! };
  const { yaplaKey, yoplanningToken, yaplaWebhookSecret, yoplanningWebhookSecret } = sandboxCredentials;
  const { secret: clientSecret, tokenKey } = sandboxClient;
  const webhookSecrets = [yaplaWebhookSecret, yoplanningWebhookSecret];
  for (const secret of [yaplaKey, yoplanningToken, ...webhookSecrets, clientSecret, tokenKey]) {
    env[`TEST_SECRET_${Object.keys(env).length}`] = secret;
  }
  const written = { ...config, dataDirectory: directory, ...changes };
  const names = new Map(Object.entries(env).map(([name, value]) => [value, `\${${name}}`]));
  const named = (_: string, value: unknown) => (typeof value === 'string' ? (names.get(value) ?? value) : value);
  const file = path.join(directory, 'passerelle.config.json');
  writeFileSync(file, JSON.stringify(written, named));
  return { file, env };
}
