import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, parseConfig, readConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problems.js';
import type { ConfigProblem } from '../../src/config/problems.js';

const team = '5a90332e-568f-4980-9859-88a984844a4d';
const env = { YOPLANNING_TOKEN: 'token-from-environment', YAPLA_KEY: 'key-from-environment' };

const valid = `
connections:
  club:
    create: yoplanning
    yapla:
      read:
        key:
          value: \${YAPLA_KEY}
    yoplanning:
      token: \${YOPLANNING_TOKEN}
      team: ${team}
`;

function parse(text: string, environment: Record<string, string | undefined> = env) {
  return parseConfig(text, '/somewhere/passerelle.config.yaml', environment).config;
}

function refused(text: string, environment: Record<string, string | undefined> = env): ConfigError {
  try {
    parse(text, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

function problemsOf(text: string, environment?: Record<string, string | undefined>): readonly ConfigProblem[] {
  return refused(text, environment).problems;
}

describe('a valid file', () => {
  test('is completed with the defaults', () => {
    const { club } = parse(valid).connections;
    expect(club?.yoplanning).toMatchObject({ baseUrl: 'https://yoplanning.pro/api/v3.1', pageSize: 100 });
    expect(club?.yoplanning.limits).toMatchObject({ requestsPerSecond: 5, requestsPerDay: 1000 });
    expect(club?.fields['phone']).toMatchObject({ type: 'phone', rule: 'ask', yoplanning: 'phone_number' });
  });

  test('has its references replaced, whole or within a text', () => {
    const { connections, database } = parse(`${valid}\ndatabase: { url: 'postgres://me:\${PASSWORD}@db/passerelle' }`, {
      ...env,
      PASSWORD: 'p%40ss',
    });
    expect(connections['club']?.yoplanning.token).toBe('token-from-environment');
    expect(database.url).toBe('postgres://me:p%40ss@db/passerelle');
  });

  test('means the same in JSON, indented with tabs', () => {
    const json = JSON.stringify(
      {
        connections: {
          club: {
            create: 'yoplanning',
            yapla: { read: { key: { value: '${YAPLA_KEY}' } } },
            yoplanning: { token: '${YOPLANNING_TOKEN}', team },
          },
        },
      },
      null,
      '\t',
    );
    expect(parse(json)).toEqual(parse(valid));
  });

  test('may share parts between connections by anchors and merge keys', () => {
    const shared =
      valid.replace('  club:', '  club: &club') +
      '  other:\n    <<: *club\n    yapla: { read: { key: { value: "${YAPLA_KEY}" } } }\n    yoplanning: { token: "${YOPLANNING_TOKEN}", team: 6b90332e-568f-4980-9859-88a984844a4d }\n';
    expect(parse(shared).connections['other']).toMatchObject({ create: 'yoplanning', yapla: { campaign: '0' } });
  });

  test('has file paths relative to itself, not to the working directory', () => {
    expect(parse(`${valid}\ndataDirectory: data`).dataDirectory).toBe('/somewhere/data');
    expect(parse(`${valid}\ntemporal: { devServer: { executable: bin/temporal } }`).temporal.devServer.executable).toBe(
      '/somewhere/bin/temporal',
    );
  });
});

describe('problems', () => {
  test('are all told at once, in the order of the file, each with its line and path', () => {
    const broken =
      valid.replace('create: yoplanning', 'create: never').replace(team, 'not-an-id') + 'log: { level: loud }\n';
    expect(problemsOf(broken).map(({ line, path }) => ({ line, path }))).toEqual([
      { line: 4, path: 'connections.club.create' },
      { line: 11, path: 'connections.club.yoplanning.team' },
      { line: 12, path: 'log.level' },
    ]);
    expect(refused(broken).message).toMatch(
      /passerelle\.config\.yaml:11 {2}connections\.club\.yoplanning\.team: expected an id/,
    );
  });

  test('name the setting that was probably meant by an unknown one', () => {
    expect(problemsOf(valid.replace('create:', 'creat:'))).toContainEqual(
      expect.objectContaining({ line: 4, path: 'connections.club.creat', hint: 'did you mean "create"?' }),
    );
  });

  test('list what is known where no name is near', () => {
    const [problem] = problemsOf(valid.replace('team:', 'organisation: x\n      team:'));
    expect(problem).toMatchObject({ path: 'connections.club.yoplanning.organisation' });
    expect(problem?.hint).toMatch(/^known here: baseUrl, token, team, /);
  });

  test('stand at the nearest group where a setting is missing', () => {
    expect(problemsOf(valid.replace(/.*team: .*\n/, ''))).toEqual([
      { line: 9, path: 'connections.club.yoplanning.team', expected: 'text', found: 'nothing' },
    ]);
  });

  test('of a word offer the known words, and the one that was probably meant', () => {
    expect(problemsOf(valid.replace('create: yoplanning', 'create: yoplaning'))).toEqual([
      {
        line: 4,
        path: 'connections.club.create',
        expected: 'one of "both", "yapla", "yoplanning", "ask", "none"',
        found: 'another word',
        hint: 'did you mean "yoplanning"?',
      },
    ]);
  });

  test.each([
    ['pageSize: many', 'a number', 'text'],
    ['pageSize: 2.5', 'a whole number', 'a number with decimals'],
    ['pageSize: 1', 'a number of at least 2', 'a smaller number'],
    ['pageSize: 101', 'a number of at most 100', 'a larger number'],
    ['baseUrl: yoplanning', 'an address, such as https://example.org/api', 'text in another form'],
    ['paths: []', 'a group of settings', 'a list'],
    ['volatileFields: last_update', 'a list', 'text'],
  ])('of %s say that %s was expected and %s found', (setting, expected, found) => {
    const problems = problemsOf(valid.replace('team:', `${setting}\n      team:`));
    expect(problems).toEqual([expect.objectContaining({ line: 11, expected, found })]);
  });

  test.each(['Europe/Pari', '+02:00', 'heure d’été'])('of an unknown time zone say what one looks like: %s', (zone) => {
    expect(problemsOf(valid.replace('team:', `timeZone: '${zone}'\n      team:`))).toEqual([
      expect.objectContaining({
        line: 11,
        path: 'connections.club.yoplanning.timeZone',
        expected: 'the name of a time zone, such as Europe/Paris, America/Montreal or UTC',
      }),
    ]);
  });

  test('of entries of lists beside webhooks with names of their own say why both cannot be', () => {
    const settings =
      "    fields:\n      firstName: { yapla: a, yoplanning: b }\n      lastName: { yapla: 'c[id=f1].value', yoplanning: b }\n" +
      '    webhooks: { yapla: { fields: { firstName: x } } }\n';
    expect(problemsOf(valid + settings)).toEqual([
      expect.objectContaining({
        path: 'connections.club.webhooks.yapla.fields',
        expected: expect.stringContaining('none, because fields.lastName.yapla is the entry of a list'),
      }),
    ]);
    expect(problemsOf(valid.replace('team:', "referenceField: 'custom[id=f1'\n      team:"))).toEqual([
      expect.objectContaining({ path: 'connections.club.yoplanning.referenceField' }),
    ]);
  });

  test('of a field that may take two forms are told for the form that was begun', () => {
    const fields =
      '    fields:\n      firstName: { yapla: a, yoplanning: { write: b } }\n      lastName: { yapla: a, yoplanning: b }\n';
    expect(problemsOf(valid + fields)).toEqual([
      { line: 13, path: 'connections.club.fields.firstName.yoplanning.read', expected: 'text', found: 'nothing' },
    ]);
  });

  test('of an unknown mode name the modes', () => {
    const write = valid.replace('    yoplanning:\n', '      write: { mode: rset }\n    yoplanning:\n');
    expect(problemsOf(write)).toEqual([
      expect.objectContaining({
        line: 9,
        path: 'connections.club.yapla.write.mode',
        expected: 'one of "rest", "graphql", "workbook", "none"',
      }),
    ]);
  });

  test('between settings are told with their reason', () => {
    const [problem] = problemsOf(valid.replace('create: yoplanning', 'create: both'));
    expect(problem).toMatchObject({ line: 4, path: 'connections.club.create' });
    expect(problem?.expected).toMatch(/yapla\.write\.mode is "none"/);
  });

  test('of addresses and paths that would lead tokens astray are told before anything is sent', () => {
    const problems = problemsOf(
      valid.replace(
        '      team:',
        '      baseUrl: http://yoplanning.pro/api\n      paths: { client: /clients }\n      team:',
      ),
    );
    expect(problems).toEqual([
      expect.objectContaining({
        path: 'connections.club.yoplanning.baseUrl',
        expected: expect.stringMatching(/^an https/),
      }),
      expect.objectContaining({
        path: 'connections.club.yoplanning.paths.client',
        expected: expect.stringMatching(/^a path with \{id\}/),
      }),
    ]);
  });

  test('of aliases that multiply, that contain themselves or that are of no anchor name a line and a path', () => {
    const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(`*${of}`).join(', ')}]`;
    const bomb = ['l0: &l0 [x]', ...Array.from({ length: 6 }, (_, at) => level(`l${at + 1}`, `l${at}`))].join('\n');
    expect(problemsOf(bomb)).toEqual([expect.objectContaining({ line: 7, path: 'l6[8]' })]);
    expect(problemsOf('a: &a\n  b: [1, *a]')).toEqual([expect.objectContaining({ line: 2, path: 'a.b[1]' })]);
    expect(problemsOf(`${valid}\nlog:\n  level: *nobody`)).toEqual([
      expect.objectContaining({ path: 'log.level', found: 'one of an unknown name' }),
    ]);
    expect(problemsOf(`${valid}\nlog: { <<: *nobody }`)).toEqual([expect.objectContaining({ path: 'log.<<' })]);
  });

  test('of syntax name the line and never quote the text', () => {
    const error = refused(`${valid}log: [clear-text-password\n`);
    expect(error.problems[0]?.line).toBeGreaterThanOrEqual(12);
    expect(error.message).not.toContain('clear-text-password');
  });

  test('of an empty file name what is missing', () => {
    expect(problemsOf('')).toEqual([
      { line: null, path: 'connections', expected: 'a group of named settings', found: 'nothing' },
    ]);
  });

  test('include a setting given twice', () => {
    expect(problemsOf(`${valid}connections: {}\n`)).toEqual([
      expect.objectContaining({ line: 12, expected: 'each setting once' }),
    ]);
  });
});

describe('the file that is read', () => {
  let directory: string;
  const before = process.cwd();

  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'passerelle-config-')));
    process.chdir(directory);
  });

  afterEach(() => {
    process.chdir(before);
    rmSync(directory, { recursive: true });
  });

  const withCountry = (country: string): string => `${valid}    defaultCountry: ${country}\n`;

  test('is the named one, before that of PASSERELLE_CONFIG, before those of the working directory', () => {
    writeFileSync('named.yaml', withCountry('BE'));
    writeFileSync('by-environment.yaml', withCountry('CH'));
    writeFileSync('passerelle.config.yml', withCountry('LU'));
    const environment = { ...env, PASSERELLE_CONFIG: 'by-environment.yaml' };
    const country = (path: string | undefined, variables: typeof env) =>
      loadConfig(path, variables).connections['club']?.defaultCountry;
    expect(country('named.yaml', environment)).toBe('BE');
    expect(country(undefined, environment)).toBe('CH');
    expect(country(undefined, env)).toBe('LU');
  });

  test('is told by its absolute path, with the references as they are written', () => {
    writeFileSync('passerelle.config.yaml', valid);
    const loaded = readConfig(undefined, env);
    expect(loaded.file).toBe(join(directory, 'passerelle.config.yaml'));
    expect(Object.fromEntries(loaded.references)).toEqual({
      'connections.club.yapla.read.key.value': '${YAPLA_KEY}',
      'connections.club.yoplanning.token': '${YOPLANNING_TOKEN}',
    });
  });

  test('is asked for, with advice, where there is none', () => {
    expect(() => loadConfig(undefined, env)).toThrow(/none of them; copy passerelle\.config\.example\.yaml/);
    expect(() => loadConfig('missing.yaml', env)).toThrow(/no file of this name/);
  });
});

describe('two connections', () => {
  const second = (team: string, more = '') => `
  choir:
    create: yoplanning
    yapla: { read: { key: { value: '\${YAPLA_KEY}' } }, campaign: '7' }
    yoplanning: { token: '\${YOPLANNING_TOKEN}', team: ${team}${more} }
`;

  test('of one team are refused, with the path of the second and the name of the first', () => {
    expect(problemsOf(valid + second(team.toUpperCase()))).toMatchObject([
      {
        path: 'connections.choir.yoplanning.team',
        expected: 'a team that no other connection has: connections.club.yoplanning.team names it, too',
      },
    ]);
  });

  test('of one team of two servers are two teams', () => {
    expect(() => parse(valid + second(team, ', baseUrl: https://yoplanning.example/api/v3.1'))).not.toThrow();
  });

  test('with one token get the strictest of their limits, with another token each its own', () => {
    const other = '6b90332e-568f-4980-9859-88a984844a4d';
    const strict = ', limits: { requestsPerSecond: 2, requestsPerDay: null, liveShare: 0.4 }';
    const limitsOf = (environment: Record<string, string | undefined>, text: string) => {
      const { club, choir } = parse(text, environment).connections;
      return [club!.yoplanning.limits, choir!.yoplanning.limits];
    };
    const shared = { requestsPerSecond: 2, requestsPerDay: 1_000, liveShare: 0.4 };
    expect(limitsOf(env, valid + second(other, strict))).toMatchObject([shared, shared]);
    const apart = valid + second(other, strict).replace('YOPLANNING_TOKEN', 'YAPLA_KEY');
    expect(limitsOf(env, apart)).toMatchObject([
      { requestsPerSecond: 5, requestsPerDay: 1_000, liveShare: 0.2 },
      { requestsPerSecond: 2, requestsPerDay: null },
    ]);
  });
});
