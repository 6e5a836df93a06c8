/** Forms of single settings: addresses and paths that a token travels with, secrets, places in documents, time zones. */
import { z } from 'zod';
import { isPlace } from '../core/document.js';
import { isLoopback } from '../core/loopback.js';
import { isTimeZone } from '../core/zone.js';

/**
 * Address of a system's API. Each request carries a token, so it is encrypted; on this machine alone (the sandbox, a proxy that adds TLS) it
 * need not be. What follows a `?` would be lost when paths are added, and a user in it would be a second credential.
 */
export function systemAddress() {
  return z.url().superRefine((text, context) => {
    if (!URL.canParse(text)) return;
    const { protocol, hostname, username, password, search, hash } = new URL(text);
    const say = (message: string) => context.addIssue({ code: 'custom', message });
    if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname)))
      say(
        'expected an https address: over http the token would be readable on its way (only localhost, 127.0.0.1 and [::1] may be http)',
      );
    if (username !== '' || password !== '' || search !== '' || hash !== '')
      say('expected an address without user, password, ? and #: credentials have settings of their own');
  });
}

/** Path of one record. Without its id each record's request would go to the same place. */
export function recordPath() {
  return z.string().includes('{id}', { message: 'expected a path with {id} in it, such as /members/{id}' });
}

/** A word before a credential, such as `Bearer `: too short to hold one itself. */
export function credentialPrefix() {
  return z
    .string()
    .regex(
      /^(?:[A-Za-z][A-Za-z0-9-]{0,15}[ =:,]?)?$/,
      'expected a word of at most 16 letters, such as `Bearer ` or `sha256=`: secrets are named as ${NAME} in settings of their own',
    );
}

/**
 * Marks a setting as a secret: the file may only name the environment variable that holds it (see references.ts), and the
 * generated reference says so.
 */
export const secret = { secret: true } as const;

/**
 * A secret that is a part of an address: known to anyone who sees a proxy's log, so long enough that it cannot be guessed, and in characters
 * that a path may hold.
 */
export const addressSecret = () =>
  z
    .string()
    .regex(/^[\w.~-]{24,200}$/, 'expected 24 to 200 letters, digits, - or _ (`openssl rand -hex 32` makes some)')
    .meta(secret);

/** Where one value stands in a record. */
export const placeText = () =>
  z.string().min(1).refine(isPlace, 'expected a dotted path, such as address.city, custom[0] or custom[id=f108].value');

/** The zone of the times that a system writes without one. @param why the default is UTC */
export const timeZoneSchema = (why: string) =>
  z
    .string()
    .refine(isTimeZone, 'expected the name of a time zone, such as Europe/Paris, America/Montreal or UTC')
    .default('UTC')
    .describe(
      `Time zone (IANA) of times that it writes without one; an offset that stands with a time counts before it. ${why} A time in the hour that happens twice in autumn, or in the one that does not exist in spring, counts as known to the hour only: it sets nothing aside that may be newer, and \`newest\` asks.`,
    );
