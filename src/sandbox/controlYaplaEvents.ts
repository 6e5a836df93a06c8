/** What tests, benches and the demo ask of Yapla's events, registrations and donations in a running sandbox. A part of control.ts. */
import type { JsonObject } from '../systems/system.js';
import type { WebhookCounts, WebhookFaults, WebhookTarget } from './webhooks/options.js';
import type { EventsKind, SandboxEvent } from './yapla/events/account.js';
import type { RegistrationsExportOptions } from './yapla/events/exportFile.js';
import type { DonationEdit, NewDonation, NewEvent, NewRegistration, RegistrationEdit } from './yapla/events/schema.js';
import type { ExportedFile } from './yapla/tableFile.js';

export interface YaplaEventsControl {
  /** Somebody sets up an event with its activities and rates. @returns the new id. */
  addEvent(event: NewEvent): Promise<string>;
  events(): Promise<readonly SandboxEvent[]>;
  /** Somebody registers people for an event. @returns the new id. */
  register(registration: NewRegistration): Promise<string>;
  /** The registration is paid, and so validated. */
  pay(id: string): Promise<void>;
  cancel(id: string): Promise<void>;
  /** Somebody changes the participants, the activity or the rate. */
  edit(id: string, changes: RegistrationEdit): Promise<void>;
  /** Somebody gives money. @returns the new id. */
  donate(donation: NewDonation): Promise<string>;
  editDonation(id: string, changes: DonationEdit): Promise<void>;
  /** All of them as webhooks show them, in the order in which they were made. */
  documents(kind: EventsKind): Promise<readonly JsonObject[]>;
  /** Somebody presses the button to export the registrations, and downloads the file. */
  exportRegistrations(options?: RegistrationsExportOptions): Promise<ExportedFile>;

  /** Where the webhooks of one kind go from now on, as a person sets it up; `null`: nowhere. */
  setWebhooks(kind: EventsKind, target: WebhookTarget | null): Promise<void>;
  /** Replaces the faults of one kind's webhooks, and starts their lots and turns anew; `{}`: none. */
  setWebhookFaults(kind: EventsKind, faults: WebhookFaults['yapla']): Promise<void>;
  webhooks(): Promise<Readonly<Record<EventsKind, WebhookCounts>>>;
}

type Call = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) => Promise<unknown>;

const root = '/yapla-events';

export function createYaplaEventsControl(call: Call): YaplaEventsControl {
  const created = async (path: string, body: unknown) =>
    ((await call('POST', `${root}${path}`, body)) as { id: string }).id;
  const perform = async (...[method, path, body]: Parameters<Call>) =>
    void (await call(method, `${root}${path}`, body));
  const get = async <T>(path: string) => (await call('GET', `${root}${path}`)) as T;
  const one = (kind: EventsKind, id: string) => `/${kind}s/${encodeURIComponent(id)}`;
  return {
    addEvent: (event) => created('/events', event),
    events: () => get('/events'),
    register: (registration) => created('/registrations', registration),
    pay: (id) => perform('POST', `${one('registration', id)}/payment`, {}),
    cancel: (id) => perform('DELETE', one('registration', id)),
    edit: (id, changes) => perform('PATCH', one('registration', id), changes),
    donate: (donation) => created('/donations', donation),
    editDonation: (id, changes) => perform('PATCH', one('donation', id), changes),
    documents: (kind) => get(`/${kind}s`),
    exportRegistrations: async (options = {}) => {
      const { name, content } = (await call('POST', `${root}/exports`, options)) as { name: string; content: string };
      return { name, content: Buffer.from(content, 'base64') };
    },
    setWebhooks: (kind, target) =>
      target === null ? perform('DELETE', `/webhooks/${kind}`) : perform('PUT', `/webhooks/${kind}`, target),
    setWebhookFaults: (kind, faults) => perform('PUT', `/webhooks/${kind}/faults`, faults),
    webhooks: () => get('/webhooks'),
  };
}
