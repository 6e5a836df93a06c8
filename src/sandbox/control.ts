/**
 * The control API: what tests, benches and the demo ask of a running sandbox, over HTTP, so that it works the same in this
 * process and in a child. Nothing here goes through the two systems' APIs: it neither costs requests nor meets faults.
 */
import { request } from 'undici';
import type { SystemName } from '../core/record.js';
import type { JsonObject } from '../systems/system.js';
import type { Counts } from './accounting.js';
import { type BookingsControl, createBookingsControl } from './controlBookings.js';
import { createYaplaEventsControl, type YaplaEventsControl } from './controlYaplaEvents.js';
import type { Fault, FaultState } from './faults.js';
import type { Latency, PeopleOptions, SandboxLimits } from './options.js';
import type { PersonTruth } from './people.js';
import type { NewPerson, Person, PersonChanges } from './person.js';
import type { ExportedFile, ExportOptions } from './yapla/exportFile.js';
import type { ImportReport, ImportRequest } from './yapla/importWizard.js';
import type { WebhookCounts, WebhookFaults, WebhookTarget } from './webhooks/options.js';

/** A record as the system holds it. */
export interface SandboxRecord {
  readonly id: string;
  readonly person: Person;
  /** As the system's API answers it when one record (or, where it cannot, the list) is read. */
  readonly document: JsonObject;
}

export interface AddOptions {
  /** Place in the list; default `end`. */
  readonly at?: 'start' | 'end';
  /** Yoplanning only. */
  readonly externalReference?: string;
  /** Unmapped fields of the stored document, by their names there. */
  readonly unmapped?: JsonObject;
}

export interface SandboxControl {
  /** Counts of both systems since the start or the last `resetCounts`. */
  counts(): Promise<Readonly<Record<SystemName, Counts>>>;
  /** Writes that took effect (`POST`, `PUT`, `PATCH`), by record id. */
  writes(system: SystemName): Promise<Readonly<Record<string, number>>>;
  /** When each counted request arrived since the start or the last `resetCounts`, in order: epoch milliseconds, with fractions. */
  arrivals(system: SystemName): Promise<readonly number[]>;
  /** Starts all counts of both systems anew, those of the webhooks included. */
  resetCounts(): Promise<void>;

  /** @returns the fault's id. */
  addFault(fault: Fault): Promise<string>;
  /** The faults in force, with what each has struck. */
  faults(): Promise<readonly FaultState[]>;
  removeFault(id: string): Promise<void>;
  clearFaults(): Promise<void>;

  /** Replaces a system's limits; what it already counted stays counted. */
  setLimits(system: SystemName, limits: SandboxLimits): Promise<void>;
  setLatency(system: SystemName, latency: Latency): Promise<void>;

  /** Ids in the order of the list. */
  ids(system: SystemName): Promise<readonly string[]>;
  /** All records in the order of the list. Large: some 500 bytes for each. */
  records(system: SystemName): Promise<readonly SandboxRecord[]>;
  /** `null`: no such record. */
  record(system: SystemName, id: string): Promise<SandboxRecord | null>;
  /** Who the generated people are: what a perfect matcher would find. */
  truth(): Promise<readonly PersonTruth[]>;

  /** Subscribes one receiver to a system's events from now on; `null`: nobody. What is on its way goes where it was sent. */
  setWebhooks(system: SystemName, target: WebhookTarget | null): Promise<void>;
  /** Replaces a system's webhook faults, and starts their lots and turns anew; `{}`: none. */
  setWebhookFaults<S extends SystemName>(system: S, faults: WebhookFaults[S]): Promise<void>;
  /** What became of the webhooks since the start or the last `resetCounts`. */
  webhooks(): Promise<Readonly<Record<SystemName, WebhookCounts>>>;
  /** Waits until no webhook of either system waits to be sent or answered. */
  settled(): Promise<void>;

  // Who edits here does so as a user: when the call returns, the change is stored and its webhook is on its way.
  /** Somebody enters a person in that system. @returns the new id. */
  add(system: SystemName, person: NewPerson, options?: AddOptions): Promise<string>;
  /**
   * Somebody edits a record in that system: mapped fields by canonical name, unmapped ones by the document's. Of Yapla, another name is a
   * place of the document that is spoilt: the API shows that there, until it is set to null.
   */
  edit(system: SystemName, id: string, changes: PersonChanges, unmapped?: JsonObject): Promise<void>;
  /** Somebody removes a record from that system. */
  remove(system: SystemName, id: string): Promise<void>;

  /** What Yoplanning sells, and what is booked there. */
  readonly bookings: BookingsControl;
  /** Yapla's events, registrations and donations. */
  readonly yaplaEvents: YaplaEventsControl;

  /** Somebody presses Yapla's button to export the members, and downloads the file. */
  exportMembers(options?: ExportOptions): Promise<ExportedFile>;
  /** Somebody imports a workbook by Yapla's wizard. */
  importWorkbook(request: ImportRequest): Promise<ImportReport>;

  /** Ends every Yapla session, and every access token of GraphQL, as the server may at any time. */
  expireSessions(): Promise<void>;
  /** Ends every login of GraphQL, as when the person changes her password. */
  endLogins(): Promise<void>;
  /** Counts to zero, faults gone, unsent webhooks too, and other people if `people` is given (else everybody stays as they are). */
  reset(people?: PeopleOptions): Promise<void>;
}

/** The control API refused: `status` and its own words, which name ids and settings only. */
export class SandboxControlError extends Error {
  override readonly name = 'SandboxControlError';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** @param url the sandbox's control address. @throws {SandboxControlError} from each operation that the sandbox refuses. */
export function createSandboxControl(url: string): SandboxControl {
  async function call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<unknown> {
    const answer = await request(url + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 400) {
      throw new SandboxControlError(
        answer.statusCode,
        `sandbox control ${method} ${path} answered ${answer.statusCode}: ${text}`,
      );
    }
    return text === '' ? undefined : JSON.parse(text);
  }
  const get = async <T>(path: string) => (await call('GET', path)) as T;
  const perform = async (...call_: Parameters<typeof call>) => void (await call(...call_));
  const at = (system: SystemName, id: string) => `/records/${system}/${encodeURIComponent(id)}`;

  return {
    counts: () => get('/counts'),
    writes: (system) => get(`/writes/${system}`),
    arrivals: (system) => get(`/arrivals/${system}`),
    resetCounts: () => perform('DELETE', '/counts'),
    addFault: async (fault) => ((await call('POST', '/faults', fault)) as { id: string }).id,
    faults: () => get('/faults'),
    removeFault: (id) => perform('DELETE', `/faults/${id}`),
    clearFaults: () => perform('DELETE', '/faults'),
    setLimits: (system, limits) => perform('PUT', `/limits/${system}`, limits),
    setLatency: (system, latency) => perform('PUT', `/latency/${system}`, latency),
    ids: (system) => get(`/ids/${system}`),
    records: (system) => get(`/records/${system}`),
    record: async (system, id) => {
      try {
        return await get<SandboxRecord>(at(system, id));
      } catch (error) {
        if (error instanceof SandboxControlError && error.status === 404) return null;
        throw error;
      }
    },
    truth: () => get('/truth'),
    setWebhooks: (system, target) =>
      target === null ? perform('DELETE', `/webhooks/${system}`) : perform('PUT', `/webhooks/${system}`, target),
    setWebhookFaults: (system, faults) => perform('PUT', `/webhooks/${system}/faults`, faults),
    webhooks: () => get('/webhooks'),
    settled: () => perform('GET', '/webhooks/settled'),
    add: async (system, person, options = {}) =>
      ((await call('POST', `/records/${system}`, { person, options })) as { id: string }).id,
    edit: (system, id, changes, unmapped = {}) => perform('PATCH', at(system, id), { changes, unmapped }),
    remove: (system, id) => perform('DELETE', at(system, id)),
    bookings: createBookingsControl(call),
    yaplaEvents: createYaplaEventsControl(call),
    exportMembers: async (options = {}) => {
      const { name, content } = (await call('POST', '/exports', options)) as { name: string; content: string };
      return { name, content: Buffer.from(content, 'base64') };
    },
    importWorkbook: async (request) => (await call('POST', '/imports/yapla', request)) as ImportReport,
    expireSessions: () => perform('DELETE', '/sessions'),
    endLogins: () => perform('DELETE', '/logins'),
    reset: (people) => perform('POST', '/reset', people === undefined ? {} : { people }),
  };
}
