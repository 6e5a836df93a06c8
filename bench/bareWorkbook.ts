/** The floor of reading a workbook: yauzl and saxes, and just so much around them that each cell's text is known. Nothing is checked or kept. */
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { SaxesParser } from 'saxes';
import yauzl from 'yauzl';

async function* textsOf(stream: Readable, ends: ReadonlySet<string>): AsyncGenerator<readonly string[]> {
  const parser = new SaxesParser();
  const decoder = new StringDecoder('utf8');
  let found: string[] = [];
  let text = '';
  parser.on('text', (more) => (text += more));
  parser.on('opentag', () => (text = ''));
  parser.on('closetag', ({ name }) => {
    if (ends.has(name)) found.push(text);
    text = '';
  });
  for await (const chunk of stream) {
    parser.write(decoder.write(chunk as Buffer));
    yield found;
    found = [];
  }
  yield found;
}

/** @returns rows, the header apart */
export async function readBare(file: string): Promise<number> {
  const zip = await new Promise<yauzl.ZipFile>((resolve, reject) => {
    yauzl.open(file, { lazyEntries: true, autoClose: false }, (error, opened) =>
      error ? reject(error) : resolve(opened),
    );
  });
  const entries = await new Promise<Map<string, yauzl.Entry>>((resolve, reject) => {
    const found = new Map<string, yauzl.Entry>();
    zip.on('entry', (entry: yauzl.Entry) => {
      found.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.on('end', () => resolve(found));
    zip.on('error', reject);
    zip.readEntry();
  });
  const open = (name: string) =>
    new Promise<Readable>((resolve, reject) => {
      zip.openReadStream(entries.get(name)!, (error, stream) => (error ? reject(error) : resolve(stream)));
    });
  const shared: string[] = [];
  for await (const texts of textsOf(await open('xl/sharedStrings.xml'), new Set(['t']))) shared.push(...texts);
  let cells = 0;
  let characters = 0;
  let rows = 0;
  for await (const texts of textsOf(await open('xl/worksheets/sheet1.xml'), new Set(['v', 'row']))) {
    for (const text of texts) {
      cells += 1;
      // A row ends with an empty text.
      if (text === '') rows += 1;
      else characters += (shared[Number(text)] ?? text).length;
    }
  }
  zip.close();
  if (characters === 0 || cells === 0) throw new Error('the bare library has read nothing');
  return rows - 1;
}
