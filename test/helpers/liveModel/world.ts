/** The model's world: two systems, what is on its way between them and us, and the store. Also remembers what must hold at every moment. */
import type { FieldDefinition, FieldValue, SystemName } from '../../../src/core/record.js';
import { Server, type Delivery, type ServerRecord } from './server.js';
import { fieldNames, fieldsOf, normal, people, type Mutant, type Setting } from './setting.js';
import { Store } from './store.js';

/** Something that must never happen has happened. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export interface FightingServers {
  readonly yapla?: Readonly<Record<string, string>>;
  readonly yoplanning?: Readonly<Record<string, string>>;
}

export class World {
  /** What the store holds; of the real engine's, what it held when it was last looked at (engineModel/snapshot.ts). */
  store = new Store();
  readonly servers: Readonly<Record<SystemName, Server>>;
  readonly fields: readonly FieldDefinition[];
  /** Webhooks under way, in the order in which they were sent. */
  readonly underWay: Delivery[] = [];
  /** Per person and field, in normal form: what somebody entered. */
  private readonly entered: Map<string, Set<string | null>>[] = people.map(() => new Map<string, Set<string | null>>());
  private time = 0;
  /** What bounds the number of requests. */
  readonly counts = { changes: 0, deliveries: 0, crashes: 0, stale: 0, lost: 0, proofs: 0 };

  constructor(
    readonly setting: Setting,
    fighting: FightingServers = {},
  ) {
    this.fields = fieldsOf(setting);
    const hooks = {
      now: () => this.now(),
      send: (delivery: Delivery) => this.sent(delivery),
      entered: (person: number, field: string, raw: string | null) =>
        void this.enteredOf(person, field).add(normal(field, raw)),
      overwrites: this.overwrites.bind(this),
    };
    const { upperCases, yaplaKeepsReference, answerLostEvery } = setting;
    this.servers = {
      yapla: new Server('yapla', hooks, {
        upperCases: false,
        keepsReference: yaplaKeepsReference,
        answerLostEvery,
        insistsOn: fighting.yapla ?? {},
      }),
      yoplanning: new Server('yoplanning', hooks, {
        upperCases,
        keepsReference: true,
        answerLostEvery: 0,
        insistsOn: fighting.yoplanning ?? {},
      }),
    };
  }

  /** The servers' time. */
  protected now(): number {
    this.time = this.nextMoment(this.time);
    return this.time;
  }

  /** A system tells of a change. */
  protected sent(delivery: Delivery): void {
    this.underWay.push(delivery);
  }

  /** The servers' clock never shows the same time twice. */
  protected nextMoment(last: number): number {
    return last + 1;
  }

  is(mutant: Mutant): boolean {
    return this.setting.mutant === mutant;
  }

  /** Whether single records of the system can be read (and written). */
  readsOne(system: SystemName): boolean {
    return system === 'yoplanning' || this.setting.yapla.reads === 'one';
  }

  enteredOf(person: number, field: string): Set<string | null> {
    const of = this.entered[person]!;
    const values = of.get(field) ?? new Set();
    of.set(field, values);
    return values;
  }

  requests(): number {
    const count = ({ requests }: Server) => requests.get + requests.put + requests.post;
    return count(this.servers.yapla) + count(this.servers.yoplanning);
  }

  writes(): number {
    const count = ({ requests }: Server) => requests.put + requests.post;
    return count(this.servers.yapla) + count(this.servers.yoplanning);
  }

  /** Properties 3 and 5, at the moment at which they can be broken. */
  private overwrites(system: SystemName, before: ServerRecord, document: ServerRecord['document']): void {
    const link = this.store.holder(system, before.id);
    const journal = this.store.journal.filter((entry) => entry.linkId === link?.linkId && entry.system === system);
    for (const field of fieldNames) {
      // Another spelling of the same value may have come since the decision, and counts as that value.
      const [old, next] = [valueIn(before.document, field), valueIn(document, field)];
      if (old === next) continue;
      if (!journal.some((entry) => entry.field === field && normal(field, entry.old) === old && entry.new === next)) {
        throw new Violation(`3: ${field} of ${system} ${before.id} was overwritten and is not in the journal`);
      }
    }
    if (document['note'] !== before.document['note']) {
      throw new Violation(`5: a write changed what is not mapped in ${system} ${before.id}`);
    }
  }
}

/** A field of a document, in normal form. */
export function valueIn(document: ServerRecord['document'], field: string): FieldValue {
  return normal(field, (document[field] ?? null) as string | null);
}
