import { expect, test } from '@jest/globals';
import { RowChunk } from '../../src/store/exportRows.js';

const parsed = (chunk: RowChunk) => JSON.parse(chunk.json.toString('utf8')) as unknown;

test('rows come out as they went in, asked for once or twice, and again after the chunk was emptied', () => {
  const chunk = new RowChunk();
  expect(parsed(chunk)).toEqual([]);
  for (let turn = 1; turn <= 2; turn += 1) {
    chunk.add({ row: 2, number: '1', values: ['é😀"\n', null], problem: null });
    expect(parsed(chunk)).toEqual([{ r: 2, n: '1', c: ['é😀"\n', null] }]);
    chunk.add({ row: 3, number: null, values: [], problem: { is: 'noNumber' } });
    expect(parsed(chunk)).toEqual(parsed(chunk));
    expect(parsed(chunk)).toMatchObject([{ r: 2 }, { r: 3, n: '', c: [], p: { is: 'noNumber' } }]);
    expect(chunk.count).toBe(2);
    chunk.clear();
    expect(chunk.count).toBe(0);
  }
});

test('more rows than a chunk takes at first have room in it', () => {
  const chunk = new RowChunk();
  const long = '€'.repeat(30_000);
  for (let row = 1; row <= 60; row += 1) chunk.add({ row, number: '1', values: [long], problem: null });
  expect(parsed(chunk)).toEqual(Array.from({ length: 60 }, (_, nth) => ({ r: nth + 1, n: '1', c: [long] })));
});
