/** What a link's workflow is told about it: hashes, names and ids, made of the store by the real store's own functions. */
import type { Side } from '../../../src/core/decide.js';
import type { LinkView } from '../../../src/core/live.js';
import { systemNames, type FieldHashes, type SystemName } from '../../../src/core/record.js';
import { pairHashes } from '../../../src/link/view.js';
import { Violation, type World } from './world.js';
import { fieldNames, personalData } from './setting.js';
import type { Case, StoredLink } from './store.js';

/** The view of a link by its id, whatever became of it. */
export function viewOf(world: World, linkId: string, mergedInto: string | null = null): LinkView {
  const link = world.store.links.get(linkId);
  const view = link === undefined ? withoutLink(world, linkId, mergedInto) : linkedView(world, link);
  if (world.is('values in the history')) return { ...view, mergedInto: JSON.stringify(link && world.store.pair(link)) };
  return view;
}

/** Property 10. @throws {Violation} if what would stand in a history holds a value */
export function checkHistory(entry: unknown): void {
  const found = personalData.exec(JSON.stringify(entry));
  if (found !== null) throw new Violation('10: a value stands in a view or a step');
}

function withoutLink(world: World, linkId: string, mergedInto: string | null): LinkView {
  const state = mergedInto !== null ? 'merged' : world.store.isDoubtful(linkId) ? 'doubtful' : 'unknown';
  return { ...emptyView(world), state, mergedInto };
}

function emptyView(world: World): LinkView {
  const { setting } = world;
  const yapla = setting.yapla.writes !== 'none';
  return {
    state: 'unknown',
    mergedInto: null,
    yapla: 'absent',
    yoplanning: 'absent',
    base: null,
    fields: [],
    version: 0,
    writes: { yapla, yoplanning: true },
    creates: { ...setting.creates, yapla: setting.creates.yapla && yapla },
    awaiting: null,
    held: false,
    heldFields: [],
    asked: [],
    askedRemoval: false,
    askedCreation: false,
    answers: {},
    openCases: 0,
  };
}

/** Increased by whatever changes what a decision is made on. */
export function versionOf(world: World, link: StoredLink): number {
  const now = decidedOn(world, link);
  if (now !== link.looked) link.version += 1;
  link.looked = now;
  return link.version;
}

/** Hashes of both sides and of the base, as text. */
function decidedOn(world: World, link: StoredLink): string {
  const pair = world.store.pair(link);
  const { yapla, yoplanning } = pairHashes(pair);
  const of = (hashes: FieldHashes | null) =>
    hashes === null ? '-' : fieldNames.map((field) => hashes[field] ?? '-').join();
  const where = `${link.ids.yapla}/${pair.unseen.yapla} ${link.ids.yoplanning}/${pair.unseen.yoplanning}`;
  return `${where} ${of(yapla)} ${of(yoplanning)} ${of(link.base)}`;
}

function linkedView(world: World, link: StoredLink): LinkView {
  const { store } = world;
  const pair = store.pair(link);
  const hashes = pairHashes(pair);
  const side = (system: SystemName): Side => {
    const known = hashes[system];
    if (link.ids[system] === null) return 'absent';
    return known === null || pair.unseen[system] ? 'gone' : { hashes: known, times: pair.shadows[system]!.times ?? {} };
  };
  const [yapla, yoplanning] = [side('yapla'), side('yoplanning')];
  const [a, b] = [hashes.yapla, hashes.yoplanning];
  const both = typeof yapla === 'object' && typeof yoplanning === 'object';
  const fields = world.fields.filter(({ name }) => !both || a?.[name] !== b?.[name] || a?.[name] !== link.base?.[name]);
  const only = (of: Side): Side => (typeof of === 'object' ? { ...of, hashes: pick(of.hashes, fields) } : of);
  const cases = store.openCases(link.linkId);
  const answered = cases.filter((one) => one.answer !== null && ['conflict', 'frozen', 'notTaken'].includes(one.kind));
  const awaited = store.openIntent(link.linkId);
  const view = emptyView(world);
  return {
    ...view,
    state: 'linked',
    yapla: only(yapla),
    yoplanning: only(yoplanning),
    base: link.base && pick(link.base, fields),
    fields,
    version: versionOf(world, link),
    creates: cases.some(({ answer }) => answer?.take === 'create')
      ? { yapla: view.writes.yapla, yoplanning: true }
      : view.creates,
    // Where we choose the id, a creation is looked up before it is repeated: nothing is awaited.
    awaiting:
      awaited !== undefined && awaited.externalId === null && link.ids[awaited.system] === null ? awaited.system : null,
    heldFields: cases.filter((one) => holds(one, a, b)).map(({ field }) => field),
    asked: cases.filter(({ kind }) => kind === 'conflict').map(({ field }) => field),
    askedRemoval: cases.some(({ kind }) => kind === 'removal'),
    askedCreation: cases.some(({ kind }) => kind === 'create'),
    answers: Object.fromEntries(answered.map(({ field, answer }) => [field, answer!.take as SystemName | 'value'])),
    openCases: cases.length,
  };
}

function holds(one: Case, yapla: FieldHashes | null, yoplanning: FieldHashes | null): boolean {
  if (one.kind === 'frozen') return true;
  if (one.kind !== 'notTaken' || one.saw === null) return false;
  return one.saw.yapla === yapla?.[one.field] && one.saw.yoplanning === yoplanning?.[one.field];
}

function pick(hashes: FieldHashes, fields: readonly { readonly name: string }[]): FieldHashes {
  const picked: Record<string, string> = {};
  for (const { name } of fields) if (hashes[name] !== undefined) picked[name] = hashes[name];
  return picked;
}

/** The one system in which a link has a record; null where it has both. */
export function onlySide(link: StoredLink): SystemName | null {
  const there = systemNames.filter((system) => link.ids[system] !== null);
  return there.length === 1 ? there[0]! : null;
}
