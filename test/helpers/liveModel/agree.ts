/** What is recorded once a write or a creation is known to have taken effect: shadow, base, rewrites and answered questions. */
import { agreementOf } from '../../../src/link/results.js';
import { compareWritten, pairHashes } from '../../../src/link/view.js';
import { decide } from '../../../src/core/decide.js';
import {
  type CanonicalFields,
  type FieldHashes,
  type FieldValue,
  otherSystem,
  type SystemName,
} from '../../../src/core/record.js';
import { fingerprint, type StoredLink, type StoredShadow } from './store.js';
import { viewOf } from './view.js';
import type { World } from './world.js';

/**
 * Moves the base to what both sides agree on.
 *
 * @param as one side as it was when it was decided: what was written is agreed, whatever a list shows of that side meanwhile
 */
export function moveBase(
  world: World,
  link: StoredLink,
  as: Partial<Record<SystemName, StoredShadow | undefined>> = {},
): void {
  if (world.is('base not moved')) return;
  const pair = world.store.pair(link);
  const shadows = { ...pair.shadows, ...as } as typeof pair.shadows;
  if (shadows.yapla === null || shadows.yoplanning === null) return;
  const { base, equal = {} } = agreementOf({ ...pair, shadows }, world.fields);
  link.base = { ...link.base, ...base };
  link.equal = equal;
}

/**
 * What a system made of what was sent. Its own form of our value counts as our value from now on, and ours is the base.
 *
 * @returns fields that it accepted and did not take
 */
export function learnForms(
  world: World,
  link: StoredLink,
  system: SystemName,
  written: { readonly before: FieldHashes; readonly wanted: FieldHashes; readonly after: FieldHashes },
): readonly string[] {
  const { notTaken, rewritten } = compareWritten(written.before, written.wanted, written.after);
  const known = pairHashes(world.store.pair(link))[otherSystem(system)];
  for (const [field, forms] of Object.entries(rewritten)) {
    if (world.is('rewrites not remembered')) continue;
    const [was] = Object.values(forms);
    link.equal = { ...link.equal, [system]: { ...link.equal[system], [field]: forms } };
    const agreed = written.wanted[field] !== undefined || known?.[field] === was;
    if (agreed && was !== undefined) link.base = { ...link.base, [field]: was };
  }
  return notTaken;
}

/** A creation of ours is there. The base is what was sent: whatever differs from it was changed since. */
export function settleCreated(world: World, link: StoredLink, record: StoredShadow, sent: FieldHashes): void {
  const { store } = world;
  const { system } = record;
  for (const intent of store.intents)
    if (intent.linkId === link.linkId && intent.system === system) intent.open = false;
  store.setId(link, system, record.id);
  link.base = { ...sent };
  settleUnanswered(world, link, system);
  moveBase(world, link);
}

/**
 * Writes of which nobody knows what became of them: a crash fell between the request and its commit. Where the record now holds what
 * was sent they took effect. So they did where it holds a form of it, with the same letters and digits: then that form is the server's
 * (a person who typed just that meant the same). The server may have made such forms of the fields that were not sent as well.
 *
 * @param before the record's values as they were known until now
 */
export function settleUnanswered(
  world: World,
  link: StoredLink,
  system: SystemName,
  before: CanonicalFields = {},
): void {
  if (world.is('lost answers not looked for')) return;
  const { store } = world;
  const shadow = store.shadow(system, link.ids[system]);
  if (shadow === undefined || shadow.gone) return;
  const unanswered = store.journal.filter(
    (entry) => entry.linkId === link.linkId && entry.system === system && entry.outcome === null,
  );
  if (unanswered.length === 0) return;
  const sent = Object.fromEntries(unanswered.map((entry) => [entry.field, entry.new]));
  for (const entry of unanswered) {
    const found = shadow.fields[entry.field] ?? null;
    if (found === entry.new || isFormOf(found, entry.new)) entry.outcome = 'written';
  }
  for (const [field, value] of Object.entries({ ...before, ...sent })) {
    const found = shadow.fields[field] ?? null;
    if (found === value || !isFormOf(found, value)) continue;
    const was = { [field]: fingerprint(field, value) };
    const isSent = sent[field] !== undefined;
    const forms = {
      before: isSent ? {} : was,
      wanted: isSent ? was : {},
      after: { [field]: fingerprint(field, found) },
    };
    learnForms(world, link, system, forms);
  }
}

function isFormOf(found: FieldValue, sent: FieldValue): boolean {
  return found !== null && sent !== null && letters(found) === letters(sent);
}

function letters(value: string): string {
  return value
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/** Closes questions that were answered, by a person or by what people did meanwhile. */
export function closeSettled(world: World, link: StoredLink): void {
  const { store } = world;
  const open = store.openCases(link.linkId);
  if (open.length === 0) return;
  const pair = store.pair(link);
  const hashes = pairHashes(pair);
  const { base, yapla, yoplanning, fields } = viewOf(world, link.linkId);
  const { conflicts } = decide({ base, yapla, yoplanning, fields });
  for (const one of open) {
    const agreed = hashes.yapla?.[one.field] === hashes.yoplanning?.[one.field];
    if (one.kind === 'conflict') one.open = conflicts.includes(one.field);
    if (one.kind === 'notTaken') one.open = !agreed;
    if (one.kind === 'frozen') one.open = !(agreed && one.answer !== null);
    if (one.kind === 'create') one.open = link.ids.yapla === null || link.ids.yoplanning === null;
    if (one.kind === 'removal') one.open = pair.shadows.yapla === null || pair.shadows.yoplanning === null;
  }
}
