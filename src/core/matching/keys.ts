/** What records must share for a rule to look at them together. */
import { nameWords, type NameWords } from '../names.js';
import type { personMatchKeys } from '../person.js';
import type { CanonicalFields } from '../record.js';

export type MatchKey = (typeof personMatchKeys)[number];

export interface MatchRule {
  /** What must be equal. */
  readonly all: readonly MatchKey[];
}

/** For example `email+name`. */
export function ruleName(rule: MatchRule): string {
  return rule.all.join('+');
}

/** What records share that `matchNameAlone` looks at together. Not a rule: it links nobody. */
export const nameAloneRule: MatchRule = { all: ['name'] };

/** A record's keys: one for each rule in their order, then that of the name alone. */
export function matchKeys(rules: readonly MatchRule[], fields: CanonicalFields): readonly (string | null)[] {
  // Taken apart once: most rules have the name in them.
  const name = keyPart('name', fields);
  return [...rules, nameAloneRule].map((rule) => joined(rule, (key) => (key === 'name' ? name : keyPart(key, fields))));
}

/** Records that share its key are namesakes: the rule needs no further look to take them for one person. */
export function saysItAll(rule: MatchRule): boolean {
  return rule.all.includes('name');
}

/** Control characters are removed from every normalised value, so this cannot occur in one. Postgres stores it, unlike NUL. */
const partSeparator = '\u001F';

/**
 * What two records must share for the rule to look at them together; `null` if a part is empty or was not understood as what
 * it should be (an e-mail `none`, a phone `see note`): such fillers are shared by strangers.
 *
 * Personal data: the key stays in Postgres and memory.
 */
export function blockingKey(rule: MatchRule, fields: CanonicalFields): string | null {
  return joined(rule, (key) => keyPart(key, fields));
}

function joined(rule: MatchRule, partOf: (key: MatchKey) => string | null): string | null {
  const parts = rule.all.map(partOf);
  return parts.includes(null) ? null : parts.join(partSeparator);
}

const wellFormed: Readonly<Record<Exclude<MatchKey, 'name'>, RegExp>> = {
  email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  phone: /^\+\d+$/,
  birthDate: /^\d{4}-\d{2}-\d{2}$/,
};

export function keyPart(key: MatchKey, fields: CanonicalFields): string | null {
  if (key === 'name') {
    const name = nameOf(fields);
    return name.identifies ? name.words.join(' ') : null;
  }
  const value = fields[key] ?? null;
  return value !== null && wellFormed[key].test(value) ? value : null;
}

export function nameOf(fields: CanonicalFields): NameWords {
  return nameWords({ firstName: fields['firstName'] ?? null, lastName: fields['lastName'] ?? null });
}
