import { describe, expect, test } from '@jest/globals';
import { parseConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problems.js';

const long = 'secret-of-nobody-0123456789';

function parse(parts: { webhooks?: object; receiver?: object }, secret = long) {
  const club = {
    create: 'none',
    yapla: { read: { key: { value: '${SECRET}' } } },
    yoplanning: { token: '${SECRET}', team: '5a90332e-568f-4980-9859-88a984844a4d' },
    webhooks: parts.webhooks ?? {},
  };
  const text = JSON.stringify({ receiver: parts.receiver ?? {}, connections: { club } });
  return parseConfig(text, '/x/passerelle.config.json', { SECRET: secret }).config;
}

function problemsOf(parts: Parameters<typeof parse>[0], secret?: string) {
  try {
    parse(parts, secret);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // Whatever is wrong with it, a secret is never shown.
    expect(error.message).not.toMatch(/of-nobody/);
    return error.problems.map(({ path, expected }) => `${path}: ${expected}`);
  }
}

describe('webhooks', () => {
  test('are taken of no system by default, and Yapla’s are expected in the assumed shape', () => {
    const { webhooks } = parse({}).connections['club']!;
    expect(webhooks.yoplanning).toEqual({});
    expect(webhooks.yapla).toEqual({
      event: { path: 'event', created: ['member.created'], updated: ['member.updated'], deleted: [] },
      member: 'data',
      id: null,
      modified: null,
      believe: 'whole',
      fields: {},
    });
  });

  test('have fields elsewhere only where there are such fields', () => {
    const fields = { city: 'coordonnees.ville', town: 'coordonnees.ville' };
    expect(problemsOf({ webhooks: { yapla: { fields } } })).toEqual([
      'connections.club.webhooks.yapla.fields.town: the name of a field in `fields`',
    ]);
  });

  test('need a secret that cannot be guessed and fits into an address', () => {
    expect(parse({ webhooks: { yapla: { secret: '${SECRET}' } } }).connections['club']!.webhooks.yapla.secret).toBe(
      long,
    );
    for (const secret of ['short-of-nobody', `${long}/of-nobody`, `${long}?`, `${long}-é`]) {
      expect(problemsOf({ webhooks: { yoplanning: { secret: '${SECRET}' } } }, secret)).toEqual([
        expect.stringMatching(/^connections\.club\.webhooks\.yoplanning\.secret: 24 to 200 letters/),
      ]);
    }
  });

  test.each([
    ['secret', { yapla: { secret: long } }],
    ['header.value', { yapla: { secret: '${SECRET}', header: { name: 'X-A', value: long } } }],
    ['basic.password', { yapla: { secret: '${SECRET}', basic: { user: 'a', password: long } } }],
    ['hmac.secret', { yapla: { secret: '${SECRET}', hmac: { header: 'X-A', secret: long } } }],
  ])('never hold a %s in clear text', (name, webhooks) => {
    expect(problemsOf({ webhooks })).toEqual([
      `connections.club.webhooks.yapla.${name}: the name of an environment variable, as \${NAME}`,
    ]);
  });

  test('are not half configured: what authenticates them is of no use without an address', () => {
    const header = { name: 'X-A', value: '${SECRET}' };
    expect(problemsOf({ webhooks: { yoplanning: { header } } })).toEqual([
      expect.stringMatching(/^connections\.club\.webhooks\.yoplanning\.secret: a secret beside header/),
    ]);
  });
});

describe('trusted proxies', () => {
  test.each([[['loopback']], [['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', 'uniquelocal']]])(
    'may be %j',
    (trustProxy) => {
      expect(parse({ receiver: { trustProxy } }).receiver.trustProxy).toEqual(trustProxy);
    },
  );

  test.each(['everybody', 'proxy.example', '10.0.0.0/64', ''])('may not be "%s"', (name) => {
    expect(problemsOf({ receiver: { trustProxy: [name] } })).toHaveLength(1);
  });
});
