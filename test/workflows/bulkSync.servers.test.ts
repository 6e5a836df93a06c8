import { afterEach, describe, expect, test } from '@jest/globals';
import { yaplaShapes } from '../../src/sandbox/options.js';
import { expectProven } from '../helpers/books.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

const people = {
  seed: 11,
  yapla: 12,
  yoplanning: 8,
  shared: 25,
  differing: 10,
  duplicates: { yapla: 1, yoplanning: 1 },
};

describe.each(yaplaShapes)('a bulk sync with the %s Yapla', (shape) => {
  let house: TestPasserelle;
  afterEach(async () => await house.stop());

  test('makes both sides agree, links nobody to somebody else, and its second run writes nothing', async () => {
    house = await startPasserelle({ sandbox: { people, yapla: { shape } } });
    const first = await (await house.startBulk()).result();
    expect(first).toMatchObject({ outcome: 'applied', plan: 1, differences: 0 });

    await expectProven(house);
  });
});
