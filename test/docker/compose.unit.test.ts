/** Holds docker-compose.yml and Dockerfile against each other and against what our code reads; no Docker is asked. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.js';

interface Service {
  image: string;
  restart?: string;
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  command?: string[];
  entrypoint?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  env_file?: string;
  cap_drop?: string[];
  security_opt?: string[];
  read_only?: boolean;
  mem_limit?: string;
}

const text = readFileSync('docker-compose.yml', 'utf8');
const { services, volumes } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const all = Object.entries(services);
const service = (name: string): Service => {
  const found = services[name];
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
};
const environmentOf = (name: string): Record<string, string> => service(name).environment ?? {};
const exampleVariables = parseEnv(readFileSync('.env.example', 'utf8'));
const dockerfile = readFileSync('Dockerfile', 'utf8');

/** As Compose fills in `${NAME:?…}` and `${NAME:-default}`. */
function filledIn(value: string, variables: Record<string, string>): string {
  return value.replace(/\$\{(\w+)(?::([?-])([^}]*))?\}/g, (_, name: string, kind: string | undefined, rest: string) => {
    const found = variables[name];
    if (found !== undefined && found !== '') return found;
    if (kind === '-') return rest;
    throw new Error(`${name} has neither value nor default`);
  });
}

const secrets = {
  POSTGRES_PASSWORD: 'invented0',
  PASSERELLE_DB_PASSWORD: 'invented1',
  TEMPORAL_DB_PASSWORD: 'invented2',
  YAPLA_API_KEY: 'invented3',
  YOPLANNING_TOKEN: 'invented4',
};

describe('docker-compose.yml', () => {
  test.each(all)('%s runs an image of one exact version, and what was published under it', (_, { image }) => {
    if (image.startsWith('passerelle:')) expect(image).toMatch(/^passerelle:\d+\.\d+\.\d+$/);
    else expect(image).toMatch(/^[\w./-]+:\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}$/);
  });

  test('takes the schema and the namespace tools of the very version of the Temporal server', () => {
    const version = /:([\d.]+)@/.exec(service('temporal').image)?.[1] ?? '';
    expect(version).not.toBe('');
    for (const name of ['temporal-schema', 'temporal-namespace']) {
      expect(service(name).image.startsWith(`temporalio/admin-tools:${version}@`)).toBe(true);
    }
  });

  test.each(all)('%s waits only for what can tell that it is ready', (_, { depends_on: dependencies = {} }) => {
    for (const [name, { condition }] of Object.entries(dependencies)) {
      const { healthcheck, restart = '' } = service(name);
      if (condition === 'service_healthy') expect(healthcheck?.test).toBeDefined();
      // A job that is restarted for ever never completes.
      else
        expect({ condition, restart }).toEqual({
          condition: 'service_completed_successfully',
          restart: expect.stringMatching(/^on-failure/),
        });
    }
  });

  test('starts the worker after database, schema, server and namespace', () => {
    const before = (name: string): string[] =>
      Object.keys(service(name).depends_on ?? {}).flatMap((other) => [other, ...before(other)]);
    expect(new Set(before('worker'))).toEqual(
      new Set(['postgres', 'temporal-schema', 'temporal', 'temporal-namespace']),
    );
  });

  test.each(all)('%s publishes its ports on this machine alone', (_, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\$\{[A-Z_]+:-\d+\}:\d+$/);
  });

  test.each(all)(
    '%s has no capability that it can do without, gains no privilege, and no memory without end',
    (name, it) => {
      expect(it.cap_drop).toEqual(['ALL']);
      expect(it.security_opt).toEqual(['no-new-privileges:true']);
      expect(it.mem_limit).toMatch(/^\d+[mg]$/);
      if (it.image.startsWith('passerelle:')) expect([name, it.read_only]).toEqual([name, true]);
    },
  );

  test('gives the receiver, which faces the internet, no token of either system', () => {
    const receiver = environmentOf('receiver');
    const active = readFileSync('passerelle.config.example.yaml', 'utf8').replace(/^\s*#.*$/gm, '');
    const tokens = [...active.matchAll(/(?:value|apiKey|token): \$\{(\w+)\}/g)].map((match) => match[1]!);
    expect(tokens.length).toBeGreaterThan(1);
    for (const name of tokens) expect([name, receiver[name]]).toEqual([name, 'withheld']);
  });

  test('shows Temporal’s UI without what changes anything, and its HTTP API to nobody', () => {
    expect(filledIn(environmentOf('temporal-ui')['TEMPORAL_DISABLE_WRITE_ACTIONS'] ?? '', {})).toBe('true');
    const file = service('temporal').volumes?.[0]?.split(':')[0] ?? '';
    const values = parse(readFileSync(file, 'utf8')) as Record<string, { value: unknown }[]>;
    expect(values['frontend.httpAllowedHosts']).toEqual([{ value: ['nobody.invalid'] }]);
  });

  test('has a line in .env.example for each variable without a default', () => {
    const needed = new Set([...text.matchAll(/\$\{(\w+):\?/g)].map((match) => match[1]));
    expect(Object.keys(exampleVariables)).toEqual(expect.arrayContaining([...needed]));
    expect(
      [...text.matchAll(/\$\{(\w+)\}/g)]
        .map((match) => match[1])
        .filter((name) => name !== 'DATABASE_URL' && name !== 'TEMPORAL_ADDRESS'),
    ).toEqual([]);
  });

  test('has a line in .env.example for each secret of the example configuration', () => {
    const active = readFileSync('passerelle.config.example.yaml', 'utf8').replace(/^\s*#.*$/gm, '');
    const references = [...active.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]);
    expect(references.length).toBeGreaterThan(0);
    expect(Object.keys(exampleVariables)).toEqual(expect.arrayContaining(references));
  });

  test('holds no password', () => {
    for (const [name, value] of all.flatMap(([, { environment = {} }]) => Object.entries(environment))) {
      if (/PASSWORD|PWD/.test(name)) expect(value).toMatch(/^\$\{\w+:\?[^}]+\}$|^withheld$/);
    }
  });

  test('works as a role that is no superuser, and gives every role the password that it is created with', () => {
    const variables = { ...secrets };
    const postgres = environmentOf('postgres');
    const script = readFileSync('docker/create-roles.sh', 'utf8');
    const created = [...script.matchAll(/^create role (\w+) (.*);$/gm)].map(([, name, options]) => [name, options]);
    expect(created).toEqual([
      ['passerelle', "login password :'password'"],
      ['temporal', "login createdb password :'temporal_password'"],
    ]);
    expect(script).toContain('alter database passerelle owner to passerelle;');
    for (const name of ['worker', 'receiver']) {
      const url = new URL(filledIn(environmentOf(name)['DATABASE_URL'] ?? '', variables));
      const found = { user: url.username, password: url.password, database: url.pathname.slice(1), host: url.hostname };
      expect(found).toEqual({
        user: 'passerelle',
        password: filledIn(postgres['PASSERELLE_DB_PASSWORD'] ?? '', variables),
        database: postgres['POSTGRES_DB'],
        host: 'postgres',
      });
      expect(found.user).not.toBe(postgres['POSTGRES_USER']);
      // .env has them, and whoever reads it must not.
      for (const password of ['POSTGRES_PASSWORD', 'TEMPORAL_DB_PASSWORD'])
        expect(environmentOf(name)[password]).toBe('withheld');
    }
    const temporal = filledIn(postgres['TEMPORAL_DB_PASSWORD'] ?? '', variables);
    expect(filledIn(environmentOf('temporal')['POSTGRES_PWD'] ?? '', variables)).toBe(temporal);
    expect(filledIn(environmentOf('temporal-schema')['SQL_PASSWORD'] ?? '', variables)).toBe(temporal);
    expect([environmentOf('temporal')['POSTGRES_USER'], environmentOf('temporal-schema')['SQL_USER']]).toEqual([
      'temporal',
      'temporal',
    ]);
  });

  test('asks worker and receiver whether they can work, at the ports that the configuration has by itself', () => {
    const { worker, receiver } = parseConfig(
      readFileSync('passerelle.config.example.yaml', 'utf8'),
      'passerelle.config.yaml',
      secrets,
    ).config;
    for (const [name, port] of [
      ['worker', worker.port],
      ['receiver', receiver.port],
    ] as const)
      expect(service(name).healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${port}/ready`);
  });

  test('reaches servers under the names and ports they have', () => {
    const addresses = ['worker', 'temporal-ui', 'temporal-namespace'].map(
      (name) => environmentOf(name)['TEMPORAL_ADDRESS'],
    );
    const port = service('temporal').ports?.[0]?.split(':').at(-1);
    expect(addresses).toEqual(Array(3).fill(`temporal:${port}`));
    expect(environmentOf('temporal')['POSTGRES_SEEDS']).toBe('postgres');
    expect(environmentOf('temporal-schema')['SQL_HOST']).toBe('postgres');
  });

  test('mounts files that are here, and volumes that are declared', () => {
    const sources = all.flatMap(([, { volumes: mounted = [] }]) => mounted.map((mount) => mount.split(':')[0] ?? ''));
    for (const source of sources) {
      if (!source.startsWith('./')) expect(Object.keys(volumes)).toContain(source);
      // The configuration is the organisation's own.
      else if (source !== './passerelle.config.yaml') expect(statSync(source).isFile()).toBe(true);
    }
    expect(sources).toContain('./passerelle.config.yaml');
  });

  test.each(['create-roles', 'temporal-schema', 'temporal-namespace'])('docker/%s.sh is sound shell', (name) => {
    const file = `docker/${name}.sh`;
    execFileSync('sh', ['-n', file]);
    expect(readFileSync(file, 'utf8')).toMatch(/^#!\/bin\/sh\n#.*\nset -eu$|^#!\/bin\/sh\n(#.*\n)+set -eu$/m);
  });

  test('makes the worker read the configuration, and the configuration find its servers', () => {
    const worker = environmentOf('worker');
    const mount = service('worker').volumes?.find((one) => one.startsWith('./passerelle.config.yaml:'));
    expect(mount?.split(':')[1]).toBe(worker['PASSERELLE_CONFIG']);
    const variables = Object.fromEntries(
      Object.entries(worker).map(([name, value]) => [name, filledIn(value, secrets)]),
    );
    const example = readFileSync('passerelle.config.example.yaml', 'utf8');
    const asTold = `${example}\ndatabase:\n  url: \${DATABASE_URL}\ntemporal:\n  address: \${TEMPORAL_ADDRESS}\n`;
    const { config } = parseConfig(asTold, 'passerelle.config.yaml', { ...secrets, ...variables });
    expect(config.database.url).toBe('postgres://passerelle:invented1@postgres:5432/passerelle');
    expect(config.temporal.address).toBe('temporal:7233');
    expect(config.temporal.namespace).toBe(environmentOf('temporal-namespace')['TEMPORAL_NAMESPACE']);
  });
});

describe('Dockerfile', () => {
  const { engines, version } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    engines: { node: string };
    version: string;
  };
  const copied = [...dockerfile.matchAll(/^COPY (.+) \S+$/gm)].flatMap((match) => (match[1] ?? '').split(' '));

  test('runs a Node that package.json allows', () => {
    const [major = 0, minor = 0] = (
      /^FROM node:(\d+\.\d+)\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/m.exec(dockerfile)?.[1] ?? ''
    )
      .split('.')
      .map(Number);
    const [, least = 0, leastMinor = 0] = (/^>=(\d+)\.(\d+)/.exec(engines.node) ?? []).map(Number);
    // 20 has had its last security release; `engines` still allows it.
    expect(major).toBeGreaterThanOrEqual(22);
    expect(major > least || (major === least && minor >= leastMinor)).toBe(true);
  });

  test('copies what exists and what .dockerignore lets through, and nothing else is let through', () => {
    const ignore = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(ignore[0]).toBe('*');
    expect(ignore.slice(1).sort()).toEqual(copied.map((file) => `!${path.normalize(file)}`).sort());
    for (const file of copied) expect(statSync(file).isFile() || statSync(file).isDirectory()).toBe(true);
  });

  test('runs as somebody else than root, and our command line as its entry point', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
    const entry = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
    expect(entry).toEqual(['node', '/app/bin/passerelle.js']);
    expect(service('worker').command).toEqual(JSON.parse(/^CMD (.+)$/m.exec(dockerfile)?.[1] ?? '[]'));
    expect(service('worker').image).toBe(`passerelle:${version}`);
  });

  test('copies every folder that the sources import from', () => {
    const sources = execFileSync('git', ['ls-files', 'src', 'workflows', 'activities', 'bin'], { encoding: 'utf8' })
      .split('\n')
      .filter((file) => /\.(ts|js)$/.test(file));
    const folders = new Set(
      sources.flatMap((file) =>
        [...readFileSync(file, 'utf8').matchAll(/from '(\.{1,2}\/[^']+)'/g)].map(
          (match) => path.normalize(path.join(path.dirname(file), match[1] ?? '')).split('/')[0] ?? '',
        ),
      ),
    );
    expect(folders.size).toBeGreaterThan(1);
    expect(copied.map((file) => path.normalize(file))).toEqual(expect.arrayContaining([...folders]));
  });
});
