/** Which fields of a map take facts (facts.ts): those of which one system shows nothing, because events say what stands there. Pure. */
import type { FieldName, SystemName } from '../record.js';
import type { FactName } from './facts.js';

/** Where a field stands in each system, as far as is of interest here. */
export type DerivedPlaces = Readonly<Record<SystemName, unknown>>;

/** The fact that a place is derived from; null: it is a place of the record itself. */
export function derivedIn(place: unknown): FactName | null {
  if (typeof place !== 'object' || place === null || !('derived' in place)) return null;
  return (place as { readonly derived: FactName }).derived;
}

/** By canonical field name the fact that it takes in this system; none: nothing has to be derived there. */
export function derivedFields(
  fields: Readonly<Record<FieldName, DerivedPlaces>>,
  system: SystemName,
): Readonly<Record<FieldName, FactName>> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, places]) => {
      const fact = derivedIn(places[system]);
      return fact === null ? [] : [[name, fact] as const];
    }),
  );
}
