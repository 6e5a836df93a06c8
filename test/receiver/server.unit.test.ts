import { createHmac } from 'node:crypto';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { client, clientEvent, memberEvent, secrets, team, testServer } from './testServer.js';

let running: Awaited<ReturnType<typeof testServer>> | undefined;
const start = async (...options: Parameters<typeof testServer>) => (running = await testServer(...options));
afterEach(async () => {
  await running?.app.close();
  running = undefined;
});

const path = (connection: string, system: string, secret: string) => `/webhooks/${connection}/${system}/${secret}`;

describe('a delivery', () => {
  test('of either system is stored to the letter, and acknowledged', async () => {
    const { toYapla, toYoplanning, stored } = await start();
    const body = '{ "event": "member.created",\n  "data": { "id": 1042, "n": 1.10 } }';
    expect(await toYapla(body)).toMatchObject({ status: 202, body: { status: 'stored' } });
    expect(await toYoplanning(clientEvent)).toMatchObject({ status: 202 });
    expect(stored).toEqual([
      { connectionId: 'club', kind: 'person', system: 'yapla', event: 'created', externalId: '1042', body },
      {
        connectionId: 'club',
        kind: 'person',
        system: 'yoplanning',
        event: 'updated',
        externalId: client,
        body: JSON.stringify(clientEvent),
      },
    ]);
  });

  test('may be called JSON in any of the usual ways, and begin with a byte order mark', async () => {
    const { toYapla, stored } = await start();
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/vnd.yapla+json']) {
      expect(await toYapla(memberEvent, { 'content-type': type })).toMatchObject({ status: 202 });
    }
    expect(await toYapla(`\uFEFF${JSON.stringify(memberEvent)}`)).toMatchObject({ status: 202 });
    expect(stored).toHaveLength(4);
    expect(stored[3]!.body).toBe(JSON.stringify(memberEvent));
  });
});

describe('a delivery to an address of its own', () => {
  const connection = { yapla: { read: { key: { value: 'key' } }, events: {} } };
  const at = (about: string, secret: string = secrets.yapla) => `${path('club', 'yapla', secret)}/${about}`;

  test('is a registration or a donation without saying so, and is counted as one', async () => {
    const { post, stored, metrics } = await start({ connection });
    const body = '{"data":{"id":5001}}';
    expect(await post(at('registrations'), body)).toMatchObject({ status: 202 });
    expect(await post(at('donations'), body)).toMatchObject({ status: 202 });
    const delivered = { connectionId: 'club', system: 'yapla', event: 'updated', externalId: '5001', body };
    expect(stored).toEqual([
      { ...delivered, kind: 'registration' },
      { ...delivered, kind: 'donation' },
    ]);
    expect(await metrics.text()).toContain(
      'passerelle_webhooks_received_total{connection="club",system="yapla",kind="registration",event="updated"} 1',
    );
  });

  test('is not authenticated at one that is not there, nor by a wrong secret, and nothing tells them apart', async () => {
    const { post, stored } = await start({ connection });
    const wrong = await post(at('registrations', 'wrong'), memberEvent);
    expect(wrong).toMatchObject({ status: 401 });
    const elsewhere = [
      at('bookings'),
      at('__proto__'),
      `${path('club', 'yoplanning', secrets.yoplanning)}/registrations`,
    ];
    for (const url of elsewhere) {
      const answer = await post(url, memberEvent);
      expect({ status: answer.status, body: answer.body }).toEqual({ status: 401, body: wrong.body });
    }
    expect(stored).toEqual([]);
    const { post: without } = await start();
    expect(await without(at('registrations'), memberEvent)).toMatchObject({ status: 401, body: wrong.body });
  });

  test('is logged with its place where it is refused, and never with its secret', async () => {
    const { post, logged } = await start({ connection });
    expect(await post(at('registrations'), { data: {} })).toMatchObject({ status: 400, body: { error: 'shape' } });
    expect(logged.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ reason: 'shape', endpoint: 'club/yapla/registrations' }),
    ]);
    expect(logged.join('')).not.toContain('of-nobody');
  });
});

describe('who is not authenticated', () => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  const header = { name: 'X-Passerelle', value: 'header-of-nobody-0123' };
  const credentials = { user: 'yapla', password: 'password-of-nobody-0123' };
  const right = { 'x-passerelle': header.value, ...basic(`yapla:${credentials.password}`) };

  test.each([
    ['a wrong secret', path('club', 'yapla', 'x'.repeat(40)), right],
    ['the secret of the other system', path('club', 'yapla', secrets.yoplanning), right],
    ['an unknown connection', path('nobody', 'yapla', secrets.yapla), right],
    ['an unknown system', path('club', 'salesforce', secrets.yapla), right],
    ['a connection without a secret', path('silent', 'yapla', secrets.yapla), right],
    ['the name of a property of every object', path('__proto__', 'yapla', secrets.yapla), right],
    ['the word undefined where no secret is configured', path('silent', 'yapla', 'undefined'), right],
    ['a very long secret', path('club', 'yapla', 'x'.repeat(900)), right],
    ['no header', path('club', 'yapla', secrets.yapla), basic(`yapla:${credentials.password}`)],
    ['a wrong header', path('club', 'yapla', secrets.yapla), { ...right, 'x-passerelle': 'wrong' }],
    ['no user', path('club', 'yapla', secrets.yapla), { 'x-passerelle': header.value }],
    ['a wrong user', path('club', 'yapla', secrets.yapla), { ...right, ...basic(`x:${credentials.password}`) }],
    ['a wrong password', path('club', 'yapla', secrets.yapla), { ...right, ...basic('yapla:wrong') }],
    ['a password in clear text', path('club', 'yapla', secrets.yapla), { ...right, authorization: 'Bearer x' }],
  ])('gets one and the same answer: %s', async (_, url, headers) => {
    const { post, stored } = await start({ yapla: { header, basic: credentials } });
    const known = await post(path('club', 'yapla', 'wrong'), memberEvent, right);
    const answer = await post(url, memberEvent, headers);
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual(known.body);
    expect(Object.keys(answer.headers).sort()).toEqual(Object.keys(known.headers).sort());
    expect(answer.headers['www-authenticate']).toBe(known.headers['www-authenticate']);
    expect(stored).toEqual([]);
    // The same request with everything right is taken.
    expect(await post(path('club', 'yapla', secrets.yapla), memberEvent, right)).toMatchObject({ status: 202 });
  });

  test('is told so before anything of the body is looked at', async () => {
    const { post } = await start({ receiver: { bodyLimitBytes: 1_024 } });
    const wrong = path('club', 'yapla', 'wrong');
    expect(await post(wrong, '{')).toMatchObject({ status: 401 });
    expect(await post(wrong, 'x'.repeat(2_000))).toMatchObject({ status: 401 });
    expect(await post(wrong, '<a/>', { 'content-type': 'text/xml' })).toMatchObject({ status: 401 });
  });

  test('is told so before the body has come', async () => {
    const { app } = await start();
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
    socket.write(
      `POST ${path('club', 'yapla', 'wrong')} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`,
    );
    expect(await answer).toMatch(/^HTTP\/1\.1 401 /);
    socket.destroy();
  });
});

describe('a signature', () => {
  const key = 'key-of-nobody-0123456789';
  const body = JSON.stringify(memberEvent);
  const sign = (algorithm: string, encoding: 'hex' | 'base64', text = body, by = key) =>
    createHmac(algorithm, by).update(text).digest(encoding);

  test.each([
    ['sha256', 'hex', ''],
    ['sha1', 'hex', 'sha1='],
    ['sha512', 'base64', ''],
    ['sha256', 'base64', 'v1,'],
  ] as const)('in %s as %s after "%s" is checked over the raw body', async (algorithm, encoding, prefix) => {
    const hmac = { header: 'X-Signature', secret: key, algorithm, encoding, prefix };
    const { toYapla, stored } = await start({ yapla: { hmac } });
    const signed = (signature: string) => toYapla(body, { 'x-signature': prefix + signature });
    expect(await signed(sign(algorithm, encoding))).toMatchObject({ status: 202 });
    expect(await signed(sign(algorithm, encoding, `${body} `))).toMatchObject({ status: 401 });
    expect(await signed(sign(algorithm, encoding, body, 'another key'))).toMatchObject({ status: 401 });
    expect(await toYapla(body, { 'x-signature': `x${prefix}${sign(algorithm, encoding)}` })).toMatchObject({
      status: 401,
    });
    expect(await toYapla(body)).toMatchObject({ status: 401 });
    expect(stored).toHaveLength(1);
  });

  test('in capital letters is the same where it is hexadecimal', async () => {
    const { toYapla } = await start({ yapla: { hmac: { header: 'x-signature', secret: key, prefix: 'sha256=' } } });
    const signature = `SHA256=${sign('sha256', 'hex').toUpperCase()}`;
    expect(await toYapla(body, { 'x-signature': signature })).toMatchObject({ status: 202 });
  });

  test('is missed before the body is parsed', async () => {
    const { toYapla } = await start({ yapla: { hmac: { header: 'x-signature', secret: key } } });
    expect(await toYapla('{')).toMatchObject({ status: 401 });
  });
});

describe('what is refused', () => {
  const elsewhere = (link: string) => ({ ...clientEvent, link });

  test.each([
    ['a body that is too large', 413, 'tooLarge', 'yapla', `{"data":"${'x'.repeat(2_000)}"}`, {}],
    ['another media type', 415, 'mediaType', 'yapla', '<member/>', { 'content-type': 'text/xml' }],
    ['a media type that is none', 415, 'mediaType', 'yapla', '{}', { 'content-type': 'json' }],
    ['a form', 415, 'mediaType', 'yapla', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['broken JSON', 400, 'json', 'yapla', '{"secretive-value": ', {}],
    ['an empty body', 400, 'json', 'yapla', '', {}],
    ['a list', 400, 'json', 'yapla', '[{"event":"member.updated"}]', {}],
    ['a text', 400, 'json', 'yapla', '"member.updated"', {}],
    [
      'a member without an id',
      400,
      'shape',
      'yapla',
      { event: 'member.updated', data: { name: 'secretive-value' } },
      {},
    ],
    ['no resource', 400, 'shape', 'yoplanning', { link: clientEvent.link, event: 'updated' }, {}],
    ['a link to another host', 400, 'link', 'yoplanning', elsewhere(`https://secretive-value.example/x?y=1`), {}],
  ])('is told what is wrong, in JSON, without what was sent: %s', async (_, status, error, system, body, headers) => {
    const { toYapla, toYoplanning, stored, metrics } = await start({ receiver: { bodyLimitBytes: 1_024 } });
    const answer = await (system === 'yapla' ? toYapla : toYoplanning)(body, headers);
    expect(answer).toMatchObject({ status, body: { error } });
    expect(answer.body.message).toMatch(/^[A-Z].{20,}\.$/);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(JSON.stringify(answer)).not.toMatch(/secretive-value|of-nobody/);
    expect(stored).toEqual([]);
    expect(await metrics.text()).toContain(`passerelle_webhooks_refused_total{reason="${error}"} 1`);
  });

  test('is a link to a stranger, which is logged with its host alone', async () => {
    const { toYoplanning, logged } = await start();
    const link = `https://stranger.example/api/v3.1/teams/${team}/clients/${client}?token=secretive-value`;
    expect(await toYoplanning(elsewhere(link))).toMatchObject({ status: 400, body: { error: 'link' } });
    expect(logged.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        msg: 'webhook refused',
        reason: 'link',
        endpoint: 'club/yoplanning',
        host: 'stranger.example',
      }),
    ]);
    expect(logged.join('')).not.toMatch(/secretive-value|8d23503e|of-nobody/);
  });

  test('is logged once a minute for each reason, however much comes', async () => {
    const { post, logged, metrics } = await start();
    for (let n = 0; n < 50; n += 1) await post(path('club', 'yapla', `wrong-${n}`), memberEvent);
    expect(logged).toHaveLength(1);
    expect(logged[0]).not.toContain('wrong-');
    expect(await metrics.text()).toContain('passerelle_webhooks_refused_total{reason="authentication"} 50');
  });

  test.each([
    ['an address that is none', 'POST', '/webhooks/%zz/yapla/secretive-value', 400, 'http'],
    ['an address with too long a part', 'POST', `/webhooks/club/yapla/${'secretive-value'.repeat(100)}`, 400, 'http'],
    ['another address', 'POST', '/webhooks/secretive-value', 404, 'notFound'],
    ['another verb', 'GET', path('club', 'yapla', secrets.yapla), 404, 'notFound'],
  ] as const)('%s is not repeated in the answer', async (_, method, url, status, error) => {
    const { app } = await start();
    const answer = await app.inject({
      method,
      url,
      headers: { 'content-type': 'application/json' },
      ...(method === 'POST' ? { payload: '{}' } : {}),
    });
    expect({ status: answer.statusCode, ...answer.json<object>() }).toMatchObject({ status, error });
    expect(answer.body).not.toMatch(/secretive-value|of-nobody/);
  });

  // All at once: however slow the machine is, they do not spread over twenty seconds.
  const twenty = <T>(send: () => Promise<T>) => Promise.all(Array.from({ length: 20 }, send));

  test('is what one address sends beyond its share of a second, before its secret is looked at', async () => {
    const { post, toYapla } = await start({ receiver: { maxRequestsPerSecond: 1, trustProxy: ['127.0.0.1'] } });
    const answers = await twenty(() => post(path('club', 'yapla', 'wrong'), memberEvent));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]!.body.error).toBe('busy');
    expect(Number(refused[0]!.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    // Another address, as the trusted proxy tells it, has a share of its own.
    expect(await toYapla(memberEvent, { 'x-forwarded-for': '192.0.2.1' })).toMatchObject({ status: 202 });
  });

  test('is counted for the sender himself where no proxy is trusted, whatever he says', async () => {
    const { toYapla } = await start({ receiver: { maxRequestsPerSecond: 1 } });
    let n = 0;
    const answers = await twenty(() => toYapla(memberEvent, { 'x-forwarded-for': `192.0.2.${++n}` }));
    expect(answers.some(({ status }) => status === 429)).toBe(true);
  });
});

describe('operators', () => {
  test.each(['/ready', '/metrics'])(
    'and others ask %s so often as one address may, and not for ever',
    async (place) => {
      const { app } = await start({ receiver: { maxRequestsPerSecond: 1 } });
      expect((await app.inject(place)).statusCode).toBe(200);
      const answers = await Promise.all(Array.from({ length: 20 }, () => app.inject(place)));
      expect(answers.some(({ statusCode }) => statusCode === 429)).toBe(true);
    },
  );

  test('see that the process is up, and what it counted', async () => {
    const { app, toYapla } = await start();
    await toYapla(memberEvent);
    await toYapla({ event: 'donation' });
    expect((await app.inject('/health')).json()).toEqual({ status: 'up' });
    expect((await app.inject('/ready')).json()).toEqual({ ready: true, postgres: 'up', temporal: 'unknown' });
    const page = await app.inject('/metrics');
    expect(page.headers['content-type']).toMatch(/^text\/plain/);
    expect(page.body).toContain(
      'passerelle_webhooks_received_total{connection="club",system="yapla",kind="person",event="updated"} 1',
    );
    expect(page.body).toContain(
      'passerelle_webhooks_received_total{connection="club",system="yapla",kind="",event="other"} 1',
    );
    expect(page.body).toContain('passerelle_webhooks_refused_total{reason="link"} 0');
  });
});
