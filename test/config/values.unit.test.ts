import { describe, expect, test } from '@jest/globals';
import { credentialPrefix, recordPath, systemAddress } from '../../src/config/values.js';

const problemsOf = (schema: ReturnType<typeof systemAddress | typeof credentialPrefix>, text: string) =>
  schema.safeParse(text).error?.issues.map(({ message }) => message) ?? [];

describe('the address of a system', () => {
  test.each(['https://yoplanning.pro/api/v3.1', 'http://127.0.0.1:8001/v4/', 'http://localhost:1/', 'http://[::1]:80'])(
    'may be %s',
    (text) => expect(problemsOf(systemAddress(), text)).toEqual([]),
  );

  test.each([
    'http://yoplanning.pro/api/v3.1',
    'http://localhost.example/',
    'http://127.0.0.1.example/',
    'http://10.0.0.1/',
    'ftp://localhost/',
    'file:///etc/passwd',
  ])('is refused as %s, which would send the token in clear text or nowhere', (text) => {
    expect(problemsOf(systemAddress(), text)).toEqual([expect.stringMatching(/^expected an https address/)]);
  });

  test.each([
    'https://token@api.example/',
    'https://u:p@api.example/',
    'https://api.example/?key=x',
    'https://api.example/#x',
  ])('is refused as %s: it has more in it than an address', (text) =>
    expect(problemsOf(systemAddress(), text)).toEqual([expect.stringMatching(/^expected an address without/)]),
  );
});

test('the path of a record has the record’s id in it', () => {
  expect(recordPath().safeParse('/teams/{team}/clients/{id}').success).toBe(true);
  expect(recordPath().safeParse('/teams/{team}/clients').error?.issues[0]?.message).toMatch(
    /^expected a path with \{id\}/,
  );
});

describe('what stands before a credential', () => {
  test.each(['', 'Bearer ', 'Token ', 'sha256=', 'v0:', 'v1,'])('may be "%s"', (text) => {
    expect(problemsOf(credentialPrefix(), text)).toEqual([]);
  });

  test.each(['Token 4804c2cb4d87a13146d4de029f407c82', 'sk_live_4804c2cb4d87a131', '4804c2cb', 'a b '])(
    'is refused as "%s": it could be a secret',
    (text) => expect(problemsOf(credentialPrefix(), text)).toEqual([expect.stringMatching(/^expected a word/)]),
  );
});
