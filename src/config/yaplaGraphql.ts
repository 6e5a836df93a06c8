/**
 * Yapla by GraphQL (`yapla.write.mode: graphql`). Public are the addresses, that there are queries and mutations to create and update, and
 * OAuth2 with an authorization code (docs/systems.md). Documents, variables, names, the places in answers, the addresses of the login and
 * the error codes are not: they are settings, checked here as far as they can be by themselves, and against the account's own schema by
 * `passerelle doctor` and when a worker starts.
 */
import { z } from 'zod';
import { declaredVariables, problemOfDocument, unselected, type DocumentKind } from './graphqlDocuments.js';
import { namesEntry } from '../core/document.js';
import { placeText, secret, systemAddress } from './values.js';

/** What an error within an answer of status 200 means, in the words of src/http/failures.ts. */
export const graphqlErrorKinds = [
  'notAuthenticated',
  'forbidden',
  'throttled',
  'notFound',
  'invalid',
  'refused',
  'failed',
] as const;
export type GraphqlErrorKind = (typeof graphqlErrorKinds)[number];

/** Codes that servers of GraphQL commonly give: those of Apollo Server, and the words that others use. */
export const commonErrorCodes: Readonly<Record<string, GraphqlErrorKind>> = {
  UNAUTHENTICATED: 'notAuthenticated',
  UNAUTHORIZED: 'notAuthenticated',
  FORBIDDEN: 'forbidden',
  READ_ONLY: 'forbidden',
  THROTTLED: 'throttled',
  RATE_LIMITED: 'throttled',
  TOO_MANY_REQUESTS: 'throttled',
  NOT_FOUND: 'notFound',
  BAD_USER_INPUT: 'invalid',
  VALIDATION_ERROR: 'invalid',
  GRAPHQL_PARSE_FAILED: 'refused',
  GRAPHQL_VALIDATION_FAILED: 'refused',
  OPERATION_RESOLUTION_FAILURE: 'refused',
  BAD_REQUEST: 'refused',
  INTERNAL_SERVER_ERROR: 'failed',
  SERVICE_UNAVAILABLE: 'failed',
};

/** 256 bits. */
const keyForm = /^(?:[0-9a-fA-F]{64}|[A-Za-z0-9+/]{43}=|[A-Za-z0-9_-]{43})$/;

const oauthSchema = z.strictObject({
  authorizeUrl: systemAddress().describe(
    'Where a person allows the access (authorization endpoint). Not public: Yapla tells it with the client id.',
  ),
  tokenUrl: systemAddress().describe(
    'Where tokens are asked for (token endpoint). Not public: Yapla tells it with the client id.',
  ),
  revokeUrl: systemAddress()
    .optional()
    .describe(
      'Where a login is taken back (revocation endpoint, RFC 7009), for `passerelle logout`. Not public. Left out: the tokens are forgotten here, and the user takes the right back at Yapla.',
    ),
  clientId: z.string().min(1).describe('Client id, from Yapla by mail.'),
  clientSecret: z
    .string()
    .min(1)
    .meta(secret)
    .optional()
    .describe(
      'Client secret, from Yapla by mail. Write it as `${NAME}`. Left out: a public client; PKCE is used either way.',
    ),
  clientAuthentication: z
    .enum(['basic', 'post'])
    .default('basic')
    .describe(
      'How the secret is shown: in a header, encoded as RFC 6749 asks of every server, or in the body (`post`), which suits those that do not decode it. Not public; assumed.',
    ),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'expected one scope in each entry, without spaces'))
    .default([])
    .describe('Scopes to ask for, from Yapla by mail. Empty: those that the client has by itself.'),
  redirectUri: systemAddress().describe(
    'Where Yapla sends the person back, exactly as it was registered with Yapla: `https://…/oauth/<connection>/callback` of the receiver, or an address of this machine, from which the answer is pasted at the prompt of `passerelle login`.',
  ),
  keys: z
    .array(
      z.strictObject({
        id: z
          .string()
          .regex(/^[\w.-]{1,40}$/, 'expected letters, digits, ., - or _')
          .describe(
            'A name of your choice, for example the month in which it was made. It is stored beside what the key encrypts.',
          ),
        key: z
          .string()
          .regex(keyForm, 'expected 32 bytes as 64 hexadecimal digits or as base64 (`openssl rand -hex 32` makes some)')
          .meta(secret)
          .describe('The key (AES-256-GCM). Write it as `${NAME}`.'),
      }),
    )
    .min(1)
    .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, 'expected keys with different ids')
    .describe(
      'Keys of the tokens in the database. The first one encrypts; the others still open what they encrypted. docs/operators.md says how to change them.',
    ),
  renewBeforeMs: z
    .number()
    .int()
    .positive()
    .default(60_000)
    .describe(
      'An access token is renewed so long before it expires, or at half of a shorter life: a request under way, with a clock that is a little wrong, must not meet its end.',
    ),
  loginMs: z
    .number()
    .int()
    .positive()
    .default(600_000)
    .describe(
      'How long a login that was begun can be ended: the time of a person who looks for a password. Servers give the code itself up after ten minutes at most (RFC 6749).',
    ),
});

const variable = (text: string) => placeText().describe(text);
const answerPath = (text: string) => z.string().min(1).nullable().describe(text);

const text = (kind: DocumentKind) =>
  z.string().superRefine((document, context) => {
    const problem = problemOfDocument(document, kind);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  });

const constants = z
  .record(z.string().min(1), z.json())
  .default({})
  .describe('Variables with a fixed value, for example a campaign.');

const complaints = answerPath(
  'Path of a list in the answer that holds something where the input was refused (`data.updateMember.errors`); null: refusals are errors with a code (the default).',
).default(null);

const readSchema = z
  .strictObject({
    document: text('query').describe('The query of one member.'),
    id: variable('Variable that takes the id, or a path within one (`where.id`).').default('id'),
    constants,
    record: z
      .string()
      .min(1)
      .describe(
        'Path of the member in the answer, for example `data.member`. Where null stands, there is no such member.',
      ),
  })
  .nullable()
  .default(null)
  .describe('How one member is read; null: by `read.memberPath` of the DATA API, or not at all.');

const createSchema = z.strictObject({
  document: text('mutation').describe('The mutation that creates a member.'),
  input: variable('Variable that takes the member, or a path within one.').default('input'),
  constants,
  id: answerPath(
    'Path of the new id in the answer, for example `data.createMember.member.id`; null: not answered, and recognised later in the list.',
  ),
  record: answerPath('Path of the member in the answer; null: not answered.').default(null),
  complaints,
});

const updateSchema = z.strictObject({
  document: text('mutation').describe('The mutation that updates a member.'),
  id: variable('Variable that takes the id, or a path within one (`input.id`).').default('id'),
  input: variable('Variable that takes the member, or a path within one.').default('input'),
  constants,
  shape: z
    .enum(['partial', 'whole'])
    .default('partial')
    .describe(
      'Only our fields, or the whole member as `read` shows it with our fields merged in. An input of GraphQL rarely takes what a query shows: partial is assumed.',
    ),
  record: answerPath('Path of the member in the answer; null: not answered.').default(null),
  complaints,
});

const placeSchema = z.union([
  placeText(),
  z.strictObject({
    read: placeText().describe('Path in a member that is answered.'),
    write: placeText().optional().describe('Path in the input. Left out: that of `read`.'),
    label: z.string().min(1).optional().describe('As in `fields`: it takes and shows a label, in this language.'),
  }),
]);

const memberSchema = z
  .strictObject({
    id: placeText().default('id').describe('Path of the id within a member that is answered.'),
    modified: placeText()
      .nullable()
      .default(null)
      .describe('Path of its modification time, if it is as exact as that of the list; null: not asked for.'),
    reference: placeText()
      .nullable()
      .default(null)
      .describe(
        'Place of what `yapla.referenceField` holds, in a member that is answered and in the input; null: it is not written by GraphQL.',
      ),
    fields: z
      .record(z.string(), placeSchema)
      .default({})
      .describe(
        'Fields (by their names in `fields`) that stand elsewhere than in the list: a path, or `{ read, write, label }`. Those left out stand where `fields.*.yapla` says.',
      ),
  })
  .prefault({});

const errorsSchema = z
  .strictObject({
    code: placeText()
      .default('extensions.code')
      .describe('Path of the code within an error. Not public; the usual place is assumed.'),
    codes: z
      .record(z.string().min(1), z.enum(graphqlErrorKinds))
      .default({})
      .describe(
        'What a code means, besides and before those that servers commonly give (`UNAUTHENTICATED`, `FORBIDDEN`, `READ_ONLY`, `THROTTLED`, `NOT_FOUND`, `BAD_USER_INPUT`, `INTERNAL_SERVER_ERROR` …). `notAuthenticated`: the token is renewed once; `forbidden`: the credential is stopped; `throttled`: it waits; `notFound`; `invalid`: a case about the record; `refused`: our documents are wrong; `failed`: tried again. An error with another code, or none, is an answer that nobody expected.',
      ),
  })
  .prefault({});

export const graphqlSchema = z
  .strictObject({
    mode: z
      .literal('graphql')
      .describe('Members are created and updated through GraphQL, in the name of a person who logged in.'),
    address: systemAddress()
      .optional()
      .describe('GraphQL; https, or on this machine. Default: the address of `server`.'),
    oauth: oauthSchema,
    read: readSchema,
    create: createSchema,
    update: updateSchema,
    member: memberSchema,
    errors: errorsSchema,
    schemaFreshMs: z
      .number()
      .int()
      .nonnegative()
      .default(86_400_000)
      .describe(
        "How long what the account told of its schema is trusted where the documents fit it: workers that start within that time ask nothing. A day, because an API changes with its vendor's releases; documents that do not fit are held against a fresh one, whatever its age.",
      ),
  })
  .superRefine((write, context) => {
    const { read, update } = write;
    for (const { path, message } of misfitsOf(write)) context.addIssue({ code: 'custom', path: [...path], message });
    if (update.shape === 'whole' && read === null) {
      context.addIssue({
        code: 'custom',
        path: ['update', 'shape'],
        message:
          'expected "partial", because `read` says of no query that reads one member: a whole update would wipe what we do not know',
      });
    }
  });

export type YaplaGraphqlConfig = z.infer<typeof graphqlSchema>;
export type OAuthConfig = z.infer<typeof oauthSchema>;

interface Misfit {
  readonly path: readonly string[];
  readonly message: string;
}

interface Documents {
  readonly read: z.infer<typeof readSchema>;
  readonly create: z.infer<typeof createSchema>;
  readonly update: z.infer<typeof updateSchema>;
}

/** Variables that a document does not declare, and places in the answer that it does not ask for. */
function misfitsOf({ read, create, update }: Documents): Misfit[] {
  const variables = { id: read?.id } as const;
  return [
    ...(read === null ? [] : misfitsIn('read', read.document, 'query', variables, { record: read.record })),
    ...misfitsIn(
      'create',
      create.document,
      'mutation',
      { input: create.input },
      { id: create.id, record: create.record, complaints: create.complaints },
    ),
    ...misfitsIn(
      'update',
      update.document,
      'mutation',
      { id: update.id, input: update.input },
      { record: update.record, complaints: update.complaints },
    ),
  ];
}

function misfitsIn(
  operation: 'read' | 'create' | 'update',
  document: string,
  kind: DocumentKind,
  variables: Readonly<Record<string, string | undefined>>,
  answers: Readonly<Record<string, string | null>>,
): Misfit[] {
  // Said by itself.
  if (problemOfDocument(document, kind) !== null) return [];
  const declared = declaredVariables(document);
  const undeclared = Object.entries(variables).flatMap(([name, place]): Misfit[] => {
    const [variable = ''] = (place ?? '').split('.');
    const message = `expected a variable that the document declares (${declared.map((one) => `$${one}`).join(', ') || 'none'})`;
    return declared.includes(variable) ? [] : [{ path: [operation, name], message }];
  });
  const unasked = Object.entries(answers).flatMap(([name, place]): Misfit[] => {
    const step = place === null ? null : unselected(document, place);
    const message = `expected a path that begins with data and that the document asks for: it does not ask for "${step}"`;
    return step === null ? [] : [{ path: [operation, name], message }];
  });
  return [...undeclared, ...unasked];
}

/** What of `yapla.write.member` does not fit the fields of the connection. */
export function memberMisfits(
  { member }: Pick<YaplaGraphqlConfig, 'member'>,
  fields: Readonly<Record<string, unknown>>,
): Misfit[] {
  return Object.entries(member.fields).flatMap(([name, place]): Misfit[] => {
    const path = ['member', 'fields', name];
    if (!Object.hasOwn(fields, name)) return [{ path, message: 'expected the name of a field in `fields`' }];
    const texts = typeof place === 'string' ? [place] : [place.read, place.write ?? place.read];
    // Only what is mapped is known of a member in this form: the list would be written with this entry alone.
    if (!texts.some(namesEntry)) return [];
    return [{ path, message: 'expected a place that is no entry of a list: an input would replace the list' }];
  });
}
