/** By what a person of a registration or a donation is known among people: only rules that compare the name. Of a family's address alone nobody is known. */
import { matchKeys, type MatchRule } from '../core/match.js';
import type { EventPerson } from '../core/events/shown.js';

/** Keys of core/match.ts, in the order of the rules; of those that need more than is shown there is none. Personal data. */
export function keysByName(
  { matchRules }: { readonly matchRules: readonly MatchRule[] },
  { firstName, lastName, email }: EventPerson,
): string[] {
  const rules = matchRules.filter(({ all }) => all.includes('name'));
  return matchKeys(rules, { firstName, lastName, email })
    .slice(0, rules.length)
    .filter((key) => key !== null);
}
