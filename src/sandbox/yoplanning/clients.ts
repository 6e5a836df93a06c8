/** The clients of one team. */
import { randomUUID } from 'node:crypto';
import type { JsonObject, Json } from '../../systems/system.js';
import type { SandboxRecord } from '../control.js';
import { withChanges, type Person, type PersonChanges } from '../person.js';
import { Records } from '../records.js';
import type { AddToRegistry, OnChange, Registry } from '../registry.js';

/** A client as the API shows it (systems/yoplanning.md, Client). `custom` stands for whatever else an account has. */
export type ClientDocument = {
  first_name: string;
  last_name: string;
  email: string | null;
  phone_number: string | null;
  birth_date: string | null;
  language: string | null;
  note: string | null;
  street: string | null;
  city: string | null;
  postal_code: string | null;
  state: string | null;
  country: string | null;
  external_reference: string | null;
  custom: Json;
  /** UTC, without a zone and without fractions. */
  last_update: string;
  id: string;
};

export interface Client {
  readonly id: string;
  document: ClientDocument;
  /** Epoch milliseconds: finer than what the document shows, as in the database behind such an API. */
  updatedAtMs: number;
}

/** What a write sets; `last_update` and `id` are the server's. */
export type ClientFields = Omit<ClientDocument, 'id' | 'last_update'>;

export class Clients implements Registry {
  readonly #records = new Records<Client>();

  constructor(private readonly onChange: OnChange) {}

  get size(): number {
    return this.#records.size;
  }

  get(id: string): Client | undefined {
    return this.#records.get(id);
  }

  all(): readonly Client[] {
    return this.#records.all();
  }

  create(id: string, fields: ClientFields, by: 'api' | 'desk', at?: number, updatedAtMs = Date.now()): Client {
    const client: Client = { id, document: document(id, fields, updatedAtMs), updatedAtMs };
    this.#records.add(client, at);
    this.onChange({ system: 'yoplanning', record: id, event: 'created', by });
    return client;
  }

  update(client: Client, fields: ClientFields, by: 'api' | 'desk'): void {
    // Two changes within one tick of the clock are two versions all the same.
    client.updatedAtMs = Math.max(Date.now(), client.updatedAtMs + 1);
    client.document = document(client.id, fields, client.updatedAtMs);
    this.onChange({ system: 'yoplanning', record: client.id, event: 'updated', by });
  }

  remove(id: string, by: 'api' | 'desk'): boolean {
    const removed = this.#records.remove(id);
    if (removed) this.onChange({ system: 'yoplanning', record: id, event: 'deleted', by });
    return removed;
  }

  ids(): string[] {
    return this.#records.all().map(({ id }) => id);
  }

  idAt(position: number): string | undefined {
    return this.#records.all()[position]?.id;
  }

  show(id: string): SandboxRecord | null {
    const client = this.#records.get(id);
    return client === undefined ? null : { id, person: personOf(client.document), document: client.document };
  }

  addPerson(person: Person, options: AddToRegistry = {}): string {
    const id = randomUUID();
    const fields = {
      ...emptyFields,
      ...fieldsOf(person),
      ...options.unmapped,
      external_reference: options.externalReference ?? null,
    };
    this.create(id, fields, 'desk', options.at);
    return id;
  }

  editPerson(id: string, changes: PersonChanges, unmapped: JsonObject): boolean {
    const client = this.#records.get(id);
    if (client === undefined) return false;
    const person = withChanges(personOf(client.document), changes);
    this.update(client, { ...client.document, ...fieldsOf(person), ...unmapped }, 'desk');
    return true;
  }

  removePerson(id: string): boolean {
    return this.remove(id, 'desk');
  }

  clear(): void {
    this.#records.clear();
  }
}

export const emptyFields: ClientFields = {
  first_name: '',
  last_name: '',
  email: null,
  phone_number: null,
  birth_date: null,
  language: null,
  note: null,
  street: null,
  city: null,
  postal_code: null,
  state: null,
  country: null,
  external_reference: null,
  custom: null,
};

export function personOf(client: ClientFields): Person {
  return {
    firstName: client.first_name,
    lastName: client.last_name,
    email: client.email,
    phone: client.phone_number,
    birthDate: client.birth_date,
    language: client.language,
    street: client.street,
    city: client.city,
    postalCode: client.postal_code,
    country: client.country,
  };
}

export function fieldsOf(person: Person) {
  return {
    first_name: person.firstName,
    last_name: person.lastName,
    email: person.email,
    phone_number: person.phone,
    birth_date: person.birthDate,
    language: person.language,
    street: person.street,
    city: person.city,
    postal_code: person.postalCode,
    country: person.country,
  };
}

/** In the order of the vendor's example; written out, so that a hundred thousand of them share one hidden class. */
function document(id: string, fields: ClientFields, updatedAtMs: number): ClientDocument {
  return {
    first_name: fields.first_name,
    last_name: fields.last_name,
    email: fields.email,
    phone_number: fields.phone_number,
    birth_date: fields.birth_date,
    language: fields.language,
    note: fields.note,
    street: fields.street,
    city: fields.city,
    postal_code: fields.postal_code,
    state: fields.state,
    country: fields.country,
    external_reference: fields.external_reference,
    custom: fields.custom,
    last_update: new Date(updatedAtMs).toISOString().slice(0, 19),
    id,
  };
}
