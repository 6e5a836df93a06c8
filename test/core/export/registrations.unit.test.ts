import { describe, expect, test } from '@jest/globals';
import { problemText } from '../../../src/core/export/problems.js';
import { findRegistrationColumns, foldRegistration } from '../../../src/core/export/registrations.js';
import type { StagedRow } from '../../../src/core/export/rows.js';

const french = [
  'Inscription - # inscription',
  'Événement',
  'Activité',
  'Tarif',
  'Statut',
  'Prénom',
  'Nom',
  'Courriel',
  'Montant',
  'Date de paiement',
];
const english = [
  'Registration number',
  'Event',
  'Activity',
  'Rate',
  'Status',
  'First name',
  'Last name',
  'Email',
  'Amount',
  'Payment date',
];
const names = [
  'registrationNumber',
  'eventTitle',
  'activityTitle',
  'rate',
  'status',
  'firstName',
  'lastName',
  'email',
  'amount',
  'paidAt',
];

const found = (header: readonly (string | null)[], labels: Record<string, readonly string[]> = {}) => {
  const columns = findRegistrationColumns(header, labels);
  return 'trouble' in columns ? columns.trouble : columns.found.map(({ name }) => name);
};

describe('the columns of an export of registrations', () => {
  test.each([
    ['French', french],
    ['English', english],
    [
      'French with prefixes',
      [
        'Inscription - # inscription',
        'Événement - Titre',
        'Inscription - Activité',
        'Inscription - Tarif',
        'Inscription - Statut',
        'Participant - Prénom',
        'Participant - Nom',
        'Participant - Courriel',
        'Inscription - Montant',
        'Paiement - Date de paiement',
      ],
    ],
  ])('are known by their headers in %s', (_, header) => {
    expect(found(header)).toEqual(names);
  });

  test('have the headers of the account’s own first', () => {
    const header = french.with(3, 'Formule').concat('Tarif');
    expect(found(header, { rate: ['formule'] })).toEqual(names);
    expect(findRegistrationColumns(header, { rate: ['formule'] })).toMatchObject({ ignored: [{ header: 'Tarif' }] });
  });

  test('are none of those about somebody else', () => {
    expect(findRegistrationColumns([...french, 'Payeur - Nom'], {})).toMatchObject({
      ignored: [{ header: 'Payeur - Nom' }],
    });
  });

  test('are refused where one is there twice, or one that nobody can do without is not', () => {
    expect(found([...french, 'Participant - Nom'])).toContain(
      'columns "Nom" and "Participant - Nom" are both taken for "lastName"',
    );
    expect(found(french.slice(1))).toContain('lacks the columns "# inscription"');
    expect(found([])).toContain('lacks the columns');
  });
});

describe('rows of one registration', () => {
  const { found: columns } = findRegistrationColumns(french, {}) as {
    found: readonly { name: string; index: number; header: string }[];
  };
  const row = (nth: number, values: readonly (string | null)[], problem: StagedRow['problem'] = null): StagedRow => ({
    row: nth,
    number: values[0] ?? null,
    values,
    problem,
  });
  const ada = [
    '5001',
    'Sailing day',
    null,
    'Member',
    'Validée',
    'Ada',
    'Byron',
    'ada@example.org',
    '25,00',
    '1/2/2026',
  ];
  const bo = ada.with(5, 'Bo').with(6, 'Li').with(7, null);

  test('are one, with a participant of each', () => {
    expect(foldRegistration([row(2, ada), row(3, bo)], columns, { paidAt: 'day-month' })).toEqual({
      number: '5001',
      values: {
        registrationNumber: '5001',
        eventTitle: 'Sailing day',
        activityTitle: null,
        rate: 'Member',
        status: 'Validée',
        amount: '25,00',
        paidAt: '2026-02-01',
      },
      participants: [
        { firstName: 'Ada', lastName: 'Byron', email: 'ada@example.org' },
        { firstName: 'Bo', lastName: 'Li', email: null },
      ],
    });
  });

  test('that contradict each other about it are asked about, by row and column', () => {
    const folded = foldRegistration([row(2, ada), row(3, bo.with(4, 'Annulée'))], columns, {});
    expect(folded).toEqual({ is: 'contradiction', header: 'Statut', rows: [2, 3] });
    expect(problemText(folded as never, 'registration')).toBe(
      'rows 2 and 3 have the same registration number and differ in column "Statut"',
    );
  });

  test('of which one cannot be used are not used', () => {
    expect(foldRegistration([row(2, ada), row(3, bo, { is: 'ragged' })], columns, {})).toEqual({ is: 'ragged' });
  });
});
