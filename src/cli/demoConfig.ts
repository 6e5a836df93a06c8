/** The demo's configuration as a file, so that every other command works on a demo that stays up. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { configSchema, type Config } from '../config/schema.js';
import { sandboxConnection, type SandboxAddresses } from '../sandbox/connections.js';
import { sandboxCredentials } from '../sandbox/options.js';
import type { YaplaWay } from './demo.js';

export interface DemoConfig {
  readonly config: Config;
  /** Options that make any command use it. */
  readonly options: readonly string[];
}

/** The field that the two systems disagree about in the demo: a person is asked, while every other field follows Yapla. */
export const askedField = 'phone';

/** Where secrets stand in the file, and what they are in the sandbox. */
const secrets = {
  yaplaKey: 'DEMO_YAPLA_KEY',
  yoplanningToken: 'DEMO_YOPLANNING_TOKEN',
  yaplaWebhookSecret: 'DEMO_YAPLA_WEBHOOK_SECRET',
  yoplanningWebhookSecret: 'DEMO_YOPLANNING_WEBHOOK_SECRET',
} as const;

/** Writes the configuration into the demo's data directory, and returns it with its secrets resolved. */
export function writeDemoConfig(
  dataDirectory: string,
  connectionId: string,
  { addresses, yapla }: { readonly addresses: SandboxAddresses; readonly yapla: YaplaWay },
): DemoConfig {
  const names = Object.keys(secrets) as (keyof typeof secrets)[];
  const credentials = Object.fromEntries(names.map((name) => [name, `\${${secrets[name]}}`]));
  const file = path.join(dataDirectory, 'passerelle.config.json');
  const envFile = path.join(dataDirectory, 'demo.env');
  const write = (credentials: Partial<Record<keyof typeof secrets, string>>) =>
    document(dataDirectory, connectionId, sandboxConnection(addresses, { rule: 'yapla', credentials, ...ways[yapla] }));
  writeFileSync(file, `${JSON.stringify(write(credentials), null, 2)}\n`);
  writeFileSync(envFile, names.map((name) => `${secrets[name]}=${sandboxCredentials[name]}\n`).join(''), {
    mode: 0o600,
  });
  return {
    config: configSchema.parse(write({})),
    options: ['--config', path.relative(process.cwd(), file), '--env-file', path.relative(process.cwd(), envFile)],
  };
}

/** Files are judged within a moment; a club's person takes days. */
const ways = {
  api: { events: true, settings: { events: {} } },
  workbook: { files: true, imports: { checkMs: 500 } },
} as const satisfies Record<YaplaWay, object>;

function document(dataDirectory: string, connectionId: string, connection: ReturnType<typeof sandboxConnection>) {
  const asked = connection.fields?.[askedField];
  return {
    dataDirectory,
    connections: {
      [connectionId]: {
        ...connection,
        ...(asked === undefined ? {} : { fields: { ...connection.fields, [askedField]: { ...asked, rule: 'ask' } } }),
      },
    },
  };
}
