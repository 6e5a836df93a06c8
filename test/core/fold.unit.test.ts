import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { foldWords } from '../../src/core/fold.js';
import { nameWords } from '../../src/core/names.js';
import { checkProperty } from '../helpers/property.js';

/** Where nothing is to be taken apart this is not tried; a letter with an accent beside it has the same text go the whole way. */
test('words of plain letters are the same beside words with accents', async () => {
  const plain = fc.string({ unit: fc.constantFrom(...Array.from("aB1-'_. ,\t")) });
  const wordsOf = (text: string) => nameWords({ firstName: text, lastName: null }).words;
  await checkProperty(
    fc.property(plain, (text) => {
      expect(foldWords(`${text} é`)).toEqual([...foldWords(text), 'e']);
      expect(wordsOf(`${text} é`)).toEqual([...wordsOf(text), 'e'].sort());
    }),
    { numRuns: 500 },
  );
});
