/**
 * Creations that are sent. Somebody who was entered in both systems at about the same time is one person: before a creation is sent, the
 * news about records of its system that nobody knows yet are read and matched, by the workflows of those records. The creation waits for
 * them and is decided again; who is found in them is linked, and never made once more.
 *
 * The news are looked for under the lock of first sights, together with the recording of the intent: whoever is matched before is linked
 * or waits for our claim, with their event unread; whoever comes later finds the intent.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Scope, type SystemName, systemNames } from '../core/record.js';
import type { Failure } from '../http/failures.js';
import type { Sql, Transaction } from '../store/database.js';
import { recordIntents, renewIntents, settleIntents, type NewIntent } from '../store/intents.js';
import { lockFirstSights } from '../store/links.js';
import { unreadNews, type News } from '../store/news.js';
import type { OpenConnection } from '../connection.js';

/** What became of what had to be committed before a write: it stands, or the news say why a creation has to wait. */
export type Intention = 'stands' | News;

/**
 * A creation waits until news of its system are read: nothing of it was sent or recorded. To be repeated after the claim of its link is
 * given back, because whoever reads them may need it.
 */
export class NewsUnread extends Error {
  override readonly name = 'NewsUnread';
  constructor(linkId: string, system: SystemName) {
    super(`the creation of link ${linkId} waits until news about unknown records of ${system} are read`);
  }
}

/** Records creations that may be sent. @returns for each of them, in order, whether it may; those that must wait are not recorded */
export async function recordCreations(
  tx: Transaction,
  { scope, config }: Pick<OpenConnection, 'scope' | 'config'>,
  intents: readonly NewIntent[],
): Promise<Intention[]> {
  if (intents.length === 0) return [];
  await lockFirstSights(tx, scope);
  const news = await unreadNews(tx, scope, {
    systems: systemNames.filter((system) => intents.some((one) => one.system === system)),
    creating: intents.map((one) => one.linkId),
    notOlderThanMs: config.live.newsHoldMs,
  });
  await recordIntents(
    tx,
    scope,
    intents.filter((one) => !news.has(one.system)),
  );
  return intents.map((one) => news.get(one.system) ?? 'stands');
}

/** Pauses in which the answers of creations under way are recorded, so that their echoes are known. A quarter of a second in all: the claim is held. */
const echoPausesMs = [15, 30, 60, 120];

/**
 * Has a creation recorded by `intend` as soon as no news stand against it.
 *
 * @throws {NewsUnread}
 */
export async function untilNewsAreRead(
  { linkId }: Pick<NewIntent, 'linkId'>,
  system: SystemName,
  intend: () => Promise<Intention>,
): Promise<void> {
  for (const pauseMs of [...echoPausesMs, null]) {
    const intention = await intend();
    if (intention === 'stands') return;
    if (intention === 'strangers' || pauseMs === null) throw new NewsUnread(linkId, system);
    await sleep(pauseMs);
  }
}

/**
 * An attempt at a link ended with this failure. A creation that certainly did not take effect need not be looked up by the next one; any
 * other can have reached the server until now. (A look-up that failed says nothing about what it looked for.)
 */
export async function creationFailed(
  sql: Sql,
  scope: Scope,
  linkId: string,
  { effect, context }: Failure,
): Promise<void> {
  if (context.method === 'GET') return;
  if (effect === 'none') {
    await settleIntents(
      sql,
      scope,
      systemNames.map((system) => ({ linkId, system })),
    );
  } else await renewIntents(sql, scope, [linkId]);
}
