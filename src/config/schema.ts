/**
 * The configuration file's shape. Every setting has a default with its unit and its reason, except what only the organisation
 * can know (ids and secrets). `docs/configuration.md` is generated from the descriptions here.
 *
 * Where the vendors' public documents are silent (see docs/systems.md) the setting states the default as an assumption, and
 * `passerelle doctor` checks it against the real account.
 */
import { z } from 'zod';
import { doubleTeams, withSharedLimits } from './credentials.js';
import { namesEntry } from '../core/document.js';
import { personMatchKeys } from '../core/person.js';
import { secret } from './values.js';
import { yaplaSchema } from './yapla.js';
import { eventWordsOf, wordsOf } from './yaplaEvents.js';
import { memberMisfits } from './yaplaGraphql.js';
import { columnProblems } from './yaplaWorkbook.js';
import { yoplanningSchema } from './yoplanning.js';
import { eventProblems, eventsSchema } from './events.js';
import { exposedWebhooks } from './feeds.js';
import { fieldsSchema } from './fields.js';
import { guardSchema } from './guard.js';
import { liveSchema } from './live.js';
import { receiverSchema } from './receiver.js';
import { retentionSchema } from './retention.js';
import { webhooksSchema } from './webhooks.js';
import { workerSchema } from './worker.js';

const ms = (text: string) => z.number().int().positive().describe(text);

const matchingSchema = z
  .strictObject({
    rules: z
      .array(
        z.strictObject({
          all: z
            .array(z.enum(personMatchKeys))
            .min(1)
            .describe(
              'What must be equal. `name` compares first and last name, whatever accents, case, hyphens or order.',
            ),
        }),
      )
      .min(1)
      .default([
        { all: ['email', 'name'] },
        { all: ['name', 'birthDate'] },
        { all: ['phone', 'name'] },
        { all: ['email'] },
      ])
      .describe(
        'Tried in this order after the external reference. A rule links two records only if it finds exactly one on each side; else a case is opened. A rule without `name` links only if the names do not contradict each other. None links two people whose known birthdays contradict each other: a case is opened.',
      ),
    nameAlone: z
      .enum(['ask', 'create'])
      .default('ask')
      .describe(
        'Each system has somebody of a name whom no rule finds in the other, and their birthdays do not contradict each other: ask a person first, or take them for two people. `create` suits a big club where many share a name.',
      ),
  })
  .prefault({});

const bulkSchema = z
  .strictObject({
    autoApprove: z
      .boolean()
      .default(false)
      .describe("Apply a plan without asking, while it stays under the guard's thresholds."),
    chunkItems: z
      .number()
      .int()
      .min(1)
      .max(500)
      .default(100)
      .describe(
        'Items that need requests, per activity. Their links are claimed while it works on them; between two activities some hands are idle.',
      ),
    parallelChunks: z
      .number()
      .int()
      .min(1)
      .max(16)
      .default(2)
      .describe(
        'Chunks under way at once, so that the next one asks for permits while the last items of the one before wait for answers.',
      ),
    parallelItems: z.number().int().min(1).max(64).default(8).describe('Items under way at once within a chunk.'),
    maxItemAttempts: z
      .number()
      .int()
      .min(1)
      .default(4)
      .describe(
        'Attempts on one item that fail while the server answers others, before it becomes a case (Yoplanning can answer invalid data with a 5xx).',
      ),
    maxScanRestarts: z
      .number()
      .int()
      .min(0)
      .default(5)
      .describe(
        'Times a scan starts over because what it saw does not add up to the stated count, before it gives up.',
      ),
    pagesPerStep: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(10)
      .describe(
        'Pages of a list that one activity reads: what Temporal costs is then shared by so many. A worker that dies may have that many read again.',
      ),
    fillReferences: z
      .boolean()
      .default(true)
      .describe(
        "After a bulk sync, store the other system's id in records that carry none (lane `idle`, from what the day leaves over), so that links can be recovered.",
      ),
    heartbeatTimeoutMs: ms(
      'Without a sign of life for so long, an activity is taken for dead and its rest given to another worker.',
    ).default(10_000),
    maxHistoryEvents: z
      .number()
      .int()
      .min(100)
      .default(4_000)
      .describe(
        'A bulk sync continues as new at this length of its history, or when the server suggests it: longer ones are slow to replay.',
      ),
    maxPlanAgeMs: ms(
      'A plan that waits for approval expires after so long, and its bulk sync ends. The default is a week: anyone who looks in once a week finds it, and what it was drawn from is seldom older; a new sync costs the pages.',
    ).default(7 * 24 * 3_600_000),
  })
  .prefault({});

/** One organisation's pair: one Yapla account with one Yoplanning team. */
export const connectionSchema = z
  .strictObject({
    yapla: yaplaSchema,
    yoplanning: yoplanningSchema,
    fields: fieldsSchema,
    create: z
      .enum(['both', 'yapla', 'yoplanning', 'ask', 'none'])
      .default('both')
      .describe(
        'Where a person seen in one system only is created: in either, only in the one named, after asking, or nowhere.',
      ),
    duplicates: z
      .enum(['ask', 'create'])
      .default('ask')
      .describe(
        'Two records of one system that look like one person, unknown to the other: ask a person first, or create both.',
      ),
    defaultCountry: z
      .string()
      .regex(/^[A-Z]{2}$/, 'expected two capital letters, such as FR')
      .default('FR')
      .describe('ISO 3166 country of phone numbers written without a country code.'),
    matching: matchingSchema,
    guard: guardSchema,
    bulk: bulkSchema,
    live: liveSchema,
    webhooks: webhooksSchema,
    events: eventsSchema.optional(),
  })
  .superRefine((connection, context) => {
    if (connection.create !== 'yoplanning' && connection.create !== 'none' && connection.yapla.write.mode === 'none') {
      context.addIssue({
        code: 'custom',
        path: ['create'],
        message: `expected "yoplanning" or "none", because yapla.write.mode is "none": Passerelle cannot create anybody in Yapla`,
      });
    }
    for (const { path, message } of eventProblems(connection))
      context.addIssue({ code: 'custom', path: [...path], message });
    const { write } = connection.yapla;
    if (write.mode === 'workbook') {
      for (const { path, message } of columnProblems(write, Object.keys(connection.fields)))
        context.addIssue({ code: 'custom', path: ['yapla', 'write', ...path], message });
      const receives = Object.values(connection.fields).some(({ direction }) => direction !== 'toYoplanning');
      if (!receives && (connection.create === 'yoplanning' || connection.create === 'none')) {
        context.addIssue({
          code: 'custom',
          path: ['yapla', 'write', 'mode'],
          message:
            'expected "none", because no field and no creation travels to Yapla: there would never be anything to import',
        });
      }
    }
    for (const { path, message } of write.mode === 'graphql' ? memberMisfits(write, connection.fields) : [])
      context.addIssue({ code: 'custom', path: ['yapla', 'write', ...path], message });
    // Of such a body only what is mapped is taken: the list would be known with these entries alone, and written back so.
    const inLists = Object.entries(connection.fields).find(([, { yapla }]) =>
      namesEntry(typeof yapla === 'string' ? yapla : 'read' in yapla ? yapla.read : ''),
    );
    if (Object.keys(connection.webhooks.yapla.fields).length > 0 && inLists !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['webhooks', 'yapla', 'fields'],
        message: `expected none, because fields.${inLists[0]}.yapla is the entry of a list: a webhook shows a list as a whole, or not at all`,
      });
    }
    const { events } = connection.yapla;
    const ofMembers = wordsOf(connection.webhooks.yapla.event);
    for (const kind of ['registration', 'donation'] as const) {
      const shared = [...(events === undefined ? [] : wordsOf(eventWordsOf(events[kind].event)))].find((word) =>
        ofMembers.has(word),
      );
      if (shared === undefined) continue;
      context.addIssue({
        code: 'custom',
        path: ['yapla', 'events', kind, 'event'],
        message: `expected words that members do not have: "${shared}" stands in webhooks.yapla.event as well`,
      });
    }
    for (const name of Object.keys(connection.webhooks.yapla.fields)) {
      if (name in connection.fields) continue;
      context.addIssue({
        code: 'custom',
        path: ['webhooks', 'yapla', 'fields', name],
        message: 'expected the name of a field in `fields`',
      });
    }
  });

export const configSchema = z.strictObject({
  database: z
    .strictObject({
      url: z
        .string()
        .optional()
        .describe(
          'PostgreSQL >= 15. Left out: an embedded server, with its data under `dataDirectory`. Must be a direct or session-pooled address: claims are session locks. Its password stands as `${NAME}`.',
        ),
      maxConnections: z
        .number()
        .int()
        .min(4)
        .default(12)
        .describe(
          'Connections of one pool. A worker has two, for statements planned anew and for those whose plans are kept, and one connection more for its claims.',
        ),
    })
    .prefault({}),
  temporal: z
    .strictObject({
      address: z.string().optional().describe('host:port of a Temporal frontend. Left out: a dev server is started.'),
      namespace: z.string().default('default').describe('Temporal namespace.'),
      taskQueue: z.string().default('passerelle').describe('Task queue of workflows and bulk activities.'),
      liveTaskQueue: z
        .string()
        .default('passerelle-live')
        .describe('Task queue of single records, apart from the bulk’s so that it never delays them.'),
      tls: z.boolean().default(false).describe('Use TLS (Temporal Cloud needs it).'),
      apiKey: z.string().min(1).meta(secret).optional().describe('API key of Temporal Cloud. Write it as `${NAME}`.'),
      devServer: z
        .strictObject({
          executable: z
            .string()
            .optional()
            .describe('Path of a `temporal` executable to use before looking anywhere else.'),
          port: z.number().int().default(7233).describe('Preferred port; the next free one is used if it is taken.'),
          uiPort: z
            .number()
            .int()
            .default(8233)
            .describe('Preferred port of the Temporal UI; the next free one is used if it is taken.'),
          ui: z
            .boolean()
            .default(true)
            .describe(
              'Whether the dev server has its UI. It listens on this machine alone and asks for no name: switch it off where people browse the web on the machine (docs/temporal.md).',
            ),
        })
        .prefault({}),
    })
    .prefault({}),
  worker: workerSchema,
  receiver: receiverSchema,
  retention: retentionSchema,
  dataDirectory: z
    .string()
    .default('.passerelle')
    .describe('Where the embedded servers keep their data, relative to the configuration file.'),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least severe level that is logged.'),
    })
    .prefault({}),
  connections: z
    .record(
      z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected lower-case letters, digits and hyphens'),
      connectionSchema,
    )
    .refine((connections) => Object.keys(connections).length > 0, 'expected at least one connection')
    .superRefine((connections, context) => {
      for (const { connection, other } of doubleTeams(connections)) {
        context.addIssue({
          code: 'custom',
          path: [connection, 'yoplanning', 'team'],
          message: `expected a team that no other connection has: connections.${other}.yoplanning.team names it, too`,
        });
      }
    })
    .superRefine((connections, context) => {
      for (const { connection, webhook } of exposedWebhooks(connections)) {
        context.addIssue({
          code: 'custom',
          path: [connection, 'events', 'catalogue', 'feeds', 'secret'],
          message: `expected a secret that nothing else has: ${webhook} is the same, and readers of the feeds could deliver webhooks`,
        });
      }
    })
    .overwrite(withSharedLimits)
    .describe(
      'Each pair of one Yapla account and one Yoplanning team, under a name of your choice: it stands in commands and in the database.',
    ),
});

export type Config = z.infer<typeof configSchema>;
export type ConnectionConfig = z.infer<typeof connectionSchema>;
