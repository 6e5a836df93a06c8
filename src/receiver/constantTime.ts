/** Comparing what a request says with a secret: of keyed digests, in a time that tells nothing of either. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Of this process only: digests made with it are of no use to anybody who does not hold it. */
const processKey = randomBytes(32);

const digestOf = (text: string) => createHmac('sha256', processKey).update(text, 'utf8').digest();

export function isEqual(given: string, expected: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(expected));
}

/** Stands where there is no secret, so that comparing takes as long; nobody knows it. */
export const nobodysSecret = randomBytes(32).toString('hex');
