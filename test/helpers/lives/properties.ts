/**
 * What must hold when lives have ended and a bulk run has repaired what lost webhooks left: the properties of docs/how-it-works.md,
 * "What must always hold", by their numbers, held against the sandbox's own versions of every record.
 */
import { isDeepStrictEqual } from 'node:util';
import { formOf } from '../../../src/core/alike.js';
import { normaliseValue } from '../../../src/core/normalise.js';
import {
  type CanonicalFields,
  type FieldValue,
  otherSystem,
  personsOf,
  type SystemName,
  systemNames,
} from '../../../src/core/record.js';
import type { SandboxRecord } from '../../../src/sandbox/control.js';
import type { Person, PersonField } from '../../../src/sandbox/person.js';
import { listOpenCases } from '../../../src/store/cases.js';
import { credentialsOf } from '../../../src/connection.js';
import type { Json, JsonObject } from '../../../src/core/document.js';
import type { TestPasserelle } from '../passerelle.js';
import { lifeOf } from './lives.js';
import type { Ledger, RecordVersions, Version } from './ledger.js';

/** What of a document changes by itself, or is ours to write: the place of the other system's id. */
const ofTheServer = { yapla: ['updated_at'], yoplanning: ['last_update', 'external_reference'] };

export interface Broken {
  readonly life: number;
  readonly what: string;
}

export interface Examined {
  readonly broken: readonly Broken[];
  /** Writes that met an edit made between their GET and their PUT: neither system can refuse them (docs/how-it-works.md). */
  readonly overtaken: number;
  readonly openCases: Readonly<Record<string, number>>;
}

interface LinkRow {
  readonly linkId: string;
  readonly yapla: string | null;
  readonly yoplanning: string | null;
  readonly baseFields: CanonicalFields | null;
}

interface JournalRow {
  readonly system: SystemName;
  readonly externalId: string | null;
  readonly linkId: string;
  readonly field: string;
  readonly oldValue: Json;
  readonly newValue: string | null;
}

export async function examine(house: TestPasserelle, ledger: Ledger): Promise<Examined> {
  const { sql, connectionId } = house;
  const [links, journal, cases, gone] = await Promise.all([
    sql<LinkRow[]>`
      select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning, base_fields as "baseFields"
        from link where connection_id = ${connectionId}`,
    sql<JournalRow[]>`
      select system, external_id as "externalId", link_id as "linkId", field, old_value as "oldValue", new_value as "newValue"
        from journal where connection_id = ${connectionId}`,
    listOpenCases(sql, personsOf(connectionId)),
    sql<{ system: SystemName; id: string }[]>`
      select system, external_id as id from reading where connection_id = ${connectionId} and gone_at is not null`,
  ]);
  const examination = new Examination(house, ledger, links, journal, cases);
  await examination.writes();
  examination.records();
  for (const link of links) examination.link(link);
  for (const one of gone) examination.tombstone(one);
  examination.people();
  return examination.found();
}

class Examination {
  private readonly broken: Broken[] = [];
  private overtaken = 0;
  private readonly records_ = new Map<string, RecordVersions>();
  private readonly inLink = new Set<string>();
  private readonly inDoubt = new Set<string>();
  private readonly asked = new Set<string>();

  constructor(
    private readonly house: TestPasserelle,
    private readonly ledger: Ledger,
    private readonly links: readonly LinkRow[],
    private readonly journal: readonly JournalRow[],
    private readonly cases: Awaited<ReturnType<typeof listOpenCases>>,
  ) {
    for (const one of ledger.all()) this.records_.set(`${one.system}:${one.id}`, one);
    for (const link of links) for (const system of systemNames) this.inLink.add(`${system}:${link[system]}`);
    for (const { kind, subject, field, linkId } of cases) {
      if (kind === 'doubt') for (const record of subject.split(' ')) this.inDoubt.add(record);
      else this.asked.add(`${linkId}/${field}`);
    }
  }

  found(): Examined {
    const openCases: Record<string, number> = {};
    for (const { kind } of this.cases) openCases[kind] = (openCases[kind] ?? 0) + 1;
    return { broken: this.broken, overtaken: this.overtaken, openCases };
  }

  private breaks(record: SandboxRecord | string, what: string): void {
    const life = typeof record === 'string' ? this.lifeOfRecord(record) : lifeOf(record);
    this.broken.push({ life, what });
  }

  private lifeOfRecord(name: string): number {
    const known = this.records_.get(name)?.versions.findLast((one) => one.record !== null);
    return known === undefined ? -1 : lifeOf(known.record!);
  }

  private now(name: string): SandboxRecord | null {
    return this.records_.get(name)?.versions.at(-1)!.record ?? null;
  }

  private normal(field: string, person: Person) {
    const { fields, defaultCountry } = this.house.connection;
    const countries = [person.country];
    return normaliseValue(fields[field]!.type, person[field as PersonField], { defaultCountry, countries });
  }

  /** The same in any sense that a person would accept: two records that first agreed keep their spellings. */
  private areAlike(field: string, a: FieldValue, b: FieldValue): boolean {
    const { fields, defaultCountry } = this.house.connection;
    const form = (value: FieldValue) => formOf(fields[field]!.type, value, defaultCountry);
    return form(a) !== null && form(a) === form(b);
  }

  /** 3 and 5: whatever a write of ours changed is journalled first, to the letter; nothing else changed; and none was sent twice. */
  async writes(): Promise<void> {
    const reads = await this.readsByRecord();
    for (const { system, id, versions } of this.records_.values()) {
      for (const [at, version] of versions.entries()) {
        if (version.by === 'desk' || version.record === null) continue;
        if (version.by === 'import') {
          const complaint = this.complaintImported(system, versions.slice(0, at + 1));
          if (complaint !== null) this.breaks(version.record, complaint);
          continue;
        }
        const read = reads.get(`${system}:${id}`)?.findLast((sentAtMs) => sentAtMs <= version.atMs) ?? version.atMs;
        const complaints = this.readsOne(system)
          ? basesOf(versions, at, read).map((base) => this.complaint(system, version.record!, base))
          : [this.complaintUnread(system, versions.slice(0, at + 1))];
        if (!complaints.includes(null)) this.breaks(version.record, complaints[0]!);
        else if (complaints[0] !== null) this.overtaken += 1;
      }
    }
  }

  private readsOne(system: SystemName): boolean {
    const { read, write } = this.house.connection.yapla;
    return system === 'yoplanning' || read.memberPath !== null || (write.mode === 'rest' && write.memberPath !== null);
  }

  /** When each read of a record was let go, in order. */
  private async readsByRecord(): Promise<Map<string, number[]>> {
    const { sql, connection } = this.house;
    const credentials = await credentialsOf(sql, connection);
    const found = new Map<string, number[]>();
    for (const system of systemNames) {
      const rows = await sql<{ record: string; sentAtMs: number }[]>`
        select record, extract(epoch from sent_at)::float8 * 1000 as "sentAtMs" from request_log
         where credential = ${credentials[system]} and record is not null and (method = 'GET' or method is null)
         order by sent_at`;
      for (const { record, sentAtMs } of rows) {
        const name = `${system}:${record}`;
        found.set(name, [...(found.get(name) ?? []), sentAtMs]);
      }
    }
    return found;
  }

  private complaint(system: SystemName, after: SandboxRecord, before: SandboxRecord | null): string | null {
    if (before === null)
      return this.isJournalledCreation(system, after) ? null : `3: ${system} ${after.id} was created unjournalled`;
    let changes = 0;
    for (const [field, place] of Object.entries(this.house.connection.fields)) {
      const path = place[system] as string;
      const [old, value] = [before.document[path] ?? null, after.document[path] ?? null];
      if (isDeepStrictEqual(old, value)) continue;
      changes += 1;
      const isJournalled = this.journal.some(
        (row) =>
          row.system === system &&
          row.externalId === after.id &&
          row.field === field &&
          isDeepStrictEqual(row.oldValue, old) &&
          row.newValue === this.normal(field, after.person),
      );
      // A server may spell what it holds anew whenever it is written to: nothing is lost by that.
      const isSpelling = this.normal(field, before.person) === this.normal(field, after.person);
      if (!isJournalled && !isSpelling) return `3: ${field} of ${system} ${after.id} was overwritten unjournalled`;
    }
    if (!isDeepStrictEqual(this.unmapped(system, before), this.unmapped(system, after))) {
      return `5: what is not mapped of ${system} ${after.id} was changed`;
    }
    const isNew = before.document['external_reference'] !== after.document['external_reference'];
    return changes === 0 && !isNew ? `9: a write of ${system} ${after.id} changed nothing` : null;
  }

  /**
   * Where a record cannot be read by itself, a write stands on whatever a list or a webhook showed of each field at some time; and it may
   * be repeated, because nobody can look whether it took effect.
   *
   * @param versions of the record, up to the one that the write made
   */
  private complaintUnread(system: SystemName, versions: readonly Version[]): string | null {
    const after = versions.at(-1)!.record!;
    const before = versions.at(-2)?.record ?? null;
    if (before === null) return this.complaint(system, after, null);
    for (const [field, place] of Object.entries(this.house.connection.fields)) {
      const path = place[system] as string;
      const shown = versions.slice(0, -1).map(({ record }) => record?.document[path] ?? null);
      const value = this.normal(field, after.person);
      if (value === this.normal(field, before.person)) continue;
      const isJournalled = this.journal.some(
        (row) =>
          row.system === system &&
          row.externalId === after.id &&
          row.field === field &&
          shown.some((old) => isDeepStrictEqual(row.oldValue, old)) &&
          row.newValue === value,
      );
      if (!isJournalled) return `3: ${field} of ${system} ${after.id} was overwritten unjournalled`;
    }
    const isWhole = isDeepStrictEqual(this.unmapped(system, before), this.unmapped(system, after));
    return isWhole ? null : `5: what is not mapped of ${system} ${after.id} was changed`;
  }

  /**
   * What an import left: each value that it changed was decided about and journalled before its file was made, against something that was
   * shown at some time (an edit since can be overwritten unseen: docs/how-it-works.md); and it changed nothing else.
   *
   * @param versions of the record, up to the one that the import made
   */
  private complaintImported(system: SystemName, versions: readonly Version[]): string | null {
    const after = versions.at(-1)!.record!;
    if ((versions.at(-2)?.record ?? null) !== null) return this.complaintUnread(system, versions);
    // Its values are those of the moment when its file was made.
    const link = this.links.find((one) => one[system] === after.id);
    const isJournalled = this.journal.some(
      (row) =>
        row.system === system && row.field === 'lastName' && row.oldValue === null && row.linkId === link?.linkId,
    );
    return isJournalled ? null : `3: ${system} ${after.id} was created unjournalled`;
  }

  private isJournalledCreation(system: SystemName, { id, person }: SandboxRecord): boolean {
    return this.journal.some(
      (row) =>
        row.system === system &&
        (row.externalId === id || row.externalId === null) &&
        row.oldValue === null &&
        row.field === 'lastName' &&
        row.newValue === this.normal('lastName', person),
    );
  }

  private unmapped(system: SystemName, { document }: SandboxRecord): JsonObject {
    const left: readonly string[] = [
      ...ofTheServer[system],
      ...Object.values(this.house.connection.fields).map((place) => place[system] as string),
    ];
    return Object.fromEntries(Object.entries(document).filter(([name]) => !left.includes(name)));
  }

  /** 1 and 2: everybody has a link or is asked about, and every value was entered by somebody. */
  records(): void {
    const entered = new Map<string, Set<unknown>>();
    for (const { versions } of this.records_.values()) {
      for (const { by, record } of versions) {
        if (by !== 'desk' || record === null) continue;
        for (const field of Object.keys(this.house.connection.fields)) {
          const name = `${lifeOf(record)}/${field}`;
          entered.set(name, (entered.get(name) ?? new Set()).add(this.normal(field, record.person)));
        }
      }
    }
    for (const [name, { system }] of this.records_) {
      const record = this.now(name);
      if (record === null) continue;
      if (!this.inLink.has(name) && !this.inDoubt.has(name))
        this.breaks(record, `1: ${name} has no link, and nobody is asked`);
      for (const field of Object.keys(this.house.connection.fields)) {
        const value = this.normal(field, record.person);
        if (!entered.get(`${lifeOf(record)}/${field}`)?.has(value))
          this.breaks(record, `2: nobody entered what stands in ${field} of ${system} ${record.id}`);
      }
    }
  }

  /** 1, 4 and 6 for one link. */
  link(link: LinkRow): void {
    const [yapla, yoplanning] = systemNames.map((system) => this.now(`${system}:${link[system]}`)) as [
      SandboxRecord | null,
      SandboxRecord | null,
    ];
    if (yapla !== null && yoplanning !== null) {
      if (lifeOf(yapla) !== lifeOf(yoplanning)) this.breaks(yapla, `4: ${link.linkId} holds two people`);
      if (!this.isAsked(link, 'removal') && !this.isAsked(link, 'refused')) this.fieldsOf(link, yapla, yoplanning);
      return;
    }
    const system = systemNames.find((one) => link[one] !== null && this.now(`${one}:${link[one]}`) === null);
    if (system !== undefined && link[otherSystem(system)] !== null) {
      if (!this.isAsked(link, 'removal'))
        this.breaks(`${system}:${link[system]}`, `6: nobody is told that ${link.linkId} is gone in ${system}`);
      return;
    }
    const name = systemNames.map((one) => `${one}:${link[one]}`).find((one) => this.now(one) !== null);
    if (name !== undefined && !this.inDoubt.has(name))
      this.breaks(name, `1: ${link.linkId} was never created on the other side`);
  }

  private fieldsOf(link: LinkRow, yapla: SandboxRecord, yoplanning: SandboxRecord): void {
    for (const field of Object.keys(this.house.connection.fields)) {
      if (this.asked.has(`${link.linkId}/${field}`)) continue;
      const [a, b] = [yapla, yoplanning].map(({ person }) => this.normal(field, person)) as [FieldValue, FieldValue];
      if (a !== b && !this.areAlike(field, a, b))
        this.breaks(yapla, `1: ${field} of ${link.linkId} differs, and nobody is asked`);
      else if (![a, b].includes(link.baseFields?.[field] ?? null))
        this.breaks(yapla, `1: the base of ${field} of ${link.linkId} is another`);
    }
  }

  private isAsked({ linkId }: LinkRow, kind: string): boolean {
    return this.cases.some((one) => one.kind === kind && (one.linkId === linkId || one.subject === linkId));
  }

  /** 6: whoever counts as gone is gone. */
  tombstone({ system, id }: { readonly system: SystemName; readonly id: string }): void {
    const record = this.now(`${system}:${id}`);
    if (record !== null) this.breaks(record, `6: ${system} ${id} counts as gone, and is there`);
  }

  /** 4: we made each person once at most where people had not, and whatever is there twice is asked about. */
  people(): void {
    const byLife = new Map<number, RecordVersions[]>();
    for (const [name, one] of this.records_) {
      const life = this.lifeOfRecord(name);
      byLife.set(life, [...(byLife.get(life) ?? []), one]);
    }
    for (const [life, records] of byLife) {
      const of = (system: SystemName, by: 'us' | 'people') =>
        records.filter((one) => one.system === system && (one.versions[0]!.by === 'desk') === (by === 'people')).length;
      for (const system of systemNames) {
        if (of(system, 'us') > of(otherSystem(system), 'people'))
          this.broken.push({ life, what: `4: a creation in ${system} was repeated` });
        if (hasChangedIdentity(records)) continue;
        const there = records.filter((one) => one.system === system && one.versions.at(-1)!.record !== null);
        const unasked = there.filter(({ id }) => !this.inDoubt.has(`${system}:${id}`));
        if (unasked.length > 1)
          this.broken.push({ life, what: `4: ${system} has them ${unasked.length} times, and nobody is asked` });
      }
    }
  }
}

/** Whoever was renamed, or has another address, may look like somebody else. */
function hasChangedIdentity(records: readonly RecordVersions[]): boolean {
  const people = records.flatMap((one) => one.versions.flatMap(({ record }) => record?.person ?? []));
  return (['firstName', 'lastName', 'email'] as const).some(
    (field) => new Set(people.map((person) => person[field])).size > 1,
  );
}

/**
 * What a write may have been based on: the version before it; and, where people made that between the write's own GET and its PUT, the
 * ones before as well, up to the one that the GET found at least.
 */
function basesOf(versions: readonly Version[], at: number, readAtMs: number): (SandboxRecord | null)[] {
  const bases: (SandboxRecord | null)[] = [];
  for (let nth = at - 1; ; nth--) {
    const version = versions[nth];
    bases.push(version?.record ?? null);
    if (version === undefined || version.by === 'api' || version.atMs < readAtMs) return bases;
  }
}
