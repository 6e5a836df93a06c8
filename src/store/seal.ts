/**
 * Texts that stand encrypted in the database: AES-256-GCM, with keys that never come there. What is sealed is bound to its place, so that
 * nobody who can write to the database can move it to another.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export interface SealKey {
  readonly id: string;
  /** 32 bytes, as hexadecimal digits or base64. */
  readonly key: string;
}

export interface Sealed {
  /** Of the key that opens it. */
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

export class UnopenedSeal extends Error {
  override readonly name = 'UnopenedSeal';
  constructor(
    readonly keyId: string,
    /** False: no key of this id is configured. */
    readonly isKnown: boolean,
  ) {
    super(isKnown ? `the key "${keyId}" does not open what it sealed` : `there is no key "${keyId}"`);
  }
}

const algorithm = 'aes-256-gcm';
/** What NIST SP 800-38D recommends: 96 bits, at random for each text. */
const nonceBytes = 12;
const tagBytes = 16;

/** With the first key. @param place what it is and whose: `oauth_token club access` */
export function seal(text: string, [newest]: readonly [SealKey, ...SealKey[]], place: string): Sealed {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, bytesOf(newest), nonce);
  cipher.setAAD(Buffer.from(place, 'utf8'));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return { keyId: newest.id, bytes: Buffer.concat([nonce, cipher.getAuthTag(), sealed]) };
}

/** @throws {UnopenedSeal} */
export function unseal({ keyId, bytes }: Sealed, keys: readonly SealKey[], place: string): string {
  const key = keys.find(({ id }) => id === keyId);
  if (key === undefined) throw new UnopenedSeal(keyId, false);
  const all = Buffer.from(bytes);
  try {
    const decipher = createDecipheriv(algorithm, bytesOf(key), all.subarray(0, nonceBytes));
    decipher.setAAD(Buffer.from(place, 'utf8'));
    decipher.setAuthTag(all.subarray(nonceBytes, nonceBytes + tagBytes));
    return Buffer.concat([decipher.update(all.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
  } catch {
    throw new UnopenedSeal(keyId, true);
  }
}

function bytesOf({ key }: SealKey): Buffer {
  return Buffer.from(key, /^[0-9a-fA-F]{64}$/.test(key) ? 'hex' : 'base64');
}
