/**
 * Creations whose answer never came, in a system where we cannot choose the id. A scan that is complete and younger than the
 * creation shows whether it took effect: the record is recognised by the reference that it carries, or by holding exactly the
 * values that were sent while nobody else claims it.
 */
import { otherSystem, systemNames, type FieldHashes, type SystemName } from '../core/record.js';
import { openCases } from '../store/cases.js';
import type { Sql } from '../store/database.js';
import { openIntents, settleIntents, type Intent } from '../store/intents.js';
import { agree, pairsByIds, type LinkedPair } from '../store/links.js';
import { reopenItems } from '../store/planItems.js';
import { unlinkedShadows, type UnlinkedShadow } from '../store/shadows.js';
import type { OpenConnection } from '../connection.js';
import { agreedHashes } from './decideLink.js';

export async function settleCreations(
  sql: Sql,
  connection: OpenConnection,
  { planId, giveUp }: { readonly planId: number; readonly giveUp: boolean },
): Promise<{ recognised: number; reopened: number }> {
  let recognised = 0;
  const missing: Intent[] = [];
  for (const system of systemNames) {
    const intents = (await openIntents(sql, connection.id, 'all')).filter((intent) => intent.system === system);
    if (intents.length === 0) continue;
    const pairs = await pairsByIds(
      sql,
      connection.id,
      intents.map((intent) => intent.linkId),
    );
    const free = await unlinkedShadows(sql, connection.id, system);
    for (const intent of intents) {
      const pair = pairs.get(intent.linkId);
      // The link is gone, or has its record meanwhile: nothing is left to find out.
      if (pair === undefined || pair.ids[system] !== null) {
        await settleIntents(sql, connection.id, [intent]);
        continue;
      }
      const found = recognise(intent, pair.ids[otherSystem(system)], free);
      if (found === null) {
        missing.push(intent);
        continue;
      }
      free.splice(free.indexOf(found), 1);
      await link(sql, connection, pair, system, found);
      recognised += 1;
    }
  }
  await settleIntents(sql, connection.id, missing);
  if (giveUp) {
    await openCases(
      sql,
      connection.id,
      planId,
      missing.map(({ linkId, system, sends }) => ({
        kind: 'refused',
        subject: linkId,
        linkId,
        details: { system, failure: 'never appeared in the list', sends },
      })),
    );
    return { recognised, reopened: 0 };
  }
  const reopened = await reopenItems(
    sql,
    planId,
    'unsettled',
    missing.map((intent) => intent.linkId),
  );
  return { recognised, reopened };
}

/** The one free record that this creation made; null when there is none, or more than one that it could be. */
function recognise(intent: Intent, otherId: string | null, free: readonly UnlinkedShadow[]): UnlinkedShadow | null {
  const referring = free.filter((shadow) => otherId !== null && shadow.externalReference === otherId);
  if (referring.length > 0) return referring.length === 1 ? referring[0]! : null;
  const equal = free.filter((shadow) => holds(shadow.hashes, intent.hashes));
  // Several would be twins, of which one may be somebody else's: the oldest id is taken and the others stay visible as unmatched.
  return equal[0] ?? null;
}

function holds(hashes: FieldHashes, sent: FieldHashes): boolean {
  return Object.entries(sent).every(([field, hash]) => hashes[field] === undefined || hashes[field] === hash);
}

async function link(
  sql: Sql,
  connection: OpenConnection,
  pair: LinkedPair,
  system: SystemName,
  found: UnlinkedShadow,
): Promise<void> {
  const other = pair.shadows[otherSystem(system)];
  const hashes = { [system]: found.hashes, [otherSystem(system)]: other?.hashes ?? null } as Record<
    SystemName,
    FieldHashes | null
  >;
  const base = agreedHashes(hashes, connection.fields);
  const baseFields = Object.fromEntries(Object.keys(base).map((field) => [field, other?.fields[field] ?? null]));
  await sql.begin(async (tx) => {
    await agree(tx, connection.id, [{ linkId: pair.linkId, base, baseFields, ids: { [system]: found.id } }]);
    await settleIntents(tx, connection.id, [{ linkId: pair.linkId, system }]);
  });
}
