import { describe, expect, test } from '@jest/globals';
import { findColumns, usualHeader, type FoundColumns } from '../../../src/core/export/columns.js';

const fields = ['firstName', 'lastName', 'email', 'phone', 'birthDate', 'street', 'city', 'postalCode', 'country'];
const find = (
  header: readonly (string | null)[],
  labels: Readonly<Record<string, readonly string[]>> = {},
  more = fields,
) => findColumns(header, { fields: more, labels });
const names = (result: ReturnType<typeof find>) =>
  Object.fromEntries((result as FoundColumns).found.map(({ name, header }) => [name, header]));

/** As seen in a real export (systems/yapla.md). */
const real = [
  'Membre - Nom',
  'Membre - Prénom',
  'Membre - Courriel',
  'Membre - Téléphone',
  'Membre - Adresse',
  'Membre - Ville',
  'Membre - Code postal',
  'Membre - Pays',
  'Membre - N° de membre',
  'Membre - Statut',
  'Adhésion - # adhésion',
  "Adhésion - Type d'adhésion",
  "Adhésion - Statut d'adhésion",
  'Adhésion - Date de souscription',
  "Adhésion - Début de l'adhésion",
  "Adhésion - Expiration de l'adhésion",
  "Adhésion - Montant de l'adhésion",
  "Adhésion - Traitement de l'adhésion",
  'Paiement - Mode de paiement',
];

describe('columns', () => {
  test('of a real export are all known', () => {
    const result = find(real) as FoundColumns;
    expect(result.ignored).toEqual([]);
    expect(names(result)).toEqual({
      lastName: real[0],
      firstName: real[1],
      email: real[2],
      phone: real[3],
      street: real[4],
      city: real[5],
      postalCode: real[6],
      country: real[7],
      memberNumber: real[8],
      status: real[9],
      membershipNumber: real[10],
      membershipType: real[11],
      membershipStatus: real[12],
      membershipSubscribed: real[13],
      membershipStart: real[14],
      membershipEnd: real[15],
      membershipAmount: real[16],
      membershipProcessing: real[17],
      paymentMethod: real[18],
    });
  });

  test('without prefixes, in other spellings and in English are the same', () => {
    expect(
      Object.keys(names(find(['NOM', 'prenom', 'E-mail', 'No de\u00a0membre', 'ville\u202f', 'Date de Naissance']))),
    ).toEqual(['lastName', 'firstName', 'email', 'memberNumber', 'city', 'birthDate']);
    expect(
      Object.keys(
        names(find(['Member – First name', 'Member – Last name', 'Member – Member number', 'Member – Email'])),
      ),
    ).toEqual(['firstName', 'lastName', 'memberNumber', 'email']);
  });

  test('about somebody else are none of the member’s, and those that nobody knows are ignored by their headers', () => {
    const result = find([...real.slice(0, 10), 'Payeur - Nom', 'Membre - Taille de chandail', '']) as FoundColumns;
    expect(names(result)['lastName']).toBe('Membre - Nom');
    expect(result.ignored).toEqual([
      { index: 10, header: 'Payeur - Nom' },
      { index: 11, header: 'Membre - Taille de chandail' },
    ]);
  });

  test('that the organisation has renamed, or made, are found by their configured labels, which come first', () => {
    const labels = { phone: ['Cellulaire'], shirt: ['Taille de chandail'], lastName: ['Nom de naissance'] };
    const header = [...real.slice(0, 10), 'Membre - Cellulaire', 'Membre - Taille de chandail', 'Nom de naissance'];
    const found = names(find(header, labels, [...fields, 'shirt']));
    expect(found).toMatchObject({
      phone: 'Membre - Cellulaire',
      shirt: 'Membre - Taille de chandail',
      lastName: 'Nom de naissance',
    });
  });

  test('that are not mapped are not looked for', () => {
    expect((find(real, {}, ['firstName', 'lastName']) as FoundColumns).ignored.map(({ header }) => header)).toContain(
      'Membre - Ville',
    );
  });

  test('that stand twice are refused, both named', () => {
    expect(find([...real, 'Courriel'])).toMatchObject({
      is: 'twice',
      name: 'email',
      columns: [{ index: 2 }, { index: 19, header: 'Courriel' }],
    });
  });

  test('that nobody can do without are named where they are missing', () => {
    const result = find(['Nom', 'Prénom', 'Courriel']);
    expect(result).toEqual({ is: 'lacking', names: ['memberNumber'] });
    expect(usualHeader('memberNumber')).toBe('Membre - N° de membre');
  });

  test('are none where the first row is no header', () => {
    expect(find(['Dupont', 'Jeanne', 'jeanne@example.org'])).toEqual({ is: 'noHeader' });
    expect(find(['Liste des membres', null, null])).toEqual({ is: 'noHeader' });
  });

  test('of the donors’ list are recognised as such', () => {
    expect(find(['Numéro de donateur', 'Prénom', 'Nom', 'Courriel', 'Statut'])).toEqual({ is: 'donors' });
  });
});
