/**
 * Webhooks of one connection: what authenticates each system, and where Yapla's say what happened.
 *
 * Neither vendor documents a signature; Yapla does not document a single JSON name of its webhooks (docs/systems.md). The defaults assume
 * the shape most like its DATA API, with the member as that answers it:
 *
 *     { "event": "member.created" | "member.updated", "data": { …member… } }
 */
import { z } from 'zod';
import { addressSecret, credentialPrefix, secret } from './values.js';

const sharedSecret = z.string().min(16).meta(secret);

const authentication = {
  secret: addressSecret()
    .optional()
    .describe(
      'Last part of the address that the vendor is given: `/webhooks/<connection>/<system>/<secret>`. Write it as `${NAME}`. Left out: no webhooks of this system are taken.',
    ),
  header: z
    .strictObject({
      name: z.string().min(1).describe('Name of the header.'),
      value: sharedSecret.describe('What it must hold. Write it as `${NAME}`.'),
    })
    .optional()
    .describe('A header that each delivery must carry as well, if the system can send one.'),
  basic: z
    .strictObject({
      user: z.string().min(1).describe('User of HTTP basic authentication.'),
      password: sharedSecret.describe('Its password. Write it as `${NAME}`.'),
    })
    .optional()
    .describe('HTTP basic authentication as well, if the system can be given a user and a password.'),
  hmac: z
    .strictObject({
      header: z.string().min(1).describe('Header with the signature of the raw body.'),
      secret: sharedSecret.describe('Key of the signature. Write it as `${NAME}`.'),
      algorithm: z.enum(['sha256', 'sha1', 'sha512']).default('sha256').describe('Hash of the HMAC.'),
      encoding: z.enum(['hex', 'base64']).default('hex').describe('How the signature is written.'),
      prefix: credentialPrefix().default('').describe('A word before the signature, for example `sha256=`.'),
    })
    .optional()
    .describe('An HMAC signature as well, if the system sends one.'),
};

interface Authentication {
  readonly secret?: unknown;
  readonly header?: unknown;
  readonly basic?: unknown;
  readonly hmac?: unknown;
}

/** Without an address nothing could arrive: anyone who set the rest believes that it does. */
function needsSecret(given: Authentication, context: z.RefinementCtx): void {
  if (given.secret !== undefined) return;
  if (given.header === undefined && given.basic === undefined && given.hmac === undefined) return;
  context.addIssue({
    code: 'custom',
    path: ['secret'],
    message: 'expected a secret beside header, basic or hmac: without it there is no address for webhooks',
  });
}

const ceiling = (text: string) => z.number().int().positive().describe(text);

const words = (text: string) => z.array(z.string().min(1)).describe(text);

const yaplaEventSchema = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .nullable()
      .default('event')
      .describe(
        'Path in the body of the word that says what happened; null: none, and every delivery counts as an update. Not public; assumed.',
      ),
    created: words('Words for a new member, in whatever case. Not public; assumed.').default(['member.created']),
    updated: words('Words for a changed member. Not public; assumed.').default(['member.updated']),
    deleted: words(
      'Words for a removed member. None is known: Yapla’s members are archived, which is a change.',
    ).default([]),
  })
  .prefault({});

export const webhooksSchema = z
  .strictObject({
    yapla: z
      .strictObject({
        ...authentication,
        event: yaplaEventSchema,
        member: z
          .string()
          .default('data')
          .describe('Path of the member in the body; empty: the body itself. Not public; assumed.'),
        id: z
          .string()
          .min(1)
          .nullable()
          .default(null)
          .describe("Path of the member's id within the member; null: that of `yapla.read.answer.id`."),
        modified: z
          .string()
          .min(1)
          .nullable()
          .default(null)
          .describe('Path of the modification time within the member; null: that of `yapla.read.answer.modified`.'),
        believe: z
          .enum(['whole', 'part', 'nothing'])
          .default('whole')
          .describe(
            'Where no member can be read by itself: which bodies do for a reading. `whole`: those that show every mapped field that lists show; `part`: whatever they show, and the rest stays as it is known; `nothing`: none, which also closes what a forged webhook could do. For the others the list is read, once for all who wait (`live.listGatherMs`, `live.listIntervalMs`).',
          ),
        fields: z
          .record(z.string(), z.string().min(1))
          .default({})
          .describe(
            'Where webhooks have fields elsewhere than answers: field to path within the member. A field that is not named here stands where `fields` says. Once one is named, only mapped fields are taken from a webhook. Needed only where no member can be read by itself.',
          ),
      })
      .superRefine(needsSecret)
      .prefault({}),
    yoplanning: z.strictObject(authentication).superRefine(needsSecret).prefault({}),
    maxReadsPerHour: ceiling(
      'Looks at people that the webhooks of both systems may cause in an hour; events about one person that gather are one. Above it they are answered 429. As many as Yoplanning allows requests in a day: what comes on top would wait for another day, and a bulk sync reads everybody for a few dozen requests.',
    ).default(1_000),
    maxStrangersPerHour: ceiling(
      'People whom nobody knows yet that webhooks may tell of in an hour: each may become a record in the other system. Enough for a day of enrolments; more come with the next bulk sync, whose plan is approved. Above it only events about those who are known are taken.',
    ).default(300),
    maxInboxBytes: ceiling(
      'Bodies of webhooks that are kept, as stored. A month of a large club is some 50 MB; anyone who has the address must not fill the disk.',
    ).default(256 * 1_048_576),
    quietAlertMs: z
      .number()
      .int()
      .positive()
      .nullable()
      .default(7 * 86_400_000)
      .describe(
        'A system of which no webhook came for so long is quiet: `passerelle status`, the log and a metric say so, because a webhook that was switched off at the vendor’s is noticed by nobody else. A week: even in the holidays somebody moves house. Null: never.',
      ),
  })
  .prefault({});

export type WebhooksConfig = z.infer<typeof webhooksSchema>;

/** Where the body of a Yapla webhook has the member's id, within the member: for the receiver, and for anyone who takes the body for a reading. */
export function memberIdPath({
  webhooks,
  yapla,
}: {
  readonly webhooks: Pick<WebhooksConfig, 'yapla'>;
  readonly yapla: { readonly read: { readonly answer: { readonly id: string } } };
}): string {
  return webhooks.yapla.id ?? yapla.read.answer.id;
}

/** What authenticates one system's deliveries. */
export type WebhookAuthentication = WebhooksConfig['yoplanning'];
