/** Values that wait for an import file, laid over what a link's systems show. */
import { describe, expect, test } from '@jest/globals';
import { asIfImported, awaitedCreation, collecting, type WaitingValue } from '../../src/core/waiting.js';

const waits = (more: Partial<WaitingValue> = {}): WaitingValue => ({
  system: 'yapla',
  field: 'city',
  valueHash: '#Nantes',
  valueForm: '~nantes',
  seenHash: '#Lyon',
  batch: null,
  ...more,
});
const pair = {
  base: { city: '#Lyon', phone: '#1' },
  shadows: {
    yapla: { hashes: { city: '#Lyon', phone: '#1' }, forms: { city: '~lyon' } },
    yoplanning: { hashes: { city: '#Nantes', phone: '#1' } },
  },
};

describe('a link with values that wait', () => {
  test('counts as if they were there and agreed on, while its system shows what it showed', () => {
    expect(asIfImported(pair, [waits()])).toEqual({
      base: { city: '#Nantes', phone: '#1' },
      shadows: {
        yapla: { hashes: { city: '#Nantes', phone: '#1' }, forms: { city: '~nantes' } },
        yoplanning: { hashes: { city: '#Nantes', phone: '#1' } },
      },
    });
  });

  test('counts as it is once its system shows anything else', () => {
    expect(asIfImported(pair, [waits({ seenHash: '#Brest' })])).toEqual(pair);
  });

  test('counts by the youngest of two values of one field', () => {
    const both = [waits({ batch: 1 }), waits({ valueHash: '#Rennes', valueForm: null })];
    const { base, shadows } = asIfImported(pair, both);
    expect(base.city).toBe('#Rennes');
    expect(shadows.yapla).toEqual({ hashes: { city: '#Rennes', phone: '#1' }, forms: {} });
  });

  test('has a record on its way where its creation waits', () => {
    expect(awaitedCreation([waits()])).toBeNull();
    expect(awaitedCreation([waits(), waits({ field: '', seenHash: '', valueHash: '' })])).toBe('yapla');
  });

  test('is left as it is where the record is not there', () => {
    const gone = { base: null, shadows: { yapla: null, yoplanning: pair.shadows.yoplanning } };
    expect(asIfImported(gone, [waits()])).toEqual(gone);
  });
});

describe('values that are to be written', () => {
  const shown = { city: '#Lyon', phone: '#1', email: '#a' };

  test('wait, but for what is shown anyway and what is cleared', () => {
    expect(collecting({ city: '#Nantes', phone: '#1', email: '' }, shown, [waits()])).toEqual({
      waits: ['city'],
      withdrawn: ['phone'],
      uncarried: ['email'],
    });
  });

  test('wait although they are shown, where a file that was handed out brings another', () => {
    expect(collecting({ city: '#Lyon' }, shown, [waits({ batch: 3 })]).waits).toEqual(['city']);
  });

  test('that are empty already are not cleared', () => {
    expect(collecting({ email: '' }, { email: '' }, [])).toEqual({ waits: [], withdrawn: ['email'], uncarried: [] });
  });
});
