/** Who may read the feeds of a catalogue, and what a configuration may say of them. */
import { describe, expect, test } from '@jest/globals';
import { parseConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problems.js';
import { feedsOf } from '../../src/config/feeds.js';

const environment = { KEY: 'key-of-nobody', FEED: 'feed-of-nobody-0123456789', HOOK: 'hook-of-nobody-0123456789' };

function parse(feeds: object | undefined, { hook = '${HOOK}', env = environment } = {}) {
  const of = (team: string, more: object) => ({
    create: 'none',
    yapla: { read: { key: { value: '${KEY}' } }, events: {} },
    yoplanning: { token: '${KEY}', team },
    webhooks: { yoplanning: { secret: hook } },
    ...more,
  });
  const connections = {
    club: of('5a90332e-568f-4980-9859-88a984844a4d', { events: { catalogue: feeds === undefined ? {} : { feeds } } }),
    other: of('11111111-1111-4111-8111-111111111111', {}),
  };
  return parseConfig(JSON.stringify({ connections }), '/x/passerelle.config.json', env).config.connections['club']!;
}

function problemsOf(...parts: Parameters<typeof parse>): readonly string[] {
  try {
    parse(...parts);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).not.toMatch(/of-nobody/);
    return error.problems.map(({ path, expected }) => `${path}: ${expected}`);
  }
}

const place = 'connections.club.events.catalogue.feeds';

test('a connection has no feeds until it has a secret for them', () => {
  expect(feedsOf(parse(undefined))).toBeNull();
  expect(feedsOf(parse({ secret: '${FEED}' }))).toMatchObject({ secret: environment.FEED, maxAgeMs: 300_000 });
  expect(problemsOf({})).toEqual([expect.stringContaining(`${place}.secret: `)]);
});

describe('the secret of the feeds', () => {
  test('is refused in clear text', () => {
    expect(problemsOf({ secret: environment.FEED })).toEqual([
      `${place}.secret: the name of an environment variable, as \${NAME}`,
    ]);
  });

  test('is refused where it can be guessed, or does not fit into an address', () => {
    for (const FEED of ['short-of-nobody', `${environment.FEED}/x`, `${environment.FEED}?`])
      expect(problemsOf({ secret: '${FEED}' }, { env: { ...environment, FEED } })).toEqual([
        expect.stringMatching(/feeds\.secret: 24 to 200 letters/),
      ]);
  });

  test('is refused where a webhook of any connection has the same, because everyone who sees a page can learn it', () => {
    const problems = problemsOf({ secret: '${FEED}' }, { hook: '${FEED}' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${place}.secret: `);
  });
});

test('the page of a session is an http address, in which the ids alone are left open', () => {
  const withPage = (pageUrl: string) => problemsOf({ secret: '${FEED}', pageUrl });
  expect(withPage('https://club.example/book/{product}?session={session}')).toEqual([]);
  for (const wrong of ['javascript:alert(1)', 'club.example/{product}', 'https://club.example/{price}', 'https://x y/'])
    expect(withPage(wrong)).toEqual([expect.stringContaining(`${place}.pageUrl: `)]);
});

test('what calendars call a catalogue is one line', () => {
  expect(problemsOf({ secret: '${FEED}', name: 'Voile\r\nBEGIN:VEVENT' })).toEqual([
    expect.stringContaining(`${place}.name: `),
  ]);
});
