/** What people do in the two systems. */
import type { SystemName } from '../../../src/core/record.js';
import type { Deed } from './history.js';
import { fieldNames, valuesOf } from './setting.js';
import type { World } from './world.js';

export function doDeed(world: World, deed: Deed): void {
  const { servers, counts } = world;
  if (deed.do === 'enter') {
    counts.changes += 1;
    return servers[deed.system].enter(deed.person, documentOf(deed.person));
  }
  const system = deed.do === 'remove' ? 'yoplanning' : deed.system;
  const record = recordOf(world, system, deed.person);
  if (record === undefined) return;
  counts.changes += 1;
  if (deed.do === 'remove') return servers.yoplanning.remove(record.id);
  const field = deed.do === 'note' ? 'note' : deed.field;
  const values = deed.do === 'note' ? ['as new', 'called back', null] : valuesOf(deed.person, field);
  servers[system].edit(record.id, field, pickOf(values, deed.nth)!);
}

function recordOf({ servers }: World, system: SystemName, person: number) {
  return [...servers[system].records.values()].find((record) => record.person === person);
}

/** What a person is entered with. */
export function documentOf(person: number) {
  const mapped = Object.fromEntries(fieldNames.map((field) => [field, valuesOf(person, field)[0]!]));
  return { ...mapped, note: 'as new' };
}

/** One of what is there, modulo its number. */
export function pickOf<T>(from: readonly T[], nth: number): T | undefined {
  return from[nth % Math.max(1, from.length)];
}
