/** The feeds of a connection's catalogue: who may read them, and what they show besides the catalogue. Left out: there are none. */
import { z } from 'zod';
import { type SystemName, systemNames } from '../core/record.js';
import { addressSecret } from './values.js';

/** What a session's address may name. */
const placeholders = ['{product}', '{session}'] as const;

function isPageAddress(text: string): boolean {
  const address = placeholders.reduce((rest, one) => rest.replaceAll(one, 'x'), text);
  return URL.canParse(address) && /^https?:\/\//i.test(address) && !/[{}\s"<>]/.test(address);
}

export const feedsSchema = z
  .strictObject({
    secret: addressSecret().describe(
      'Part of the addresses of the feeds: `/feeds/<connection>/<secret>/catalogue.ics`, and `.json` and `.xlsx`. Write it as `${NAME}`. Everyone who sees a page in which a feed stands can learn it: it must be no other secret, and it opens nothing but the catalogue.',
    ),
    name: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .regex(/^[^\p{Cc}]*$/u, 'expected one line of text')
      .default('Catalogue')
      .describe('What calendars call it.'),
    pageUrl: z
      .string()
      .refine(isPageAddress, 'expected an http or https address, with {product} or {session} where an id belongs')
      .nullable()
      .default(null)
      .describe(
        'Address of the page where a session can be booked, with `{product}` and `{session}` in it where their ids belong. The API shows none. Null: the feeds show none.',
      ),
    maxAgeMs: z
      .number()
      .int()
      .nonnegative()
      .default(5 * 60_000)
      .describe(
        'So long a reader may keep a feed before asking again (`Cache-Control`, and how often calendars are told to look). Shorter than a turn of the mirror (`everyMs`), so that readers add little to its age.',
      ),
  })
  .describe(
    'What is on and how many places are left, as an iCalendar feed, JSON and a workbook, for the club’s pages (docs/events.md). No personal data. Left out: no feeds.',
  );

export type FeedsConfig = z.infer<typeof feedsSchema>;

interface FeedConnection {
  readonly events?: { readonly catalogue?: { readonly feeds?: FeedsConfig | undefined } | undefined } | undefined;
}

/** Null: the connection has no feeds. */
export function feedsOf({ events }: FeedConnection): FeedsConfig | null {
  return events?.catalogue?.feeds ?? null;
}

/** Where the feeds are, the secret by the name of its setting: for `passerelle config` and `passerelle doctor`. None: there are no feeds. */
export function feedSentences(connectionId: string, connection: FeedConnection): readonly string[] {
  if (feedsOf(connection) === null) return [];
  return [
    `The catalogue's feeds are at /feeds/${connectionId}/<events.catalogue.feeds.secret>/catalogue.ics, .json and .xlsx, below the address at which the receiver is reached.`,
  ];
}

interface SecretConnection extends FeedConnection {
  readonly webhooks: Readonly<Record<SystemName, { readonly secret?: string | undefined }>>;
}

/** Connections whose feeds' secret is that of a webhook, of whatever connection: readers of a page could deliver webhooks. `webhook`: the setting. */
export function exposedWebhooks(
  connections: Readonly<Record<string, SecretConnection>>,
): readonly { readonly connection: string; readonly webhook: string }[] {
  const webhooks = Object.entries(connections).flatMap(([connection, one]) =>
    systemNames.map((system) => ({
      webhook: `connections.${connection}.webhooks.${system}.secret`,
      secret: one.webhooks[system].secret,
    })),
  );
  return Object.entries(connections).flatMap(([connection, one]) => {
    const feeds = feedsOf(one);
    const same = feeds === null ? undefined : webhooks.find(({ secret }) => secret === feeds.secret);
    return same === undefined ? [] : [{ connection, webhook: same.webhook }];
  });
}
