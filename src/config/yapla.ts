/**
 * Yapla: only addresses, operations and the session exchange are public (docs/systems.md). JSON names, envelope, paging, place of
 * the key and shape of an update are settings by path, with one stated default: the shape most like the vendor's own session
 * answer, `{ "result": true, "data": … }`. `passerelle doctor` checks them.
 */
import { z } from 'zod';
import { credentialPrefix, placeText, recordPath, secret, systemAddress, timeZoneSchema } from './values.js';
import { type WorkbookReadingConfig, workbookReadingSchema } from './workbook.js';
import { workbookSchema } from './yaplaWorkbook.js';
import { breakerSchema, httpSchema, limitsSchema } from './limits.js';
import { yaplaEventsSchema } from './yaplaEvents.js';
import { graphqlSchema } from './yaplaGraphql.js';

const path = (text: string) => z.string().describe(text);

const readSchema = z.strictObject({
  mode: z
    .enum(['api', 'workbook'])
    .default('api')
    .describe(
      'Where members are read: in the DATA API, or in the files that a person exports from Yapla and gives to `passerelle import-members`; then no key is needed.',
    ),
  baseUrl: systemAddress()
    .optional()
    .describe('DATA API 1.0; https, or on this machine. Default: the address of `server`.'),
  membersPath: path('List of members.').default('/campaign/{campaign}/members'),
  memberPath: recordPath()
    .nullable()
    .default(null)
    .describe(
      'One member in the DATA API, for example `/campaign/{campaign}/members/{id}`; null: it cannot read one (the default: not public).',
    ),
  key: z
    .strictObject({
      value: z.string().min(1).meta(secret).describe('API key (Configuration / API). Write it as `${NAME}`.'),
      in: z.enum(['header', 'query']).default('header').describe('Where the key goes. Not public; assumed.'),
      name: z.string().default('X-Api-Key').describe('Name of the header or the query parameter. Not public; assumed.'),
      prefix: credentialPrefix().default('').describe('A word before the key, for example `Bearer `.'),
    })
    .optional()
    .describe('Needed with `mode: api`.'),
  paging: z
    .strictObject({
      style: z
        .enum(['page', 'offset'])
        .default('page')
        .describe('Pages by number or by position. Not public; assumed.'),
      pageParameter: z
        .string()
        .default('page')
        .describe('Query parameter of the page number (`page`) or the position (`offset`).'),
      sizeParameter: z.string().default('limit').describe('Query parameter of the page size.'),
      firstPage: z.number().int().default(1).describe('Number of the first page, for `page`.'),
      pageSize: z.number().int().min(2).max(1_000).default(100).describe('Largest page size.'),
    })
    .prefault({}),
  ordering: z
    .strictObject({
      parameter: z.string().min(1).describe('Query parameter, for example `sort`.'),
      value: z.string().min(1).describe('What it is set to, for example `id`: something that no edit changes.'),
    })
    .nullable()
    .default(null)
    .describe(
      'The order that the list is asked for in; null: none, because no document names a parameter (the default). Where an account has one, it keeps records from moving while the list is read.',
    ),
  answer: z
    .strictObject({
      records: path('Path of the list of members in a page.').default('data'),
      count: z
        .string()
        .nullable()
        .default('total')
        .describe(
          'Path of the total number in a page; null: none is stated. The list then ends as `lastPage` or `more` say, or with a page that is not full and has none behind it. Where somebody is missing, it is read until two readings show the same members.',
        ),
      lastPage: z
        .string()
        .nullable()
        .default(null)
        .describe('Where `count` is null: path of the number of the last page, counted as `paging.firstPage` says.'),
      more: z
        .string()
        .nullable()
        .default(null)
        .describe(
          'Where `count` is null: path of what says that there are more pages: true, or the address or number of the next.',
        ),
      record: path('Path of the member in the answer of `memberPath`; empty: the answer itself.').default('data'),
      id: path("Path of a member's id, within the member.").default('id'),
      modified: z
        .string()
        .nullable()
        .default('updated_at')
        .describe('Path of the modification time, within the member; null: not returned.'),
      errorWhen: z
        .strictObject({
          path: path('Path of the mark within the answer.'),
          equals: z.union([z.string(), z.number(), z.boolean()]).describe('The value that means an error.'),
        })
        .nullable()
        .default({ path: 'result', equals: false })
        .describe('An answer with status 200 that means an error all the same.'),
    })
    .prefault({}),
});

const restSchema = z.strictObject({
  mode: z.literal('rest').describe('Members are created and updated through REST 2.0.'),
  baseUrl: systemAddress()
    .optional()
    .describe('REST 2.0; https, or on this machine. Default: the address of `server`.'),
  apiKey: z.string().min(1).meta(secret).describe('API key for the session. Write it as `${NAME}`.'),
  sessionPath: path('Where a session token is asked for.').default('/authentication'),
  sessionToken: path('Path of the token in the answer.').default('data.session_token'),
  sessionExpiry: path('Path of its expiry (RFC 3339, or `YYYY-MM-DD HH:MM:SS` in `timeZone`).').default(
    'data.expire_date',
  ),
  tokenHeader: path('Header that carries the token.').default('token'),
  renewBeforeMs: z
    .number()
    .int()
    .positive()
    .default(60_000)
    .describe('The token is renewed so long before it expires.'),
  memberPath: recordPath()
    .nullable()
    .default('/members/{id}')
    .describe(
      'One member, read before it is updated; null: cannot be read (then `shape` must be `partial`). Not public; assumed.',
    ),
  answerRecord: path('Path of the member in the answer of `memberPath`; empty: the answer itself.').default('data'),
  create: z
    .strictObject({
      method: z.enum(['POST', 'PUT']).default('POST').describe('How a member is created. Not public; assumed.'),
      path: path('Where a member is created. Not public; assumed.').default('/members'),
      wrap: path('Path within the body under which the member is sent; empty: the body itself.').default(''),
      id: z
        .string()
        .nullable()
        .default('data.id')
        .describe('Path of the new id in the answer; null: not answered, and recognised later in the list.'),
      record: z.string().nullable().default('data').describe('Path of the member in the answer; null: not answered.'),
    })
    .prefault({}),
  update: z
    .strictObject({
      method: z.enum(['PUT', 'PATCH', 'POST']).default('PUT').describe('How a member is updated. Not public; assumed.'),
      path: recordPath().describe('Where a member is updated. Not public; assumed.').default('/members/{id}'),
      wrap: path('Path within the body under which the member is sent; empty: the body itself.').default(''),
      shape: z
        .enum(['whole', 'partial'])
        .default('whole')
        .describe('The whole member as read with our fields merged in, or only our fields.'),
      record: z.string().nullable().default('data').describe('Path of the member in the answer; null: not answered.'),
    })
    .prefault({}),
});

const noneSchema = z.strictObject({ mode: z.literal('none').describe('Yapla is only read.') });

export const yaplaSchema = z
  .strictObject({
    server: z.enum(['s1', 's2']).default('s2').describe('s1: North America, s2: Europe.'),
    campaign: z.string().default('0').describe('Campaign whose members are synchronised; 0: the ongoing one.'),
    read: readSchema,
    write: z
      .discriminatedUnion('mode', [restSchema, graphqlSchema, workbookSchema, noneSchema])
      .default({ mode: 'none' })
      .describe(
        'How Passerelle writes to Yapla: `rest` (REST 2.0), `graphql`, `workbook` (Excel files that a person imports), or `none`: Yapla is only read.',
      ),
    workbook: workbookReadingSchema,
    events: yaplaEventsSchema.optional(),
    referenceField: placeText()
      .nullable()
      .default(null)
      .describe(
        "A member field of the organisation's own that holds the Yoplanning id, for example `custom[id=f108].value`; null: none. With one, a creation cut off half-way is recognised for certain.",
      ),
    timeZone: timeZoneSchema('Not public; UTC is what other people’s connectors take its times for.'),
    volatileFields: z
      .array(z.string())
      .default(['updated_at'])
      .describe('Unmapped values that the server itself changes on a write: not a sign of damage.'),
    limits: limitsSchema({ requestsPerSecond: 5, requestsPerDay: null, why: 'Not public; 5 a second is careful.' }),
    breaker: breakerSchema,
    http: httpSchema,
  })
  .superRefine(({ read: { answer, paging } }, context) => {
    const issue = (path: 'lastPage' | 'more', message: string) =>
      context.addIssue({ code: 'custom', path: ['read', 'answer', path], message });
    for (const one of ['lastPage', 'more'] as const) {
      if (answer[one] !== null && answer.count !== null)
        issue(one, 'expected count: null beside it, because a total says more');
    }
    if (answer.lastPage === null) return;
    if (answer.more !== null) issue('more', 'expected one of lastPage and more, not both');
    if (paging.style !== 'page')
      issue('lastPage', 'expected paging.style: page, because pages by position have no numbers');
  })
  .superRefine(checkReading)
  .superRefine((yapla, context) => {
    const { write } = yapla;
    if (
      write.mode === 'rest' &&
      write.memberPath === null &&
      yapla.read.memberPath === null &&
      write.update.shape === 'whole'
    ) {
      context.addIssue({
        code: 'custom',
        path: ['write', 'update', 'shape'],
        message:
          'expected "partial", because neither write.memberPath nor read.memberPath says how one member is read: a whole update would wipe what we do not know',
      });
    }
  });

/** Ways to read and to write that go together. */
function checkReading(
  {
    read,
    write,
    workbook,
  }: { read: z.infer<typeof readSchema>; write: { mode: string }; workbook: WorkbookReadingConfig },
  context: z.RefinementCtx,
): void {
  const issue = (path: readonly string[], message: string) =>
    context.addIssue({ code: 'custom', path: [...path], message });
  if (read.mode === 'api') {
    if (read.key === undefined) {
      issue(
        ['read', 'key'],
        'expected the key of the DATA API, because read.mode is "api"; without an API: read.mode: workbook',
      );
    }
    return;
  }
  const because = 'because read.mode is "workbook"';
  if (read.memberPath !== null) issue(['read', 'memberPath'], `expected null, ${because}: no member can be asked for`);
  if (workbook.numberField !== null) {
    issue(
      ['workbook', 'numberField'],
      `expected null, ${because}: members are known by their numbers, and webhooks.yapla.id says where webhooks have those`,
    );
  }
  if (!['workbook', 'none'].includes(write.mode)) {
    issue(
      ['read', 'mode'],
      `expected "api", because write.mode is "${write.mode}": an API that writes knows members by ids that no file shows`,
    );
  }
}

export type YaplaConfig = z.infer<typeof yaplaSchema>;
export type YaplaRestConfig = z.infer<typeof restSchema>;

/** The vendor's two servers (Yapla's help pages). */
export function yaplaAddresses(server: YaplaConfig['server']): { data: string; rest: string; graphql: string } {
  return {
    data: `https://data.${server}.yapla.com/api/1.0`,
    rest: `https://${server}.yapla.com/api/2`,
    graphql: `https://${server}.yapla.com/graphql`,
  };
}
