import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../../src/core/document.js';
import { Refusal } from '../../src/receiver/refusals.js';
import { readYoplanning } from '../../src/receiver/endpoints.js';
import { client, clientEvent, team, testConfig } from './testServer.js';

type Yoplanning = ReturnType<typeof testConfig>['connections'][string]['yoplanning'];

function read(body: JsonObject, more: Partial<Yoplanning> = {}) {
  const club = testConfig().connections['club']!;
  return readYoplanning({ ...club, yoplanning: { ...club.yoplanning, ...more } }, body);
}

/** Why it is refused; null: it is not. */
function refusal(body: JsonObject): { reason: string; host?: string; differs?: string } | null {
  try {
    read(body);
    return null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { reason: error.reason, ...error.logged };
  }
}

describe('what happened', () => {
  test.each([
    ['created', 'created'],
    ['updated', 'updated'],
    ['Updated', 'updated'],
    ['modified', 'updated'],
    ['DELETED', 'deleted'],
    [' cancelled ', 'deleted'],
  ])('is %s in their words and %s in ours', (theirs, ours) => {
    expect(read({ ...clientEvent, event: theirs })).toEqual({ kind: 'person', event: ours, externalId: client });
  });

  test.each(['archived', '', 'constructor', '__proto__'])(
    'is nothing that we act on where the word is "%s"',
    (event) => {
      expect(read({ ...clientEvent, event })).toEqual({ kind: null, event: 'other', externalId: null });
    },
  );

  test.each(['session', 'member', 'order', 'constructor'])(
    'is nothing that we act on where a %s is concerned',
    (type) => {
      const link = `https://yoplanning.pro/api/v3.1/teams/${team}/${type}s/12`;
      expect(read({ ...clientEvent, resource: { id: 12, type }, link })).toEqual({
        kind: null,
        event: 'other',
        externalId: null,
      });
    },
  );
});

describe('an order, where registrations are looked at', () => {
  const withEvents = (body: JsonObject, more: Partial<Yoplanning> = {}) => {
    const connection = { yapla: { read: { key: { value: 'key' } }, events: {} } };
    const club = testConfig({ connection }).connections['club']!;
    return readYoplanning({ ...club, yoplanning: { ...club.yoplanning, ...more } }, body);
  };
  const order = {
    resource: { id: client, type: 'Order' },
    link: `https://yoplanning.pro/api/v3.1/teams/${team}/orders/${client}/`,
    event: 'cancelled',
  };

  test('is a registration, and a client is a person all the same', () => {
    expect(withEvents(order)).toEqual({ kind: 'registration', event: 'deleted', externalId: client });
    expect(withEvents(clientEvent)).toEqual({ kind: 'person', event: 'updated', externalId: client });
  });

  test('is refused where its link leads to anything but this order of the team', () => {
    for (const link of [clientEvent.link, order.link.replace(team, client), order.link.replace('orders', 'sales')])
      expect(() => withEvents({ ...order, link })).toThrow(Refusal);
    const { paths } = testConfig().connections['club']!.yoplanning;
    const sales = { paths: { ...paths, order: '/teams/{team}/sales/{id}' } };
    expect(withEvents({ ...order, link: order.link.replace('orders', 'sales') }, sales)).toMatchObject({
      kind: 'registration',
    });
    expect(() => withEvents(order, sales)).toThrow(Refusal);
  });

  test('is refused where its id is none', () => {
    expect(() => withEvents({ ...order, resource: { id: 12, type: 'order' } })).toThrow(Refusal);
  });
});

describe('the id', () => {
  test('is the same in capital letters, in the resource or in the link', () => {
    const id = client.toUpperCase();
    expect(read({ ...clientEvent, resource: { id, type: 'Client' } })).toEqual({
      kind: 'person',
      event: 'updated',
      externalId: client,
    });
    expect(read({ ...clientEvent, link: clientEvent.link.replace(client, id) })).toMatchObject({ externalId: client });
  });

  test.each([12, '', '12', 'not-a-uuid', `${client}0`, `${client}/../..`, null])('is refused where it is %j', (id) => {
    expect(refusal({ ...clientEvent, resource: { id, type: 'client' } })).toMatchObject({ reason: 'shape' });
  });
});

describe('the link', () => {
  test('may have a slash at its end, whether the configured path has one or not', () => {
    const body = { ...clientEvent, link: `${clientEvent.link}/` };
    expect(read(body)).toMatchObject({ externalId: client });
    const { paths: own } = testConfig().connections['club']!.yoplanning;
    const paths = { ...own, client: '/teams/{team}/clients/{id}/' };
    expect(read(clientEvent, { paths })).toMatchObject({ externalId: client });
    expect(read(body, { paths })).toMatchObject({ externalId: client });
  });

  test('is that of the configured base, port and path included', () => {
    const body = { ...clientEvent, link: `http://127.0.0.1:8001/v4/teams/${team}/clients/${client}` };
    expect(read(body, { baseUrl: 'http://127.0.0.1:8001/v4/' })).toMatchObject({ externalId: client });
  });

  test('may be written with http: it is compared and never followed, so that nobody need configure http', () => {
    const link = clientEvent.link.replace('https:', 'http:');
    expect(link).toMatch(/^http:/);
    expect(read({ ...clientEvent, link })).toMatchObject({ externalId: client });
  });

  const another = '00000000-0000-4000-8000-000000000000';
  test.each([
    ['another host', `https://evil.example/api/v3.1/teams/${team}/clients/${client}`, 'evil.example'],
    [
      'our host as a user',
      `https://yoplanning.pro@evil.example/api/v3.1/teams/${team}/clients/${client}`,
      'not an address',
    ],
    [
      'a host that begins like ours',
      `https://yoplanning.pro.evil.example/clients/${client}`,
      'yoplanning.pro.evil.example',
    ],
    ['another port', `https://yoplanning.pro:8443/api/v3.1/teams/${team}/clients/${client}`, 'yoplanning.pro:8443'],
    ['another team', `https://yoplanning.pro/api/v3.1/teams/${another}/clients/${client}`, 'yoplanning.pro'],
    ['another client', `https://yoplanning.pro/api/v3.1/teams/${team}/clients/${another}`, 'yoplanning.pro'],
    ['another resource', `https://yoplanning.pro/api/v3.1/teams/${team}/orders/${client}`, 'yoplanning.pro'],
    ['a way round', `https://yoplanning.pro/api/v3.1/teams/${team}/clients/${client}/../${another}`, 'yoplanning.pro'],
    ['a file', 'file:///etc/passwd', 'not an address'],
    ['no address', 'clients/12', 'not an address'],
  ])('is refused where it leads to %s', (_, link, host) => {
    const differs = host === 'yoplanning.pro' ? 'path' : 'host';
    expect(refusal({ ...clientEvent, link })).toEqual({ reason: 'link', host, differs });
  });

  test('is refused where it leads to another host, whatever the resource', () => {
    const body = { resource: { id: '1', type: 'session' }, link: 'https://evil.example/', event: 'updated' };
    expect(refusal(body)).toEqual({ reason: 'link', host: 'evil.example', differs: 'host' });
  });

  test('must be there for a client', () => {
    const { resource, event } = clientEvent;
    expect(refusal({ resource, event })).toMatchObject({ reason: 'shape' });
  });
});

test.each([
  {},
  { resource: null },
  { resource: { id: client }, event: 'updated' },
  { resource: { id: client, type: 'client' } },
  { resource: [client, 'client'], event: 'updated' },
])('another shape is refused: %j', (body) => {
  expect(refusal(body as JsonObject)).toMatchObject({ reason: 'shape' });
});
