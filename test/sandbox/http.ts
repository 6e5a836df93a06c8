/** A bare client for the sandbox's tests: one request, everything it answered. */
import { afterAll } from '@jest/globals';
import { request } from 'undici';
import { startSandbox, type Sandbox, type SandboxHooks, type SandboxOptions } from '../../src/sandbox/sandbox.js';
import type { ClientDocument } from '../../src/sandbox/yoplanning/clients.js';
import type { ListAnswer } from '../../src/sandbox/yoplanning/listing.js';
import { sandboxCredentials } from '../../src/sandbox/options.js';

interface FlatMember {
  readonly id: number;
  readonly member_number: string;
  readonly status: string;
  readonly email: string;
  readonly birth_date: string;
  readonly memberships: readonly unknown[];
  readonly updated_at: string;
}

/** Every field that some answer has: a test reads those of the answer it expects, and its expectations do the checking. */
interface Answered extends ClientDocument, ListAnswer<ClientDocument> {
  readonly detail: string;
  readonly result: boolean;
  readonly total: number;
  readonly pages: number;
  readonly data: Pick<readonly FlatMember[], 'find' | 'map' | 'length'> &
    FlatMember & { readonly session_token: string; readonly expire_date: string };
  readonly errors: object;
  readonly response: {
    readonly members: { readonly items: readonly { readonly memberId: string }[]; readonly totalCount: number };
    readonly membre: object;
    readonly erreurs: readonly { readonly champ: string }[];
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The text as JSON; reading it throws where it is none. */
  readonly json: Answered;
}

export interface Sending {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** An object is sent as JSON, a string as it is. */
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

export async function send(
  url: string,
  { method = 'GET', headers = {}, body, timeoutMs }: Sending = {},
): Promise<Reply> {
  const answer = await request(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(timeoutMs === undefined ? {} : { headersTimeout: timeoutMs, signal: AbortSignal.timeout(timeoutMs) }),
  });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text,
    get json() {
      return JSON.parse(text) as Answered;
    },
  };
}

/** Sandboxes that end with the test file. Yoplanning's limits are lifted unless a test sets them. */
export function sandboxes(): (options?: SandboxOptions, hooks?: SandboxHooks) => Promise<Sandbox> {
  const started: Sandbox[] = [];
  afterAll(() => Promise.all(started.map((sandbox) => sandbox.stop())));
  return async (options = {}, hooks = {}) => {
    const yoplanning = { limits: {}, ...options.yoplanning };
    const sandbox = await startSandbox({ ...options, yoplanning }, hooks);
    started.push(sandbox);
    return sandbox;
  };
}

const { yoplanningToken, yoplanningTeam, yaplaKey } = sandboxCredentials;

/** Sends to the clients of the sandbox's team: `''` the list, `'/<id>'` one, `'?…'` a query. */
export function clients(sandbox: Sandbox, rest = '', sending: Sending = {}): Promise<Reply> {
  const url = `${sandbox.addresses.yoplanning}/api/v3.1/teams/${yoplanningTeam}/clients${rest}`;
  return send(url, { ...sending, headers: { authorization: `Token ${yoplanningToken}`, ...sending.headers } });
}

/** Sends to the DATA API of shape `flat`. */
export function flatData(sandbox: Sandbox, rest = '', sending: Sending = {}): Promise<Reply> {
  const url = `${sandbox.addresses.yapla}/api/1.0/campaign/0/members${rest}`;
  return send(url, { ...sending, headers: { 'x-api-key': yaplaKey, ...sending.headers } });
}

export async function openSession(sandbox: Sandbox): Promise<string> {
  const url = `${sandbox.addresses.yapla}/api/2/authentication`;
  return (await send(url, { method: 'POST', body: { api_key: yaplaKey } })).json.data.session_token;
}
