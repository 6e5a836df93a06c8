/** XML parts, read event by event. No part of a workbook declares a document type: entities, and so XML bombs, stand there only. */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { FileRefused } from './refused.js';
import { asRefusal, damaged } from './zip.js';

export interface XmlEvents {
  /** @param name without its prefix: some programs write `x:row` */
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  close?(name: string): void;
  text?(text: string): void;
}

/** A tag or a text that is longer than this is nobody's: it would have to stand in memory. */
const longestToken = 4 * 1_048_576;

function local(name: string): string {
  const colon = name.indexOf(':');
  return colon === -1 ? name : name.slice(colon + 1);
}

/**
 * Tells what stands in a part; yields after each piece that was read, so that what was gathered can be taken away.
 *
 * @throws {FileRefused}
 */
export async function* readXml(stream: Readable, events: XmlEvents): AsyncGenerator<void> {
  // Where it stands is told by the cell, not by line and column.
  const parser = new SaxesParser({ position: false, xmlns: false });
  const decoder = new StringDecoder('utf8');
  let told = 0;
  let read = 0;
  parser.on('error', (error) => {
    throw damaged(error);
  });
  parser.on('doctype', () => {
    throw new FileRefused(
      'doctype',
      'the workbook declares a document type in its XML, which no spreadsheet program does: export it again from Yapla',
    );
  });
  parser.on('opentag', (tag: SaxesTagPlain) => {
    told = read;
    events.open(local(tag.name), tag.attributes);
  });
  parser.on('closetag', (tag: SaxesTagPlain) => {
    told = read;
    events.close?.(local(tag.name));
  });
  if (events.text !== undefined) parser.on('text', (text) => events.text?.(text));
  try {
    for await (const chunk of stream) {
      read += (chunk as Buffer).length;
      parser.write(decoder.write(chunk as Buffer));
      if (read - told > longestToken) throw damaged();
      yield;
    }
    parser.write(decoder.end());
    parser.close();
    yield;
  } catch (error) {
    throw asRefusal(error);
  } finally {
    stream.destroy();
  }
}

/** Reads a part that is small to its end. @throws {FileRefused} */
export async function readWholeXml(stream: Readable, events: XmlEvents): Promise<void> {
  for await (const _ of readXml(stream, events));
}
