/** Yapla's button to export the registrations: one row for each participant. Its headers are not public: these are assumed. */
import { z } from 'zod';
import { Day, dateStyles, type ExportedFile, stampOf, tableFile, type Value } from '../tableFile.js';
import type { SandboxRegistration, Status } from './account.js';
import type { Participant } from './schema.js';
import { costOf, decimal, shownTime } from './documents.js';

export const registrationsExportSchema = z.strictObject({
  form: z.enum(['csv', 'xlsx']).default('csv'),
  /** How it writes days; `typed` (cells of a sheet that are days) is text in CSV. */
  dates: z.enum(dateStyles).default('iso'),
  /** Ids of the registrations that are exported; null: all. */
  only: z.array(z.string()).nullable().default(null),
  /** When the button is pressed. */
  at: z.iso.datetime().nullable().default(null),
});

export type RegistrationsExportOptions = z.input<typeof registrationsExportSchema>;

const statuses: Readonly<Record<Status, string>> = {
  validated: 'Validée',
  waitingForPayment: 'En attente de paiement',
  cancelled: 'Annulée',
};

interface Row {
  readonly registration: SandboxRegistration;
  readonly participant: Participant;
  readonly day: (atMs: number) => Day;
}

const columns: readonly { readonly header: string; readonly of: (row: Row) => Value }[] = [
  { header: 'Inscription - # inscription', of: ({ registration }) => registration.id },
  { header: 'Événement', of: ({ registration }) => registration.event.title },
  { header: 'Date de début', of: ({ registration, day }) => day(Date.parse(registration.event.start)) },
  { header: 'Date de fin', of: ({ registration, day }) => day(Date.parse(registration.event.end)) },
  { header: 'Lieu', of: ({ registration }) => registration.event.place },
  { header: 'Activité', of: ({ registration }) => registration.activity?.title ?? null },
  { header: 'Tarif', of: ({ registration }) => registration.rate },
  { header: 'Statut', of: ({ registration }) => statuses[registration.status] },
  { header: 'Prénom', of: ({ participant }) => participant.firstName },
  { header: 'Nom', of: ({ participant }) => participant.lastName },
  { header: 'Courriel', of: ({ participant }) => participant.email },
  { header: 'Montant', of: ({ registration }) => decimal(costOf(registration)).replace('.', ',') },
  {
    header: 'Date de paiement',
    of: ({ registration, day }) => (registration.paidAtMs === null ? null : day(registration.paidAtMs)),
  },
];

/** @param timeZone of the account's clocks, by which a moment falls on a day */
export async function exportRegistrations(
  registrations: readonly SandboxRegistration[],
  timeZone: string,
  asked: RegistrationsExportOptions,
): Promise<ExportedFile> {
  const options = registrationsExportSchema.parse(asked);
  const day = (atMs: number) => new Day(shownTime(atMs, timeZone).slice(0, 10));
  const rows = registrations
    .filter(({ id }) => options.only?.includes(id) ?? true)
    .flatMap((registration) =>
      registration.participants.map((participant) => columns.map(({ of }) => of({ registration, participant, day }))),
    );
  const headers = columns.map(({ header }) => header);
  const name = `Yapla - Événements - Liste des inscriptions - ${stampOf(options.at)} - 258779.${options.form}`;
  return { name, content: await tableFile(headers, rows, { ...options, sheet: 'Inscriptions' }) };
}
