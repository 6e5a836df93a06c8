/** The configuration that a person would write for a sandbox account: `connectionSchema`'s input, for each shape. */
import type { z } from 'zod';
import type { fieldsSchema } from '../config/fields.js';
import type { connectionSchema } from '../config/schema.js';
import type { workbookSchema } from '../config/yaplaWorkbook.js';
import { systemNames, type SystemName } from '../core/record.js';
import type { LabelOptions } from './labels.js';
import { type ListEnd, sandboxClient, sandboxCredentials, type SandboxLimits, type YaplaShapeName } from './options.js';

type ConnectionInput = z.input<typeof connectionSchema>;
type YaplaInput = ConnectionInput['yapla'];
type FieldsInput = Exclude<z.input<typeof fieldsSchema>, undefined>;
type Rule = Exclude<FieldsInput[string]['rule'], undefined>;
type LimitsInput = ConnectionInput['yoplanning']['limits'];

/** Where a sandbox listens: origins without a path. */
export interface SandboxAddresses {
  readonly yapla: string;
  readonly yoplanning: string;
  readonly control: string;
}

export interface SandboxConnectionOptions {
  readonly shape?: YaplaShapeName;
  /** Yapla has no API here: its members are read from exports. Left out: it has. */
  readonly files?: true;
  /** Registrations and donations are looked at. */
  readonly events?: true;
  /** How it is written; left out: by REST 2.0. */
  readonly write?: 'rest' | 'graphql';
  /** What the pages of Yapla's list say of its length; left out: its total. */
  readonly listEnd?: ListEnd;
  /** What the connection's budget may send; left out: the configuration's own defaults, or nothing above what the sandbox enforces. */
  readonly limits?: {
    readonly yapla?: SandboxLimits & Partial<NonNullable<LimitsInput>>;
    readonly yoplanning?: SandboxLimits & Partial<NonNullable<LimitsInput>>;
  };
  /** Rule for every field; left out: the configuration's default. */
  readonly rule?: Rule;
  /** As the sandbox shows its choice fields. */
  readonly labels?: Partial<Readonly<Record<SystemName, LabelOptions>>>;
  /** Yapla is written by files that a person imports; these settings of theirs are laid over the defaults. */
  readonly imports?: Partial<Omit<z.input<typeof workbookSchema>, 'mode'>>;
  /** How sessions and orders are read and written; left out: the configuration's defaults, which fit the sandbox's. */
  readonly bookings?: NonNullable<ConnectionInput['yoplanning']['events']>;
  readonly credentials?: Partial<Record<keyof typeof sandboxCredentials, string>>;
  /** Fields besides those that the sandbox's people have. */
  readonly fields?: FieldsInput;
  /** Laid over the rest, key by key at the top. */
  readonly settings?: Partial<Omit<ConnectionInput, 'yapla' | 'yoplanning' | 'fields'>>;
}

/** A sandbox may tell of more within a moment than a club within a year. */
const anyNumber = { maxReadsPerHour: 1_000_000, maxStrangersPerHour: 1_000_000, maxInboxBytes: 1_000_000_000 };

/** @returns the input of `connectionSchema` for a sandbox at `addresses`. */
export function sandboxConnection(
  addresses: SandboxAddresses,
  options: SandboxConnectionOptions = {},
): ConnectionInput {
  const credentials = { ...sandboxCredentials, ...options.credentials };
  const shape = options.shape ?? 'flat';
  const ofShape = accounts[shape](addresses.yapla, credentials.yaplaKey);
  const account =
    options.write === 'graphql'
      ? { ...ofShape, write: graphqlWrite(addresses.yapla), read: unread(ofShape.read) }
      : ofShape;
  const { listEnd = 'total' } = options;
  const answer = {
    ...account.read.answer,
    ...(listEnd === 'total' ? {} : { count: null, ...lengths[shape][listEnd] }),
  };
  const { imports } = options;
  const yapla = {
    ...(options.files === true ? fromFiles : { ...account, read: { ...account.read, answer } }),
    // The export of registrations names no currency.
    ...(options.events === true ? { events: { currency: 'EUR' } } : {}),
    ...(imports && {
      write: {
        mode: 'workbook' as const,
        identifier: { path: options.files === true ? null : numbers[shape] },
        ...imports,
      },
    }),
  };
  const { yaplaWebhookSecret, yoplanningWebhookSecret } = credentials;
  const mapped = withLabels(shape === 'nested' ? nestedFields : flatFields, options.labels ?? {});
  const fields = withRule(mapped, options.rule);
  return {
    webhooks: {
      yapla: {
        secret: yaplaWebhookSecret,
        ...(shape === 'listed' ? listedWebhooks : {}),
        ...(options.files === true ? { id: 'member_number' } : {}),
      },
      yoplanning: { secret: yoplanningWebhookSecret },
      ...anyNumber,
    },
    ...options.settings,
    yapla: options.limits?.yapla === undefined ? yapla : { ...yapla, limits: options.limits.yapla },
    yoplanning: {
      baseUrl: `${addresses.yoplanning}/api/v3.1`,
      token: credentials.yoplanningToken,
      team: credentials.yoplanningTeam,
      ...(options.limits?.yoplanning === undefined ? {} : { limits: options.limits.yoplanning }),
      ...(options.bookings === undefined ? {} : { events: options.bookings }),
    },
    fields: { ...fields, ...options.fields },
  };
}

/**
 * Where a system of the sandbox sends its webhooks, for `control.setWebhooks`.
 *
 * @param receiver its origin, without a slash at its end. @param connection the id under which `sandboxConnection`'s input is configured.
 */
export function sandboxWebhookUrl(receiver: string, connection: string, system: SystemName): string {
  const secret =
    system === 'yapla' ? sandboxCredentials.yaplaWebhookSecret : sandboxCredentials.yoplanningWebhookSecret;
  return `${receiver}/webhooks/${encodeURIComponent(connection)}/${system}/${secret}`;
}

/** The shape that src/config/yapla.ts assumes: nothing but addresses and keys to write. */
function flatYapla(origin: string, key: string): YaplaInput {
  return {
    read: { baseUrl: `${origin}/api/1.0`, key: { value: key } },
    write: { mode: 'rest', baseUrl: `${origin}/api/2`, apiKey: key },
  };
}

function nestedYapla(origin: string, key: string): YaplaInput {
  return {
    read: {
      baseUrl: `${origin}/api/1.0`,
      key: { value: key, in: 'query', name: 'apiKey' },
      paging: { style: 'offset', pageParameter: 'start', sizeParameter: 'max' },
      answer: {
        records: 'response.members.items',
        count: 'response.members.totalCount',
        id: 'memberId',
        modified: 'dateModification',
        errorWhen: null,
      },
    },
    write: {
      mode: 'rest',
      baseUrl: `${origin}/api/2`,
      apiKey: key,
      memberPath: '/membres/{id}',
      answerRecord: 'response.membre',
      create: { path: '/membres', wrap: 'membre', id: 'response.createdId', record: null },
      update: { method: 'PATCH', path: '/membres/{id}', wrap: 'membre', shape: 'partial', record: null },
    },
    volatileFields: ['dateModification'],
  };
}

/** An account without any API: files in, and nothing out. */
const fromFiles: YaplaInput = { read: { mode: 'workbook' }, write: { mode: 'none' } };

/** Lists as assumed; no member can be read by itself, and writes answer none. */
function listedYapla(origin: string, key: string): YaplaInput {
  return {
    read: { baseUrl: `${origin}/api/1.0`, key: { value: key } },
    write: {
      mode: 'rest',
      baseUrl: `${origin}/api/2`,
      apiKey: key,
      memberPath: null,
      create: { id: null, record: null },
      update: { method: 'PATCH', shape: 'partial', record: null },
    },
  };
}

/** What GraphQL reads one member by is configured; the DATA API is asked for its list alone. */
function unread(read: YaplaInput['read']): YaplaInput['read'] {
  return { ...read, memberPath: null };
}

/** The parts of a member that the sandbox's GraphQL is asked to show. */
const shownMember =
  'id firstName lastName birthDate language organization groups contact { email mobilePhone address { street city postalCode countryCode } }';

/** As a person would write it after a look at the sandbox's schema. */
function graphqlWrite(origin: string): NonNullable<YaplaInput['write']> {
  return {
    mode: 'graphql',
    address: `${origin}/graphql`,
    oauth: {
      authorizeUrl: `${origin}/oauth/authorize`,
      tokenUrl: `${origin}/oauth/token`,
      revokeUrl: `${origin}/oauth/revoke`,
      clientId: sandboxClient.id,
      clientSecret: sandboxClient.secret,
      redirectUri: sandboxClient.redirectUri,
      keys: [{ id: 'sandbox', key: sandboxClient.tokenKey }],
    },
    read: { document: `query ($id: ID!) { member(id: $id) { ${shownMember} } }`, record: 'data.member' },
    create: {
      document: `mutation ($input: MemberInput!) { createMember(input: $input) { node { ${shownMember} } } }`,
      id: 'data.createMember.node.id',
      record: 'data.createMember.node',
    },
    update: {
      document: `mutation ($id: ID!, $patch: MemberPatch!) { updateMember(id: $id, patch: $patch) { node { ${shownMember} } } }`,
      input: 'patch',
      record: 'data.updateMember.node',
    },
    member: {
      fields: {
        firstName: 'firstName',
        lastName: 'lastName',
        email: 'contact.email',
        phone: 'contact.mobilePhone',
        birthDate: 'birthDate',
        language: 'language',
        street: 'contact.address.street',
        city: 'contact.address.city',
        postalCode: 'contact.address.postalCode',
        country: 'contact.address.countryCode',
      },
    },
  };
}

const accounts = { flat: flatYapla, nested: nestedYapla, listed: listedYapla } as const satisfies Record<
  YaplaShapeName,
  unknown
>;

/** Where a member's number stands. */
const numbers: Readonly<Record<YaplaShapeName, string>> = {
  flat: 'member_number',
  nested: 'noMembre',
  listed: 'member_number',
};

const flatLengths = { lastPage: { lastPage: 'pages' }, more: { more: 'has_more' }, nothing: {} } as const;

/** Where a list that states no total says how long it is. The nested one counts no pages. */
const lengths = {
  flat: flatLengths,
  nested: { lastPage: {}, more: { more: 'response.members.suite' }, nothing: {} },
  listed: flatLengths,
} as const satisfies Record<YaplaShapeName, Record<Exclude<ListEnd, 'total'>, object>>;

const listedWebhooks = {
  event: { path: 'action', created: ['Create a member'], updated: ['Edit a member'] },
  member: 'data.fiche',
  id: 'no',
  modified: 'modifie_le',
  fields: {
    firstName: 'identite.prenom',
    lastName: 'identite.nom',
    email: 'joindre.courriel',
    phone: 'joindre.mobile',
    birthDate: 'identite.naissance',
    language: 'identite.langue',
    street: 'address.rue',
    city: 'address.ville',
    postalCode: 'address.cp',
    country: 'address.pays',
  },
} as const satisfies NonNullable<ConnectionInput['webhooks']>['yapla'];

const yoplanningFields = {
  firstName: { type: 'name', yoplanning: 'first_name' },
  lastName: { type: 'name', yoplanning: 'last_name' },
  email: { type: 'email', yoplanning: 'email' },
  phone: { type: 'phone', yoplanning: 'phone_number' },
  birthDate: { type: 'date', yoplanning: 'birth_date' },
  language: { type: 'language', yoplanning: 'language' },
  street: { type: 'text', yoplanning: 'street' },
  city: { type: 'text', yoplanning: 'city' },
  postalCode: { type: 'text', yoplanning: 'postal_code' },
  country: { type: 'country', yoplanning: 'country' },
} as const;

const flatFields: FieldsInput = {
  firstName: { ...yoplanningFields.firstName, yapla: 'first_name' },
  lastName: { ...yoplanningFields.lastName, yapla: 'last_name' },
  email: { ...yoplanningFields.email, yapla: 'email' },
  phone: { ...yoplanningFields.phone, yapla: 'phone' },
  birthDate: { ...yoplanningFields.birthDate, yapla: 'birth_date' },
  language: { ...yoplanningFields.language, yapla: 'language' },
  street: { ...yoplanningFields.street, yapla: 'address' },
  city: { ...yoplanningFields.city, yapla: 'city' },
  postalCode: { ...yoplanningFields.postalCode, yapla: 'postal_code' },
  country: { ...yoplanningFields.country, yapla: 'country' },
};

const nestedFields: FieldsInput = {
  firstName: { ...yoplanningFields.firstName, yapla: 'identite.prenom' },
  lastName: { ...yoplanningFields.lastName, yapla: 'identite.nom' },
  email: { ...yoplanningFields.email, yapla: 'coordonnees.courriel' },
  phone: { ...yoplanningFields.phone, yapla: { read: 'coordonnees.telephone', write: 'coordonnees.tel' } },
  birthDate: { ...yoplanningFields.birthDate, yapla: { read: 'identite.dateNaissance', write: 'identite.naissance' } },
  language: { ...yoplanningFields.language, yapla: 'identite.langue' },
  street: { ...yoplanningFields.street, yapla: 'coordonnees.adresse.rue' },
  city: { ...yoplanningFields.city, yapla: 'coordonnees.adresse.ville' },
  postalCode: { ...yoplanningFields.postalCode, yapla: 'coordonnees.adresse.codePostal' },
  country: { ...yoplanningFields.country, yapla: 'coordonnees.adresse.pays' },
};

function withLabels(fields: FieldsInput, labels: Partial<Record<SystemName, LabelOptions>>): FieldsInput {
  const labelled = { ...fields };
  for (const system of systemNames) {
    for (const [name, label] of Object.entries(labels[system] ?? {})) {
      const field = labelled[name]!;
      const place = field[system];
      labelled[name] = { ...field, [system]: { ...(typeof place === 'string' ? { read: place } : place), label } };
    }
  }
  return labelled;
}

function withRule(fields: FieldsInput, rule: Rule | undefined): FieldsInput {
  if (rule === undefined) return fields;
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, { ...field, rule }]));
}
