/** The login of GraphQL against the sandbox: its address, its code, its tokens and their end. */
import { describe, expect, test } from '@jest/globals';
import { openYaplaHttp } from '../../../src/systems/index.js';
import { createOAuthClient, GrantRefused } from '../../../src/systems/yapla/oauth.js';
import type { ConnectionConfig } from '../../../src/config/schema.js';
import { finalAddress, graphqlOf, loggedIn } from '../../helpers/logIn.js';
import { ask, failureOf, GrantingBudget, opener, type Opening } from '../support.js';

const openAny = opener();
const open = (opening: Opening = {}) => openAny({ write: 'graphql', ...opening });
const graphql = (options: object) => ({ sandbox: { yapla: { graphql: options } } });
const ada = { firstName: 'Ada', lastName: 'Essai' };

async function withClient<T>(
  config: ConnectionConfig,
  use: (client: ReturnType<typeof createOAuthClient>) => Promise<T>,
) {
  const http = openYaplaHttp('test', config.yapla, new GrantingBudget());
  try {
    return await use(createOAuthClient(graphqlOf(config).oauth, http.login!));
  } finally {
    await Promise.all([http.data.close(), http.write.close(), http.login!.close()]);
  }
}

describe('a login', () => {
  test('asks with PKCE, for its own state, and of the address that was registered', async () => {
    const { config } = await open();
    await withClient(config, async (client) => {
      const secrets = client.secrets();
      const asked = new URL(await client.loginAddress(secrets)).searchParams;
      expect(Object.fromEntries(asked)).toMatchObject({
        response_type: 'code',
        code_challenge_method: 'S256',
        state: secrets.state,
        redirect_uri: graphqlOf(config).oauth.redirectUri,
      });
      expect([...asked.values()]).not.toContain(secrets.verifier);
      expect(client.secrets()).not.toEqual(secrets);
    });
  });

  test.each([
    ['by a header', {}, (oauth: { clientAuthentication?: string }) => (oauth.clientAuthentication = 'basic')],
    ['in the body', {}, (oauth: { clientAuthentication?: string }) => (oauth.clientAuthentication = 'post')],
    ['of a public client', { clientSecret: null }, (oauth: { clientSecret?: string }) => delete oauth.clientSecret],
  ])('gives tokens %s', async (_, options, change) => {
    const { tokens } = await open({
      ...graphql(options),
      configure: ({ yapla: { write } }) => void change((write as unknown as { oauth: object }).oauth),
    });
    expect(tokens.stored).toMatchObject({ version: 1, refreshToken: expect.any(String), lifeMs: 3_600_000 });
  });

  test('of another browser, a second time, or with another verifier gives none', async () => {
    const { config } = await open();
    await withClient(config, async (client) => {
      const secrets = client.secrets();
      const address = await finalAddress(await client.loginAddress(secrets));
      const refused = async (secretsOf: typeof secrets, at = address) => {
        const failure = await failureOf(client.redeem(at, secretsOf, ask));
        expect(failure).toBeInstanceOf(GrantRefused);
        for (const value of [...at.searchParams.values(), secretsOf.verifier])
          expect(failure.message).not.toContain(value);
        return failure;
      };
      await refused({ ...secrets, state: 'another' });
      expect(await refused({ ...secrets, verifier: client.secrets().verifier })).toMatchObject({
        code: 'invalid_grant',
      });
      const again = await finalAddress(await client.loginAddress(secrets));
      await client.redeem(again, secrets, ask);
      await refused(secrets, again);
    });
  });

  test('that the person denies says so', async () => {
    const denied = openAny({ write: 'graphql', ...graphql({ denies: true }) });
    expect(await failureOf(denied)).toMatchObject({ name: 'GrantRefused', code: 'access_denied' });
  });
});

describe('an access token', () => {
  test('is used by many at once, and renewed before it ends, once', async () => {
    const { systems, sandbox, tokens } = await open(graphql({ accessTokenMs: 60_000 }));
    const id = await sandbox.control.add('yapla', ada);
    const read = () => Promise.all(Array.from({ length: 8 }, () => systems.yapla.read(id, ask)));
    await read();
    expect(tokens.renewals).toBe(0);
    const due = await open({
      ...graphql({ accessTokenMs: 60_000 }),
      configure: ({ yapla: { write } }) =>
        void ((write as { oauth: { renewBeforeMs?: number } }).oauth.renewBeforeMs = 3_600_000),
    });
    // Half of its life is left at most, and the rest is over.
    due.tokens.stored = { ...due.tokens.stored!, endsAtMs: Date.now() + 20_000 };
    const other = await due.sandbox.control.add('yapla', ada);
    await Promise.all(Array.from({ length: 8 }, () => due.systems.yapla.read(other, ask)));
    expect(due.tokens).toMatchObject({ renewals: 1, stored: { version: 2 } });
  });

  test.each(['inside', 'status'] as const)(
    'that the server ends is renewed once, and the request is sent again (told %s)',
    async (unauthenticated) => {
      const { systems, sandbox, tokens, budgets } = await open(graphql({ unauthenticated }));
      const id = await sandbox.control.add('yapla', ada);
      await systems.yapla.read(id, ask);
      await sandbox.control.expireSessions();
      const result = await systems.yapla.update(id, () => ({ set: { city: 'Brest' } }), ask);
      expect(result).toMatchObject({ outcome: 'written' });
      expect(tokens.renewals).toBe(1);
      expect(budgets.yapla).toMatchObject({ open: 0, stops: [] });
      expect(await sandbox.control.writes('yapla')).toEqual({ [id]: 1 });
    },
  );

  test.each(['inside', 'status'] as const)(
    'that is not known although it was renewed stops the credential (told %s)',
    async (unauthenticated) => {
      const { systems, sandbox, budgets } = await open(graphql({ unauthenticated }));
      const id = await sandbox.control.add('yapla', ada);
      await systems.yapla.read(id, ask);
      await sandbox.control.addFault({ system: 'yapla', kind: 'read', action: { do: 'revoke' } });
      expect(await failureOf(systems.yapla.read(id, ask))).toMatchObject({ type: 'AccessRefused', status: 401 });
      expect(budgets.yapla.stops).toHaveLength(1);
      expect(budgets.yapla.open).toBe(0);
    },
  );
});

describe('a login that is over', () => {
  test('stops the credential with one sentence that names the command', async () => {
    const { systems, sandbox, budgets, tokens } = await open();
    const id = await sandbox.control.add('yapla', ada);
    await systems.yapla.read(id, ask);
    const before = tokens.stored!;
    await sandbox.control.endLogins();
    const failure = await failureOf(systems.yapla.read(id, ask));
    expect(failure).toMatchObject({ type: 'AccessRefused', effect: 'none' });
    expect(budgets.yapla.stops).toEqual([expect.stringContaining('Run `passerelle login test`')]);
    expect(failure.message).toContain('passerelle resume');
    for (const text of [failure.message, JSON.stringify(failure), ...budgets.yapla.stops])
      for (const secret of [before.accessToken, before.refreshToken!]) expect(text).not.toContain(secret);
  });

  test('stops nothing where a person has logged in again while it was refused', async () => {
    const { systems, sandbox, config, budgets, tokens } = await open();
    const id = await sandbox.control.add('yapla', ada);
    await systems.yapla.read(id, ask);
    await sandbox.control.endLogins();
    const renewed = tokens.renewed.bind(tokens);
    tokens.renewed = async (seen, renew) => {
      try {
        return await renewed(seen, renew);
      } catch (error) {
        await tokens.save(await loggedIn(config, new GrantingBudget()));
        throw error;
      }
    };
    expect(await systems.yapla.read(id, ask)).toMatchObject({ id });
    expect(budgets.yapla.stops).toEqual([]);
  });

  test('is told of before anything is sent, where there never was one', async () => {
    const { systems, sandbox, budgets, tokens } = await open();
    await tokens.forget();
    const id = await sandbox.control.add('yapla', ada);
    await sandbox.control.resetCounts();
    expect(await failureOf(systems.yapla.read(id, ask))).toMatchObject({ type: 'AccessRefused' });
    expect(budgets.yapla.stops).toEqual([expect.stringContaining('nobody is logged in')]);
    expect((await sandbox.control.counts()).yapla.requests).toBe(0);
  });

  test('of a client that the server does not know is not mended by another login, and says so', async () => {
    const { systems, sandbox, budgets } = await open({
      ...graphql({ accessTokenMs: 60_000 }),
    });
    const id = await sandbox.control.add('yapla', ada);
    await systems.yapla.read(id, ask);
    await sandbox.control.expireSessions();
    await sandbox.control.addFault({
      system: 'yapla',
      kind: 'session',
      action: { do: 'status', status: 401, body: { error: 'invalid_client' } },
    });
    await failureOf(systems.yapla.read(id, ask));
    expect(budgets.yapla.stops).toEqual([expect.stringContaining('yapla.write.oauth.clientId')]);
  });

  test('is not what a server that fails says: it is asked again', async () => {
    const { systems, sandbox, budgets } = await open();
    const id = await sandbox.control.add('yapla', ada);
    await systems.yapla.read(id, ask);
    await sandbox.control.expireSessions();
    await sandbox.control.addFault({
      system: 'yapla',
      kind: 'session',
      times: 1,
      action: { do: 'status', status: 503 },
    });
    expect(await failureOf(systems.yapla.read(id, ask))).toMatchObject({ type: 'ServerFailed' });
    expect((await systems.yapla.read(id, ask))!.id).toBe(id);
    expect(budgets.yapla).toMatchObject({ stops: [], open: 0 });
  });
});
