/** What the control API and the faults ask of a system's records, whatever their form. */
import type { SystemName } from '../core/record.js';
import type { JsonObject } from '../systems/system.js';
import type { SandboxRecord } from './control.js';
import type { Person, PersonChanges } from './person.js';

export type PersonEvent = 'created' | 'updated' | 'deleted';

/** A change that took effect, by anyone. */
export interface Change {
  readonly system: SystemName;
  readonly record: string;
  /** Left out: a person. */
  readonly kind?: 'order';
  /** `cancelled`: of orders only, also where one is removed. */
  readonly event: PersonEvent | 'cancelled';
  /**
   * `api`: through the system's API. `desk`: somebody at the system's own screen (the control API, or a drifting list). `import`: by Yapla's
   * import wizard, from a file.
   */
  readonly by: 'api' | 'desk' | 'import';
}

/**
 * Called after each change, in the same turn. Webhooks hang here.
 *
 * @param before the record's document before an update, where the system's webhooks have content; made when it is called for.
 */
export type OnChange = (change: Change, before?: () => JsonObject) => void;

export interface AddToRegistry {
  /** Position in the list; default: the end. */
  readonly at?: number;
  readonly externalReference?: string;
  readonly unmapped?: JsonObject;
}

export interface Registry {
  readonly size: number;
  ids(): string[];
  /** Id at a position of the list. */
  idAt(position: number): string | undefined;
  show(id: string): SandboxRecord | null;
  /** @returns the new id. */
  addPerson(person: Person, options?: AddToRegistry): string;
  /** @returns false: no such record. */
  editPerson(id: string, changes: PersonChanges, unmapped: JsonObject): boolean;
  /** @returns false: no such record. */
  removePerson(id: string): boolean;
  clear(): void;
}
