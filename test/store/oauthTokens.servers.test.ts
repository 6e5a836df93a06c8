/** One login for all workers: on the real PostgreSQL, with the sandbox's token endpoint where tokens are asked for. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { request } from 'undici';
import { connectionSchema, type ConnectionConfig } from '../../src/config/schema.js';
import type { OAuthConfig } from '../../src/config/yaplaGraphql.js';
import { openConnection, type OpenConnection } from '../../src/connection.js';
import { personsOf } from '../../src/core/record.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.js';
import type { Sql } from '../../src/store/database.js';
import { answerLogin, beginLogin, loginStage, takeLogin } from '../../src/store/oauthLogins.js';
import { createTokenStore, type StoredToken, type TokenGrant } from '../../src/store/oauthTokens.js';
import { graphqlOf, loggedIn } from '../helpers/logIn.js';
import { storeTest } from '../helpers/storeTest.js';
import { ask, failureOf, GrantingBudget } from '../systems/support.js';

let sql: Sql;
let club: string;
storeTest('oauth tokens test', (store) => ({ sql, club } = store));

const key = (id: string) => ({ id, key: randomBytes(32).toString('hex') });
const settings: Pick<OAuthConfig, 'clientId' | 'tokenUrl' | 'keys'> = {
  clientId: 'client',
  tokenUrl: 'https://yapla.example/token',
  keys: [key('one')],
};
const grant = (name: string, lifeMs: number | null = 3_600_000): TokenGrant => ({
  accessToken: `access ${name}`,
  refreshToken: `refresh ${name}`,
  lifeMs,
});

describe('tokens', () => {
  test('stand in the database encrypted, and are told with what is left of their life', async () => {
    const store = createTokenStore(sql, club, settings);
    expect(await store.read()).toBeNull();
    await store.save(grant('1', 60_000));
    const token = (await store.read()) as StoredToken;
    expect(token).toMatchObject({ accessToken: 'access 1', refreshToken: 'refresh 1', version: 1 });
    expect(token.lifeMs).toBeLessThanOrEqual(60_000);
    expect(token.wholeLifeMs).toBeCloseTo(60_000, -3);
    const rows = await sql`select * from oauth_token where connection = ${club}`;
    expect(
      JSON.stringify(
        rows.map((row) =>
          Object.values(row).map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : value)),
        ),
      ),
    ).not.toMatch(/access 1|refresh 1/);
    await store.save(grant('2', null));
    expect(await store.read()).toMatchObject({ accessToken: 'access 2', lifeMs: null, version: 2 });
    expect([await store.forget(), await store.forget(), await store.read()]).toEqual([true, false, null]);
  });

  test('of another client are not this one’s, and those of an older key go on until they are renewed', async () => {
    const store = createTokenStore(sql, club, settings);
    await store.save(grant('1'));
    expect(await createTokenStore(sql, club, { ...settings, clientId: 'other' }).read()).toBeNull();
    const turned = createTokenStore(sql, club, { ...settings, keys: [key('two'), ...settings.keys] });
    expect(await turned.read()).toMatchObject({ accessToken: 'access 1' });
    await turned.renewed(1, () => Promise.resolve(grant('2')));
    const [row] = await sql<{ key_id: string }[]>`select key_id from oauth_token where connection = ${club}`;
    expect(row).toEqual({ key_id: 'two' });
    expect(await store.read()).toEqual({ unopenedKey: 'two' });
  });

  test('are renewed by one of many who ask at once, and the others take what it was given', async () => {
    const stores = Array.from({ length: 4 }, () => createTokenStore(sql, club, settings));
    await stores[0]!.save(grant('1'));
    let asked = 0;
    const renew = async (refreshToken: string | null) => {
      expect(refreshToken).toBe('refresh 1');
      asked += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return { ...grant('2'), refreshToken: null };
    };
    const renewed = await Promise.all(stores.map((store) => store.renewed(1, renew)));
    expect(asked).toBe(1);
    for (const token of renewed)
      expect(token).toMatchObject({ accessToken: 'access 2', refreshToken: 'refresh 1', version: 2 });
  });

  test('that cannot be renewed stay as they are, and the next one asks again', async () => {
    const store = createTokenStore(sql, club, settings);
    await store.save(grant('1'));
    const failing = store.renewed(1, () => Promise.reject(new Error('away')));
    await expect(failing).rejects.toThrow('away');
    expect(await store.read()).toMatchObject({ accessToken: 'access 1', version: 1 });
    expect(await store.renewed(1, () => Promise.resolve(grant('2')))).toMatchObject({ version: 2 });
    await store.forget();
    expect(await store.renewed(2, () => Promise.resolve(grant('3')))).toBeNull();
  });

  test('are not lost where the connection to the database breaks between their renewal and its record', async () => {
    const store = createTokenStore(sql, club, settings);
    await store.save(grant('1'));
    const token = await store.renewed(1, async () => {
      // The server ends the session that holds the row, as in a failover.
      const ended = await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and state = 'idle in transaction' and query ilike '%oauth_token%'`;
      expect(ended).toHaveLength(1);
      return grant('2');
    });
    expect(token).toMatchObject({ accessToken: 'access 2', refreshToken: 'refresh 2', version: 2 });
  });
});

describe('a login under way', () => {
  const login = { state: 'state', verifier: 'verifier', lifeMs: 60_000 };
  const address = 'https://here.example/oauth/club/callback?code=1&state=state';

  test('is answered once, taken once, and by its state alone', async () => {
    await beginLogin(sql, { ...login, connection: club }, settings.keys);
    expect(await loginStage(sql, 'state')).toBe('waits');
    const answer = (state: string, connection = club) =>
      answerLogin(sql, { connection, state, address }, settings.keys);
    expect([
      await answer('other'),
      await answer('state', 'another'),
      await answer('state'),
      await answer('state'),
    ]).toEqual([false, false, true, false]);
    expect(await loginStage(sql, 'state')).toBe('answered');
    const take = () => takeLogin(sql, { connection: club, state: 'state' }, settings.keys);
    expect([await take(), await take()]).toEqual([{ verifier: 'verifier', answer: address }, null]);
    expect(await loginStage(sql, 'state')).toBe('over');
  });

  test('is over in time, and forgotten with the next one', async () => {
    await beginLogin(sql, { ...login, state: 'late', connection: club, lifeMs: -1 }, settings.keys);
    expect(await answerLogin(sql, { connection: club, state: 'late', address }, settings.keys)).toBe(false);
    expect(await takeLogin(sql, { connection: club, state: 'late' }, settings.keys)).toBeNull();
    await beginLogin(sql, { ...login, state: 'later', connection: club, lifeMs: -1 }, settings.keys);
    await beginLogin(sql, { ...login, state: 'now', connection: club }, settings.keys);
    const [row] = await sql<{ n: number }[]>`select count(*)::int as n from oauth_login where connection = ${club}`;
    expect(row).toEqual({ n: 1 });
  });
});

describe('workers with one login', () => {
  let sandbox: Sandbox;
  let config: ConnectionConfig;
  const workers: OpenConnection[] = [];

  async function startWorkers(options: SandboxOptions = {}) {
    sandbox = await startSandbox({ people: { yapla: 1 }, ...options });
    config = connectionSchema.parse(sandboxConnection(sandbox.addresses, { write: 'graphql' }));
    await createTokenStore(sql, club, graphqlOf(config).oauth).save(await loggedIn(config, new GrantingBudget()));
    for (let nth = 0; nth < 2; nth += 1) workers.push(await openConnection(sql, personsOf(club), config));
  }
  beforeEach(() => void workers.splice(0));
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    await sandbox.stop();
  });

  const readBoth = async () => {
    const [id] = await sandbox.control.ids('yapla');
    return Promise.all(workers.map(({ systems }) => systems.yapla.read(id!, ask)));
  };
  const renewals = async () => (await sandbox.control.counts()).yapla.byKind.session;

  test('renew it with one request, whoever of them finds it ended', async () => {
    await startWorkers();
    await readBoth();
    await sandbox.control.resetCounts();
    for (let round = 1; round <= 2; round += 1) {
      await sandbox.control.expireSessions();
      expect((await readBoth()).every((record) => record !== null)).toBe(true);
      expect(await renewals()).toBe(round);
    }
  });

  test('that died between a renewal and its record leave a login whose end is told in one sentence, and mended by another', async () => {
    await startWorkers();
    await readBoth();
    // A worker was given new tokens, and was killed before they stood in the database.
    const { oauth } = graphqlOf(config);
    const lost = createTokenStore(sql, club, oauth);
    const held = (await lost.read()) as StoredToken;
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: held.refreshToken!,
      client_id: oauth.clientId,
      client_secret: oauth.clientSecret!,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const lostAnswer = await request(oauth.tokenUrl, { method: 'POST', headers, body: body.toString() });
    expect(lostAnswer.statusCode).toBe(200);
    await lostAnswer.body.dump();
    await sandbox.control.expireSessions();
    expect(await failureOf(readBoth())).toMatchObject({
      type: expect.stringMatching(/^(AccessRefused|ConnectionStopped)$/),
    });
    const { stoppedReason } = await workers[0]!.budgets.yapla.state();
    expect(stoppedReason).toContain(`Run \`passerelle login ${club}\``);
    await lost.save(await loggedIn(config, new GrantingBudget()));
    await workers[0]!.budgets.yapla.resume(Date.now() + 1_000);
    expect((await readBoth()).every((record) => record !== null)).toBe(true);
  });

  test('without the key that encrypted it stop, and name the key', async () => {
    await startWorkers();
    const { oauth } = graphqlOf(config);
    const other = { ...oauth, keys: [key('another')] };
    await createTokenStore(sql, club, other).save(await loggedIn(config, new GrantingBudget()));
    expect(await failureOf(readBoth())).toMatchObject({
      type: expect.stringMatching(/^(AccessRefused|ConnectionStopped)$/),
    });
    expect((await workers[0]!.budgets.yapla.state()).stoppedReason).toContain('"another"');
    await workers[0]!.budgets.yapla.resume(Date.now() + 1_000);
  });

  test('see the login that a person ends and begins again, without a restart', async () => {
    await startWorkers({ yapla: { graphql: { accessTokenMs: 60_000 } } });
    const store = createTokenStore(sql, club, graphqlOf(config).oauth);
    await readBoth();
    await sandbox.control.expireSessions();
    await store.save(await loggedIn(config, new GrantingBudget()));
    await sandbox.control.resetCounts();
    expect((await readBoth()).every((record) => record !== null)).toBe(true);
    expect(await renewals()).toBe(0);
  });
});
