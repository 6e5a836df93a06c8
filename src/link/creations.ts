/**
 * Creations that are sent. Somebody who was entered in both systems at about the same time is one person: before a creation is sent, the
 * news about records of its system that nobody knows yet are read and matched, by the workflows of those records. The creation waits for
 * them and is decided again; who is found in them is linked, and never made once more.
 *
 * The news are looked for under the lock of first sights, together with the recording of the intent: anyone who is matched before is linked
 * or waits for our claim, with their event unread; anyone who comes later finds the intent.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CanonicalFields,
  type FieldHash,
  type FieldHashes,
  type FieldName,
  type Scope,
  type SystemName,
  systemNames,
} from '../core/record.js';
import type { Failure } from '../http/failures.js';
import type { Sql, Transaction } from '../store/database.js';
import { type Intent, type NewIntent, recordIntents, renewIntents, settleIntents } from '../store/intents.js';
import { type EqualValues, lockFirstSights } from '../store/links.js';
import { type News, unreadNews } from '../store/inbox.js';
import type { OpenConnection } from '../connection.js';
import type { UnlinkedShadow } from '../store/shadows.js';
import { areForms } from './view.js';

/** What became of what had to be committed before a write: it stands, or the news say why a creation has to wait. */
export type Intention = 'stands' | News;

/**
 * A creation waits until news of its system are read: nothing of it was sent or recorded. To be repeated after the claim of its link is
 * given back, because anyone who reads them may need it.
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
  if (context.access === 'read') return;
  if (effect === 'none') {
    await settleIntents(
      sql,
      scope,
      systemNames.map((system) => ({ linkId, system })),
    );
  } else await renewIntents(sql, scope, [linkId]);
}

/*
 * Which record a creation of ours made, where nobody told us, and what both systems then agree on. The same for a record that is seen by
 * itself (firstSight.ts), in a list (settleCreations.ts), or looked up before a creation is repeated (linkWork.ts).
 */

/** A record that no link claims, with its values. */
export interface FreeRecord extends UnlinkedShadow {
  readonly fields: CanonicalFields;
}

/**
 * The one free record that this creation made: by the id that we chose, by the reference that it carries, or by holding what was sent, or
 * the server's own forms of it. Null where there is none, or more than one that it could be.
 *
 * @param otherId of the record that it was made of
 * @param free oldest first
 */
export function recordOfCreation(
  intent: Intent,
  otherId: string | null,
  free: readonly FreeRecord[],
): FreeRecord | null {
  const chosen = free.find((one) => one.id === intent.externalId);
  if (chosen !== undefined) return chosen;
  const referring = free.filter((one) => otherId !== null && one.externalReference === otherId);
  if (referring.length > 0) return referring.length === 1 ? referring[0]! : null;
  // What was there before the creation was sent is somebody else, or a question of its own (a twin, a doubt).
  const since = free.filter((one) => one.firstSeenAtMs >= intent.recordedAtMs);
  const holds = (record: FreeRecord, isSent: typeof isForm) => {
    const shown = Object.keys(intent.fields).filter((field) => record.hashes[field] !== undefined);
    const tells = shown.some((field) => intent.fields[field] !== null);
    return tells && shown.every((field) => isSent(intent, record, field));
  };
  // Several would be twins of our own making: the oldest is taken, and the others stay visible as unmatched.
  return since.find((one) => holds(one, isEqual)) ?? since.find((one) => holds(one, isForm)) ?? null;
}

type Held = Pick<FreeRecord, 'hashes' | 'fields'>;

function isEqual({ hashes }: Intent, record: Held, field: FieldName): boolean {
  return record.hashes[field] === hashes[field];
}

function isForm(intent: Intent, record: Held, field: FieldName): boolean {
  return isEqual(intent, record, field) || areForms(record.fields, { [field]: intent.fields[field] ?? null });
}

/** What was sent and still stands there. */
export interface SentBase {
  readonly base: FieldHashes;
  readonly baseFields: CanonicalFields;
  /** What the server made of it, by field: returned hash -> sent hash. */
  readonly forms: Readonly<Record<FieldName, Readonly<Record<FieldHash, FieldHash>>>>;
}

/**
 * What was sent and still stands there, if in a form of the server's own, is agreed: anyone who changed the other record since has made a
 * change of their own. Of a value that stands there otherwise nobody knows who typed it: it is no part of the base.
 */
export function sentBase(intent: Intent, found: Held): SentBase {
  const base: Record<FieldName, FieldHash> = {};
  const baseFields: Record<FieldName, CanonicalFields[FieldName]> = {};
  const forms: Record<FieldName, Record<FieldHash, FieldHash>> = {};
  for (const [field, sent] of Object.entries(intent.hashes)) {
    const held = found.hashes[field];
    if (sent === '' || held === undefined || !isForm(intent, found, field)) continue;
    base[field] = sent;
    baseFields[field] = intent.fields[field] ?? null;
    if (held !== sent) forms[field] = { [held]: sent };
  }
  return { base, baseFields, forms };
}

/** A link's equal values together with the forms that a creation was found in. */
export function withForms(equal: EqualValues, { system }: Intent, { forms }: SentBase): EqualValues {
  return { ...equal, [system]: { ...equal[system], ...forms } };
}
