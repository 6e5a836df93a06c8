/**
 * The activity `applyDecision`: carries out one decision, if what it was made on still stands. One write: claim → journal → GET, compare,
 * merge, PUT → shadow, base and journal in one transaction. A crash can fall at every `yield`; the next attempt begins at the start.
 */
import type { LiveDecision, LinkView } from '../../../src/core/live.js';
import { hashFields } from '../../../src/core/fingerprint.js';
import { uuidOf } from '../../../src/core/linkId.js';
import {
  type FieldTimes,
  type FieldValue,
  otherSystem,
  personsOf,
  type SystemName,
  systemNames,
} from '../../../src/core/record.js';
import { sameHashes } from '../../../src/link/view.js';
import { closeSettled, learnForms, moveBase, settleCreated, settleUnanswered } from './agree.js';
import { fieldNames, normal } from './setting.js';
import { fingerprint, merged, readingOf, type Case, type StoredLink, type StoredShadow } from './store.js';
import { tell } from './readRecord.js';
import type { ServerRecord } from './server.js';
import { versionOf, viewOf } from './view.js';
import type { World } from './world.js';

/** As the live settings' default: so many moves between the same two values are allowed. */
const maxFlips = 3;

type Values = Readonly<Record<string, FieldValue>>;

export function* applyDecision(
  world: World,
  linkId: string,
  decision: LiveDecision,
  version: number,
): Generator<undefined, LinkView> {
  const { store } = world;
  store.claims.add(linkId);
  yield;
  const link = store.links.get(linkId);
  if (link === undefined) return released(world, linkId);
  if (versionOf(world, link) !== version && !world.is('precondition not checked')) {
    world.counts.stale += 1;
    return released(world, linkId);
  }
  const answered = store.openCases(linkId).map((one) => ({ one, answer: one.answer }));
  for (const field of decision.conflicts) store.ask({ kind: 'conflict', linkId, field });
  if (decision.asksCreation) store.ask({ kind: 'create', linkId });
  if (decision.gone !== null) yield* proveRemoval(world, link, decision.gone);
  else if (decision.create !== null) yield* create(world, link, decision.create, decision.write[decision.create]);
  else {
    const values = answeredValues(world, link, decision);
    let isDone = true;
    for (const system of systemNames) {
      const set = toWrite(world, link, system, decision, values);
      if (Object.keys(set).length > 0 && !(yield* write(world, link, system, set, decision))) {
        isDone = false;
        break;
      }
    }
    yield;
    // A write that was stale leaves sides that differ: nothing moves but what both hold.
    if (store.links.get(linkId) === link) {
      moveBase(world, link);
      if (isDone && !world.is('answers not closed')) closeCarriedOut(decision, answered);
      closeSettled(world, link);
    }
  }
  yield;
  return released(world, linkId);
}

/** Answers that this decision was about. One that came meanwhile is for the next. */
function closeCarriedOut(
  { write: written, values }: LiveDecision,
  answered: readonly { readonly one: Case; readonly answer: Case['answer'] }[],
): void {
  const fields = [...written.yapla, ...written.yoplanning, ...values];
  for (const { one, answer } of answered) {
    if (answer !== null && one.answer === answer && fields.includes(one.field)) one.open = false;
  }
}

function released(world: World, linkId: string): LinkView {
  world.store.claims.delete(linkId);
  const link = world.store.links.get(linkId);
  const [system, id] = [linkId.slice(0, linkId.indexOf(':')) as SystemName, linkId.slice(linkId.indexOf(':') + 1)];
  const holder = link ?? world.store.holder(system, id);
  if (holder === undefined || holder === link) return viewOf(world, linkId);
  tell(world, linkId, holder, false);
  return viewOf(world, linkId, holder.linkId);
}

function answeredValues(world: World, link: StoredLink, decision: LiveDecision): Values {
  const values: Record<string, FieldValue> = {};
  for (const { field, answer } of world.store.openCases(link.linkId)) {
    if (answer?.take === 'value' && decision.values.includes(field)) values[field] = answer.value;
  }
  return values;
}

function toWrite(world: World, link: StoredLink, system: SystemName, decision: LiveDecision, values: Values): Values {
  const { shadows } = world.store.pair(link);
  const [here, there] = [shadows[system]!, shadows[otherSystem(system)]!];
  const set: Record<string, FieldValue> = {};
  for (const field of decision.write[system]) set[field] = there.fields[field] ?? null;
  for (const [field, value] of Object.entries(values)) if (here.fields[field] !== value) set[field] = value;
  const flipping = Object.keys(set).filter((field) =>
    flips(world, link, field, here.fields[field] ?? null, set[field] ?? null),
  );
  for (const field of flipping) world.store.ask({ kind: 'frozen', linkId: link.linkId, field });
  return Object.fromEntries(Object.entries(set).filter(([field]) => !flipping.includes(field)));
}

/** The breaker: our own writes moved the field between these two values too often already. A person's answer goes through. */
function flips(world: World, link: StoredLink, field: string, from: FieldValue, to: FieldValue): boolean {
  const answered = world.store.openCases(link.linkId).some((one) => one.field === field && one.answer !== null);
  if (answered || world.is('breaker switched off')) return false;
  const moves = world.store.journal.filter((entry) => {
    if (entry.linkId !== link.linkId || entry.field !== field || entry.outcome !== 'written') return false;
    const old = normal(field, entry.old);
    return (old === from && entry.new === to) || (old === to && entry.new === from);
  });
  return moves.length >= maxFlips;
}

/** @returns false where the record is not what the decision saw any more, or is gone */
function* write(
  world: World,
  link: StoredLink,
  system: SystemName,
  set: Values,
  decision: LiveDecision,
): Generator<undefined, boolean> {
  const { store } = world;
  const server = world.servers[system];
  const seen = store.shadow(system, link.ids[system])!;
  const source = { [otherSystem(system)]: store.shadow(otherSystem(system), link.ids[otherSystem(system)]) };
  const id = seen.id;
  const intended = () =>
    Object.keys(set).map((field) => {
      const old = seen.document[field] as string | null;
      const entry = { linkId: link.linkId, system, field, old, new: set[field] ?? null, outcome: null };
      store.journal.push(entry);
      return store.journal.at(-1)!;
    });
  const late = world.is('journal after the write');
  let entries = late ? [] : intended();
  yield;
  const record = server.get(id);
  if (record === null) {
    store.shadow(system, id)!.gone = true;
    for (const entry of entries) entry.outcome = 'abandoned';
    return false;
  }
  const sent = hashFields(set, fingerprint);
  const { hashes } = readingOf(record.document);
  if (!sameHashes(hashes, seen.hashes) && !world.is('precondition not checked')) {
    yield;
    // One transaction: an attempt before this one may have written it, and then only the base moves.
    keepOurs(world, system, record, seen);
    settleUnanswered(world, link, system, seen.fields);
    for (const entry of entries) entry.outcome ??= 'abandoned';
    if (sameHashes(hashes, { ...seen.hashes, ...sent })) {
      moveBase(world, link, source);
      return true;
    }
    world.counts.stale += 1;
    return false;
  }
  // Nothing is awaited between GET and PUT: what somebody edits in that gap is lost, by design.
  const document = merged(world.is('only mapped fields written') ? mapped(record.document) : record.document, set);
  const after = server.put(id, document, link.ids[otherSystem(system)]);
  yield;
  if (late) entries = intended();
  for (const entry of entries) entry.outcome = 'written';
  const answer = keepOurs(world, system, after, seen, timesFrom(world, link, system, Object.keys(set)));
  for (const field of learnForms(world, link, system, { before: hashes, wanted: sent, after: answer.hashes })) {
    const sides = {
      yapla: store.shadow('yapla', link.ids.yapla),
      yoplanning: store.shadow('yoplanning', link.ids.yoplanning),
    };
    const saw = { yapla: sides.yapla?.hashes[field], yoplanning: sides.yoplanning?.hashes[field] };
    store.ask({ kind: 'notTaken', linkId: link.linkId, field, saw });
  }
  moveBase(world, link, source);
  // A value that a person chose is the base, whatever the other side still holds: the next write brings it there.
  for (const field of decision.values) {
    const hash = sent[field];
    if (hash !== undefined && !world.is('base not moved')) link.base = { ...link.base, [field]: hash };
  }
  return true;
}

/** What was read or answered becomes the shadow. Where a list stored another one meanwhile, nobody knows which is younger: it is looked at again. */
function keepOurs(
  world: World,
  system: SystemName,
  record: ServerRecord,
  seen: StoredShadow,
  times: FieldTimes | null = null,
): StoredShadow {
  const { store } = world;
  if (store.shadow(system, record.id) !== seen && !world.is('younger reading replaced')) {
    tellAgain(world, system, record);
  }
  return store.keepShadow(system, record, times);
}

/** Values that we write are as old as where they come from. */
function timesFrom({ store }: World, link: StoredLink, system: SystemName, fields: readonly string[]): FieldTimes {
  const other = otherSystem(system);
  const times = store.shadow(other, link.ids[other])?.times ?? {};
  return Object.fromEntries(fields.map((field) => [field, times[field] ?? null]));
}

function tellAgain({ store, counts }: World, system: SystemName, record: ServerRecord): void {
  store.receive({ system, event: 'updated', id: record.id, body: record });
  counts.deliveries += 1;
}

function mapped(document: StoredShadow['document']): StoredShadow['document'] {
  return Object.fromEntries(fieldNames.map((field) => [field, document[field] ?? null]));
}

function* create(
  world: World,
  link: StoredLink,
  system: SystemName,
  fields: readonly string[],
): Generator<undefined, void> {
  const { store } = world;
  const server = world.servers[system];
  const other = otherSystem(system);
  const model = store.shadow(other, link.ids[other])!;
  const id = system === 'yoplanning' ? uuidOf(link.linkId, personsOf('club')) : null;
  if (store.openIntent(link.linkId, system) && !world.is('creation repeated without looking')) {
    // In Yapla it is recognised when it shows up, and never sent again until a whole list did not show it.
    if (id === null) return;
    const existing = server.get(id);
    yield;
    if (existing !== null) {
      adopt(world, link, system, existing);
      return;
    }
  }
  // One transaction, and only while nobody else gave the link a record there.
  if (store.links.get(link.linkId) !== link || link.ids[system] !== null) return;
  const set = Object.fromEntries(fields.map((field) => [field, model.fields[field] ?? null]));
  for (const field of fields) {
    store.journal.push({ linkId: link.linkId, system, field, old: null, new: set[field] ?? null, outcome: null });
  }
  const document = { ...Object.fromEntries(fieldNames.map((field) => [field, null])), ...set };
  store.intents.push({
    linkId: link.linkId,
    system,
    externalId: id,
    hashes: hashFields(set, fingerprint),
    open: true,
  });
  yield;
  const made = server.create(id, document, link.ids[other], model.person);
  yield;
  if (made !== null) adopt(world, link, system, made);
}

function adopt(world: World, link: StoredLink, system: SystemName, made: ServerRecord): void {
  const { store } = world;
  // Its webhook was faster, and the link knows it already.
  if (store.holder(system, made.id) === undefined && link.ids[system] === null) {
    const intent = store.openIntent(link.linkId, system);
    // Whoever read it since it was created read it later.
    const read = world.is('younger reading replaced') ? undefined : store.shadow(system, made.id);
    settleCreated(
      world,
      link,
      read ?? store.keepShadow(system, made, timesFrom(world, link, system, Object.keys(made.document))),
      intent?.hashes ?? {},
    );
    if (store.goneUnknown.has(`${system}:${made.id}`) && !world.is('younger reading replaced'))
      tellAgain(world, system, made);
  }
  closeSettled(world, link);
}

function* proveRemoval(world: World, link: StoredLink, gone: SystemName | 'both'): Generator<undefined, void> {
  const { store } = world;
  for (const system of gone === 'both' ? systemNames : [gone]) {
    const shadow = store.shadow(system, link.ids[system]);
    if (shadow === undefined) continue;
    if (!shadow.gone && !world.is('gone when the list is short')) {
      if (world.readsOne(system)) {
        world.counts.proofs += 1;
        const found = world.servers[system].get(shadow.id);
        yield;
        if (found !== null) {
          store.keepShadow(system, found);
          continue;
        }
      }
    }
    store.shadow(system, shadow.id)!.gone = true;
    store.ask({ kind: 'removal', linkId: link.linkId });
  }
}
