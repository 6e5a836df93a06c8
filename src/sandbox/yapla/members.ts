/** The members of one Yapla account, whatever shape its API shows them in. */
import type { Json, JsonObject } from '../../systems/system.js';
import type { SandboxRecord } from '../control.js';
import { withChanges, type Person, type PersonChanges } from '../person.js';
import { Records } from '../records.js';
import type { AddToRegistry, Change, OnChange, Registry } from '../registry.js';

export const memberStatuses = ['waiting_approval', 'active', 'inactive', 'archived'] as const;
export type MemberStatus = (typeof memberStatuses)[number];

export const membershipStatuses = [
  'validated',
  'expired',
  'in_grace_period',
  'waiting_payment',
  'waiting_validation',
  'cancelled',
] as const;

/** One person can have several: one per year or kind. */
export interface Membership {
  readonly id: number;
  readonly type: string;
  readonly status: (typeof membershipStatuses)[number];
  /** `YYYY-MM-DD`. */
  readonly start: string;
  readonly end: string;
  /** In cents. */
  readonly amount: number;
}

/** What a write may set. */
export interface MemberFields {
  readonly person: Person;
  readonly status: MemberStatus;
  readonly organisation: string | null;
  readonly groups: readonly string[];
  readonly memberships: readonly Membership[];
  /** Fields of the organisation's own. */
  readonly custom: Json;
}

export interface Member {
  readonly id: string;
  /** Incremental; default format `{00000}`; not editable. */
  readonly number: string;
  fields: MemberFields;
  /** What stands at places of the document, whatever should: by path as the API shows it. */
  spoilt: JsonObject;
  readonly createdAtMs: number;
  updatedAtMs: number;
}

/** How an account's API shows a member. */
export type ShowMember = (member: Member) => JsonObject;

const firstId = 1_001;

export class Members implements Registry {
  readonly #records = new Records<Member>();
  #created = 0;

  constructor(
    private readonly show_: ShowMember,
    private readonly onChange: OnChange,
  ) {}

  get size(): number {
    return this.#records.size;
  }

  get(id: string): Member | undefined {
    return this.#records.get(id);
  }

  all(): readonly Member[] {
    return this.#records.all();
  }

  create(fields: MemberFields, by: Change['by'], at?: number, nowMs = Date.now(), spoilt: JsonObject = {}): Member {
    const serial = this.#created;
    this.#created += 1;
    const member: Member = {
      id: String(firstId + serial),
      number: String(serial + 1).padStart(5, '0'),
      fields,
      spoilt,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
    };
    this.#records.add(member, at);
    this.onChange({ system: 'yapla', record: member.id, event: 'created', by });
    return member;
  }

  update(member: Member, fields: MemberFields, by: Change['by'], spoilt = member.spoilt): void {
    const before = { ...member };
    member.fields = fields;
    member.spoilt = spoilt;
    // Two changes within one tick of the clock are two versions all the same.
    member.updatedAtMs = Math.max(Date.now(), member.updatedAtMs + 1);
    this.onChange({ system: 'yapla', record: member.id, event: 'updated', by }, () => this.show_(before));
  }

  ids(): string[] {
    return this.#records.all().map(({ id }) => id);
  }

  idAt(position: number): string | undefined {
    return this.#records.all()[position]?.id;
  }

  show(id: string): SandboxRecord | null {
    const member = this.#records.get(id);
    return member === undefined ? null : { id, person: member.fields.person, document: this.show_(member) };
  }

  addPerson(person: Person, options: AddToRegistry = {}): string {
    const { known, others } = sorted(options.unmapped ?? {});
    const fields: MemberFields = { ...emptyMember, person, status: 'active', ...known };
    return this.create(fields, 'desk', options.at, Date.now(), others).id;
  }

  editPerson(id: string, changes: PersonChanges, unmapped: JsonObject): boolean {
    const member = this.#records.get(id);
    if (member === undefined) return false;
    const { fields } = member;
    const { known, others } = sorted(unmapped);
    const spoilt = Object.entries({ ...member.spoilt, ...others }).filter(([, value]) => value !== null);
    const changed = { ...fields, person: withChanges(fields.person, changes), ...known };
    this.update(member, changed, 'desk', Object.fromEntries(spoilt));
    return true;
  }

  /** Takes a member off the list, as support or another campaign would: Yapla's own screen only archives, which the list shows. */
  removePerson(id: string): boolean {
    const removed = this.#records.remove(id);
    if (removed) this.onChange({ system: 'yapla', record: id, event: 'deleted', by: 'desk' });
    return removed;
  }

  clear(): void {
    this.#records.clear();
    this.#created = 0;
  }
}

const nobody: Person = {
  firstName: '',
  lastName: '',
  email: null,
  phone: null,
  birthDate: null,
  language: null,
  street: null,
  city: null,
  postalCode: null,
  country: null,
};

/** What a whole update sets where it says nothing. */
export const emptyMember: MemberFields = {
  person: nobody,
  status: 'inactive',
  organisation: null,
  groups: [],
  memberships: [],
  custom: null,
};

const unmappedFields: readonly string[] = ['status', 'organisation', 'groups', 'custom'];

/** Unmapped fields, and places of the document that are spoilt (null: no longer). */
function sorted(unmapped: JsonObject): { readonly known: Partial<MemberFields>; readonly others: JsonObject } {
  const of = (known: boolean) =>
    Object.fromEntries(Object.entries(unmapped).filter(([name]) => unmappedFields.includes(name) === known));
  return { known: of(true), others: of(false) };
}
