/** What all handlers do with a request: its body, its ids, its address. */
import type { FastifyRequest } from 'fastify';
import type { Json } from '../../systems/system.js';
import type { Answer } from '../door.js';
import type { RequestKind } from '../faults.js';
import { drf } from './answers.js';
import { pathOf } from './listing.js';

const uuidDigits = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/;

/** DRF's JSONParser; a request without a body counts as an empty document. */
export function withBody(request: FastifyRequest, apply: (body: Json) => Answer): Answer {
  const text = (request.body as string | undefined) ?? '';
  if (text === '') return apply({});
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\b/i.test(type)) return drf.unsupportedMediaType(type);
  let body: Json;
  try {
    body = JSON.parse(text) as Json;
  } catch (error) {
    return drf.parseError(Number(/position (\d+)/.exec(String(error))?.[1] ?? 0));
  }
  return apply(body);
}

/** A database compares UUIDs, not their spelling; what is none stays as it is. */
export function canonicalUuid(text: string): string {
  const groups = uuidDigits.exec(text.toLowerCase().replaceAll('-', ''));
  return groups === null ? text : groups.slice(1).join('-');
}

export function isUuid(text: string): boolean {
  return uuidDigits.test(text.replaceAll('-', ''));
}

export function kindOfOne(method: string): RequestKind {
  if (method === 'GET') return 'read';
  return method === 'DELETE' ? 'delete' : 'write';
}

export function addressOf(request: FastifyRequest): string {
  return `http://${request.headers.host ?? 'localhost'}${pathOf(request.url)}`;
}
