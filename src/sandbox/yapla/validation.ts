/** What a Yapla account accepts for a member. The rules of the data are Yapla's help pages'; lengths are an assumption. */
import { personFields, type Person, type PersonField } from '../person.js';
import { isCalendarDate } from '../yoplanning/validation.js';
import { emptyMember, memberStatuses, type MemberFields } from './members.js';
import type { MemberWrite } from './shape.js';

/** A text zone of Yapla holds so many characters. */
const maxLength = 32_000;

export type Complaints = Readonly<Record<string, string>>;

/** The fields after the write. @param before `null`: a creation. */
export function mergeWrite(
  before: MemberFields | null,
  write: MemberWrite,
): { readonly fields: MemberFields } | { readonly complaints: Complaints } {
  const complaints: Record<string, string> = { ...write.refused };
  const base = write.mode === 'partial' && before !== null ? before : emptyMember;
  const person: Record<string, string | null> = { ...base.person };
  for (const field of personFields) {
    if (!(field in write.person) || write.person[field] === undefined) continue;
    const value = write.person[field];
    if (value !== null && typeof value !== 'string') {
      complaints[field] = 'Text expected.';
      continue;
    }
    const trimmed = value === null || value.trim() === '' ? null : value;
    const complaint = complaintAbout(field, trimmed);
    if (complaint !== null) complaints[field] = complaint;
    else person[field] = trimmed ?? (field === 'firstName' || field === 'lastName' ? '' : null);
  }
  if (person['lastName'] === '') complaints['lastName'] = 'Required.';
  // A member without a status is active when created; a whole update that names none leaves it, unlike everything else.
  const status = write.rest.status ?? before?.status ?? 'active';
  if (!memberStatuses.includes(status)) complaints['status'] = 'Unknown status.';
  else if (status === 'archived' && before?.status !== 'inactive' && before?.status !== 'archived') {
    complaints['status'] = 'Only an inactive member can be archived.';
  }
  if (Object.keys(complaints).length > 0) return { complaints };
  return { fields: { ...base, ...write.rest, person: person as unknown as Person, status } };
}

function complaintAbout(field: PersonField, value: string | null): string | null {
  if (value === null) return null;
  if (value.length > maxLength) return 'Too long.';
  if (field === 'email' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value.trim()))
    return `"${value}" is not an e-mail address.`;
  if (field === 'birthDate' && !isCalendarDate(value)) return `"${value}" is not a date.`;
  return null;
}
