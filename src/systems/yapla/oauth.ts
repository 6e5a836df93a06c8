/**
 * OAuth2 with an authorization code and PKCE (RFC 6749, 7636): the addresses, the exchange of a code, the renewal of a token. The library
 * builds and judges what is sent and answered; the requests go through the http client, under the budget of the account.
 */
import * as oauth from 'oauth4webapi';
import type { OAuthConfig } from '../../config/yaplaGraphql.js';
import type { Ask, HttpClient } from '../../http/client.js';
import { type FailureContext, UnexpectedResponse } from '../../http/failures.js';
import type { Permit } from '../../store/budget.js';

/** What a login or a renewal gave. Secrets: memory and Postgres (encrypted) only. */
export interface Grant {
  readonly accessToken: string;
  /** `null`: none was given; after a renewal, the old one goes on. */
  readonly refreshToken: string | null;
  /** `null`: the server does not say how long the access token lives. */
  readonly lifeMs: number | null;
}

/** The server refuses the code or the refresh token, or sends the person back without one. */
export class GrantRefused extends Error {
  override readonly name = 'GrantRefused';
  constructor(
    /** `invalid_grant`, `access_denied` …: a code of RFC 6749, or `refused`. */
    readonly code: string,
    /** In our own words. */
    readonly what: string,
  ) {
    super(`${what} (${code})`);
  }
}

/** What belongs to one login, and is kept until the person comes back. */
export interface LoginSecrets {
  readonly state: string;
  /** PKCE. */
  readonly verifier: string;
}

export interface OAuthClient {
  /** Another one for each login. */
  secrets(): LoginSecrets;
  /** The address that the person opens. */
  loginAddress(secrets: LoginSecrets): Promise<string>;
  /**
   * Exchanges the code that the person brought back. One request.
   * @param address the final address, as the browser shows it
   * @throws {GrantRefused} {AnyFailure}
   */
  redeem(address: URL, secrets: LoginSecrets, ask: Ask): Promise<Grant>;
  /**
   * Takes a login back at the server (RFC 7009). One request for each token. To be called only where `revokeUrl` is configured.
   * @throws {GrantRefused} {AnyFailure}
   */
  revoke(tokens: Pick<Grant, 'accessToken' | 'refreshToken'>, ask: Ask): Promise<void>;
  /** Renews an access token. One request; a server may take the refresh token once only. @throws {GrantRefused} {AnyFailure} */
  renew(refreshToken: string, ask: Ask, permit?: Permit): Promise<Grant>;
}

/** Codes of RFC 6749 and their like: anything else is not told on. */
const codeForm = /^[a-z_]{1,40}$/;

/** Refusals of the token endpoint: the library reads them. */
const refusing = [400, 401, 403] as const;

/** @param http for the origin of the token endpoint; for one that takes tokens back, of the endpoint that does */
export function createOAuthClient(config: OAuthConfig, http: HttpClient): OAuthClient {
  const server: oauth.AuthorizationServer = {
    // None is configured, and nothing that names one is believed or asked for.
    issuer: new URL(config.tokenUrl).origin,
    authorization_endpoint: config.authorizeUrl,
    token_endpoint: config.tokenUrl,
    ...(config.revokeUrl === undefined ? {} : { revocation_endpoint: config.revokeUrl }),
  };
  const client: oauth.Client = { client_id: config.clientId };
  const authentication =
    config.clientSecret === undefined
      ? oauth.None()
      : config.clientAuthentication === 'basic'
        ? oauth.ClientSecretBasic(config.clientSecret)
        : oauth.ClientSecretPost(config.clientSecret);

  /** The request that the library made, through our client. */
  async function through<Told>(
    ask: Ask,
    permit: Permit | undefined,
    make: (options: oauth.TokenEndpointRequestOptions) => Promise<Response>,
    read: (response: Response) => Promise<Told>,
    what: string,
    url = config.tokenUrl,
  ): Promise<Told> {
    const { pathname: path, protocol } = new URL(url);
    // Addresses of this machine alone may be http (config/values.ts); the library marks the option so that it stands out.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const insecurely = protocol === 'http:' ? { [oauth.allowInsecureRequests]: true } : {};
    let context: FailureContext | undefined;
    try {
      const response = await make({
        [oauth.customFetch]: async (_address, { body, headers }) => {
          const { authorization } = headers;
          const request = {
            method: 'POST',
            access: 'session',
            path,
            form: String(body),
            kind: path,
            answers: refusing,
            ...(authorization === undefined ? {} : { headers: { authorization } }),
          } as const;
          const answer = await http.send(request, ask, permit);
          ({ context } = answer);
          return new Response(JSON.stringify(answer.body ?? {}), {
            status: answer.status,
            headers: { 'content-type': 'application/json' },
          });
        },
        ...insecurely,
      });
      return await read(response);
    } catch (error) {
      throw told(error, context, what);
    }
  }

  async function exchange(
    ask: Ask,
    permit: Permit | undefined,
    make: (options: oauth.TokenEndpointRequestOptions) => Promise<Response>,
    read: (response: Response) => Promise<oauth.TokenEndpointResponse>,
    what: string,
  ): Promise<Grant> {
    const { access_token, refresh_token, expires_in } = await through(ask, permit, make, read, what);
    return {
      accessToken: access_token,
      refreshToken: refresh_token ?? null,
      lifeMs: expires_in === undefined ? null : expires_in * 1_000,
    };
  }

  return {
    secrets: () => ({ state: oauth.generateRandomState(), verifier: oauth.generateRandomCodeVerifier() }),

    async loginAddress({ state, verifier }) {
      const address = new URL(config.authorizeUrl);
      const parameters = {
        response_type: 'code',
        client_id: config.clientId,
        redirect_uri: config.redirectUri,
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(config.scopes.length === 0 ? {} : { scope: config.scopes.join(' ') }),
      };
      for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
      return address.href;
    },

    async redeem(address, { state, verifier }, ask) {
      const given = new URLSearchParams(address.searchParams);
      given.delete('iss');
      let parameters: URLSearchParams;
      try {
        parameters = oauth.validateAuthResponse(server, client, given, state);
      } catch (error) {
        throw told(error, undefined, 'the address does not end this login');
      }
      return exchange(
        ask,
        undefined,
        (options) =>
          oauth.authorizationCodeGrantRequest(
            server,
            client,
            authentication,
            parameters,
            config.redirectUri,
            verifier,
            options,
          ),
        (response) => oauth.processAuthorizationCodeResponse(server, client, response),
        'the server does not take the code',
      );
    },

    async revoke({ accessToken, refreshToken }, ask) {
      // The refresh token first: with it most servers end all that came of the login.
      const tokens = [
        ['refresh_token', refreshToken],
        ['access_token', accessToken],
      ] as const;
      for (const [hint, token] of tokens) {
        if (token === null) continue;
        await through(
          ask,
          undefined,
          (options) =>
            oauth.revocationRequest(server, client, authentication, token, {
              ...options,
              additionalParameters: { token_type_hint: hint },
            }),
          (response) => oauth.processRevocationResponse(response),
          'the server does not take the login back',
          config.revokeUrl,
        );
      }
    },

    renew: (refreshToken, ask, permit) =>
      exchange(
        ask,
        permit,
        (options) => oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, options),
        (response) => oauth.processRefreshTokenResponse(server, client, response),
        'the server does not take the refresh token',
      ),
  };
}

/** In our own words: the library's errors hold the response, and so the tokens. */
function told(error: unknown, context: FailureContext | undefined, what: string): unknown {
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError) {
    return new GrantRefused(codeForm.test(error.error) ? error.error : 'refused', what);
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) return new GrantRefused('invalid_client', what);
  if (error instanceof oauth.OperationProcessingError) {
    if (context === undefined) return new GrantRefused('refused', what);
    return new UnexpectedResponse(
      context,
      'unknown',
      `what the server answers is no token (${error.code ?? 'no code'})`,
    );
  }
  return error;
}
