/**
 * Yapla's export of registrations: its columns, and the registration that rows of one number are folded into, one row for each participant.
 * None of its headers is public: they are assumed, and an account's own are configured.
 */
import { foundOf, matchHeaders, type FoundColumn, type FoundColumns, type Vocabulary } from './headers.js';
import { closeDate, type DateOrder } from './dates.js';
import type { RowProblem, StagedRow } from './rows.js';

/** Those that say something about the registration as a whole. */
const sharedColumns = [
  'registrationNumber',
  'status',
  'eventTitle',
  'eventStart',
  'eventEnd',
  'eventPlace',
  'activityTitle',
  'rate',
  'amount',
  'currency',
  'paidAt',
] as const;
const participantColumns = ['firstName', 'lastName', 'email'] as const;

export const registrationColumns = [...sharedColumns, ...participantColumns] as const;
export type SharedColumn = (typeof sharedColumns)[number];
export type ParticipantColumn = (typeof participantColumns)[number];

/** Of these the file may say the time of day as well: it is not looked at. */
export const registrationDays = ['eventStart', 'eventEnd', 'paidAt'] as const satisfies readonly SharedColumn[];

const needed = ['registrationNumber', 'status', 'eventTitle', 'firstName', 'lastName'] as const;

type Group = 'registration' | 'event' | 'participant' | 'payment';

const vocabulary: Vocabulary<Group> = {
  prefixes: {
    registration: ['Inscription', 'Registration'],
    event: ['Événement', 'Event'],
    participant: ['Participant', 'Participante', 'Inscrit'],
    payment: ['Paiement', 'Payment'],
  },
  ownGroup: 'registration',
  builtIn: {
    registrationNumber: {
      group: 'registration',
      labels: ['# inscription', "N° d'inscription", "Numéro d'inscription", 'Registration number', '# registration'],
    },
    status: {
      group: 'registration',
      labels: ['Statut', "Statut de l'inscription", "Statut d'inscription", 'Status', 'Registration status'],
    },
    eventTitle: {
      group: 'event',
      labels: [
        'Événement',
        "Nom de l'événement",
        "Titre de l'événement",
        'Titre',
        'Event',
        'Event name',
        'Event title',
        'Title',
      ],
    },
    eventStart: {
      group: 'event',
      labels: [
        'Date de début',
        'Début',
        "Date de l'événement",
        "Début de l'événement",
        'Start date',
        'Start',
        'Event date',
      ],
    },
    eventEnd: { group: 'event', labels: ['Date de fin', 'Fin', "Fin de l'événement", 'End date', 'End'] },
    eventPlace: { group: 'event', labels: ['Lieu', "Lieu de l'événement", 'Place', 'Location', 'Venue'] },
    activityTitle: { group: 'registration', labels: ['Activité', 'Activity'] },
    rate: { group: 'registration', labels: ['Tarif', 'Rate'] },
    firstName: { group: 'participant', labels: ['Prénom', 'Prénom du participant', 'First name'] },
    lastName: { group: 'participant', labels: ['Nom', 'Nom de famille', 'Nom du participant', 'Last name'] },
    email: {
      group: 'participant',
      labels: ['Courriel', 'Email', 'E-mail', 'Adresse courriel', 'Adresse e-mail', 'Email address'],
    },
    amount: {
      group: 'registration',
      labels: ['Montant', "Montant de l'inscription", 'Montant total', 'Amount', 'Total amount'],
    },
    currency: { group: 'registration', labels: ['Devise', 'Currency'] },
    paidAt: {
      group: 'payment',
      labels: ['Date de paiement', 'Date du paiement', 'Payé le', 'Payment date', 'Paid on'],
    },
  },
};

/** The columns, or in words why it is no export of registrations. @param labels headers of the account's own, by column */
export function findRegistrationColumns(
  header: readonly (string | null)[],
  labels: Readonly<Record<string, readonly string[]>>,
): FoundColumns | { readonly trouble: string } {
  const matched = matchHeaders(header, { wanted: registrationColumns, labels }, vocabulary);
  const setting = 'yapla.events.registration.columns';
  for (const [name, columns] of matched.matches) {
    if (columns.length === 1) continue;
    const headers = columns.map((one) => `"${one.header}"`).join(' and ');
    return {
      trouble: `columns ${headers} are both taken for "${name}": export one of them only, or say in ${setting}.${name} which it is`,
    };
  }
  const lacking = needed.filter((name) => !matched.matches.has(name));
  if (lacking.length > 0) {
    const names = lacking.map((name) => `"${vocabulary.builtIn[name]!.labels[0]!}"`).join(', ');
    return {
      trouble: `the file lacks the columns ${names}, without which nobody knows what was registered: export the list of registrations with them, or name renamed ones in ${setting}`,
    };
  }
  return foundOf(matched);
}

/** A registration as its rows show it; what the file has no column for is absent. */
export interface FoldedRegistration {
  readonly number: string;
  readonly values: Readonly<Partial<Record<SharedColumn, string | null>>>;
  readonly participants: readonly Readonly<Partial<Record<ParticipantColumn, string | null>>>[];
}

/** @param rows of one number, in their order */
export function foldRegistration(
  rows: readonly StagedRow[],
  columns: readonly FoundColumn[],
  orders: Readonly<Record<string, DateOrder>>,
): FoldedRegistration | RowProblem {
  const [first, ...others] = rows as readonly [StagedRow, ...StagedRow[]];
  for (const { problem } of rows) if (problem !== null) return problem;
  const valueOf = ({ values }: StagedRow, nth: number, name: string) => {
    const value = values[nth]?.trim() ?? null;
    const order = orders[name];
    return value === null || order === undefined ? value : closeDate(value, order);
  };
  const isOfParticipant = (name: string) => (participantColumns as readonly string[]).includes(name);
  const shared: [string, string | null][] = [];
  for (const [nth, { name, header }] of columns.entries()) {
    if (isOfParticipant(name)) continue;
    const value = valueOf(first, nth, name);
    const other = others.find((row) => valueOf(row, nth, name) !== value);
    if (other !== undefined) return { is: 'contradiction', header, rows: [first.row, other.row] };
    shared.push([name, value]);
  }
  const participants = rows.map((row) =>
    Object.fromEntries(
      columns.flatMap(({ name }, nth) => (isOfParticipant(name) ? [[name, valueOf(row, nth, name)]] : [])),
    ),
  );
  return { number: first.number!, values: Object.fromEntries(shared), participants };
}
