/** What the database holds, in the form of the model's store: so that one set of checks serves the model and the real engine. */
import type { JsonObject } from '../../../src/core/document.js';
import type { LinkView } from '../../../src/core/live.js';
import type { CanonicalFields, FieldHashes, FieldTimes, FieldValue, SystemName } from '../../../src/core/record.js';
import { viewOf } from '../../../src/link/view.js';
import type { EqualValues } from '../../../src/store/links.js';
import { findLinkStates } from '../../../src/store/linkState.js';
import { Store, type Answer, type Case } from '../liveModel/store.js';
import type { EngineWorld } from './world.js';

interface ShadowOfRow {
  readonly system: SystemName;
  readonly id: string;
  readonly document: JsonObject;
  readonly fields: CanonicalFields;
  readonly hashes: FieldHashes;
  readonly forms: FieldHashes;
  readonly times: FieldTimes | null;
  readonly modifiedAt: Date | null;
  readonly externalReference: string | null;
  readonly gone: boolean;
}

interface LinkRow {
  readonly linkId: string;
  readonly yapla: string | null;
  readonly yoplanning: string | null;
  readonly base: FieldHashes | null;
  readonly equal: EqualValues;
  readonly version: number;
}

interface CaseRow {
  readonly id: number;
  readonly kind: string;
  readonly subject: string;
  readonly field: string;
  readonly linkId: string | null;
  readonly saw: Case['saw'];
  readonly answer: Answer | null;
  readonly open: boolean;
}

interface JournalRow {
  readonly linkId: string;
  readonly system: SystemName;
  readonly field: string;
  readonly old: string | null;
  readonly new: FieldValue;
  readonly outcome: 'written' | 'abandoned' | null;
}

interface IntentRow {
  readonly linkId: string;
  readonly system: SystemName;
  readonly externalId: string | null;
  readonly hashes: FieldHashes;
  readonly open: boolean;
}

export interface Snapshot {
  readonly store: Store;
  readonly views: ReadonlyMap<string, LinkView>;
  readonly caseIds: ReadonlyMap<Case, number>;
}

export async function takeSnapshot(world: EngineWorld): Promise<Snapshot> {
  const { sql, connectionId: id, scope } = world;
  const [shadows, links, cases, journal, intents] = await Promise.all([
    sql<ShadowOfRow[]>`
      select system, external_id as id, document, fields, hashes, forms, times, modified_at as "modifiedAt",
             external_reference as "externalReference", gone_at is not null as gone
        from known_record where connection_id = ${id} order by first_seen_at, external_id`,
    sql<LinkRow[]>`
      select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning, base, equal, version
        from link where connection_id = ${id} order by created_at, link_id`,
    sql<CaseRow[]>`
      select id, code as kind, subject, field, link_id as "linkId", saw, answer, status = 'open' as open
        from cases where connection_id = ${id} order by id`,
    sql<JournalRow[]>`
      select j.link_id as "linkId", j.system, j.field, j.old_value as old, j.new_value as new, o.outcome
        from journal j left join journal_outcome o on o.journal_id = j.id where j.connection_id = ${id} order by j.id`,
    sql<IntentRow[]>`
      select link_id as "linkId", system, external_id as "externalId", hashes, status = 'sent' as open
        from intent where connection_id = ${id} order by recorded_at`,
  ]);
  const states = await findLinkStates(
    sql,
    scope,
    links.map(({ linkId }) => linkId),
    { depth: 'hashes' },
  );
  const store = new Store();
  for (const { gone, modifiedAt, times, ...row } of shadows) {
    const { records, removed } = world.servers[row.system];
    const record = records.get(row.id) ?? removed.find((one) => one.id === row.id);
    store.shadows.set(`${row.system}:${row.id}`, {
      ...row,
      times: times ?? {},
      modifiedAt: modifiedAt?.getTime() ?? null,
      person: record?.person ?? -1,
      gone,
      unseen: false,
    });
  }
  for (const { linkId, yapla, yoplanning, base, equal, version } of links) {
    const link = store.addLink(linkId, { yapla, yoplanning });
    Object.assign(link, { base, equal, version });
    for (const system of ['yapla', 'yoplanning'] as const) {
      const shadow = store.shadow(system, link.ids[system]);
      if (shadow) shadow.unseen = states.get(linkId)?.pair.unseen[system] ?? false;
    }
  }
  const caseIds = new Map<Case, number>();
  for (const { id: caseId, kind, subject, linkId, ...row } of cases) {
    const records = kind === 'doubt' ? subject.split(' ') : [];
    const one = { ...row, kind: kind as Case['kind'], linkId: linkId ?? subject, records };
    caseIds.set(one, caseId);
    store.cases.push(one);
  }
  store.journal.push(...journal);
  store.intents.push(...intents);
  const connection = world.lookingOn;
  const views = new Map([...states].map(([linkId, state]) => [linkId, viewOf(connection, state)]));
  return { store, views, caseIds };
}
