/** What a sandbox can be started with. Everything has a default; the defaults are the vendors' documented behaviour. */
import { z } from 'zod';
import { faultSchema } from './faults.js';
import { labelsSchema } from './labels.js';
import { orderableFields } from './yoplanning/clientListing.js';
import { bookingsOptionsSchema } from './yoplanning/bookingsOptions.js';
import { webhookFaultsSchemas, webhookTargetSchema } from './webhooks/options.js';
import { eventsOptionsSchema } from './yapla/events/schema.js';

/** Public on purpose: they open nothing but a sandbox, and what is connected to one. Token and team are the ones of the vendor's own examples. */
export const sandboxCredentials = {
  yoplanningToken: '4804c2cb4d87a13146d4de029f407c82149f2ada',
  yoplanningTeam: '5a90332e-568f-4980-9859-88a984844a4d',
  /** A team that exists, and that the token has no permission for. */
  yoplanningForeignTeam: '0d5ff4a0-5d0c-4d4e-9d5b-3c1a3f6f2b11',
  yaplaKey: 'sandbox-yapla-key',
  /** Last parts of the addresses of the connection's webhooks. */
  yaplaWebhookSecret: 'sandbox-yapla-webhook-secret',
  yoplanningWebhookSecret: 'sandbox-yoplanning-webhook-secret',
} as const;

/** The registered client of the sandbox's GraphQL. Public on purpose, as the others. */
export const sandboxClient = {
  id: 'sandbox-passerelle',
  secret: 'sandbox-yapla-client-secret',
  redirectUri: 'http://127.0.0.1:8090/oauth/club/callback',
  /** Encrypts what the client keeps of it. */
  tokenKey: `${'c0ffee'.repeat(10)}beef`,
} as const;

export const yaplaShapes = ['flat', 'nested', 'listed'] as const;
/** Those in which one member can be read, where the option `singleReads` does not say otherwise. */
export const readableShapes = ['flat', 'nested'] as const satisfies readonly (typeof yaplaShapes)[number][];
export type YaplaShapeName = (typeof yaplaShapes)[number];

/** What a page of Yapla's list says about its length. `lastPage`: in the shapes that count pages. `nothing`: a page is all there is. */
export const listEnds = ['total', 'lastPage', 'more', 'nothing'] as const;
export type ListEnd = (typeof listEnds)[number];

const count = z.number().int().nonnegative();
const windowMs = z.number().int().positive();

/** Limits as the server enforces them; `null`: none. */
export const sandboxLimitsSchema = z.strictObject({
  requestsPerSecond: z.number().int().positive().nullable().default(null),
  requestsPerDay: z.number().int().positive().nullable().default(null),
  /** Lengths of the two sliding windows: a test's day can last half a minute. */
  secondWindowMs: windowMs.default(1_000),
  dayWindowMs: windowMs.default(86_400_000),
});

/**
 * How long the way takes. A request counts when it *arrives*, which is after `inboundMs`; its effect happens then, and its
 * answer leaves `outboundMs` later. Each leg takes up to `jitterMs` longer, so requests can overtake each other.
 */
export const latencySchema = z.strictObject({
  inboundMs: z.number().nonnegative().default(0),
  outboundMs: z.number().nonnegative().default(0),
  jitterMs: z.number().nonnegative().default(0),
});

/** How many people stand where. Deterministic by `seed`. */
export const peopleSchema = z.strictObject({
  seed: z.number().int().default(1),
  /** In Yapla only. */
  yapla: count.default(0),
  /** In Yoplanning only. */
  yoplanning: count.default(0),
  /** In both, the same once normalised. */
  shared: count.default(0),
  /** In both, with one to three fields that differ. */
  differing: count.default(0),
  /** Second records of people of that system, on top of the numbers above. */
  duplicates: z.strictObject({ yapla: count.default(0), yoplanning: count.default(0) }).prefault({}),
  /** Share of the people in both whose client already carries the Yapla id as `external_reference`. */
  referencedShare: z.number().min(0).max(1).default(0),
  /** Share of the people in both whom another hand entered in Yoplanning: capitals, accents, commas, national numbers without a country. */
  respelledShare: z.number().min(0).max(1).default(0),
  /** Where most of them live: the connection's `defaultCountry`. */
  defaultCountry: z.enum(['FR', 'BE', 'CH', 'CA']).default('FR'),
});

const slash = z.enum(['with', 'without']);

export const sandboxOptionsSchema = z.strictObject({
  people: peopleSchema.prefault({}),
  yapla: z
    .strictObject({
      /**
       * `flat`: the shape that src/config/yapla.ts assumes. `nested`: as different as an account could plausibly be. `listed`: lists and
       * webhooks show members, the latter with names of their own, and nothing else does: no single reads, no answers to writes.
       */
      shape: z.enum(yaplaShapes).default('flat'),
      key: z.string().default(sandboxCredentials.yaplaKey),
      /** The ongoing campaign's own number; `0` always means it, too. */
      campaign: z.string().default('2587'),
      /** Life of a REST 2.0 session token. */
      sessionMs: z.number().int().positive().default(3_600_000),
      graphql: z
        .strictObject({
          clientId: z.string().default(sandboxClient.id),
          /** `null`: a public client. */
          clientSecret: z.string().nullable().default(sandboxClient.secret),
          redirectUris: z.array(z.url()).default([sandboxClient.redirectUri]),
          accessTokenMs: z.number().int().positive().default(3_600_000),
          /** A renewal gives a new refresh token, and the old one ends the login when it comes again. */
          rotates: z.boolean().default(true),
          /** The person says no. */
          denies: z.boolean().default(false),
          /** False: the schema is not told. */
          introspection: z.boolean().default(true),
          /** A token that is not known: an error inside an answer of status 200, or status 401. */
          unauthenticated: z.enum(['inside', 'status']).default('inside'),
          /** False: mutations are answered FORBIDDEN. */
          mayWrite: z.boolean().default(true),
        })
        .prefault({}),
      maxPageSize: z.number().int().positive().default(100),
      listEnd: z.enum(listEnds).default('total'),
      /** The order of a list that was asked for in none: by id, or the latest change first, so that each edit moves its record. */
      listOrder: z.enum(['created', 'modified']).default('created'),
      /** The parameter and its value by which it lists by id; null: it knows none. */
      orderedBy: z.strictObject({ parameter: z.string(), value: z.string() }).nullable().default(null),
      /** Of its times without an offset, and of its sessions' expiry: a shape that writes offsets needs none. */
      timeZone: z.string().default('UTC'),
      /** A `GET` of one member, in both APIs: as the shape says; or of each id 404, as if there were no such address; or 405. */
      singleReads: z.enum(['asShape', 'noAddress', 'notAllowed']).default('asShape'),
      /** Its events, who is registered for them, and donations. */
      events: eventsOptionsSchema.prefault({}),
      /** Choice fields that it shows by label; it takes the exact label or the value. */
      labels: labelsSchema.prefault({}),
      limits: sandboxLimitsSchema.prefault({}),
      latency: latencySchema.prefault({}),
      /** Where its webhooks go; `null`: nobody subscribed. */
      webhooks: webhookTargetSchema.nullable().default(null),
      webhookFaults: webhookFaultsSchemas.yapla.prefault({}),
      /** 0: any free port. */
      port: count.default(0),
    })
    .prefault({}),
  yoplanning: z
    .strictObject({
      token: z.string().default(sandboxCredentials.yoplanningToken),
      team: z.uuid().default(sandboxCredentials.yoplanningTeam),
      /** False: the token may read, and is answered 403 when it writes. */
      mayWrite: z.boolean().default(true),
      mayCreateTeams: z.boolean().default(false),
      /** "For many endpoints, this will also create the resource if it does not exist": false for an account where it does not. */
      putCreates: z.boolean().default(true),
      /** The form of each path that is served; the other one is redirected to it. */
      slashes: z
        .strictObject({
          teams: slash.default('with'),
          clients: slash.default('without'),
          /** Products and their sessions. */
          products: slash.default('with'),
          availabilityDetails: slash.default('with'),
          orderValidation: slash.default('without'),
          orders: slash.default('without'),
          payments: slash.default('without'),
          categories: slash.default('with'),
        })
        .prefault({}),
      /** Fields that `ordering` may name: the framework ignores all others without a word. */
      orderings: z.array(z.enum(orderableFields)).default(['first_name', 'last_name', 'birth_date', 'last_update']),
      /** The order of a list that was asked for in none: by creation, or the latest change first, so that each write moves its record. */
      listOrder: z.enum(['created', 'modified']).default('created'),
      /** Fields that lists leave out (the vendor's list example does not show `external_reference`). */
      listOmits: z.array(z.string()).default([]),
      /** Choice fields that it shows by label; it takes the exact label alone. */
      labels: labelsSchema.prefault({}),
      /** What it sells, and how it takes orders. */
      bookings: bookingsOptionsSchema.prefault({}),
      limits: sandboxLimitsSchema.prefault({ requestsPerSecond: 5, requestsPerDay: 1_000 }),
      latency: latencySchema.prefault({}),
      webhooks: webhookTargetSchema.nullable().default(null),
      webhookFaults: webhookFaultsSchemas.yoplanning.prefault({}),
      port: count.default(0),
    })
    .prefault({}),
  faults: z.array(faultSchema).default([]),
  controlPort: count.default(0),
});

export type SandboxOptions = z.input<typeof sandboxOptionsSchema>;
export type ResolvedSandboxOptions = z.output<typeof sandboxOptionsSchema>;
export type PeopleOptions = z.input<typeof peopleSchema>;
export type SandboxLimits = z.input<typeof sandboxLimitsSchema>;
export type ResolvedLimits = z.output<typeof sandboxLimitsSchema>;
export type Latency = z.input<typeof latencySchema>;
export type ResolvedLatency = z.output<typeof latencySchema>;
