/**
 * Carries out what one link needs: decides, writes or creates or proves a removal, and decides again, until nothing is left but
 * questions. Nothing is stored here but what must stand before a write (its intent); the result is for `commitResults`.
 *
 * One write (docs/how-it-works.md, "One write"): claim the link → record the intent → GET → if it is not what the decision saw,
 * decide again → merge into the whole document → PUT → shadow, base and journal in one transaction. After a crash in between, the
 * next attempt's GET finds the wanted values and only moves the base.
 */
import { createHash } from 'node:crypto';
import { uuidOf } from '../core/linkId.js';
import {
  otherSystem,
  systemNames,
  type CanonicalFields,
  type FieldHashes,
  type FieldName,
  type SystemName,
} from '../core/record.js';
import type { Decision } from '../core/decide.js';
import type { Ask } from '../http/client.js';
import type { NewCase } from '../store/cases.js';
import type { Intent, NewIntent } from '../store/intents.js';
import type { JournalEntry, JournalOutcome } from '../store/journal.js';
import type { Agreement, EqualValues, LinkedPair } from '../store/links.js';
import type { ShadowRow } from '../store/shadows.js';
import type { SystemRecord } from '../systems/system.js';
import type { OpenConnection } from '../connection.js';
import type { Batcher } from './batcher.js';
import { agreedHashes, decideLink, pairHashes, sameHashes, type PairHashes } from './decideLink.js';
import type { LinkResult, Outcome } from './results.js';
import { compareWritten } from './rewrites.js';

/** What must be committed before a write is sent. */
export interface Intended {
  readonly journal: readonly JournalEntry[];
  readonly intent: NewIntent | null;
}

export interface Applying {
  readonly connection: OpenConnection;
  /** Commits what is intended; resolves when it stands. */
  readonly intend: Batcher<Intended>;
  /** The claim on the link still stands. @throws {ClaimLost} */
  readonly verifyClaim: () => Promise<void>;
  readonly ask: (record: string) => Ask;
  /** Names what is applied, the same at every attempt: the beginning of each write's name in the journal. */
  readonly writeId: string;
  /** A creation of this link that was sent before, and whose effect is unknown. */
  readonly openIntent: Intent | null;
}

/** A record that changes faster than we decide is left for the next run. */
const maxDecisions = 5;

/**
 * Something failed on the way. What was done and read before it must be recorded all the same: a creation that took effect, or a
 * first of two writes, would else be repeated.
 */
export class LinkInterrupted extends Error {
  override readonly name = 'LinkInterrupted';
  constructor(
    linkId: string,
    override readonly cause: unknown,
    /** What was done; null: nothing that has to be recorded. */
    readonly done: LinkResult | null,
    /** Both sides as they were seen last. */
    readonly saw: PairHashes,
    /** What both sides agree on all the same: the two are linked, whatever becomes of the write. Null: one side is missing. */
    readonly agreement: Agreement | null,
  ) {
    super(`applying link ${linkId} was interrupted`);
  }
}

/** @throws {LinkInterrupted} with a `Failure` of http/failures.ts or `ClaimLost` as its cause; the attempt can be repeated. */
export async function applyLink(applying: Applying, pair: LinkedPair): Promise<LinkResult> {
  return await new LinkApplication(applying, pair).run();
}

class LinkApplication {
  private readonly shadows = new Map<SystemName, ShadowRow>();
  private readonly journal: JournalOutcome[] = [];
  private readonly cases = new Map<string, NewCase>();
  private readonly settledIntents = new Set<SystemName>();
  private readonly gone = new Map<SystemName, string>();
  private readonly ids: Partial<Record<SystemName, string>> = {};
  /** Fields that a system accepted without taking them: not written again. */
  private readonly notTaken = new Map<SystemName, Set<FieldName>>();
  private outcome: Outcome = 'agreed';
  private openIntent: Intent | null;

  constructor(
    private readonly applying: Applying,
    private pair: LinkedPair,
  ) {
    this.openIntent = applying.openIntent;
  }

  async run(): Promise<LinkResult> {
    try {
      return await this.carryOut();
    } catch (error) {
      const { agreement } = this.result();
      throw new LinkInterrupted(this.pair.linkId, error, this.doneSoFar(), pairHashes(this.pair), agreement);
    }
  }

  private doneSoFar(): LinkResult | null {
    if (this.shadows.size === 0) return null;
    this.askAbout(this.decide().conflicts);
    return this.result();
  }

  private async carryOut(): Promise<LinkResult> {
    for (let nth = 1; nth <= maxDecisions; nth++) {
      const decision = this.decide();
      if (decision.gone !== null) {
        if (await this.proveRemoval(decision.gone)) return this.result();
      } else if (decision.create !== null) {
        if ((await this.create(decision.create, decision)) === 'unsettled') {
          // The link must outlive its plan: the record is recognised by it later.
          const agreement = { linkId: this.pair.linkId, base: {}, baseFields: {} };
          return { ...this.result(), outcome: 'unsettled', agreement };
        }
      } else {
        const system = systemNames.find((name) => decision.write[name].length > 0);
        if (system === undefined) {
          this.askAbout(decision.conflicts);
          return this.result();
        }
        await this.write(system, decision, nth);
      }
    }
    return this.result();
  }

  private decide(): Decision {
    const decision = this.applying.connection.allowed(decideLink(this.pair, this.applying.connection.fields));
    const withoutRefused = (system: SystemName) =>
      decision.write[system].filter((field) => !this.notTaken.get(system)?.has(field));
    return { ...decision, write: { yapla: withoutRefused('yapla'), yoplanning: withoutRefused('yoplanning') } };
  }

  private async write(system: SystemName, decision: Decision, nth: number): Promise<void> {
    const { connection } = this.applying;
    const id = this.pair.ids[system]!;
    const seen = this.pair.shadows[system]!;
    const set = pick(this.pair.shadows[otherSystem(system)]!.fields, decision.write[system]);
    const writeId = `${this.applying.writeId}/${nth}/${fingerprintOf(seen.hashes, connection.hash(set))}`;
    await this.applying.verifyClaim();
    await this.applying.intend({ journal: this.entries(system, id, set, decision, writeId), intent: null });

    const result = await connection.systems[system].update(
      id,
      (before) => {
        // Where one record cannot be read there is nothing to compare: the decision stands on the list.
        if (!connection.systems[system].readsOne) return { set };
        const hashes = connection.hash(before.fields);
        if (sameHashes(hashes, seen.hashes)) return { set };
        const wanted = { ...seen.hashes, ...connection.hash(set) };
        return { stop: sameHashes(hashes, wanted) ? 'already there' : 'stale' };
      },
      this.applying.ask(id),
      this.pair.ids[otherSystem(system)] ?? undefined,
    );

    switch (result.outcome) {
      case 'missing':
        this.journal.push({ writeId, system, outcome: 'abandoned', requestId: null });
        this.pair = { ...this.pair, unseen: { ...this.pair.unseen, [system]: true } };
        return;
      case 'stopped': {
        const outcome = result.reason === 'already there' ? 'written' : 'abandoned';
        this.journal.push({ writeId, system, outcome, requestId: null });
        if (outcome === 'written') this.outcome = 'written';
        this.learn(system, result.before);
        return;
      }
      case 'written':
        this.journal.push({ writeId, system, outcome: 'written', requestId: result.requestId });
        this.outcome = 'written';
        this.compare(system, connection.hash(result.before.fields), set, result.after);
        this.learn(system, result.after);
        if (result.unmappedChanged.length > 0) {
          this.open({
            kind: 'canary',
            subject: `${system}:${id}`,
            linkId: this.pair.linkId,
            details: {
              requestId: result.requestId,
              changed: result.unmappedChanged,
              before: result.before.document,
              after: result.after.document,
            },
          });
        }
    }
  }

  private async create(system: SystemName, decision: Decision): Promise<'created' | 'unsettled'> {
    const { connection } = this.applying;
    const target = connection.systems[system];
    const { linkId } = this.pair;
    const other = otherSystem(system);
    const fields = pick(this.pair.shadows[other]!.fields, decision.write[system]);
    const id = target.choosesIds ? uuidOf(linkId, connection.id) : null;

    if (this.openIntent !== null) {
      // Sent before, and nobody knows whether it took effect: look before it is repeated.
      if (id === null) return 'unsettled';
      const existing = await target.read(id, this.applying.ask(id));
      this.openIntent = null;
      if (existing !== null) {
        this.created(system, existing, fields, null);
        return 'created';
      }
    }

    await this.applying.verifyClaim();
    const writeId = `${this.applying.writeId}/create`;
    await this.applying.intend({
      journal: this.entries(system, id, fields, decision, writeId),
      intent: { linkId, system, externalId: id, hashes: connection.hash(fields) },
    });
    const result = await target.create(
      { id, fields, externalReference: this.pair.ids[other] },
      this.applying.ask(id ?? linkId),
    );
    if (result.record === null) return 'unsettled';
    this.created(system, result.record, fields, result.requestId);
    return 'created';
  }

  private created(system: SystemName, record: SystemRecord, sent: CanonicalFields, requestId: string | null): void {
    this.journal.push({ writeId: `${this.applying.writeId}/create`, system, outcome: 'written', requestId });
    this.settledIntents.add(system);
    this.ids[system] = record.id;
    this.outcome = 'created';
    this.compare(system, {}, sent, record);
    this.learn(system, record);
  }

  /** True when the removal is proven, or cannot be: a case says which. False when the record is there after all. */
  private async proveRemoval(gone: SystemName | 'both'): Promise<boolean> {
    const suspects = gone === 'both' ? systemNames : [gone];
    for (const system of suspects) {
      const id = this.pair.ids[system];
      if (id === null || this.pair.shadows[system] === null) continue;
      const target = this.applying.connection.systems[system];
      const found = target.readsOne ? await target.read(id, this.applying.ask(id)) : null;
      if (found !== null) {
        this.learn(system, found);
        return false;
      }
      if (target.readsOne) this.gone.set(system, id);
      this.open({
        kind: 'removal',
        subject: `${system}:${id}`,
        linkId: this.pair.linkId,
        details: { system, proof: target.readsOne ? 'read by id: 404' : 'absent from a complete list' },
      });
    }
    this.outcome = 'removed';
    return true;
  }

  /** Questions about fields that both systems changed differently: both values, the base, and nothing is held back by them. */
  private askAbout(fields: readonly FieldName[]): void {
    if (fields.length > 0 && this.outcome === 'agreed') this.outcome = 'asked';
    for (const newCase of conflictCases(this.pair, fields)) this.open(newCase);
  }

  /** Compares what was sent with what the system made of it. */
  private compare(system: SystemName, before: FieldHashes, sent: CanonicalFields, after: SystemRecord): void {
    const { connection } = this.applying;
    const wanted = connection.hash(sent);
    const { notTaken, rewritten } = compareWritten(before, wanted, connection.hash(after.fields));
    for (const field of notTaken) this.refuse(system, field);
    const known = pairHashes(this.pair)[otherSystem(system)];
    for (const [field, forms] of Object.entries(rewritten)) {
      const [was] = Object.values(forms);
      const equal: EqualValues = this.pair.equal;
      // Ours is the base from now on; a field that we did not send keeps its base, unless both sides held the same all along.
      const agreed = wanted[field] !== undefined || known?.[field] === was;
      this.pair = {
        ...this.pair,
        equal: { ...equal, [system]: { ...equal[system], [field]: forms } },
        base: agreed && was !== undefined ? { ...this.pair.base, [field]: was } : this.pair.base,
      };
    }
  }

  /** The write was accepted and the old value is still there. */
  private refuse(system: SystemName, field: FieldName): void {
    const fields = this.notTaken.get(system) ?? new Set();
    this.notTaken.set(system, fields.add(field));
    this.open({ kind: 'notTaken', subject: this.pair.linkId, field, linkId: this.pair.linkId, details: { system } });
  }

  private learn(system: SystemName, record: SystemRecord): void {
    const row = this.applying.connection.shadowOf(record);
    this.shadows.set(system, row);
    this.pair = {
      ...this.pair,
      ids: { ...this.pair.ids, [system]: record.id },
      shadows: { ...this.pair.shadows, [system]: row },
      unseen: { ...this.pair.unseen, [system]: false },
    };
  }

  private open(newCase: NewCase): void {
    this.cases.set(JSON.stringify([newCase.kind, newCase.subject, newCase.field]), newCase);
  }

  private entries(
    system: SystemName,
    externalId: string | null,
    set: CanonicalFields,
    decision: Decision,
    writeId: string,
  ): JournalEntry[] {
    const document = externalId === null ? null : (this.pair.shadows[system]?.document ?? null);
    return Object.entries(set).map(([field, newValue]) => ({
      linkId: this.pair.linkId,
      system,
      externalId,
      field,
      oldValue: document === null ? null : this.applying.connection.rawValue(system, document, field),
      newValue,
      origin: otherSystem(system),
      reason: decision.reasons[field] ?? 'created',
      writeId,
    }));
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

  private result(): LinkResult {
    const hashes = pairHashes(this.pair);
    const base = { ...this.emptyFromTheStart(hashes), ...agreedHashes(hashes, this.applying.connection.fields) };
    const agreedIn = this.pair.shadows.yapla;
    const both = agreedIn !== null && this.pair.shadows.yoplanning !== null;
    return {
      linkId: this.pair.linkId,
      outcome: this.outcome,
      shadows: [...this.shadows].map(([system, row]) => ({ system, row })),
      agreement: both
        ? {
            linkId: this.pair.linkId,
            base,
            baseFields: pick(agreedIn.fields, Object.keys(base)),
            ids: this.ids,
            equal: this.pair.equal,
          }
        : null,
      journal: this.journal,
      cases: [...this.cases.values()].map((one) => (one.kind === 'notTaken' ? { ...one, saw: hashes } : one)),
      settledIntents: [...this.settledIntents],
      gone: [...this.gone].map(([system, id]) => ({ system, id })),
    };
  }
}

/** One case for each field that both systems changed differently, with both values and the base: in Postgres, for a person. */
export function conflictCases(pair: LinkedPair, fields: readonly FieldName[]): NewCase[] {
  return fields.map((field) => ({
    kind: 'conflict' as const,
    subject: pair.linkId,
    field,
    linkId: pair.linkId,
    details: {
      yapla: pair.shadows.yapla?.fields[field] ?? null,
      yoplanning: pair.shadows.yoplanning?.fields[field] ?? null,
      base: pair.baseFields?.[field] ?? null,
    },
  }));
}

/**
 * Tells writes of one item apart: at a later attempt the same write has the same name, and one that would overwrite other values
 * gets an entry of its own in the journal.
 */
function fingerprintOf(...hashes: readonly FieldHashes[]): string {
  const ordered = hashes.map((one) => Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(JSON.stringify(ordered)).digest('base64url').slice(0, 12);
}

function pick(fields: CanonicalFields, names: readonly FieldName[]): CanonicalFields {
  return Object.fromEntries(names.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])));
}
