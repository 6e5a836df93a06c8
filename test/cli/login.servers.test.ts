/** `passerelle login` and `logout`, with the receiver and without, on real servers. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { request } from 'undici';
import { run } from '../../src/cli/main.js';
import { beginYaplaLogin, LoginFailed } from '../../src/cli/yaplaLogin.js';
import { UsageError } from '../../src/cli/program.js';
import { listDeeds } from '../../src/store/audit.js';
import { createTokenStore, type StoredToken } from '../../src/store/oauthTokens.js';
import { collectedOutput } from '../helpers/collectedOutput.js';
import { commandsOn } from '../helpers/commands.js';
import { writeConfigFile } from '../helpers/configFile.js';
import { until } from '../helpers/live.js';
import { finalAddress, graphqlOf } from '../helpers/logIn.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';
import { failureOf } from '../systems/support.js';

let house: TestPasserelle;
const passerelle = commandsOn(() => house);
beforeEach(async () => {
  house = await startPasserelle({ connection: { write: 'graphql' }, loggedIn: false, worker: false });
});

const stored = () => createTokenStore(house.sql, house.connectionId, graphqlOf(house.connection).oauth).read();

test('prints the address, takes the answer from the receiver, and keeps the tokens', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'passerelle-login-'));
  const receiver = await house.startReceiver();
  const { file, env } = writeConfigFile(house, directory);
  Object.assign(process.env, env);
  const output = collectedOutput();
  const words = ['node', 'passerelle', '--config', file, 'login', house.connectionId, '--by', 'a test'];
  const running = run(words, output);
  const [address] = await until(
    async () => Promise.resolve(output.printed),
    (printed) => printed.length > 0,
  );
  const back = await finalAddress(address!);
  const answer = async () => {
    const { statusCode, headers, body } = await request(
      `${receiver.address}/oauth/${house.connectionId}/callback${back.search}`,
    );
    return { statusCode, headers, text: await body.text() };
  };
  const first = await answer();
  expect(first).toMatchObject({
    statusCode: 200,
    headers: { 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' },
  });
  expect(first.text).toContain('You are logged in');
  expect((await answer()).statusCode).toBe(404);
  expect(await running).toBe(0);
  const token = (await stored()) as StoredToken;
  const said = [...output.printed, ...output.noted].join('\n');
  for (const secret of [token.accessToken, token.refreshToken!, back.searchParams.get('code')!])
    expect(said).not.toContain(secret);
  expect(await listDeeds(house.sql, 5, house.connectionId)).toMatchObject([
    { verb: 'login', by: 'a test', outcome: 'done' },
  ]);
  rmSync(directory, { recursive: true });
});

test('the receiver takes no answer of a login that nobody began', async () => {
  const receiver = await house.startReceiver();
  for (const place of [
    `${house.connectionId}/callback?code=1&state=2`,
    `${house.connectionId}/callback`,
    'other/callback?state=1',
  ]) {
    const { statusCode, body } = await request(`${receiver.address}/oauth/${place}`);
    await body.dump();
    expect(statusCode).toBe(404);
  }
});

test('an address that is pasted ends the login of its own state, once; any other is refused, and can be tried again', async () => {
  const login = await beginYaplaLogin(house.sql, house.connectionId, house.connection);
  try {
    const address = await finalAddress(login.address);
    const foreign = new URL(address);
    foreign.searchParams.set('state', 'another');
    for (const wrong of ['', 'no address', login.address, foreign.href]) {
      const failure = await failureOf(login.end(wrong));
      expect(failure).toBeInstanceOf(UsageError);
      expect(failure.message).not.toContain(address.searchParams.get('code')!);
    }
    expect(await login.end(` ${address.href}\n`)).toEqual({ wasStopped: null });
    expect(await stored()).toMatchObject({ version: 1 });
    expect(await failureOf(login.end(address.href))).toBeInstanceOf(LoginFailed);
  } finally {
    await login.close();
  }
});

test('a login mends what stopped the credential, and one that fails leaves it stopped', async () => {
  const attempt = async (change: (address: URL) => void) => {
    const login = await beginYaplaLogin(house.sql, house.connectionId, house.connection);
    try {
      const address = await finalAddress(login.address);
      change(address);
      return await login.end(address.href);
    } finally {
      await login.close();
    }
  };
  const stops = async () => {
    const rows = await house.sql<{ reason: string | null }[]>`
      select stopped_reason as reason from budget where ${house.connectionId} = any(connections) and credential like 'yapla:%'`;
    return rows.map(({ reason }) => reason);
  };
  await attempt(() => undefined);
  await house.sql`
    update budget set stopped_at = now(), stopped_reason = 'for a test'
     where ${house.connectionId} = any(connections) and credential like 'yapla:%'`;
  const failure = await failureOf(attempt((address) => address.searchParams.set('code', 'made up')));
  expect(failure).toMatchObject({ name: 'LoginFailed', message: expect.stringContaining('invalid_grant') });
  expect(await stops()).toEqual(['for a test']);
  expect(await attempt(() => undefined)).toEqual({ wasStopped: 'for a test' });
  expect(await stops()).toEqual([null]);
  expect(await stored()).toMatchObject({ version: 2 });
});

async function loggedIn(): Promise<StoredToken> {
  const login = await beginYaplaLogin(house.sql, house.connectionId, house.connection);
  await login.end((await finalAddress(login.address)).href);
  await login.close();
  return (await stored()) as StoredToken;
}

/** Whether Yapla still takes an access token. */
async function isTaken({ accessToken }: StoredToken): Promise<boolean> {
  const { address } = graphqlOf(house.connection);
  const { body } = await request(address!, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ query: '{ memberCount }' }),
  });
  return !JSON.stringify(await body.json()).includes('UNAUTHENTICATED');
}

describe('logging out', () => {
  test('takes the login back at Yapla where its address is configured, and says so', async () => {
    const token = await loggedIn();
    expect(await isTaken(token)).toBe(true);
    const { status, said } = await passerelle('logout', house.connectionId, '--by', 'a test');
    expect(status).toBe(0);
    expect(said).toContain('Yapla has taken the login back');
    expect(await isTaken(token)).toBe(false);
    expect(await stored()).toBeNull();
    for (const secret of [token.accessToken, token.refreshToken!]) expect(said).not.toContain(secret);
    const log = await house.sql<{ kind: string; status: number }[]>`
      select kind, status from request_log where purpose = 'logout'`;
    expect([...log]).toEqual(Array(2).fill({ kind: '/oauth/revoke', status: 200 }));
  });

  test('forgets the login here where Yapla does not answer, and says what is left to do', async () => {
    const token = await loggedIn();
    await house.sandbox.control.addFault({ system: 'yapla', kind: 'session', action: { do: 'status', status: 503 } });
    const { status, said } = await passerelle('logout', house.connectionId, '--by', 'a test');
    expect(status).toBe(0);
    expect(said).toContain('Yapla did not take the login back: the server failed (503)');
    expect(said).toContain('take the right back in Yapla');
    expect([await stored(), await isTaken(token)]).toEqual([null, true]);
  });

  test('tells Yapla nothing where no address is configured, and says so', async () => {
    await house.reconfigure((before) => {
      const { revokeUrl: _, ...oauth } = graphqlOf(before).oauth;
      return { ...before, yapla: { ...before.yapla, write: { ...graphqlOf(before), oauth } } };
    });
    const token = await loggedIn();
    await house.sandbox.control.resetCounts();
    const { status, said } = await passerelle('logout', house.connectionId, '--by', 'a test');
    expect(status).toBe(0);
    expect(said).toContain('Yapla was not told, because yapla.write.oauth.revokeUrl is not set');
    expect((await house.sandbox.control.counts()).yapla.requests).toBe(0);
    expect([await stored(), await isTaken(token)]).toEqual([null, true]);
  });
});

test('logging out forgets the tokens, and a connection without a login is told so', async () => {
  const login = await beginYaplaLogin(house.sql, house.connectionId, house.connection);
  await login.end((await finalAddress(login.address)).href);
  await login.close();
  expect(await passerelle('logout', house.connectionId, '--by', 'a test')).toMatchObject({ status: 0 });
  expect(await stored()).toBeNull();
  expect(await passerelle('logout', house.connectionId, '--by', 'a test')).toMatchObject({ status: 2 });
  await house.reconfigure((before) => ({
    ...before,
    yapla: { ...before.yapla, write: { mode: 'none' } },
    create: 'none',
  }));
  const none = await passerelle('login', house.connectionId, '--by', 'a test');
  expect(none).toMatchObject({ status: 2, said: expect.stringContaining('"none"') });
});
