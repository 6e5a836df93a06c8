import { describe, expect, test } from '@jest/globals';
import { connectionSchema } from '../../../src/config/schema.js';
import type { FoldedMember } from '../../../src/core/export/rows.js';
import { memberExported } from '../../../src/systems/yapla/exported.js';

const settings = (yapla: object, fields?: object) =>
  connectionSchema.parse({
    yapla,
    yoplanning: { token: 'token', team: '5a90332e-568f-4980-9859-88a984844a4d' },
    create: 'yoplanning',
    ...(fields === undefined ? {} : { fields }),
  });

const folded: FoldedMember = {
  number: '00012',
  values: { memberNumber: '00012', lastName: 'Le Goff', firstName: 'Anne', city: null, status: 'Actif' },
  memberships: [{ membershipType: 'Adulte', membershipEnd: '2025-12-31', paymentMethod: null }],
};

describe('a member of a file', () => {
  test('is a document like those of answers, with status and memberships, where there is no API', () => {
    expect(memberExported(settings({ read: { mode: 'workbook' } }), folded, '00012', null)).toEqual({
      id: '00012',
      first_name: 'Anne',
      last_name: 'Le Goff',
      city: null,
      status: 'Actif',
      memberships: [{ type: 'Adulte', end: '2025-12-31', paymentMethod: null }],
    });
  });

  test('is laid over what an API showed: what the file does not show stays, entries of lists as well', () => {
    const name = (path: string) => ({ type: 'name', yapla: path, yoplanning: path });
    const { fields, ...rest } = settings(
      { read: { key: { value: 'key' } }, workbook: { numberField: 'number' } },
      { firstName: name('given'), lastName: name('custom[id=f2].value'), city: name('address.city') },
    );
    const known = {
      id: 501,
      number: 12,
      given: 'Anna',
      custom: [
        { id: 'f1', value: 'kept' },
        { id: 'f2', value: 'Legoff' },
      ],
      address: { city: 'Brest', street: 'kept' },
      status: 'active',
      memberships: [{ id: 7 }],
    };
    const before = structuredClone(known);
    expect(memberExported({ ...rest, fields }, folded, '501', known)).toEqual({
      ...before,
      number: '00012',
      given: 'Anne',
      custom: [
        { id: 'f1', value: 'kept' },
        { id: 'f2', value: 'Le Goff' },
      ],
      address: { city: null, street: 'kept' },
    });
    expect(known).toEqual(before);
  });
});
