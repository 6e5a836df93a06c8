/**
 * The login of the sandbox's GraphQL: OAuth2 with an authorization code and PKCE, as RFC 6749, 7636 and 9700 want it. Codes work once;
 * refresh tokens are rotated, and one that comes a second time ends the whole login.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Answer } from '../door.js';
import type { ResolvedSandboxOptions } from '../options.js';

type Options = ResolvedSandboxOptions['yapla']['graphql'];

interface Code {
  readonly challenge: string;
  readonly redirectUri: string;
  readonly expiresAtMs: number;
  /** The family that it began, once it was redeemed. */
  family?: Family;
}

/** All that came of one login. */
interface Family {
  ended: boolean;
}

interface AccessToken {
  readonly family: Family;
  readonly expiresAtMs: number;
}

interface RefreshToken {
  readonly family: Family;
  used: boolean;
}

const codeMs = 60_000;

export class LoginServer {
  readonly #codes = new Map<string, Code>();
  readonly #access = new Map<string, AccessToken>();
  readonly #refresh = new Map<string, RefreshToken>();
  /** Requests for tokens that were answered with some. */
  granted = 0;

  constructor(private readonly options: Options) {}

  /** The page that the person opens. Here she is known and says yes at once. */
  authorize(query: URLSearchParams): Answer {
    const redirectUri = query.get('redirect_uri') ?? '';
    // Never sent anywhere else: a page of our own says what is wrong.
    if (query.get('client_id') !== this.options.clientId) return page('Unknown client.');
    if (!this.options.redirectUris.includes(redirectUri)) return page('This redirect URI is not registered.');
    const back = new URL(redirectUri);
    const state = query.get('state');
    if (state !== null) back.searchParams.set('state', state);
    const challenge = query.get('code_challenge') ?? '';
    if (query.get('response_type') !== 'code' || query.get('code_challenge_method') !== 'S256' || challenge === '') {
      back.searchParams.set('error', 'invalid_request');
    } else if (this.options.denies) {
      back.searchParams.set('error', 'access_denied');
    } else {
      const code = secret();
      this.#codes.set(code, { challenge, redirectUri, expiresAtMs: Date.now() + codeMs });
      back.searchParams.set('code', code);
    }
    return { status: 302, headers: { location: back.href } };
  }

  /** @param authorization header of the request */
  token(form: URLSearchParams, authorization: string | undefined): Answer {
    if (!this.#knowsClient(form, authorization))
      return { status: 401, body: { error: 'invalid_client' }, headers: { 'www-authenticate': 'Basic realm="yapla"' } };
    switch (form.get('grant_type')) {
      case 'authorization_code':
        return this.#redeem(form);
      case 'refresh_token':
        return this.#renew(form.get('refresh_token') ?? '');
      default:
        return refused('unsupported_grant_type');
    }
  }

  /** RFC 7009: a token that nobody knows is as good as taken back. */
  revoke(form: URLSearchParams, authorization: string | undefined): Answer {
    if (!this.#knowsClient(form, authorization)) return { status: 401, body: { error: 'invalid_client' } };
    const token = form.get('token') ?? '';
    const family = (this.#refresh.get(token) ?? this.#access.get(token))?.family;
    if (family !== undefined) family.ended = true;
    return { status: 200 };
  }

  isValid(token: string): boolean {
    const found = this.#access.get(token);
    return found !== undefined && !found.family.ended && found.expiresAtMs > Date.now();
  }

  /** Every access token ends now; refresh tokens go on. */
  expireAll(): void {
    this.#access.clear();
  }

  /** Every login ends, as when the person changes her password. */
  endLogins(): void {
    for (const { family } of this.#refresh.values()) family.ended = true;
  }

  #knowsClient(form: URLSearchParams, authorization: string | undefined): boolean {
    const { clientId, clientSecret } = this.options;
    if (authorization === undefined)
      return (
        form.get('client_id') === clientId && (clientSecret === null || form.get('client_secret') === clientSecret)
      );
    const [scheme, credentials = ''] = authorization.split(' ');
    // Both encoded as in a form, each by itself (RFC 6749, 2.3.1).
    const given = Buffer.from(credentials, 'base64').toString('utf8').split(':').map(decodeURIComponent);
    return scheme === 'Basic' && given.length === 2 && given[0] === clientId && given[1] === (clientSecret ?? '');
  }

  #redeem(form: URLSearchParams): Answer {
    const code = this.#codes.get(form.get('code') ?? '');
    if (code === undefined || code.expiresAtMs <= Date.now()) return refused('invalid_grant');
    if (code.family !== undefined) {
      // Who brings it a second time may have stolen it: so may the first.
      code.family.ended = true;
      return refused('invalid_grant');
    }
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (challenge !== code.challenge || form.get('redirect_uri') !== code.redirectUri) return refused('invalid_grant');
    code.family = { ended: false };
    return this.#grant(code.family);
  }

  #renew(token: string): Answer {
    const found = this.#refresh.get(token);
    if (found === undefined || found.family.ended) return refused('invalid_grant');
    if (found.used) {
      found.family.ended = true;
      return refused('invalid_grant');
    }
    if (this.options.rotates) found.used = true;
    return this.#grant(found.family, this.options.rotates ? undefined : token);
  }

  #grant(family: Family, refreshToken = secret()): Answer {
    const { accessTokenMs } = this.options;
    const accessToken = secret();
    this.#access.set(accessToken, { family, expiresAtMs: Date.now() + accessTokenMs });
    this.#refresh.set(refreshToken, { family, used: false });
    this.granted += 1;
    return {
      status: 200,
      headers: { 'cache-control': 'no-store' },
      body: {
        access_token: accessToken,
        token_type: 'Bearer',
        expires_in: accessTokenMs / 1_000,
        refresh_token: refreshToken,
        scope: 'members',
      },
    };
  }
}

function secret(): string {
  return randomBytes(24).toString('base64url');
}

function refused(error: string): Answer {
  return { status: 400, body: { error, error_description: 'Refused.' } };
}

function page(text: string): Answer {
  return { status: 400, body: `<!doctype html><title>Yapla</title><p>${text}</p>` };
}
