import { describe, expect, test } from '@jest/globals';
import { bookingsSchema } from '../../src/config/yoplanningEvents.js';
import { yoplanningSchema } from '../../src/config/yoplanning.js';

/** Path and message of what is wrong. */
function problems(events: unknown): readonly [string, string][] {
  const { error } = bookingsSchema.safeParse(events);
  return (error?.issues ?? []).map(({ path, message }) => [path.join('.'), message]);
}

describe('what is sold and booked', () => {
  test('needs no setting', () => {
    expect(problems({})).toEqual([]);
  });

  test('is refused where an order is cancelled by a status that it does not have', () => {
    const message = expect.stringContaining('statusField is null') as unknown as string;
    expect(problems({ order: { cancelBy: 'put', statusField: null } })).toEqual([['order.cancelBy', message]]);
    expect(problems({ order: { cancelBy: 'delete', statusField: null } })).toEqual([]);
    expect(problems({ order: { cancelBy: 'put' } })).toEqual([]);
  });

  test.each([
    [{ currency: 'EURO' }, 'currency'],
    [{ currency: 'eur' }, 'currency'],
    [{ lang: 'french' }, 'lang'],
    [{ sessions: 'all' }, 'sessions'],
    [{ order: { cancelBy: 'post' } }, 'order.cancelBy'],
    [{ session: { startField: 'a[b' } }, 'session.startField'],
  ])('is refused where a setting makes no sense: %j', (events, path) => {
    expect(problems(events).map(([at]) => at)).toEqual([path]);
  });
});

test('a path of sessions must name their product: else each product would show the same list', () => {
  const paths = { sessionGroups: '/teams/{team}/session-groups/' };
  const { error } = yoplanningSchema.safeParse({ token: 'x', team: '5a90332e-568f-4980-9859-88a984844a4d', paths });
  expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['paths.sessionGroups']);
});
