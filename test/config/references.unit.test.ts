import { describe, expect, test } from '@jest/globals';
import { expandReferences } from '../../src/config/references.js';

const connection = (yoplanning: unknown) => ({ connections: { club: { yoplanning } } });
const tokenPath = ['connections', 'club', 'yoplanning', 'token'];

describe('a reference', () => {
  test('is replaced in lists and groups, and leaves other values as they are', () => {
    const { value, findings } = expandReferences(
      { a: ['${X}', 1, null], b: { c: 'x-${X}-${Y}', d: true } },
      { X: '1', Y: '2' },
    );
    expect(findings).toEqual([]);
    expect(value).toEqual({ a: ['1', 1, null], b: { c: 'x-1-2', d: true } });
  });

  test('to a missing or empty variable is a problem that names variable and setting', () => {
    const { findings } = expandReferences(connection({ token: '${TOKEN}', baseUrl: '${BASE}' }), { BASE: '' });
    expect(findings).toEqual([
      expect.objectContaining({
        path: tokenPath,
        expected: 'the environment variable TOKEN',
        found: 'that it is not set',
      }),
      expect.objectContaining({ expected: 'the environment variable BASE', found: 'that it is empty' }),
    ]);
  });

  test('in another form is a problem', () => {
    expect(expandReferences({ a: '${not-a-name}' }, {}).findings).toHaveLength(1);
  });

  test('is not looked for within the value of a variable', () => {
    expect(expandReferences({ a: '${X}' }, { X: '${Y}', Y: 'y' })).toMatchObject({
      value: { a: '${Y}' },
      findings: [],
    });
  });
});

describe('a secret', () => {
  test.each(['4804c2cb4d87a13146d4de029f407c82149f2ada', 'Token ${TOKEN}', 123456, true])(
    'that stands in the file is refused, in whatever form (case %#)',
    (token) => {
      const { findings } = expandReferences(connection({ token }), { TOKEN: 'x' });
      expect(findings).toEqual([expect.objectContaining({ path: tokenPath, found: 'a secret in clear text' })]);
    },
  );

  test('may come from several variables', () => {
    const { value, findings } = expandReferences(connection({ token: '${FIRST}${SECOND}' }), {
      FIRST: 'ab',
      SECOND: 'cd',
    });
    expect(findings).toEqual([]);
    expect(value).toEqual(connection({ token: 'abcd' }));
  });

  test('with a line break at its end is refused before a server answers 401 to it', () => {
    const { findings } = expandReferences(connection({ token: '${TOKEN}' }), { TOKEN: 'abc\n' });
    expect(findings).toEqual([expect.objectContaining({ path: tokenPath })]);
  });

  test.each([
    [['connections', 'club', 'yoplanning', 'token']],
    [['connections', 'club', 'yapla', 'read', 'key', 'value']],
    [['connections', 'club', 'yapla', 'write', 'apiKey']],
    [['temporal', 'apiKey']],
  ])('is known by the schema at %j', (path) => {
    const document = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), 'in-clear-text');
    expect(expandReferences(document, {}).findings).toEqual([expect.objectContaining({ path })]);
  });

  test('is refused as the password of an address, as user information or as a parameter', () => {
    for (const url of [
      'postgres://me:secret@db/x',
      'postgres://db/x?password=secret',
      'postgres://me:a${PASSWORD}@db/x',
      'postgres://me@db/x?sslmode=verify-full&sslpassword=secret',
      'postgres://me:p%zzclear@db/x',
    ]) {
      const { findings } = expandReferences({ database: { url } }, { PASSWORD: 'x' });
      expect(findings).toEqual([expect.objectContaining({ path: ['database', 'url'] })]);
    }
    for (const url of [
      'postgres://me@db/x',
      'postgres://me:${PASSWORD}@db/x',
      '${DATABASE_URL}',
      'postgres://${HOST}:5432/x',
      'postgres://me@db/x?sslpassword=${PASSWORD}&sslkey=/run/key.pem&sslmode=verify-full',
    ]) {
      const variables = { PASSWORD: 'x', DATABASE_URL: 'postgres://me:secret@db/x', HOST: 'db' };
      expect(expandReferences({ database: { url } }, variables).findings).toEqual([]);
    }
  });

  test('is refused as user or parameter of an API’s address or path', () => {
    for (const text of [
      'https://4804c2cb@api.example/v3',
      'https://api.example/v3?api_key=4804c2cb',
      'https://api.example/v3?X-Access-Token=4804c2cb',
      '/members?key=4804c2cb',
    ])
      expect([text, expandReferences({ a: text }, {}).findings.length]).toEqual([text, 1]);
    for (const text of ['https://${KEY}@api.example/v3', '/members?key=${KEY}', '/members?status=active', 'a?token=b'])
      expect([text, expandReferences({ a: text }, { KEY: 'x' }).findings.length]).toEqual([text, 0]);
  });

  test('never shows in a problem, nor does any other value', () => {
    const document = connection({
      token: 'clear-text',
      baseUrl: '${SPACED}',
      paths: 'postgres://me:clear-text@db',
      team: '${NONE}',
    });
    const { findings } = expandReferences(document, { SPACED: 'value of variable' });
    expect(findings).not.toHaveLength(0);
    expect(JSON.stringify(findings)).not.toMatch(/clear-text|value of variable/);
  });
});
