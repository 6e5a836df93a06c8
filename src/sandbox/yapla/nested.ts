/**
 * As far from the assumed shape as an account could plausibly be: pages by position, key in the query, French names in nested
 * objects, other names in writes than in reads, partial updates in a wrapper, a creation that answers only the id, an update that
 * answers nothing of the member, dates as JJ/MM/AAAA, countries and languages by label.
 */
import { getProperty, hasProperty } from 'dot-prop';
import countries from 'i18n-iso-countries';
import type { Json, JsonObject } from '../../systems/system.js';
import type { PersonField } from '../person.js';
import type { Member, MemberFields, MemberStatus, Membership } from './members.js';
import { memberBody } from '../webhooks/bodies.js';
import { asSpoilt, type YaplaShape } from './shape.js';

/** Places in a *write*. `tel` and `naissance` are read elsewhere, under `telephone` and `dateNaissance`. */
const writePlaces = {
  firstName: 'identite.prenom',
  lastName: 'identite.nom',
  email: 'coordonnees.courriel',
  phone: 'coordonnees.tel',
  birthDate: 'identite.naissance',
  language: 'identite.langue',
  street: 'coordonnees.adresse.rue',
  city: 'coordonnees.adresse.ville',
  postalCode: 'coordonnees.adresse.codePostal',
  country: 'coordonnees.adresse.pays',
} as const satisfies Record<PersonField, string>;

const statusLabels = {
  waiting_approval: "En attente d'approbation",
  active: 'Actif',
  inactive: 'Inactif',
  archived: 'Archivé',
} as const satisfies Record<MemberStatus, string>;

const membershipLabels = {
  validated: 'Validée',
  expired: 'Expirée',
  in_grace_period: 'En période de grâce',
  waiting_payment: 'En attente de paiement',
  waiting_validation: 'En attente de validation',
  cancelled: 'Annulée',
} as const satisfies Record<Membership['status'], string>;

export const nestedShape: YaplaShape = {
  readsOne: { data: false, rest: true },
  restPath: '/membres',
  updateMethod: 'PATCH',

  keyOf: (request) => new URL(request.url, 'http://localhost').searchParams.get('apiKey') ?? undefined,
  windowOf: (query, maxPageSize) => ({
    start: whole(query.get('start')) ?? 0,
    size: Math.min(whole(query.get('max')) || maxPageSize, maxPageSize),
  }),
  page: (members, total, { start, size }, says) => {
    const end = start + size;
    const length = {
      total: { totalCount: total },
      lastPage: {},
      // The place of the next page, and nothing where there is none.
      more: end < total ? { suite: `/campaign/0/members?start=${end}&max=${size}` } : {},
      nothing: {},
    } as const satisfies Record<typeof says, JsonObject>;
    return { response: { members: { items: members.map(document), ...length[says] } } };
  },
  document,
  readAnswer: (member) => ({ response: { membre: document(member) } }),
  webhookBody: memberBody,
  parse: (body) => {
    const membre = body['membre'];
    const document = typeof membre === 'object' && membre !== null && !Array.isArray(membre) ? membre : {};
    return { mode: 'partial', person: personOf(document), rest: restOf(document) };
  },
  createdAnswer: (member) => ({ status: 201, body: { response: { createdId: member.id } } }),
  updatedAnswer: () => ({ status: 200, body: { response: { ok: true } } }),
  invalid: (complaints) => ({
    status: 422,
    body: {
      response: {
        erreurs: Object.entries(complaints).map(([field, message]) => ({
          champ: placeOf(field),
          message,
        })),
      },
    },
  }),
  failure: (status, message, headers = {}) => ({ status, body: { response: { erreur: message } }, headers }),
};

function placeOf(field: string): string {
  const known: Readonly<Record<string, string>> = { ...writePlaces, status: 'statut' };
  return known[field] ?? field;
}

function document(member: Member): JsonObject {
  return asSpoilt(member, wholeDocument(member));
}

function wholeDocument({ id, number, fields, updatedAtMs }: Member): JsonObject {
  const { person } = fields;
  return {
    memberId: id,
    noMembre: number,
    statut: statusLabels[fields.status],
    identite: {
      prenom: person.firstName,
      nom: person.lastName,
      dateNaissance: person.birthDate === null ? null : dayFirst(person.birthDate),
      langue: person.language === 'fr' ? 'Français' : person.language,
    },
    coordonnees: {
      courriel: person.email,
      telephone: person.phone,
      adresse: {
        rue: person.street,
        ville: person.city,
        codePostal: person.postalCode,
        pays: person.country === null ? null : (countries.getName(person.country, 'fr') ?? person.country),
      },
    },
    organisation: fields.organisation,
    groupes: fields.groups.map((nom) => ({ nom })),
    adhesions: fields.memberships.map((membership) => ({
      no: String(membership.id),
      type: membership.type,
      statut: membershipLabels[membership.status],
      debut: dayFirst(membership.start),
      fin: dayFirst(membership.end),
      montant: membership.amount / 100,
    })),
    champs: fields.custom,
    dateModification: new Date(updatedAtMs).toISOString(),
  };
}

function personOf(document: JsonObject): Partial<Record<PersonField, unknown>> {
  const person: Partial<Record<PersonField, unknown>> = {};
  for (const [field, place] of Object.entries(writePlaces) as [PersonField, string][]) {
    if (hasProperty(document, place)) person[field] = valueOf(field, getProperty(document, place) as Json);
  }
  return person;
}

/** "The exact label or the value" of a choice field; dates as shown or year first. */
function valueOf(field: PersonField, raw: Json): Json {
  if (typeof raw !== 'string') return raw;
  if (field === 'country') return countries.getAlpha2Code(raw, 'fr') ?? raw;
  if (field === 'language') return raw === 'Français' ? 'fr' : raw;
  if (field === 'birthDate') return raw.replace(/^(\d{2})\/(\d{2})\/(\d{4})$/, '$3-$2-$1');
  return raw;
}

function restOf(document: JsonObject): Partial<Omit<MemberFields, 'person'>> {
  const status = Object.entries(statusLabels).find(([, label]) => label === document['statut'])?.[0];
  return {
    ...(document['statut'] === undefined ? {} : { status: (status ?? document['statut']) as MemberStatus }),
    ...(document['organisation'] === undefined ? {} : { organisation: document['organisation'] as string | null }),
    ...(document['champs'] === undefined ? {} : { custom: document['champs'] }),
  };
}

function dayFirst(date: string): string {
  return date.split('-').reverse().join('/');
}

function whole(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
