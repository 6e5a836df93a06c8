import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { run } from '../../src/cli/main.js';
import { collectedOutput } from '../helpers/collectedOutput.js';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'passerelle-cli-'));
  file = join(directory, 'passerelle.config.yaml');
  writeFileSync(join(directory, '.env'), 'CONFIG_TEST_TOKEN=secret-token\nCONFIG_TEST_KEY=secret-key\n');
});

afterEach(() => {
  rmSync(directory, { recursive: true });
  delete process.env['CONFIG_TEST_TOKEN'];
  delete process.env['CONFIG_TEST_KEY'];
});

const text = `
connections:
  club:
    create: yoplanning
    yapla: { read: { key: { value: '\${CONFIG_TEST_KEY}' } } }
    yoplanning: { token: '\${CONFIG_TEST_TOKEN}', team: 5a90332e-568f-4980-9859-88a984844a4d }
`;

async function config(...words: string[]) {
  const output = collectedOutput();
  const status = await run(
    ['node', 'passerelle', 'config', '--config', file, '--env-file', join(directory, '.env'), ...words],
    output,
  );
  return { status, printed: output.printed.join('\n'), noted: output.noted.join('\n') };
}

describe('passerelle config', () => {
  test('warns of webhooks whose bodies are believed and which only their address protects', async () => {
    process.env['CONFIG_TEST_SECRET'] = 'a'.repeat(32);
    try {
      const webhooks = (more: string) =>
        `${text}    webhooks: { yapla: { secret: '\${CONFIG_TEST_SECRET}'${more} } }\n`;
      writeFileSync(file, webhooks(''));
      expect((await config()).noted).toMatch(/^Warning: connections\.club\.webhooks\.yapla: bodies are believed/);
      writeFileSync(file, webhooks(", hmac: { header: X-Signature, secret: '${CONFIG_TEST_SECRET}' }"));
      expect((await config()).noted).not.toContain('Warning');
      writeFileSync(file, webhooks(', believe: nothing'));
      expect((await config()).noted).not.toContain('Warning');
      writeFileSync(file, webhooks('').replace('read: { key', 'read: { memberPath: "/members/{id}", key'));
      expect((await config()).noted).not.toContain('Warning');
    } finally {
      delete process.env['CONFIG_TEST_SECRET'];
    }
  });

  test('prints what is in effect as YAML, defaults included, secrets by the names of their variables', async () => {
    writeFileSync(file, text);
    const { status, printed, noted } = await config();
    expect({ status, last: noted.split('\n').at(-1) }).toEqual({
      status: 0,
      last: `${file} is valid. Connections: club`,
    });
    expect(noted).toContain('club: Yapla is only read');
    expect(parse(printed)).toMatchObject({
      log: { level: 'info' },
      connections: { club: { yoplanning: { token: '${CONFIG_TEST_TOKEN}', limits: { requestsPerDay: 1000 } } } },
    });
    expect(printed).not.toContain('secret-');
  });

  test('says where the feeds of a catalogue are, with the name of the secret in its place', async () => {
    process.env['CONFIG_TEST_FEED'] = 'feed-of-nobody-0123456789';
    try {
      const events = "{ catalogue: { feeds: { secret: '${CONFIG_TEST_FEED}' } } }";
      writeFileSync(file, `${text.replace('yapla: { ', 'yapla: { events: {}, ')}    events: ${events}\n`);
      const { status, printed, noted } = await config();
      expect(noted).toContain('/feeds/club/<events.catalogue.feeds.secret>/catalogue.ics, .json and .xlsx');
      expect(status).toBe(0);
      expect(`${printed}${noted}`).not.toContain('feed-of-nobody');
    } finally {
      delete process.env['CONFIG_TEST_FEED'];
    }
    writeFileSync(file, text);
    expect((await config()).noted).not.toContain('/feeds/');
  });

  test('prints the same as JSON for programs', async () => {
    writeFileSync(file, text);
    const asYaml: unknown = parse((await config()).printed);
    expect(JSON.parse((await config('--json')).printed)).toEqual(asYaml);
  });

  test('ends with status 2 and all problems where the file cannot be used', async () => {
    writeFileSync(file, text.replace('create: yoplanning', 'create: both\n    defaultCountry: France'));
    const { status, printed, noted } = await config();
    expect({ status, printed }).toEqual({ status: 2, printed: '' });
    expect(noted).toMatch(
      /passerelle\.config\.yaml:5 {2}connections\.club\.defaultCountry: expected two capital letters/,
    );
  });
});
