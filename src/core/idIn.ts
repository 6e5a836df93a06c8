/** Ids as bodies that were sent to us show them: from outside, and so of any form. */
import { carriedIn, type Json } from './document.js';
import { isRecordId } from './record.js';

/** Far longer than any id, far shorter than what Temporal takes as the id of a workflow (1,000 characters). */
const maxIdLength = 200;

/** An id in the form in which the API's answers are read; null: it is none. */
export function idIn(value: Json | undefined): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : null;
  const carried = typeof value === 'string' ? carriedIn(value) : null;
  // A number that JavaScript cannot hold: as it stands in the body.
  if (carried?.is === 'number')
    return /^-?\d+$/.test(carried.text) && carried.text.length <= maxIdLength ? carried.text : null;
  // Control characters and halves of surrogate pairs are no part of any id, and PostgreSQL refuses some of them.
  if (typeof value !== 'string' || value.length > maxIdLength || /[\p{Cc}\p{Cs}]/u.test(value)) return null;
  return isRecordId(value) ? value : null;
}
