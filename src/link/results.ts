/**
 * What carrying out came to, and how it is recorded: many links in one transaction, each under its version. A link that has changed since
 * it was decided about keeps what is a fact (what was read, and what our own writes did), and is decided about again.
 */
import {
  type CanonicalFields,
  type FieldDefinition,
  type FieldHashes,
  type FieldName,
  type FieldValue,
  type Scope,
  type SystemName,
  systemNames,
} from '../core/record.js';
import { removal } from '../cases/removal.js';
import { type CaseAnswer, closeCarriedOut, countOpenCases, type NewCase, openCases } from '../store/cases.js';
import { keepPlans, type Sql, type Transaction } from '../store/database.js';
import { lookAgain, lookAtLinks } from '../store/inbox.js';
import { renewIntents, settleIntents } from '../store/intents.js';
import { type JournalOutcome, recordOutcomes } from '../store/journal.js';
import {
  agree,
  type Agreement,
  type EqualValues,
  keepProposals,
  type LinkedPair,
  type LockedLink,
  lockLinks,
} from '../store/links.js';
import { releaseNewcomers } from '../store/openPlaces.js';
import { changeWaiting, type WaitingChange } from '../store/waiting.js';
import { advanceItems, endItems, type PlanPart } from '../store/planItems.js';
import { markGone, type ShadowRow, shadowsByIds, upsertShadows } from '../store/shadows.js';
import { forget, type Relaid } from './view.js';
import { rememberedForm } from '../core/alike.js';
import { pairHashes, type PairHashes } from '../store/linkState.js';
import { canary } from '../cases/canary.js';
import type { OpenConnection } from '../connection.js';

/**
 * - `agreed`: nothing had to be written (any more); `written`, `created`: done;
 * - `unsettled`: a creation was sent and nobody knows whether it took effect: looked up in the list later;
 * - `deferred`: all of it, or the part that one of the systems takes from a file only, waits for an import;
 * - `removed`: proven gone, a case is open; `asked`: only questions are left;
 * - `changed`: the link is not what the plan saw, nothing (more) was written, and live work looks at it;
 * - `dropped`: the link is not there any more: it was merged into another, or the person left the one system that knew them (`forget`);
 * - `refused`, `keepsFailing`: the system does not take the record, a case is open.
 */
export type Outcome =
  | 'agreed'
  | 'written'
  | 'created'
  | 'unsettled'
  | 'deferred'
  | 'removed'
  | 'asked'
  | 'changed'
  | 'dropped'
  | 'refused'
  | 'keepsFailing';

/** What our own writes did: true whatever became of the link meanwhile. */
export interface Facts {
  /** Values that a system took, which both held at that moment. */
  readonly base: FieldHashes;
  readonly baseFields: CanonicalFields;
  /** Records created. */
  readonly ids: Partial<Record<SystemName, string>>;
  /** What systems made of values sent. */
  readonly equal: EqualValues;
}

export interface KeptShadow {
  readonly system: SystemName;
  readonly row: ShadowRow;
  /** Makes the row anew where the record was stored meanwhile; only of a write where no record can be read. */
  readonly relaid?: Relaid | undefined;
}

export interface LinkResult {
  readonly linkId: string;
  /** Of the link, as it was decided about. */
  readonly version: number;
  /** Its base at that version, and when its records were read (`Shadow.readAt`). */
  readonly decidedOn: {
    readonly base: FieldHashes | null;
    readonly readAt: Readonly<Record<SystemName, string | null>>;
  };
  readonly outcome: Outcome;
  readonly shadows: readonly KeptShadow[];
  readonly facts: Facts;
  readonly agreement: Agreement | null;
  readonly journal: readonly JournalOutcome[];
  /** What waits for an import file since this, and what does so no more. Left out: nothing. */
  readonly waiting?: readonly WaitingChange[];
  readonly cases: readonly NewCase[];
  readonly settledIntents: readonly SystemName[];
  readonly gone: readonly { readonly system: SystemName; readonly id: string }[];
  /** Persons' answers that were carried out. */
  readonly carriedOut: readonly CaseAnswer[];
}

/** A link's result, and the plan's item that it ends. */
export interface ItemResult extends LinkResult {
  /** `more`: the item goes on, because something failed on the way. Null: no plan's. */
  readonly item: { readonly n: number; readonly more: boolean } | null;
  /** Something is left to do that nobody has decided yet, and that live work does: what the system gave a new record by itself, say. */
  readonly left?: boolean;
}

export interface CommittingResults {
  readonly scope: Scope;
  /** Null: no plan's. */
  readonly plan: { readonly id: number; readonly part: PlanPart } | null;
}

/**
 * Records results and ends their items: all of it or nothing.
 *
 * @param then what else belongs to it, done last in the same transaction
 * @returns what `then` returns
 */
export async function commitResults<T = void>(
  sql: Sql,
  where: CommittingResults,
  given: readonly ItemResult[],
  then?: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const { scope, plan } = where;
  return (await sql.begin(async (tx) => {
    const [, locked] = await Promise.all([
      keepPlans(tx),
      lockLinks(
        tx,
        scope,
        given.map((one) => one.linkId),
      ),
    ]);
    const results = await relaidOverStored(tx, scope, given, locked);
    const isBack = (one: LinkResult, { system }: LinkResult['gone'][number]) =>
      locked.has(one.linkId) && isCrossed(one, system, locked.get(one.linkId));
    // A record that was shown while it was proven gone may be back: nothing is said about it until it was looked at again.
    const isCurrent = (one: LinkResult) =>
      locked.get(one.linkId)?.version === one.version && !one.gone.some((record) => isBack(one, record));
    const current = results.filter(isCurrent);
    const lost = results.filter((one) => !isCurrent(one));
    // Sent one behind the other without waiting for answers: PostgreSQL carries them out in this order, in one round trip.
    const recording = [
      ...systemNames.map((system) =>
        keepShadows(tx, scope, system, results, (one) => isCrossed(one, system, locked.get(one.linkId))),
      ),
      ...results.flatMap((one) =>
        one.gone.map((record) => {
          const { system, id } = record;
          return isBack(one, record) ? lookAgain(tx, scope, system, [id]) : markGone(tx, scope, system, id);
        }),
      ),
      releaseNewcomers(
        tx,
        scope,
        results.flatMap((one) => (one.gone.some((record) => !isBack(one, record)) ? [one.linkId] : [])),
      ),
      // Before the base moves: it, too, makes another version.
      changeWaiting(
        tx,
        scope,
        current.flatMap(({ linkId, waiting = [] }) => waiting.map((one) => ({ ...one, linkId }))),
      ),
      agree(tx, scope, [
        ...current.flatMap((one) => one.agreement ?? []),
        ...lost.flatMap((one) => factsOf(one, locked.get(one.linkId))),
      ]),
      recordOutcomes(tx, scope, [
        ...results.flatMap(({ linkId, journal }) => journal.map((one) => ({ ...one, linkId }))),
        ...lost.flatMap(neverCollected),
      ]),
      settleIntents(
        tx,
        scope,
        results.flatMap((one) => one.settledIntents.map((system) => ({ linkId: one.linkId, system }))),
      ),
      renewIntents(
        tx,
        scope,
        results.flatMap(({ linkId, outcome }) => (outcome === 'unsettled' ? [linkId] : [])),
      ),
      closeCarriedOut(
        tx,
        current.flatMap((one) => one.carriedOut),
      ),
      openCases(
        tx,
        scope,
        plan?.id ?? null,
        // What a lost race asks about may not be a question any more; what was damaged or refused is.
        [...current, ...lost.map(onlyFindings)].flatMap((one) => one.cases),
      ),
      keepProposals(
        tx,
        scope,
        current.flatMap((one) => (one.cases.some(({ kind }) => kind === removal.code) ? [one.linkId] : [])),
      ),
      ...current.flatMap((one) => (one.outcome === 'dropped' ? [forget(tx, scope, one.linkId)] : [])),
      ...(plan === null ? [] : [endPlanItems(tx, where, plan, current, lost, locked)]),
    ];
    const [after] = await Promise.all([then?.(tx), ...recording]);
    return after;
  })) as T;
}

/** Somebody stored a reading of the link's record there since it was decided about, or the link is not there any more. */
function isCrossed({ decidedOn }: LinkResult, system: SystemName, now: LockedLink | undefined): boolean {
  return now === undefined || now.readAt[system] !== decidedOn.readAt[system];
}

/** Results whose record was stored meanwhile, where none can be read: what was sent stands over what is stored by now. */
async function relaidOverStored(
  tx: Transaction,
  scope: Scope,
  results: readonly ItemResult[],
  locked: ReadonlyMap<string, LockedLink>,
): Promise<readonly ItemResult[]> {
  const mustBe = (result: ItemResult, { system, relaid }: KeptShadow) =>
    relaid !== undefined && isCrossed(result, system, locked.get(result.linkId));
  if (!results.some((one) => one.shadows.some((kept) => mustBe(one, kept)))) return results;
  const renew = async (result: ItemResult, kept: KeptShadow): Promise<KeptShadow> => {
    if (!mustBe(result, kept)) return kept;
    const stored = (await shadowsByIds(tx, scope, kept.system, [kept.row.id])).get(kept.row.id);
    return stored === undefined ? kept : { ...kept, row: kept.relaid!(stored.document) };
  };
  return await Promise.all(
    results.map(async (one) => ({ ...one, shadows: await Promise.all(one.shadows.map((kept) => renew(one, kept))) })),
  );
}

/**
 * Stores what was read and answered. Where a record was stored meanwhile nobody knows which reading is the younger, so it is looked at again.
 * A creation's answer gives way to what was stored of the record since: anyone who read it did so after it was created; a write's answer does
 * not, or what was written would look unwritten.
 */
async function keepShadows(
  tx: Transaction,
  scope: Scope,
  system: SystemName,
  results: readonly LinkResult[],
  crossed: (result: LinkResult) => boolean,
): Promise<void> {
  const created: ShadowRow[] = [];
  const known: ShadowRow[] = [];
  const again: string[] = [];
  for (const result of results) {
    for (const { row } of result.shadows.filter((one) => one.system === system)) {
      const isNew = result.facts.ids[system] === row.id;
      (isNew ? created : known).push(row);
      if (!isNew && crossed(result)) again.push(row.id);
    }
  }
  const [given] = await Promise.all([
    upsertShadows(tx, scope, system, created, { replaces: 'gone' }),
    upsertShadows(tx, scope, system, known),
  ]);
  await lookAgain(tx, scope, system, [...given, ...again]);
}

/** Of a link that was changed meanwhile: what our writes did, where nobody has agreed on something else since. */
function factsOf({ linkId, decidedOn, facts }: LinkResult, now: LockedLink | undefined): Agreement[] {
  if (now === undefined) return [];
  const fields = Object.keys(facts.base).filter((field) => now.base?.[field] === decidedOn.base?.[field]);
  const ids = Object.fromEntries(
    Object.entries(facts.ids).filter(([system]) => now.ids[system as SystemName] === null),
  );
  const equal = Object.fromEntries(
    systemNames.map((system) => [system, { ...now.equal[system], ...facts.equal[system] }]),
  ) as EqualValues;
  const wrote = fields.length > 0 || Object.keys(ids).length > 0;
  if (!wrote) return [];
  const picked = <V>(values: Readonly<Record<string, V>>) =>
    Object.fromEntries(fields.flatMap((field) => (field in values ? [[field, values[field]!]] : [])));
  return [{ linkId, base: picked(facts.base), baseFields: picked(facts.baseFields), ids, equal }];
}

/** What was to wait was decided on a link that has changed since: it does not, and nobody has seen it. */
function neverCollected({ linkId, waiting = [] }: LinkResult): (JournalOutcome & { readonly linkId: string })[] {
  return waiting.flatMap((one) =>
    one.is === 'waits'
      ? [{ linkId, writeId: one.writeId, system: one.system, outcome: 'abandoned' as const, requestId: null }]
      : [],
  );
}

function onlyFindings(result: LinkResult): LinkResult {
  return { ...result, cases: result.cases.filter(({ kind }) => kind === 'canary' || kind === 'refused') };
}

async function endPlanItems(
  tx: Transaction,
  { scope }: CommittingResults,
  plan: NonNullable<CommittingResults['plan']>,
  current: readonly ItemResult[],
  lost: readonly ItemResult[],
  locked: ReadonlyMap<string, LockedLink>,
): Promise<void> {
  const ends = [...current, ...lost.map((one) => overtaken(one, locked.has(one.linkId)))];
  const whole = ends.filter((one) => one.item?.more === false);
  await Promise.all([
    endItems(
      tx,
      plan.id,
      plan.part,
      whole.map(({ item, outcome }) => {
        const status = outcome === 'refused' || outcome === 'keepsFailing' ? ('failed' as const) : ('done' as const);
        return { n: item!.n, outcome, status };
      }),
    ),
    advanceItems(
      tx,
      plan.id,
      plan.part,
      ends.flatMap(({ item }) => (item?.more ? [item.n] : [])),
    ),
    lookAtLinks(
      tx,
      scope,
      [...lost, ...whole.filter((one) => one.outcome === 'changed' || one.left)].map((one) => one.linkId),
    ),
  ]);
}

/** A result whose link was changed meanwhile: what it did counts, what it only found does not, and nothing more is done by the plan. */
function overtaken(result: ItemResult, exists: boolean): ItemResult {
  const { item, journal, outcome } = result;
  if (item === null) return result;
  const ended = { n: item.n, more: false };
  const did = journal.some((one) => one.outcome === 'written') || outcome === 'refused' || outcome === 'keepsFailing';
  if (did) return { ...result, item: ended };
  return { ...result, outcome: exists ? 'changed' : 'dropped', item: ended };
}

/** The fields on which both sides agree at a moment: the part of the base that this moment proves. */
export function agreedHashes(hashes: PairHashes, fields: readonly FieldDefinition[]): FieldHashes {
  const agreed: Record<string, string> = {};
  for (const { name } of fields) {
    const value = hashes.yapla?.[name];
    if (value !== undefined && value === hashes.yoplanning?.[name]) agreed[name] = value;
  }
  return agreed;
}

/**
 * What both sides agree on now, for the link: the base with its values, and what else counts as it in each system. Where a side holds
 * another spelling than the base, the spelling; and of a phone number that names no country its digits, so that it stays the base's number
 * when the record's country changes.
 *
 * @param base what is agreed besides, for another reason
 */
export function agreementOf(
  pair: LinkedPair,
  fields: readonly FieldDefinition[],
  base: FieldHashes = {},
): Pick<Agreement, 'base' | 'baseFields' | 'equal'> {
  const agreed = { ...base, ...agreedHashes(pairHashes(pair), fields) };
  const baseFields: Record<FieldName, FieldValue> = {};
  const equal: EqualValues = { ...pair.equal };
  for (const [field, hash] of Object.entries(agreed)) {
    const holder = systemNames.find((system) => pair.shadows[system]?.hashes[field] === hash) ?? 'yapla';
    const value = pair.shadows[holder]?.fields[field];
    if (value !== undefined) baseFields[field] = value;
    for (const system of systemNames) {
      const shadow = pair.shadows[system];
      const held = shadow?.hashes[field];
      if (held === undefined) continue;
      const forms = [held === hash ? null : held, rememberedForm(shadow?.forms?.[field])].filter((one) => one !== null);
      if (forms.length === 0) continue;
      const before = Object.entries(equal[system]?.[field] ?? {}).filter(([, sent]) => sent === hash);
      const known = Object.fromEntries([...before, ...forms.map((form) => [form, hash] as const)]);
      equal[system] = { ...equal[system], [field]: known };
    }
  }
  return { base: agreed, baseFields, equal };
}

/**
 * The canary: values that are not mapped must come out of our writes as they went in. When several writes did not, our picture of
 * the system is wrong, and the connection's work stops before more is damaged.
 */
export async function stopIfCanariesDie({
  sql,
  connection,
}: {
  readonly sql: Sql;
  readonly connection: OpenConnection;
}): Promise<void> {
  const cases = (await countOpenCases(sql, connection.scope))[canary.code] ?? 0;
  if (cases < connection.config.guard.maxCanaryTrips) return;
  const reason = `${cases} writes changed values that are not mapped (cases of kind "canary"): check how the system takes an update, then close the cases and resume`;
  for (const system of systemNames) await connection.budgets[system].stop(reason);
}
