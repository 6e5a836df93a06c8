/** Holds what Passerelle claims against what the sandbox's own books say: it generated the people and counted the requests. */
import type { ConnectionConfig } from '../config/schema.js';
import { normaliseValue } from '../core/normalise.js';
import { personsOf, systemNames, type SystemName } from '../core/record.js';
import type { Counts } from '../sandbox/accounting.js';
import type { SandboxControl, SandboxRecord } from '../sandbox/control.js';
import type { PersonField } from '../sandbox/person.js';
import type { Sql } from '../store/database.js';
import { linkedIds } from '../store/links.js';
import { kindOf } from '../cases/index.js';
import { listOpenCases } from '../store/cases.js';

export interface Proof {
  readonly holds: boolean;
  readonly lines: readonly { readonly holds: boolean; readonly text: string }[];
}

/** @param before the sandbox's counts when the second run began: from there on nothing may be written. */
export async function proveWithSandbox(
  control: SandboxControl,
  sql: Sql,
  connectionId: string,
  config: ConnectionConfig,
  before: Readonly<Record<SystemName, Counts>>,
): Promise<Proof> {
  const [links, cases, truth, after] = await Promise.all([
    linkedIds(sql, personsOf(connectionId)),
    listOpenCases(sql, personsOf(connectionId)),
    control.truth(),
    control.counts(),
  ]);
  const members = await control.records('yapla');
  // Files, and webhooks beside them, know a member by the number; an API by an id of its own.
  const named = (member: SandboxRecord) =>
    config.yapla.read.mode === 'workbook' ? (member.document['member_number'] as string) : member.id;
  const names = new Map(members.map((member) => [member.id, named(member)]));
  const records = {
    yapla: new Map(members.map((member) => [named(member), member])),
    yoplanning: byId(await control.records('yoplanning')),
  };

  // A person who stood on both sides must be linked to themselves, or be in a doubt: never to somebody else.
  const rightPartner = new Map(
    truth.flatMap(({ ids }) =>
      ids.yapla && ids.yoplanning ? [[names.get(ids.yapla) ?? ids.yapla, ids.yoplanning] as const] : [],
    ),
  );
  const wrong = links.filter(
    ({ yapla, yoplanning }) => rightPartner.has(yapla) && rightPartner.get(yapla) !== yoplanning,
  ).length;

  // Every `<link>/<field>` that is asked about, and every `<link>` that is held back as a whole.
  const asked = new Set(
    cases.flatMap(({ linkId, field, kind }) => {
      if (linkId === null) return [];
      if (field !== '') return [`${linkId}/${field}`];
      return kindOf(kind).holds?.what === 'link' ? [linkId] : [];
    }),
  );
  let differences = 0;
  for (const { linkId, yapla, yoplanning } of links) {
    if (asked.has(linkId)) continue;
    for (const [field, { type }] of Object.entries(config.fields)) {
      if (asked.has(`${linkId}/${field}`)) continue;
      const value = (record: SandboxRecord | undefined) =>
        normaliseValue(type, record?.person[field as PersonField] ?? null, {
          defaultCountry: config.defaultCountry,
          countries: [record?.person.country],
        });
      if (value(records.yapla.get(yapla)) !== value(records.yoplanning.get(yoplanning))) differences += 1;
    }
  }
  const writes = (counts: Counts) => counts.created + counts.updated + counts.removed;
  const written = systemNames.reduce((sum, system) => sum + writes(after[system]) - writes(before[system]), 0);
  const refusals = systemNames.reduce((sum, system) => sum + after[system].refusals, 0);
  const { maxInSecondWindow, requests } = after.yoplanning;
  const lines = [
    {
      holds: differences === 0,
      text: `${differences} differences between ${links.length} linked pairs, open cases apart`,
    },
    { holds: wrong === 0, text: `${wrong} people linked to somebody else` },
    {
      holds: refusals === 0,
      text: `${refusals} requests refused; Yoplanning counted ${requests}, at most ${maxInSecondWindow} in any second`,
    },
    { holds: written === 0, text: `${written} writes by the second run` },
  ];
  return { holds: lines.every((line) => line.holds), lines };
}

function byId(records: readonly SandboxRecord[]): ReadonlyMap<string, SandboxRecord> {
  return new Map(records.map((record) => [record.id, record]));
}
