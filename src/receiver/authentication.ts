/**
 * Who may deliver webhooks. Every comparison is of keyed digests in constant time, all configured checks are made whatever the first ones
 * say, and an address that does not exist is refused in the same way and the same time as a wrong secret: nothing can be found by trying.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { ConnectionConfig } from '../config/schema.js';
import type { WebhookAuthentication } from '../config/webhooks.js';
import { systemNames, type SystemName } from '../core/record.js';

/** One system of one connection that delivers here. */
export interface Endpoint {
  readonly connectionId: string;
  readonly system: SystemName;
  readonly connection: ConnectionConfig;
  readonly authentication: WebhookAuthentication;
}

/** Of this process only: digests made with it are of no use to anybody who does not hold it. */
const processKey = randomBytes(32);
const digestOf = (text: string) => createHmac('sha256', processKey).update(text, 'utf8').digest();
const isEqual = (given: string, expected: string) => timingSafeEqual(digestOf(given), digestOf(expected));

/** Stands where no endpoint is, so that comparing takes as long. */
const nobody: WebhookAuthentication = { secret: randomBytes(32).toString('hex') };

/** Endpoints by `<connection>/<system>`: every system with a secret. */
export type Endpoints = ReadonlyMap<string, Endpoint>;

export function endpointsOf(connections: Readonly<Record<string, ConnectionConfig>>): Endpoints {
  return new Map(
    Object.entries(connections).flatMap(([connectionId, connection]) =>
      systemNames.flatMap((system): [string, Endpoint][] => {
        const authentication: WebhookAuthentication = connection.webhooks[system];
        if (authentication.secret === undefined) return [];
        return [[`${connectionId}/${system}`, { connectionId, system, connection, authentication }]];
      }),
    ),
  );
}

/** The place and the secret that a request names, and what it carries before its body. */
export interface Credentials {
  readonly connection: string;
  readonly system: string;
  readonly secret: string;
  readonly headers: IncomingHttpHeaders;
}

/** The endpoint that a request may deliver to; null: none, for whatever reason. Does not need the body, and so does not check an HMAC. */
export function authenticate(
  endpoints: Endpoints,
  { connection, system, secret, headers }: Credentials,
): Endpoint | null {
  const endpoint = endpoints.get(`${connection}/${system}`);
  const expected = endpoint?.authentication ?? nobody;
  const checks = [
    isEqual(secret, expected.secret ?? ''),
    expected.header === undefined || isEqual(headerOf(headers, expected.header.name), expected.header.value),
    expected.basic === undefined || isEqual(basicOf(headers), `${expected.basic.user}:${expected.basic.password}`),
  ];
  return endpoint !== undefined && checks.every(Boolean) ? endpoint : null;
}

/** Whether the signature of the raw body is right, or none is agreed. */
export function isSigned(endpoint: Endpoint, headers: IncomingHttpHeaders, body: Buffer): boolean {
  const { hmac } = endpoint.authentication;
  if (hmac === undefined) return true;
  const signature = createHmac(hmac.algorithm, hmac.secret).update(body).digest(hmac.encoding);
  const given = headerOf(headers, hmac.header);
  // Hexadecimal digits are written in either case.
  return isEqual(hmac.encoding === 'hex' ? given.toLowerCase() : given, prefixed(hmac, signature));
}

function prefixed({ prefix, encoding }: { prefix: string; encoding: string }, signature: string): string {
  return `${encoding === 'hex' ? prefix.toLowerCase() : prefix}${signature}`;
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  return String(headers[name.toLowerCase()] ?? '');
}

/** `user:password` of HTTP basic authentication (RFC 7617); empty: none was sent. */
function basicOf(headers: IncomingHttpHeaders): string {
  const match = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(headers.authorization ?? '');
  return match === null ? '' : Buffer.from(match[1]!, 'base64').toString('utf8');
}
