/**
 * The session of GraphQL: the access token of a person's login, renewed before it ends and once where the server no longer knows it. It
 * stands in Postgres for all workers (src/store/oauthTokens.ts); here it is kept for as long as it is good.
 */
import type { OAuthConfig } from '../../config/yaplaGraphql.js';
import type { Ask, HttpClient } from '../../http/client.js';
import { AccessRefused, BudgetExhausted, type FailureContext } from '../../http/failures.js';
import type { Budget } from '../../store/budget.js';
import type { StoredToken, TokenStore, UnopenedToken } from '../../store/oauthTokens.js';
import type { GraphqlJudge } from './graphqlAnswers.js';
import { GrantRefused, type OAuthClient } from './oauth.js';
import { renewing, type YaplaSession } from './renewing.js';

export interface TokenSessionOptions {
  readonly connection: string;
  readonly config: OAuthConfig;
  readonly tokens: TokenStore;
  readonly client: OAuthClient;
  /** For GraphQL. */
  readonly http: HttpClient;
  /** For the token endpoint; of the same budget. */
  readonly tokenHttp: Pick<HttpClient, 'reserve' | 'release'>;
  readonly judge: GraphqlJudge;
  readonly budget: Pick<Budget, 'stop'>;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

interface Kept extends StoredToken {
  /** Epoch milliseconds of this machine; Infinity: when the server refuses it. */
  readonly renewAtMs: number;
}

/** Refusals of the client itself: no new login mends them. */
const ofTheClient: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client', 'unsupported_grant_type']);

export function createTokenSession(options: TokenSessionOptions): YaplaSession {
  const { connection, config, tokens, client, http, tokenHttp, judge, budget, now = Date.now } = options;
  let kept: Kept | null = null;
  let renewal: Promise<Kept> | null = null;
  /** The version that the server no longer knows. */
  let refusedVersion: number | null = null;
  const login = `passerelle login ${connection}`;
  const context: FailureContext = {
    connection,
    system: 'yapla',
    access: 'session',
    method: 'POST',
    path: new URL(config.tokenUrl).pathname,
  };

  /** Nothing is sent any more until a person mends it. */
  async function stopped(advice: string): Promise<AccessRefused> {
    const refused = new AccessRefused(context, 401, advice);
    await budget.stop(refused.reason);
    return refused;
  }

  function whyRefused({ code }: GrantRefused): string {
    return ofTheClient.has(code)
      ? `Correct yapla.write.oauth.clientId, clientSecret or clientAuthentication, because Yapla does not take them (${code}); if the login has ended meanwhile, run \`${login}\``
      : `Run \`${login}\`, because Yapla does not take the login of "${connection}" any more (${code})`;
  }

  const unopened = ({ unopenedKey }: UnopenedToken) =>
    `Name the key "${unopenedKey}" in yapla.write.oauth.keys as it was, because it encrypted the login of "${connection}", or run \`${login}\``;

  const keep = (token: StoredToken): Kept => {
    if (token.lifeMs === null) return { ...token, renewAtMs: Infinity };
    // A life shorter than the configured lead would mean a renewal for every request.
    const lead = Math.min(config.renewBeforeMs, (token.wholeLifeMs ?? token.lifeMs) / 2);
    return { ...token, renewAtMs: now() + token.lifeMs - lead };
  };

  async function current(ask: Ask): Promise<Kept> {
    const stored = await tokens.read();
    if (stored === null)
      throw await stopped(`Run \`${login}\`, because nobody is logged in to Yapla for "${connection}"`);
    if ('unopenedKey' in stored) throw await stopped(unopened(stored));
    const found = keep(stored);
    if (stored.version !== refusedVersion && now() < found.renewAtMs) return found;
    const renewed = await renew(stored, ask);
    if (renewed === null) throw await stopped(`Run \`${login}\`, because somebody ended the login of "${connection}"`);
    if ('unopenedKey' in renewed) throw await stopped(unopened(renewed));
    return keep(renewed);
  }

  async function renew({ version }: StoredToken, ask: Ask): Promise<StoredToken | UnopenedToken | null> {
    // Before the row is held: nobody else must wait for our permit.
    const [permit] = await tokenHttp.reserve(1, ask);
    let isUsed = false;
    try {
      return await tokens.renewed(version, (refreshToken) => {
        if (refreshToken === null) throw new GrantRefused('no_refresh_token', 'the login had no refresh token');
        isUsed = true;
        return client.renew(refreshToken, ask, permit);
      });
    } catch (error) {
      if (!(error instanceof GrantRefused)) throw error;
      // Refused was what a person has replaced meanwhile: nothing is to be stopped.
      const since = await tokens.read();
      if (since !== null && (!('version' in since) || since.version !== version)) return since;
      throw await stopped(whyRefused(error));
    } finally {
      if (!isUsed && permit !== undefined) tokenHttp.release([permit]);
    }
  }

  async function valid(ask: Ask): Promise<Kept> {
    if (kept !== null && now() < kept.renewAtMs) return kept;
    const joined = renewal !== null;
    // Others wait for this renewal too: anyone who asked first does not cancel it for them.
    const { signal: _signal, record: _record, ...shared } = ask;
    renewal ??= current(shared)
      .then((found) => (kept = found))
      .finally(() => (renewal = null));
    try {
      return await renewal;
    } catch (error) {
      // Postponed in another's lane, which may be a later one than ours.
      if (joined && error instanceof BudgetExhausted) return valid(ask);
      throw error;
    }
  }

  return renewing<Kept>(http, {
    valid,
    refused: ({ version }) => {
      refusedVersion = version;
      if (kept?.version === version) kept = null;
    },
    headers: ({ accessToken }) => ({ authorization: `Bearer ${accessToken}` }),
    said: { unauthorised: (answer) => judge.unauthorised(answer), again: (answer) => judge.refuseToken(answer) },
  });
}
