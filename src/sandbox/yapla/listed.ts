/**
 * An account that shows members in lists and webhooks, and nowhere else: none can be read by itself, an update takes only the fields that
 * it names, and neither a creation nor an update answers a member, not even its id. Lists have the assumed names; webhooks, which another
 * team may well have built, have names and nesting of their own, days first, and ids as text.
 */
import type { Json, JsonObject } from '../../systems/system.js';
import { flatShape, personOf, restOf } from './flat.js';
import type { YaplaShape } from './shape.js';

const done = { result: true };

const eventWords = { created: 'Create a member', updated: 'Edit a member', deleted: 'Delete a member' } as const;

/** The places of a member's unmapped parts in the body of a write, by name in the store. */
const restNames = {
  status: 'status',
  organisation: 'organization',
  groups: 'groups',
  memberships: 'memberships',
  custom: 'custom_fields',
} as const;

export const listedShape: YaplaShape = {
  ...flatShape,
  readsOne: { data: false, rest: false },
  updateMethod: 'PATCH',

  webhookBody: (event, document) => ({ action: eventWords[event], data: { objet: 'membre', fiche: cardOf(document) } }),
  parse: (body) => ({ mode: 'partial', person: personOf(body), rest: namedOnly(body) }),
  createdAnswer: () => ({ status: 200, body: done }),
  updatedAnswer: () => ({ status: 200, body: done }),
};

/** `adresse` is an object here and `address` a text in lists, so that neither form can pass for the other. */
function cardOf(document: JsonObject): JsonObject {
  const { birth_date: birthDate } = document;
  const day = typeof birthDate === 'string' && !birthDate.startsWith('0000') ? birthDate.slice(0, 10) : null;
  return {
    no: typeof document['id'] === 'number' ? String(document['id']) : null,
    identite: {
      prenom: document['first_name'] ?? null,
      nom: document['last_name'] ?? null,
      naissance: day === null ? null : day.split('-').reverse().join('/'),
      langue: document['language'] ?? null,
    },
    joindre: { courriel: document['email'] ?? null, mobile: document['phone'] ?? null },
    address: {
      rue: document['address'] ?? null,
      ville: document['city'] ?? null,
      cp: document['postal_code'] ?? null,
      pays: document['country'] ?? null,
    },
    statut: document['status'] ?? null,
    modifie_le: document['updated_at'] ?? null,
  } satisfies Record<string, Json>;
}

function namedOnly(body: JsonObject) {
  const rest = restOf(body);
  return Object.fromEntries(
    Object.entries(restNames).flatMap(([name, place]) =>
      body[place] === undefined ? [] : [[name, rest[name as keyof typeof rest]]],
    ),
  ) as typeof rest;
}
