/** Yapla's button to export the list of members: one row for each membership, headers as seen in real files. */
import { z } from 'zod';
import type { Member, Membership } from './members.js';
import { Day, dateStyles, type ExportedFile, stampOf, tableFile, type Value } from './tableFile.js';

export const exportSchema = z.strictObject({
  form: z.enum(['csv', 'xlsx']).default('csv'),
  /** How it writes days; `typed` (cells of a sheet that are days) is text in CSV. */
  dates: z.enum(dateStyles).default('iso'),
  /** With `Membre - ` and the like in front of its headers. */
  prefixed: z.boolean().default(true),
  /** Ids of the members that are exported; null: all. */
  only: z.array(z.string()).nullable().default(null),
  /** When the button is pressed. */
  at: z.iso.datetime().nullable().default(null),
});

export type ExportOptions = z.input<typeof exportSchema>;

export type { ExportedFile } from './tableFile.js';

const memberStatus: Readonly<Record<string, string>> = {
  waiting_approval: 'En attente d’approbation',
  active: 'Actif',
  inactive: 'Inactif',
  archived: 'Archivé',
};
const membershipStatus: Readonly<Record<string, string>> = {
  validated: 'Validée',
  expired: 'Expirée',
  in_grace_period: 'En période de grâce',
  waiting_payment: 'En attente de paiement',
  waiting_validation: 'En attente de validation',
  cancelled: 'Annulée',
};

const regions = new Intl.DisplayNames(['fr'], { type: 'region' });
const languages = new Intl.DisplayNames(['fr'], { type: 'language' });

interface Column {
  readonly header: string;
  readonly of: (member: Member, membership: Membership | null) => Value;
}

const day = (text: string | null) => (text === null || text === '' ? null : new Day(text));

const columns: readonly Column[] = [
  { header: 'Membre - Nom', of: ({ fields }) => fields.person.lastName },
  { header: 'Membre - Prénom', of: ({ fields }) => fields.person.firstName },
  { header: 'Membre - Courriel', of: ({ fields }) => fields.person.email },
  { header: 'Membre - Téléphone', of: ({ fields }) => fields.person.phone },
  { header: 'Membre - Adresse', of: ({ fields }) => fields.person.street },
  { header: 'Membre - Ville', of: ({ fields }) => fields.person.city },
  { header: 'Membre - Code postal', of: ({ fields }) => fields.person.postalCode },
  { header: 'Membre - Pays', of: ({ fields }) => named(regions, fields.person.country) },
  { header: 'Membre - Langue', of: ({ fields }) => named(languages, fields.person.language) },
  { header: 'Membre - Date de naissance', of: ({ fields }) => day(fields.person.birthDate) },
  { header: 'Membre - N° de membre', of: ({ number }) => number },
  { header: 'Membre - Statut', of: ({ fields }) => memberStatus[fields.status] ?? fields.status },
  { header: 'Membre - Organisation', of: ({ fields }) => fields.organisation },
  { header: 'Adhésion - # adhésion', of: (_, membership) => (membership === null ? null : String(membership.id)) },
  { header: "Adhésion - Type d'adhésion", of: (_, membership) => membership?.type ?? null },
  {
    header: "Adhésion - Statut d'adhésion",
    of: (_, membership) => (membership === null ? null : (membershipStatus[membership.status] ?? membership.status)),
  },
  { header: "Adhésion - Début de l'adhésion", of: (_, membership) => day(membership?.start ?? null) },
  { header: "Adhésion - Expiration de l'adhésion", of: (_, membership) => day(membership?.end ?? null) },
  {
    header: "Adhésion - Montant de l'adhésion",
    of: (_, membership) => (membership === null ? null : (membership.amount / 100).toFixed(2).replace('.', ',')),
  },
];

/** A code that stands for nothing is shown as it is. */
function named(names: Intl.DisplayNames, code: string | null): string | null {
  if (code === null || code === '') return null;
  try {
    return names.of(code) ?? code;
  } catch (error) {
    if (error instanceof RangeError) return code;
    throw error;
  }
}

export async function exportMembers(members: readonly Member[], asked: ExportOptions): Promise<ExportedFile> {
  const options = exportSchema.parse(asked);
  const exported = members.filter(({ id }) => options.only?.includes(id) ?? true);
  const rows = exported.flatMap((member) => {
    const memberships = member.fields.memberships.length === 0 ? [null] : member.fields.memberships;
    return memberships.map((membership) => columns.map(({ of }) => of(member, membership)));
  });
  const headers = columns.map(({ header }) => (options.prefixed ? header : header.replace(/^.*? - /, '')));
  const name = `Yapla - Membres - Liste des inscriptions de membres - ${stampOf(options.at)} - 258779.${options.form}`;
  return { name, content: await tableFile(headers, rows, { ...options, sheet: 'Membres' }) };
}
