/**
 * Which column of Yapla's export of members is what. Headers are the account's own: with or without a prefix (`Membre - Nom`), in its
 * language, renamed by the organisation. The French ones are seen in real files (docs/systems.md).
 */
import { fold } from '../fold.js';
import {
  type BuiltInColumn,
  type FoundColumn,
  type FoundColumns,
  foundOf,
  matchHeaders,
  usualHeaderOf,
} from './headers.js';

export type { FoundColumn, FoundColumns } from './headers.js';

/** What a row says besides the mapped fields. */
export const memberColumns = ['memberNumber', 'status'] as const;
export const membershipColumns = [
  'membershipNumber',
  'membershipType',
  'membershipStatus',
  'membershipSubscribed',
  'membershipStart',
  'membershipEnd',
  'membershipAmount',
  'membershipProcessing',
  'paymentMethod',
] as const;

export type MembershipColumn = (typeof membershipColumns)[number];

/** Of the memberships, those that are days. */
export const membershipDays: readonly string[] = ['membershipSubscribed', 'membershipStart', 'membershipEnd'];

type Group = 'member' | 'membership' | 'payment';

/** Words before the dash: what the column is about. Any other word makes it a column about something else (a payer, an organisation). */
const prefixes: Readonly<Record<Group, readonly string[]>> = {
  member: ['Membre', 'Member'],
  membership: ['Adhésion', 'Cotisation', 'Membership'],
  payment: ['Paiement', 'Payment'],
};

/** Labels without their prefix, by the name of a field or of a column. Accents, case, punctuation and blanks do not count. */
const builtIn: Readonly<Record<string, BuiltInColumn<Group>>> = {
  memberNumber: {
    group: 'member',
    labels: [
      'N° de membre',
      'No de membre',
      'Numéro de membre',
      '# membre',
      'N° membre',
      'Numéro',
      'Member number',
      'Member no',
      'Member #',
    ],
  },
  status: { group: 'member', labels: ['Statut', 'Statut du membre', 'Status', 'Member status'] },
  lastName: { group: 'member', labels: ['Nom', 'Nom de famille', 'Last name', 'Family name', 'Surname'] },
  firstName: { group: 'member', labels: ['Prénom', 'First name', 'Given name'] },
  email: {
    group: 'member',
    labels: [
      'Courriel',
      'Email',
      'E-mail',
      'Mél',
      'Adresse courriel',
      'Adresse e-mail',
      'Adresse électronique',
      'Email address',
    ],
  },
  phone: {
    group: 'member',
    labels: ['Téléphone', 'Numéro de téléphone', 'N° de téléphone', 'Phone', 'Phone number', 'Telephone'],
  },
  birthDate: {
    group: 'member',
    labels: ['Date de naissance', 'Naissance', 'Né(e) le', 'Birth date', 'Date of birth', 'Birthday'],
  },
  language: { group: 'member', labels: ['Langue', 'Language', 'Preferred language'] },
  street: { group: 'member', labels: ['Adresse', 'Adresse postale', 'Rue', 'Address', 'Street'] },
  city: { group: 'member', labels: ['Ville', 'City', 'Town'] },
  postalCode: { group: 'member', labels: ['Code postal', 'CP', 'Postal code', 'Postcode', 'Zip code', 'Zip'] },
  country: { group: 'member', labels: ['Pays', 'Country'] },
  membershipNumber: {
    group: 'membership',
    labels: ['# adhésion', "N° d'adhésion", "Numéro d'adhésion", 'Membership number', '# membership'],
  },
  membershipType: { group: 'membership', labels: ["Type d'adhésion", 'Membership type'] },
  membershipStatus: { group: 'membership', labels: ["Statut d'adhésion", "Statut de l'adhésion", 'Membership status'] },
  membershipSubscribed: { group: 'membership', labels: ['Date de souscription', 'Subscription date'] },
  membershipStart: { group: 'membership', labels: ["Début de l'adhésion", "Début d'adhésion", 'Membership start'] },
  membershipEnd: {
    group: 'membership',
    labels: [
      "Expiration de l'adhésion",
      "Fin de l'adhésion",
      "Fin d'adhésion",
      'Membership expiration',
      'Membership end',
    ],
  },
  membershipAmount: { group: 'membership', labels: ["Montant de l'adhésion", 'Membership amount'] },
  membershipProcessing: { group: 'membership', labels: ["Traitement de l'adhésion", 'Membership processing'] },
  paymentMethod: { group: 'payment', labels: ['Mode de paiement', 'Payment method'] },
};

/** Of donors' lists: they look much the same, and their people are no members. */
const donorLabels = new Set(['Numéro de donateur', 'N° de donateur', 'Donor number'].map(fold));

/** What is to be found in a file. */
export interface WantedColumns {
  /** Names of the mapped fields. */
  readonly fields: readonly string[];
  /** Labels of the account's own, by name of a field or column; they come before those that are built in. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

/**
 * - `noHeader`: row 1 names nothing that we know
 * - `donors`: it is the list of donors
 * - `twice`: two columns are the same; `lacking`: one that nobody can do without is not there
 */
export type ColumnTrouble =
  | { readonly is: 'noHeader' }
  | { readonly is: 'donors' }
  | { readonly is: 'twice'; readonly name: string; readonly columns: readonly FoundColumn[] }
  | { readonly is: 'lacking'; readonly names: readonly string[] };

/** Every member of a file is known by the number and named. */
const needed = ['memberNumber', 'lastName', 'firstName'] as const;

/** Finds the columns by the header. @param header cells of the first row, as text */
export function findColumns(
  header: readonly (string | null)[],
  { fields, labels }: WantedColumns,
): FoundColumns | ColumnTrouble {
  const wanted = [...new Set([...memberColumns, ...membershipColumns, ...fields])];
  const { heads, matches, taken } = matchHeaders(header, { wanted, labels }, { prefixes, builtIn, ownGroup: 'member' });
  if (!matches.has('memberNumber') && heads.some(({ whole }) => donorLabels.has(whole))) return { is: 'donors' };
  if (matches.size === 0) return { is: 'noHeader' };
  for (const [name, columns] of matches) if (columns.length > 1) return { is: 'twice', name, columns };
  const names = needed.filter((name) => !matches.has(name));
  if (names.length === needed.length) return { is: 'noHeader' };
  if (names.length > 0) return { is: 'lacking', names };
  return foundOf({ heads, matches, taken });
}

/** A header that people look for, to be named where it is missing. */
export function usualHeader(name: string): string {
  return usualHeaderOf(name, { prefixes, builtIn, ownGroup: 'member' });
}
