/**
 * The name of a link, and ids derived from it. Uses node:crypto: workflows get link ids ready made.
 */
import { createHash } from 'node:crypto';
import { systemNames, type Scope, type SystemName } from './record.js';

/** The system and id under which a person was first seen, for example `yapla:1042`. Never changes. */
export type LinkId = `${SystemName}:${string}`;

export function linkIdOf(system: SystemName, id: string): LinkId {
  return `${system}:${id}`;
}

/** @throws {RangeError} if the text is not a link id */
export function parseLinkId(linkId: string): { readonly system: SystemName; readonly id: string } {
  const colon = linkId.indexOf(':');
  const system = systemNames.find((name) => name === linkId.slice(0, Math.max(0, colon)));
  const id = linkId.slice(colon + 1);
  if (system === undefined || id === '') {
    throw new RangeError(`expected a link id such as yapla:1042 or yoplanning:<uuid>, found ${JSON.stringify(linkId)}`);
  }
  return { system, id };
}

/**
 * The id under which a link's record is created where a system lets us choose it: always the same for one link of one scope, so that
 * repeating a creation cannot make a twin.
 *
 * Shaped as version 4 (RFC 9562), because Yoplanning documents its ids as version 4 and may check the version digit; the random
 * bits are SHA-256's.
 */
export function uuidOf(linkId: string, { connectionId, kind }: Scope): string {
  // Neither a connection's id (the configuration allows letters, digits and hyphens) nor a kind has a NUL in it.
  const bytes = createHash('sha256').update(`${connectionId}\0${kind}\0${linkId}`, 'utf8').digest().subarray(0, 16);
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x40;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
