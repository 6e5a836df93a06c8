/** Django REST framework's words. Tests of ours match some of them: they are facts, not style. */
import type { Answer } from '../door.js';
import type { JsonObject } from '../../systems/system.js';
import type { FieldErrors } from './validation.js';

const authenticate = { 'WWW-Authenticate': 'Token' };
const detail = (status: number, text: string, headers?: Record<string, string>): Answer => ({
  status,
  body: { detail: text },
  ...(headers === undefined ? {} : { headers }),
});

export const drf = {
  ok: (body: unknown): Answer => ({ status: 200, body }),
  created: (body: unknown): Answer => ({ status: 201, body }),
  noContent: (): Answer => ({ status: 204 }),
  /** Of nested documents, errors are nested likewise. */
  invalid: (errors: FieldErrors | JsonObject): Answer => ({ status: 400, body: errors }),
  /** @param position of the first character that is no JSON. */
  parseError: (position: number) =>
    detail(400, `JSON parse error - Expecting value: line 1 column ${position + 1} (char ${position})`),
  invalidToken: () => detail(401, 'Invalid token.', authenticate),
  noCredentials: () => detail(401, 'Authentication credentials were not provided.', authenticate),
  malformedHeader: (reason: string) => detail(401, `Invalid token header. ${reason}`, authenticate),
  forbidden: () => detail(403, 'You do not have permission to perform this action.'),
  notFound: () => detail(404, 'Not found.'),
  methodNotAllowed: (method: string, allow: string) => detail(405, `Method "${method}" not allowed.`, { Allow: allow }),
  unsupportedMediaType: (type: string) => detail(415, `Unsupported media type "${type}" in request.`),
  throttled: (seconds: number | null) =>
    seconds === null
      ? detail(429, 'Request was throttled.')
      : // DRF words one second in the singular.
        detail(429, `Request was throttled. Expected available in ${seconds} second${seconds === 1 ? '' : 's'}.`, {
          'Retry-After': String(seconds),
        }),
  redirect: (location: string): Answer => ({ status: 301, body: '', headers: { Location: location } }),
  /** The URL resolver knows no such path: Django's page, not the API's. */
  noSuchPath: (): Answer => ({
    status: 404,
    body: '<!doctype html><html lang="en"><head><title>Not Found</title></head><body><h1>Not Found</h1></body></html>',
  }),
};
