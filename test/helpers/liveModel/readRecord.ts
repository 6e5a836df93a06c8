/**
 * The activity `readRecord`: takes a link's events, reads what they tell of, and at first sight finds out who it is. Every `yield` is a
 * place where a crash can fall or something else can happen; between two of them everything is one transaction or one request.
 */
import { match, type Candidate } from '../../../src/core/match.js';
import type { LinkView } from '../../../src/core/live.js';
import { linkIdOf, parseLinkId } from '../../../src/core/linkId.js';
import { otherSystem, systemNames, type FieldHashes, type SystemName } from '../../../src/core/record.js';
import { settleCreated, settleUnanswered } from './agree.js';
import { matchRules, matchSettings } from './setting.js';
import type { ServerRecord } from './server.js';
import type { InboxEvent, StoredLink, StoredShadow } from './store.js';
import { onlySide, viewOf } from './view.js';
import type { World } from './world.js';

export interface Reading {
  readonly view: LinkView;
  /** Whose events were taken: some may have come after the signal was sent. */
  readonly taken: readonly SystemName[];
}

export function* readRecord(world: World, linkId: string): Generator<void, Reading> {
  for (;;) {
    const reading = yield* attempt(world, linkId);
    if (reading !== 'overtaken') return reading;
  }
}

/** `overtaken`: a list stored one of the records meanwhile, and nobody can tell which of the two readings is the younger. */
function* attempt(world: World, linkId: string): Generator<void, Reading | 'overtaken'> {
  const { store } = world;
  store.signals.delete(linkId);
  yield;
  const events = store.eventsOf(linkId);
  const taken = systemNames.filter((system) => events.some((event) => event.system === system));
  if (world.is('event taken before the read commits')) store.handled(events);
  const own = parseLinkId(linkId);
  const link = store.links.get(linkId);
  if (link === undefined) {
    const holder = store.holder(own.system, own.id);
    if (holder !== undefined) return { view: mergedView(world, linkId, holder), taken };
  }

  const reads: {
    readonly system: SystemName;
    readonly id: string;
    readonly record: ServerRecord | null;
    readonly before: StoredShadow | undefined;
  }[] = [];
  const ids = link?.ids ?? { yapla: null, yoplanning: null, [own.system]: own.id };
  for (const system of systemNames) {
    const id = ids[system];
    if (id === null) continue;
    const about = events.filter((event) => event.system === system && event.id === id);
    if (about.length === 0 && store.shadow(system, id) !== undefined) continue;
    const before = store.shadow(system, id);
    if (world.readsOne(system)) {
      yield;
      reads.push({ system, id, record: world.servers[system].get(id), before });
    } else {
      const record = newestBody(world, about, before);
      if (record !== null) reads.push({ system, id, record, before });
    }
  }
  yield;
  if (
    reads.some(({ system, id, before }) => store.shadow(system, id) !== before) &&
    !world.is('younger reading replaced')
  ) {
    world.counts.stale += 1;
    return 'overtaken';
  }
  // One transaction: what was read, the events that it answers, and who it is.
  for (const { system, id, record } of reads) {
    if (record !== null) {
      const before = store.shadow(system, id)?.fields;
      store.keepShadow(system, record);
      const of = store.links.get(linkId);
      if (of?.ids[system] === id) settleUnanswered(world, of, system, before);
    } else {
      const shadow = store.shadow(system, id);
      if (shadow) shadow.gone = true;
      else store.goneUnknown.add(`${system}:${id}`);
    }
  }
  let survivor = identify(world, linkId);
  while (survivor === 'busy') {
    yield;
    survivor = identify(world, linkId);
  }
  store.handled(events);
  // The survivor has to act on what was read here: it is told in the same transaction.
  if (survivor !== null && survivor.linkId !== linkId) tell(world, linkId, survivor, true);
  yield;
  if (survivor !== null && survivor.linkId !== linkId) return { view: mergedView(world, linkId, survivor), taken };
  return { view: viewOf(world, linkId), taken };
}

/** A body tells how the member was: one that is older than what we know is set aside. */
function newestBody(world: World, events: readonly InboxEvent[], known: StoredShadow | undefined): ServerRecord | null {
  if (world.is('older body accepted')) return events.at(-1)?.body ?? null;
  let newest: ServerRecord | null = null;
  let at = known?.modifiedAt ?? -1;
  for (const { body } of events) {
    if (body === null || body.modifiedAt <= at) continue;
    newest = body;
    at = body.modifiedAt;
  }
  return newest;
}

function mergedView(world: World, linkId: string, into: StoredLink): LinkView {
  tell(world, linkId, into, false);
  return viewOf(world, linkId, into.linkId);
}

/** What came for a link that was merged goes to the survivor. */
export function tell(world: World, from: string, into: StoredLink, wasRead: boolean): void {
  if (!world.is('survivor not told')) world.store.readdress(from, into.linkId, wasRead);
}

/** `busy`: somebody writes for the link that this record would join. It must not get a record meanwhile: it may be creating one. */
type Sight = StoredLink | 'busy' | null;

/** The link of a record, which is found, merged or made now; null where there is none, or a doubt. */
function identify(world: World, linkId: string): Sight {
  const { store } = world;
  const link = store.links.get(linkId);
  if (link !== undefined) {
    const side = onlySide(link);
    return side === null || store.openIntent(linkId) ? link : firstSight(world, side, link.ids[side]!);
  }
  const own = parseLinkId(linkId);
  return store.holder(own.system, own.id) ?? firstSight(world, own.system, own.id);
}

/**
 * Who is this? Our own creation, one person with a record of the other system, somebody who looks like a person whom both systems have
 * already (a doubt), or somebody new.
 */
export function firstSight(world: World, system: SystemName, id: string): Sight {
  const { store } = world;
  const record = `${system}:${id}`;
  const own = store.shadow(system, id);
  const before = store.holder(system, id) ?? null;
  if (own === undefined || own.gone) return before;
  const made = before === null ? ourCreation(world, own) : null;
  if (made !== null) return made;

  const seen = world.is('first sight matches nobody') ? [own] : [...store.shadows.values()].filter(({ gone }) => !gone);
  const candidates = seen.map((shadow) => candidate(world, shadow, shadow === own));
  const found = match(candidates, matchRules, matchSettings);
  const doubt = found.doubts.find((one) => one[system].includes(id));
  const pair = found.links.find((one) => one[system] === id);
  if (doubt !== undefined) {
    const records = systemNames.flatMap((name) => doubt[name].map((one) => `${name}:${one}`));
    store.ask({ kind: 'doubt', linkId: record, records });
    return before;
  }
  if (pair !== undefined) return linkPair(world, system, id, pair[otherSystem(system)]);
  if (store.isDoubtful(record)) return before;
  return before ?? store.addLink(linkIdOf(system, id), { yapla: null, yoplanning: null, [system]: id });
}

/** Two records are one person: the older of their links survives. */
function linkPair(world: World, system: SystemName, id: string, otherId: string): StoredLink | 'busy' {
  const { store } = world;
  const other = otherSystem(system);
  const [mine, theirs] = [store.holder(system, id), store.holder(other, otherId)];
  if (theirs !== undefined && store.claims.has(theirs.linkId)) return 'busy';
  const survivor = [...store.links.values()].find((one) => one === mine || one === theirs);
  if (survivor === undefined) {
    return store.addLink(linkIdOf(system, id), { yapla: null, yoplanning: null, [system]: id, [other]: otherId });
  }
  const partner = store.shadow(other, otherId)!;
  if (hasLostCounterpart(world, partner)) {
    if (mine !== undefined && mine !== theirs) store.dropLink(mine);
    return takePlace(world, theirs!, system, id);
  }
  for (const link of [mine, theirs]) if (link !== undefined && link !== survivor) store.dropLink(link);
  store.setId(survivor, system, id);
  store.setId(survivor, other, otherId);
  return survivor;
}

/** The same person, entered again: the base starts anew, and the question about the removal is settled. */
function takePlace({ store }: World, link: StoredLink, system: SystemName, id: string): StoredLink {
  store.replaceId(link, system, id);
  link.base = null;
  link.equal = {};
  for (const one of store.openCases(link.linkId)) if (one.kind === 'removal') one.open = false;
  return link;
}

/** A creation of ours whose answer was lost: known by its id, its reference, or by holding exactly what was sent. */
export function ourCreation(world: World, own: StoredShadow): StoredLink | null {
  const { store } = world;
  for (const intent of store.intents) {
    const link = store.links.get(intent.linkId);
    if (!intent.open || intent.system !== own.system || link === undefined || link.ids[own.system] !== null) continue;
    const otherId = link.ids[otherSystem(own.system)];
    const recognised =
      intent.externalId === null
        ? own.externalReference === otherId || (own.externalReference === null && holds(own.hashes, intent.hashes))
        : intent.externalId === own.id;
    if (!recognised) continue;
    settleCreated(world, link, own, intent.hashes);
    return link;
  }
  return null;
}

function holds(hashes: FieldHashes, sent: FieldHashes): boolean {
  return Object.entries(sent).every(([field, hash]) => hashes[field] === hash);
}

/** Free are records without a link, and those of links that have one side only and of which no creation is under way. */
function candidate(world: World, shadow: StoredShadow, isOwn: boolean): Candidate {
  const { system, id, fields, externalReference } = shadow;
  const linkId = world.store.holder(system, id)?.linkId;
  if (hasLostCounterpart(world, shadow))
    return { system, id, fields, externalReference: null, standing: 'open', linkId };
  const isDoubtful = !isOwn && world.store.isDoubtful(`${system}:${id}`);
  const standing = isTaken(world, shadow) ? 'linked' : isDoubtful ? 'doubtful' : undefined;
  return { system, id, fields, externalReference, standing, linkId };
}

/** The other record of its link is proven gone: a newcomer may take that place. */
function hasLostCounterpart({ store }: World, { system, id }: StoredShadow): boolean {
  const other = otherSystem(system);
  const otherId = store.holder(system, id)?.ids[other] ?? null;
  return otherId !== null && store.shadow(other, otherId)?.gone === true;
}

function isTaken({ store }: World, { system, id }: StoredShadow): boolean {
  const link = store.holder(system, id);
  return link !== undefined && (onlySide(link) === null || store.openIntent(link.linkId) !== undefined);
}
