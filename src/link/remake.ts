/**
 * A configuration that changed under existing links is no change by people. Before anything is decided under a new field map, shadows are
 * made again from their documents, and bases so that anyone who agreed before agrees afterwards (core/fieldMap.ts). Under new rules every link
 * is looked at again, because what was settled may not be any more.
 */
import { movedFields, remakeBase, restartedFields, type MapVersion } from '../core/fieldMap.js';
import { type Scope, type SystemName, systemNames } from '../core/record.js';
import { lockMadeUnder, storeMadeUnder } from '../store/connections.js';
import type { Sql, Transaction } from '../store/database.js';
import { pairsByIds, remakeLinks, unsettleAll, type LinkedPair } from '../store/links.js';
import { remakeShadows, shadowDocuments, type ShadowRow } from '../store/shadows.js';
import type { OpenConnection } from '../connection.js';
import { deriveAll } from './facts/derive.js';
import { pairHashes, type PairHashes } from './view.js';

/** Records and links that are made again in one go. */
const batchSize = 500;

/** Repeatable; does nothing where nothing changed. All of it in one transaction: nobody sees half of a new map. */
export async function adoptConfiguration(sql: Sql, connection: OpenConnection): Promise<void> {
  const { scope, map, mapDigest, rulesDigest } = connection;
  await sql.begin(async (tx) => {
    const made = await lockMadeUnder(tx, scope);
    if (made?.mapDigest === mapDigest && made.rulesDigest === rulesDigest) return;
    if (made !== null && made.mapDigest !== mapDigest) await remake(tx, connection, made.map);
    else await deriveAll(tx, connection);
    if (made !== null) await unsettleAll(tx, scope);
    await storeMadeUnder(tx, scope, { map, mapDigest, rulesDigest });
  });
}

async function remake(tx: Transaction, connection: OpenConnection, before: MapVersion): Promise<void> {
  const moved = new Set(movedFields(before, connection.map));
  const restarted = new Set(restartedFields(before, connection.map));
  const linkIds = await allLinks(tx, connection.scope);
  const old = new Map<string, PairHashes>();
  for (const pair of await pairs(tx, connection.scope, linkIds)) old.set(pair.linkId, pairHashes(pair));
  for (const system of systemNames) await remakeRecords(tx, connection, system);
  await deriveAll(tx, connection);
  for (let at = 0; at < linkIds.length; at += batchSize) {
    const batch = await pairs(tx, connection.scope, linkIds.slice(at, at + batchSize));
    await remakeLinks(
      tx,
      connection.scope,
      batch.map((pair) => {
        // Without forms learnt before: they are hashes of the form that is gone.
        const after = pairHashes({ ...pair, equal: {} });
        const made = remakeBase({ base: pair.base, before: old.get(pair.linkId)!, after }, moved, restarted);
        const values = pair.shadows.yapla?.fields ?? {};
        const kept = Object.keys(made.base).map(
          (field) => [field, values[field] ?? pair.baseFields?.[field] ?? null] as const,
        );
        return { linkId: pair.linkId, ...made, baseFields: Object.fromEntries(kept) };
      }),
    );
  }
}

async function allLinks(tx: Transaction, scope: Scope): Promise<string[]> {
  const rows = await tx<{ linkId: string }[]>`
    select link_id as "linkId" from link where connection_id = ${scope.connectionId} and kind = ${scope.kind} order by link_id`;
  return rows.map(({ linkId }) => linkId);
}

async function pairs(tx: Transaction, scope: Scope, linkIds: readonly string[]): Promise<LinkedPair[]> {
  const found: LinkedPair[] = [];
  for (let at = 0; at < linkIds.length; at += batchSize) {
    found.push(...(await pairsByIds(tx, scope, linkIds.slice(at, at + batchSize), 'values')).values());
  }
  return found;
}

/** A document that does not fit the new map keeps what was made of it: the next reading says so, with its place. */
async function remakeRecords(tx: Transaction, connection: OpenConnection, system: SystemName): Promise<void> {
  for (let after = ''; ;) {
    const documents = await shadowDocuments(tx, connection.scope, system, after, batchSize);
    if (documents.length === 0) return;
    after = documents.at(-1)!.id;
    const rows = documents.flatMap(({ id, document }): ShadowRow[] => {
      const context = {
        connection: connection.scope.connectionId,
        system,
        access: 'none',
        method: 'none',
        path: 'stored document',
        record: id,
      } as const;
      try {
        return [connection.shadowOf(connection.systems[system].recordOf(document, { context }))];
      } catch {
        return [];
      }
    });
    await remakeShadows(tx, connection.scope, system, rows);
  }
}
