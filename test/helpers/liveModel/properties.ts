/** What must hold at the end of every history: the properties of docs/how-it-works.md, "What must always hold", by their numbers. */
import { decideLive, nextStep, type LinkView } from '../../../src/core/live.js';
import { otherSystem, systemNames, type SystemName } from '../../../src/core/record.js';
import { pairHashes, sameHashes } from '../../../src/link/view.js';
import type { Repaired } from './repair.js';
import type { ServerRecord } from './server.js';
import { fieldNames, fieldsIn, people } from './setting.js';
import { readingOf, type StoredLink } from './store.js';
import { onlySide, viewOf } from './view.js';
import { Violation, type World } from './world.js';

/** Property 6, after every action: whoever counts as gone is gone. */
export function checkAlways(world: World): void {
  for (const { gone, system, id } of world.store.shadows.values()) {
    if (gone && world.servers[system].records.has(id)) {
      throw new Violation(`6: ${system} ${id} counts as gone without proof`);
    }
  }
}

/**
 * After everything arrived and before the repair run: where no webhook was lost, nothing is left for it but what waits for it by rule.
 *
 * @param see a link as its workflow sees it
 */
export function checkLive(world: World, see = (linkId: string): LinkView => viewOf(world, linkId)): void {
  checkRequests(world);
  if (world.counts.lost > 0) return;
  for (const link of world.store.links.values()) {
    for (const system of systemNames) checkShadow(world, link, system);
    if (waitsInDoubt(world, link)) continue;
    const view = see(link.linkId);
    const step = nextStep(view, ['yoplanning']);
    if (step.do === 'apply') throw new Violation(`8: ${link.linkId} rests, and ${step.outcome} is left to do`);
    const left = decideLive(view, []);
    const late = left.write.yoplanning.filter((field) => left.reasons[field] !== 'emptyInYoplanning');
    if (late.length > 0 && left.create === null) {
      throw new Violation(`8: ${late.join()} of ${link.linkId} never reached Yoplanning (${left.reasons[late[0]!]})`);
    }
  }
  for (const system of systemNames) {
    for (const record of world.servers[system].records.values()) {
      const isKnown =
        world.store.holder(system, record.id) !== undefined || world.store.isDoubtful(`${system}:${record.id}`);
      if (!isKnown) throw new Violation(`8: nobody looked at ${system} ${record.id}`);
    }
  }
}

/** Known to one system only, and a person has to say first who it is: nothing is decided about it meanwhile. */
export function waitsInDoubt({ store }: World, link: StoredLink): boolean {
  const side = onlySide(link);
  return side !== null && store.isDoubtful(`${side}:${link.ids[side]}`);
}

function checkShadow(world: World, link: StoredLink, system: SystemName): void {
  const shadow = world.store.shadow(system, link.ids[system]);
  const record = world.servers[system].records.get(link.ids[system] ?? '');
  if (shadow === undefined || shadow.gone !== (record === undefined)) {
    if (link.ids[system] !== null) throw new Violation(`8: whether ${system} ${link.ids[system]} is there was missed`);
    return;
  }
  if (record && !sameHashes(shadow.hashes, readingOf(record.document).hashes)) {
    throw new Violation(`8: a change of ${system} ${record.id} was missed`);
  }
}

/** A change: GET and PUT there and the GET for its echo, for a creation or an answer in both systems; each event and each crash one GET more. */
function checkRequests(world: World): void {
  const { changes, deliveries, crashes, stale } = world.counts;
  const allowed = 4 * changes + deliveries + 2 * crashes + 2 * stale;
  const pagesOnly = world.servers.yapla.requests.pages + world.servers.yoplanning.requests.pages > 0;
  if (!pagesOnly && world.requests() > allowed) {
    throw new Violation(`9: ${world.requests()} requests for ${changes} changes and ${deliveries} events`);
  }
}

/** The repair run costs what its plan says. */
export function checkRepair(_world: World, { cost, requests }: Pick<Repaired, 'cost' | 'requests'>): void {
  const planned = cost.yapla.requests + cost.yoplanning.requests;
  if (requests > planned) throw new Violation(`9: the repair run sent ${requests} requests, its plan says ${planned}`);
}

export function checkEnd(world: World): void {
  const persons = new Map<number, StoredLink[]>();
  for (const link of world.store.links.values()) {
    checkLink(world, link);
    const person = systemNames.map((system) => world.store.shadow(system, link.ids[system])).find((one) => one)?.person;
    if (person !== undefined) persons.set(person, [...(persons.get(person) ?? []), link]);
  }
  for (const system of systemNames)
    for (const record of world.servers[system].records.values()) checkRecord(world, system, record);
  for (const [person, links] of persons) checkTwins(world, person, links);
}

function checkLink(world: World, link: StoredLink): void {
  const { store } = world;
  const pair = store.pair(link);
  const open = store.openCases(link.linkId);
  const actual = systemNames.map((system) => world.servers[system].records.get(link.ids[system] ?? ''));
  for (const [index, system] of systemNames.entries()) {
    if (link.ids[system] === null) continue;
    const isGone = actual[index] === undefined;
    if (isGone !== (pair.shadows[system] === null))
      throw new Violation(`6: ${system} ${link.ids[system]} counts as gone without proof, or the reverse`);
    if (isGone && !open.some(({ kind }) => kind === 'removal'))
      throw new Violation(`6: nobody is told that ${system} ${link.ids[system]} is gone`);
  }
  const people = actual.flatMap((record) => (record ? [record.person] : []));
  if (new Set(people).size > 1) throw new Violation(`4: ${link.linkId} holds two people`);
  const missing = systemNames.find((system) => link.ids[system] === null);
  if (missing !== undefined) return checkOneSided(world, link, missing);
  if (open.some(({ kind }) => kind === 'removal')) return;
  const hashes = pairHashes(pair);
  for (const { name, direction } of world.fields) {
    const [a, b, s] = [hashes.yapla?.[name], hashes.yoplanning?.[name], link.base?.[name]];
    if (a === b && a === s) continue;
    if (open.some(({ field }) => field === name)) continue;
    if (world.setting.yapla.writes === 'none') continue;
    const sender = direction === 'toYapla' ? b : direction === 'toYoplanning' ? a : null;
    // Its sender never had a value: the other's own is left alone.
    if (sender === '' && s === undefined) continue;
    throw new Violation(`1: ${name} of ${link.linkId} differs and nobody is asked`);
  }
}

function checkOneSided(world: World, link: StoredLink, missing: SystemName): void {
  const other = otherSystem(missing);
  const waits =
    !viewOf(world, link.linkId).creates[missing] ||
    world.store.shadow(other, link.ids[other])?.gone === true ||
    world.store.isDoubtful(`${other}:${link.ids[other]}`) ||
    // File after file did not bring them.
    (world.setting.yapla.writes === 'workbook' &&
      world.store.openCases(link.linkId).some(({ kind }) => (kind as string) === 'refused'));
  if (!waits) throw new Violation(`1: ${link.linkId} was never created in ${missing}`);
}

function checkRecord(world: World, system: SystemName, record: ServerRecord): void {
  const { store, setting } = world;
  if (store.holder(system, record.id) === undefined && !store.isDoubtful(`${system}:${record.id}`)) {
    throw new Violation(`1: ${system} ${record.id} has no link, and nobody is asked`);
  }
  for (const [field, value] of Object.entries(fieldsIn(record.document))) {
    const entered = world.enteredOf(record.person, field);
    // What an import overwrote comes back from Yoplanning, as that one spells it.
    const takesForms = system === 'yoplanning' || setting.yapla.writes === 'workbook';
    const rewritten = setting.upperCases && takesForms && field === 'city';
    const isKnown = entered.has(value) || (rewritten && [...entered].some((one) => one?.toUpperCase() === value));
    // A one-way field that its receiver's side sent nobody begins as empty.
    const direction = world.fields.find((one) => one.name === field)!.direction;
    const neverSent = value === null && record.madeBy === 'us' && direction !== 'both';
    if (!isKnown && !neverSent)
      throw new Violation(`2: nobody entered what stands in ${field} of ${system} ${record.id}`);
  }
}

/**
 * A person has one link with somebody in it; further records of theirs wait for a person to say what they are. Whoever was removed and is
 * entered again is the same person. Only names that people changed make strangers.
 */
function checkTwins(world: World, person: number, links: readonly StoredLink[]): void {
  for (const system of systemNames) {
    const of = (name: SystemName, by: ServerRecord['madeBy']) => {
      const { records, removed } = world.servers[name];
      return [...records.values(), ...removed].filter((one) => one.person === person && one.madeBy === by).length;
    };
    // However many records people made, each is the model of one at most. A creation whose answer was lost is known by the reference
    // that it carries, or by what was sent: where it carries none and was renamed since, nothing tells whose it is.
    if (!world.setting.yaplaKeepsReference && hasChangedNames(world, person)) continue;
    const entered = systemNames.map((name) => of(name, 'a person'));
    if (of(system, 'us') > Math.max(...entered)) throw new Violation(`4: a creation in ${system} was repeated`);
  }
  if (hasChangedNames(world, person)) return;
  const whole = links.filter(
    ({ ids }) =>
      systemNames.some((system) => world.servers[system].records.has(ids[system] ?? '')) &&
      !systemNames.some((system) => world.store.isDoubtful(`${system}:${ids[system]}`)),
  );
  if (whole.length > 1) throw new Violation(`4: one person has ${whole.length} links`);
}

function hasChangedNames(world: World, person: number): boolean {
  return ['firstName', 'lastName', 'email'].some((field) => world.enteredOf(person, field).size > 1);
}

/** Property 8: the same end, for these people, as of a history without crashes and with every webhook in order. */
export function checkSame(world: World, ideal: World, comparable: readonly number[]): void {
  for (const person of comparable) {
    if (hasQuestions(world, person) || hasQuestions(ideal, person)) continue;
    const [found, expected] = [endOf(world, person), endOf(ideal, person)];
    if (found !== expected)
      throw new Violation(`8: person ${person} of ${people.length} ends otherwise: ${found} instead of ${expected}`);
  }
}

function hasQuestions({ store }: World, person: number): boolean {
  return store.cases.some((one) => {
    const link = store.links.get(one.linkId);
    const shadow = link && (store.shadow('yapla', link.ids.yapla) ?? store.shadow('yoplanning', link.ids.yoplanning));
    const own = shadow?.person === person;
    return one.kind === 'doubt' ? one.records.some((record) => store.shadows.get(record)?.person === person) : own;
  });
}

function endOf(world: World, person: number): string {
  return systemNames
    .flatMap((system) =>
      [...world.servers[system].records.values()]
        .filter((one) => one.person === person)
        .map((one) => valuesIn(system, one)),
    )
    .join(' | ');
}

/** Which fields are written together with the city, and so make capitals of it, depends on when. */
function valuesIn(system: SystemName, record: ServerRecord): string {
  const fields = fieldsIn(record.document);
  const values = fieldNames.map((field) => (field === 'city' ? fields[field]?.toUpperCase() : fields[field]));
  return `${system}: ${values.join(', ')}`;
}
