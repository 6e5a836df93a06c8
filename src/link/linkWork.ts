/**
 * What is done about one link: the writes, creations and proofs of removal, and all that has to be recorded about them. What to do
 * is said by a decision (carryOut.ts). Nothing is stored here but what must stand before a write (its intent); the result is for
 * `commitResults`.
 *
 * One write (docs/how-it-works.md, "One write"): claim the link → record the intent → GET → if it is not what the decision saw,
 * decide again → merge into the whole document → PUT → shadow, base and journal in one transaction. After a crash in between, the
 * next attempt's GET finds the wanted values and only moves the base.
 */
import { isDeepStrictEqual } from 'node:util';
import { uuidOf } from '../core/linkId.js';
import {
  type CanonicalFields,
  type FieldHashes,
  type FieldName,
  type FieldTimes,
  otherSystem,
  type SystemName,
  systemNames,
} from '../core/record.js';
import type { WaitingValue } from '../core/waiting.js';
import type { Ask } from '../http/client.js';
import { canaryCase } from '../cases/canary.js';
import { conflictCases } from '../cases/conflict.js';
import { notImportedCase } from '../cases/notImported.js';
import { notTakenCase } from '../cases/notTaken.js';
import { removalCase } from '../cases/removal.js';
import type { NewCase } from '../store/cases.js';
import type { Intent, NewIntent } from '../store/intents.js';
import type { JournalEntry, JournalOutcome } from '../store/journal.js';
import type { Agreement, EqualValues, LinkedPair } from '../store/links.js';
import { type ShadowRow, shownOf, withDerived } from '../store/shadows.js';
import type { SystemRecord } from '../systems/system.js';
import type { OpenConnection } from '../connection.js';
import { Collected } from './collected.js';
import { fingerprintOf, journalEntries, type WriteOrder } from './journalEntries.js';
import type { Batcher } from './sharedWork.js';
import { type Intention, sentBase, type SentBase, untilNewsAreRead, withForms } from './creations.js';
import { agreementOf, type Facts, type LinkResult, type Outcome } from './results.js';
import {
  areForms,
  compareWritten,
  pairHashes,
  type PairHashes,
  pick,
  type Relaid,
  relaidOver,
  sameHashes,
} from './view.js';

/** What must be committed before a write is sent. */
export interface Intended {
  readonly journal: readonly JournalEntry[];
  readonly intent: NewIntent | null;
}

export interface Applying {
  readonly connection: OpenConnection;
  /** Commits what is intended, or says why a creation has to wait. */
  readonly intend: Batcher<Intended, Intention>;
  /** The claim on the link still stands. @throws {ClaimLost} */
  readonly verifyClaim: () => Promise<void>;
  readonly ask: (record: string) => Ask;
  /** Names what is applied, the same at every attempt: the beginning of each write's name in the journal. */
  readonly writeId: string;
  /** What waits of the link for an import file, oldest first. */
  readonly waiting: readonly WaitingValue[];
  /** A creation of this link that was sent before, and whose effect is unknown. */
  readonly openIntent: Intent | null;
  /** An earlier attempt, whose end nobody knows, may have sent the same writes. */
  readonly isRepeated: boolean;
}

/** What became of a write: `stale` is for the caller to decide again on what was read; `deferred`: it waits for an import file. */
export type Written = 'written' | 'already there' | 'stale' | 'missing' | 'deferred';

/** Collects what is done and learnt about one link. One instance per attempt. */
export class LinkWork {
  private readonly shadows = new Map<SystemName, ShadowRow>();
  /** Of systems in which no record can be read. */
  private readonly relaid = new Map<SystemName, Relaid>();
  private readonly collected: Collected;
  private readonly journal: JournalOutcome[] = [];
  private readonly cases = new Map<string, NewCase>();
  private readonly settledIntents = new Set<SystemName>();
  private readonly gone = new Map<SystemName, string>();
  private readonly ids: Partial<Record<SystemName, string>> = {};
  /** Systems that answered a write with: there is no such record. */
  private readonly missing = new Set<SystemName>();
  /** Fields that a system accepted without taking them: not written again. */
  private readonly notTaken = new Map<SystemName, Set<FieldName>>();
  private facts: Facts = { base: {}, baseFields: {}, ids: {}, equal: {} };
  /** Of a creation that was found. */
  private sent: SentBase | null = null;
  private outcome: Outcome = 'agreed';
  private openIntent: Intent | null;
  private readonly decidedOn: LinkedPair;

  constructor(
    private readonly applying: Applying,
    private known: LinkedPair,
  ) {
    this.decidedOn = known;
    this.openIntent = applying.openIntent;
    this.collected = new Collected(applying.waiting);
  }

  /** The link as it is known now: what was read and answered so far included. */
  get pair(): LinkedPair {
    return this.known;
  }

  /** Questions that were opened so far. */
  get opened(): readonly NewCase[] {
    return [...this.cases.values()];
  }

  /** Something was read or written: it has to be recorded, whatever happens next. */
  get hasNews(): boolean {
    return this.shadows.size > 0 || this.collected.changes.length > 0;
  }

  /** What waits of the link for an import file. */
  get waits(): Collected {
    return this.collected;
  }

  /** The system took a write of this field without taking the value. */
  wasNotTaken(system: SystemName, field: FieldName): boolean {
    return this.notTaken.get(system)?.has(field) ?? false;
  }

  /**
   * Writes these values, if the record still is what its shadow says.
   *
   * @param nth tells several writes of one attempt apart
   */
  async write(system: SystemName, order: WriteOrder, nth: number): Promise<Written> {
    const { connection } = this.applying;
    const id = this.known.ids[system]!;
    const seen = shownOf(this.known.shadows[system]!);
    const { set } = order;
    if (connection.systems[system].collects) return await this.collect(system, order, nth);
    const writeId = `${this.applying.writeId}/${nth}/${fingerprintOf(seen.hashes, connection.hash(set))}`;
    await this.applying.verifyClaim();
    await this.applying.intend({ journal: this.entries(system, id, order, writeId), intent: null });

    const result = await connection.systems[system].update(
      id,
      (before) => {
        // Where one record cannot be read there is nothing to compare: the decision stands on the list.
        if (!connection.systems[system].readsOne) return { set };
        const hashes = connection.hash(before.fields);
        if (sameHashes(hashes, seen.hashes)) {
          // Another spelling of the same value: what we are about to overwrite must stand in the journal to the letter.
          const isAsJournalled = Object.keys(set).every((field) => this.sameText(system, field, before, seen));
          return isAsJournalled ? { set } : { stop: 'stale' };
        }
        const wanted = { ...seen.hashes, ...connection.hash(set) };
        const isThere =
          sameHashes(hashes, wanted) ||
          (this.applying.isRepeated && areForms(before.fields, { ...seen.fields, ...set }));
        return { stop: isThere ? 'already there' : 'stale' };
      },
      this.applying.ask(id),
      this.known.ids[otherSystem(system)] ?? undefined,
      seen,
    );

    switch (result.outcome) {
      case 'missing':
        this.journal.push({ writeId, system, outcome: 'abandoned', requestId: null });
        this.known = { ...this.known, unseen: { ...this.known.unseen, [system]: true } };
        this.missing.add(system);
        return 'missing';
      case 'stopped': {
        const outcome = result.reason === 'already there' ? 'written' : 'abandoned';
        this.journal.push({ writeId, system, outcome, requestId: null });
        if (outcome === 'written') {
          this.outcome = 'written';
          this.compare(system, seen.hashes, set, result.before);
        }
        this.learn(system, result.before, outcome === 'written' ? this.timesOf(system, order) : undefined);
        return outcome === 'written' ? 'already there' : 'stale';
      }
      case 'written':
        this.journal.push({ writeId, system, outcome: 'written', requestId: result.requestId });
        // Of a person of whom something waits, too, that counts.
        if (this.collected.changes.length === 0) this.outcome = 'written';
        this.compare(system, this.hashesBefore(system, result.before, set), set, result.after);
        this.learn(system, result.after, this.timesOf(system, order));
        if (!connection.systems[system].readsOne) {
          const row = this.shadows.get(system)!;
          this.relaid.set(system, relaidOver(connection, system, { before: seen, after: result.after, row }));
        }
        if (result.unmappedChanged.length > 0) {
          const { requestId, unmappedChanged: changed, before, after } = result;
          const details = { requestId, changed, before: before.document, after: after.document };
          this.open(canaryCase(this.known.linkId, system, id, details));
        }
        return 'written';
    }
  }

  /**
   * Has values wait for an import file. Nothing is sent, so nothing is read before: what the record is known to show stands beside each
   * value, and is what it counts against (core/waiting.ts).
   */
  private async collect(system: SystemName, { set, ...order }: WriteOrder, nth: number): Promise<'deferred'> {
    const { connection } = this.applying;
    const id = this.known.ids[system]!;
    const seen = shownOf(this.known.shadows[system]!);
    const hashes = pairHashes(this.known);
    const { waits, withdrawn, uncarried } = this.collected.sort(system, connection.hash(set), hashes[system]!);
    for (const field of uncarried) this.open(notImportedCase(this.known.linkId, field, 'cleared', hashes));
    this.collected.withdraw(system, [...withdrawn, ...uncarried]);
    if (waits.length === 0) return 'deferred';
    const values = pick(set, waits);
    const imported = connection.shadowOf({ ...seen, fields: { ...seen.fields, ...values } });
    const writeId = `${this.applying.writeId}/${nth}/${fingerprintOf(seen.hashes, connection.hash(values))}`;
    await this.applying.verifyClaim();
    const journal = this.entries(system, id, { set: values, ...order }, writeId);
    await this.applying.intend({ journal, intent: null });
    this.collected.await(system, values, { imported, seen: seen.hashes, writeId });
    this.outcome = 'deferred';
    return 'deferred';
  }

  /** Of a record that was not read before the write, only what was sent is compared: what else differs now may be somebody's edit. */
  private hashesBefore(system: SystemName, before: SystemRecord, set: CanonicalFields): FieldHashes {
    const { systems, hash } = this.applying.connection;
    return hash(systems[system].readsOne ? before.fields : pick(before.fields, Object.keys(set)));
  }

  /**
   * Creates the record, or finds the one that an earlier attempt created. `unsettled`: nobody knows whether it took effect; `deferred`: it waits for
   * an import file.
   *
   * @throws {NewsUnread} nothing was sent
   */
  async create(system: SystemName, order: WriteOrder): Promise<'created' | 'unsettled' | 'deferred'> {
    const { connection } = this.applying;
    const target = connection.systems[system];
    if (target.collects) return await this.collectCreation(system, order);
    const { linkId } = this.known;
    const other = otherSystem(system);
    const fields = order.set;
    const id = target.choosesIds ? uuidOf(linkId, connection.scope) : null;

    if (this.openIntent !== null) {
      // Sent before, and nobody knows whether it took effect: look before it is repeated.
      if (id === null) return 'unsettled';
      const existing = await target.read(id, this.applying.ask(id));
      const intent = this.openIntent;
      this.openIntent = null;
      if (existing !== null) {
        this.recognised(intent, existing);
        return 'created';
      }
    }

    const writeId = `${this.applying.writeId}/create`;
    const intended: Intended = {
      journal: this.entries(system, id, order, writeId),
      intent: { linkId, system, externalId: id, hashes: connection.hash(fields), fields },
    };
    await untilNewsAreRead(this.known, system, async () => {
      await this.applying.verifyClaim();
      return await this.applying.intend(intended);
    });
    // The claim may have lapsed while the intent was recorded. Anyone who takes it over from now on finds the intent, and looks before they
    // repeat the creation; anyone who took it over before did not, and is creating.
    await this.applying.verifyClaim();
    const result = await target.create(
      { id, fields, externalReference: this.known.ids[other] },
      this.applying.ask(id ?? linkId),
    );
    if (result.record === null) return 'unsettled';
    this.created(system, result.record, order, result.requestId);
    return 'created';
  }

  /** Only that it is to be made: its file takes the values of the other record as it stands then. */
  private async collectCreation(system: SystemName, order: WriteOrder): Promise<'deferred'> {
    const writeId = `${this.applying.writeId}/create`;
    await this.applying.verifyClaim();
    await this.applying.intend({ journal: this.entries(system, null, order, writeId), intent: null });
    this.collected.awaitCreation(system, writeId);
    this.outcome = 'deferred';
    return 'deferred';
  }

  private created(system: SystemName, record: SystemRecord, order: WriteOrder, requestId: string | null): void {
    this.tookEffect(system, record, requestId);
    this.compare(system, {}, order.set, record);
    this.learn(system, record, this.timesOf(system, order));
  }

  /** An earlier attempt created it. What was sent then is agreed, whatever has changed since. */
  private recognised(intent: Intent, record: SystemRecord): void {
    this.tookEffect(intent.system, record, null);
    this.learn(intent.system, record);
    this.sent = sentBase(intent, { hashes: this.applying.connection.hash(record.fields), fields: record.fields });
    this.known = {
      ...this.known,
      base: { ...this.known.base, ...this.sent.base },
      equal: withForms(this.known.equal, intent, this.sent),
    };
    this.facts = {
      ...this.facts,
      base: { ...this.facts.base, ...this.sent.base },
      baseFields: { ...this.facts.baseFields, ...this.sent.baseFields },
      equal: withForms(this.facts.equal, intent, this.sent),
    };
  }

  private tookEffect(system: SystemName, { id }: SystemRecord, requestId: string | null): void {
    this.journal.push({ writeId: `${this.applying.writeId}/create`, system, outcome: 'written', requestId });
    this.settledIntents.add(system);
    this.ids[system] = id;
    this.facts = { ...this.facts, ids: { ...this.facts.ids, [system]: id } };
    this.outcome = 'created';
  }

  /** True when the removal is proven, or cannot be: a case says which. False when the record is there after all. */
  async proveRemoval(gone: SystemName | 'both'): Promise<boolean> {
    const suspects = gone === 'both' ? systemNames : [gone];
    for (const system of suspects) {
      const id = this.known.ids[system];
      if (id === null || this.known.shadows[system] === null) continue;
      const target = this.applying.connection.systems[system];
      // Where one record cannot be read, the list that did not show it is the proof, until somebody tells of the record after all.
      if (!target.readsOne && !this.known.unseen[system]) return false;
      const found = target.readsOne ? await target.read(id, this.applying.ask(id)) : null;
      if (found !== null) {
        this.learn(system, found);
        return false;
      }
      // Where one record cannot be read, a write by its id is as good a question; and else a complete list without it is all the proof there is.
      this.gone.set(system, id);
      const isAnswered = target.readsOne ? 'notFound' : 'notFoundOnWrite';
      const proof = target.readsOne || this.missing.has(system) ? isAnswered : 'notListed';
      this.open(removalCase(this.known.linkId, system, id, proof));
    }
    this.outcome = 'removed';
    return true;
  }

  /** The one record of the link is gone, and was in no other system: nothing is to be asked, and nobody is left. */
  becomeNobody(): void {
    this.cases.clear();
    this.outcome = 'dropped';
  }

  /** Questions about fields that both systems changed differently: both values, the base, and nothing is held back by them. */
  askAbout(fields: readonly FieldName[]): void {
    if (fields.length > 0 && this.outcome === 'agreed') this.outcome = 'asked';
    for (const newCase of conflictCases(this.known, fields)) this.open(newCase);
  }

  /** A creation was sent and nobody knows whether it took effect: the link must outlive its plan, because the record is recognised by it later. */
  becomeUnsettled(): void {
    this.outcome = 'unsettled';
  }

  /** Compares what was sent with what the system made of it. */
  private compare(system: SystemName, before: FieldHashes, sent: CanonicalFields, after: SystemRecord): void {
    const { connection } = this.applying;
    const wanted = connection.hash(sent);
    const { notTaken, rewritten } = compareWritten(before, wanted, connection.hash(after.fields));
    for (const field of notTaken) this.refuse(system, field);
    const taken = Object.keys(sent).filter((field) => !notTaken.includes(field));
    this.facts = {
      ...this.facts,
      base: { ...this.facts.base, ...Object.fromEntries(taken.map((field) => [field, wanted[field]!])) },
      baseFields: { ...this.facts.baseFields, ...pick(sent, taken) },
      equal: { ...this.facts.equal, [system]: { ...this.facts.equal[system], ...rewritten } },
    };
    const known = pairHashes(this.known)[otherSystem(system)];
    for (const [field, forms] of Object.entries(rewritten)) {
      const [was] = Object.values(forms);
      const equal: EqualValues = this.known.equal;
      // Ours is the base from now on; a field that we did not send keeps its base, unless both sides held the same all along.
      const agreed = wanted[field] !== undefined || known?.[field] === was;
      this.known = {
        ...this.known,
        equal: { ...equal, [system]: { ...equal[system], [field]: forms } },
        base: agreed && was !== undefined ? { ...this.known.base, [field]: was } : this.known.base,
      };
    }
  }

  /** The write was accepted and the old value is still there. */
  private refuse(system: SystemName, field: FieldName): void {
    const fields = this.notTaken.get(system) ?? new Set();
    this.notTaken.set(system, fields.add(field));
    this.open(notTakenCase(this.known.linkId, field, system, pairHashes(this.known)));
  }

  private sameText(
    system: SystemName,
    field: FieldName,
    before: SystemRecord,
    seen: Pick<SystemRecord, 'document'>,
  ): boolean {
    const { rawValue } = this.applying.connection;
    return isDeepStrictEqual(rawValue(system, before.document, field), rawValue(system, seen.document, field));
  }

  /** A value that we wrote is as old as where it came from. A person's own, given in an answer, goes to both sides: neither is newer. */
  private timesOf(system: SystemName, { set, fromPerson }: WriteOrder): FieldTimes {
    const source = this.known.shadows[otherSystem(system)]?.times ?? {};
    const timeOf = (field: FieldName) => (fromPerson?.has(field) ? null : (source[field] ?? null));
    return Object.fromEntries(Object.keys(set).map((field) => [field, timeOf(field)]));
  }

  /** @param times of what a write of ours left (`ShadowRow.times`); absent: the record was read */
  private learn(system: SystemName, record: SystemRecord, times?: FieldTimes): void {
    const row = { ...this.applying.connection.shadowOf(record), ...(times && { times }) };
    this.shadows.set(system, row);
    const before = this.known.shadows[system];
    // What was found changed within this attempt is first seen now. When it is stored, the store's own clock says so.
    const now = Date.now();
    const seen = Object.keys(row.hashes).map((field) => {
      const isKnown = times !== undefined || before?.hashes[field] === row.hashes[field];
      return [field, isKnown ? (before?.times?.[field] ?? null) : now] as const;
    });
    this.known = {
      ...this.known,
      ids: { ...this.known.ids, [system]: record.id },
      shadows: {
        ...this.known.shadows,
        [system]: withDerived({ ...row, times: { ...Object.fromEntries(seen), ...times } }, before),
      },
      unseen: { ...this.known.unseen, [system]: false },
    };
  }

  /** Opens a question; the same one twice is one. */
  open(newCase: NewCase): void {
    this.cases.set(JSON.stringify([newCase.kind, newCase.subject, newCase.field]), newCase);
  }

  private entries(system: SystemName, externalId: string | null, order: WriteOrder, writeId: string): JournalEntry[] {
    return journalEntries(this.applying.connection, this.known, { system, externalId, order, writeId });
  }

  /** Fields that were empty when the record was created, and that its system does not show when they are: both sides hold nothing. */
  private emptyFromTheStart(hashes: PairHashes): FieldHashes {
    const created = systemNames.find((system) => this.ids[system] !== undefined);
    if (created === undefined) return {};
    const [known, made] = [hashes[otherSystem(created)] ?? {}, hashes[created] ?? {}];
    return Object.fromEntries(
      Object.entries(known).filter(([field, hash]) => hash === '' && made[field] === undefined),
    );
  }

  private agreement(hashes: PairHashes): Omit<Agreement, 'linkId' | 'ids'> {
    const agreed = agreementOf(this.known, this.applying.connection.fields, this.emptyFromTheStart(hashes));
    return {
      ...agreed,
      base: { ...this.sent?.base, ...agreed.base },
      baseFields: { ...this.sent?.baseFields, ...agreed.baseFields },
    };
  }

  /** What was done and learnt so far, and what both sides agree on. */
  result(): LinkResult {
    const hashes = pairHashes(this.known);
    const { shadows } = this.known;
    const both = shadows.yapla !== null && shadows.yoplanning !== null;
    const unsettled = { linkId: this.known.linkId, base: {}, baseFields: {} };
    return {
      linkId: this.known.linkId,
      version: this.decidedOn.version,
      decidedOn: { base: this.decidedOn.base, readAt: readAtOf(this.decidedOn) },
      facts: this.facts,
      outcome: this.outcome,
      shadows: [...this.shadows].map(([system, row]) => ({ system, row, relaid: this.relaid.get(system) })),
      agreement: both
        ? {
            linkId: this.known.linkId,
            ...this.agreement(hashes),
            ids: this.ids,
          }
        : this.outcome === 'unsettled' || this.outcome === 'deferred'
          ? unsettled
          : null,
      journal: this.journal,
      waiting: this.collected.changes,
      cases: [...this.cases.values()].map((one) => (one.kind === 'notTaken' ? { ...one, saw: hashes } : one)),
      settledIntents: [...this.settledIntents],
      gone: [...this.gone].map(([system, id]) => ({ system, id })),
      carriedOut: [],
    };
  }
}

function readAtOf({ shadows }: LinkedPair) {
  return { yapla: shadows.yapla?.readAt ?? null, yoplanning: shadows.yoplanning?.readAt ?? null };
}
