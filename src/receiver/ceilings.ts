/**
 * What webhooks may cost a connection within an hour, and how much of them is kept. The address of webhooks is a secret that a proxy's log
 * or a mail can give away: anyone who has it must not be able to spend the day's requests, make a crowd of people, or fill the disk.
 *
 * What is above a ceiling is refused (429): nothing is lost where the sender delivers again, and the next bulk sync, which reads everybody,
 * repairs the rest. Counted in the inbox (store/webhookUse.ts), looked up now and then, and here in between.
 */
import type { WebhooksConfig } from '../config/webhooks.js';
import type { NewInboxEvent } from '../store/inbox.js';
import type { WebhookUse } from '../store/webhookUse.js';

export const ceilingNames = ['maxReadsPerHour', 'maxStrangersPerHour', 'maxInboxBytes'] as const;
export type CeilingName = (typeof ceilingNames)[number];

/** The window that "per hour" means. */
export const hourMs = 3_600_000;

export type CeilingSettings = Pick<WebhooksConfig, CeilingName>;

export interface Exceeded {
  readonly ceiling: CeilingName;
  /** When it may be delivered again. */
  readonly retryAfterMs: number;
}

export interface CeilingsOptions {
  readonly use: (connectionId: string) => Promise<WebhookUse>;
  readonly isKnown: (event: NewInboxEvent) => Promise<boolean>;
  /** See `live.debounceMs`. */
  readonly gatherMs: (connectionId: string) => number;
  readonly now?: () => number;
}

export interface Ceilings {
  /**
   * To be asked about each event before it is stored; one that is not refused counts from then on.
   *
   * @returns null: it may be stored
   */
  exceededBy(event: NewInboxEvent, settings: CeilingSettings): Promise<Exceeded | null>;
}

/** What was looked up is believed for so long: by it alone several receivers can exceed a ceiling together. */
const freshMs = 5_000;

/** While a ceiling is reached it is looked up that often, so that what leaves the window makes room. */
const pressedMs = 1_000;

/** Who is a stranger is asked from this share of the ceiling on: below it everybody may be one, and a storm costs no questions. */
const askedFromShare = 0.5;

function difference(all: ReadonlySet<string>, without: ReadonlySet<string>): Set<string> {
  return new Set([...all].filter((one) => !without.has(one)));
}

class Count {
  use: WebhookUse = { reads: 0, strangers: 0, bytes: 0, freeInMs: null };
  lookedAt = -Infinity;
  looking: Promise<void> | null = null;
  /** Accepted since the last look. */
  reads = new Set<string>();
  strangers = new Set<string>();
  bytes = 0;
}

export function createCeilings({ use, isKnown, gatherMs, now = Date.now }: CeilingsOptions): Ceilings {
  const counts = new Map<string, Count>();

  async function upToDate(connectionId: string, maxAgeMs: number): Promise<Count> {
    const count = counts.get(connectionId) ?? new Count();
    counts.set(connectionId, count);
    if (now() < count.lookedAt + maxAgeMs) return count;
    count.looking ??= look(connectionId, count).finally(() => (count.looking = null));
    await count.looking;
    return count;
  }

  async function look(connectionId: string, count: Count): Promise<void> {
    const before = { reads: new Set(count.reads), strangers: new Set(count.strangers), bytes: count.bytes };
    try {
      count.use = await use(connectionId);
      // What is accepted while it is looked up is not in it. (Nor is what was accepted just before and is still on its way: some at most.)
      count.reads = difference(count.reads, before.reads);
      count.strangers = difference(count.strangers, before.strangers);
      count.bytes -= before.bytes;
    } catch {
      // The database is away: nothing can be stored either, which is answered by who tries.
    }
    count.lookedAt = now();
  }

  return {
    exceededBy: async (event, settings) => {
      const { connectionId, kind, system, externalId } = event;
      // A member and a registration may well have one number.
      const record = `${kind ?? ''}/${system}:${externalId ?? ''}`;
      const read = `${record}/${Math.floor(now() / Math.max(gatherMs(connectionId), 1))}`;
      const size = Buffer.byteLength(event.body);
      const isAboutOne = event.event !== 'other';

      const bytesWith = (count: Count) => count.use.bytes + count.bytes + size;
      const readsOf = (count: Count) => count.use.reads + count.reads.size;
      const strangersOf = (count: Count) => count.use.strangers + count.strangers.size;
      const isTooMuch = (count: Count) =>
        bytesWith(count) > settings.maxInboxBytes ||
        (isAboutOne && !count.reads.has(read) && readsOf(count) >= settings.maxReadsPerHour);

      let count = await upToDate(connectionId, freshMs);
      if (isTooMuch(count)) count = await upToDate(connectionId, pressedMs);
      if (bytesWith(count) > settings.maxInboxBytes) return { ceiling: 'maxInboxBytes', retryAfterMs: hourMs };
      const retryAfterMs = Math.max(pressedMs, count.use.freeInMs ?? hourMs);
      if (isTooMuch(count)) return { ceiling: 'maxReadsPerHour', retryAfterMs };

      if (isAboutOne && !count.strangers.has(record)) {
        const mayBeOne = strangersOf(count) < settings.maxStrangersPerHour * askedFromShare;
        if (mayBeOne || !(await isKnown(event).catch(() => true))) {
          if (strangersOf(count) >= settings.maxStrangersPerHour) count = await upToDate(connectionId, pressedMs);
          if (strangersOf(count) >= settings.maxStrangersPerHour)
            return { ceiling: 'maxStrangersPerHour', retryAfterMs };
          count.strangers.add(record);
        }
      }
      if (isAboutOne) count.reads.add(read);
      count.bytes += size;
      return null;
    },
  };
}
