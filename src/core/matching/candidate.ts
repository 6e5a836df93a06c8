/** Whom matching looks at, and what it says of them. */
import type { CanonicalFields, SystemName } from '../record.js';

/** A record. `fields` are normalised; matching looks at firstName, lastName, email, phone and birthDate. */
export interface Candidate {
  readonly system: SystemName;
  readonly id: string;
  readonly fields: CanonicalFields;
  /** The other system's id that this record carries. */
  readonly externalReference: string | null;
  /**
   * Why it is not free: it is linked (or is being created on the other side), or stands in a doubt. It gets no other counterpart; but
   * whom a rule ties to it is nobody new. `open`: its counterpart is gone, so a free record may take that place; by itself it needs nobody.
   */
  readonly standing?: 'linked' | 'doubtful' | 'open' | undefined;
  /** The link of one that is linked, or whose counterpart is gone: the same for both of its records. */
  readonly linkId?: string | null | undefined;
  /** Ids of the other system: of these a person said that they are somebody else (apart.ts). */
  readonly apart?: ReadonlySet<string> | undefined;
}

/** The two external ids of one person. */
export interface Pair {
  readonly yapla: string;
  readonly yoplanning: string;
}

/**
 * - `several`: more than one record on a side shares the key with somebody on the other, or one with somebody who has a counterpart
 * - `duplicate`: more than one on one side, and on the other nobody but counterparts of theirs
 * - `sameKeyDifferentName`: one on each side, but the names contradict each other
 * - `sameKeyDifferentBirthDate`: their names fit, but their birthdays contradict each other: father and son
 * - `nameAlone`: they have the same name, and nothing else says that they are one person, or two
 * - `reference`: the ids that records carry contradict each other
 */
export type DoubtKind =
  'several' | 'duplicate' | 'sameKeyDifferentName' | 'sameKeyDifferentBirthDate' | 'nameAlone' | 'reference';

export interface Doubt {
  readonly kind: DoubtKind;
  /** Name of the rule (see ruleName), `name`, or `reference`. */
  readonly by: string;
  readonly yapla: readonly string[];
  readonly yoplanning: readonly string[];
}

export interface GroupResult {
  readonly links: readonly Pair[];
  readonly doubts: readonly Doubt[];
}
