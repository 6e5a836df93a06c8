/**
 * The values of one write: which of them one side's record gives to the other, what the receiving system made of them, and what a write
 * leaves of a record that cannot be read.
 *
 * Servers have forms of their own (upper-case names, spaced phone numbers), and a whole-document write makes them apply these to fields
 * that we did not touch, too.
 */
import {
  type CanonicalFields,
  type FieldHash,
  type FieldHashes,
  type FieldName,
  type FieldValue,
  otherSystem,
  type SystemName,
} from '../core/record.js';
import { normaliseValue } from '../core/normalise.js';
import type { OpenConnection } from '../connection.js';
import type { LinkedPair } from '../store/links.js';
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject, laidOver, type SystemRecord } from '../core/document.js';
import type { ShadowRow } from '../store/shadows.js';

export interface Comparison {
  /** Fields that were to change and hold their old value: the write was accepted, and not taken. */
  readonly notTaken: readonly FieldName[];
  /** By field, the hash of what the system returned -> the hash of what was sent: they count as equal from now on. */
  readonly rewritten: Readonly<Record<FieldName, Readonly<Record<FieldHash, FieldHash>>>>;
}

/**
 * @param before of the record as it was read; empty for a creation
 * @param wanted of the fields that were to change
 * @param returned of the record as it was answered; a field that it does not show says nothing
 */
export function compareWritten(before: FieldHashes, wanted: FieldHashes, returned: FieldHashes): Comparison {
  const notTaken: FieldName[] = [];
  const rewritten: Record<FieldName, Record<FieldHash, FieldHash>> = {};
  for (const [field, got] of Object.entries(returned)) {
    const sent = wanted[field] ?? before[field];
    if (sent === undefined || got === sent) continue;
    if (wanted[field] !== undefined && got === (before[field] ?? '')) notTaken.push(field);
    else rewritten[field] = { [got]: sent };
  }
  return { notTaken, rewritten };
}

/**
 * Whether a record holds what was sent, or a server's form of it: the same letters and digits. For a write of which nobody knows whether
 * it took effect. (A person who typed just that meant the same.)
 *
 * @param expected of the whole record: a server applies its forms to fields that were not sent, too
 */
export function areForms(found: CanonicalFields, expected: CanonicalFields): boolean {
  return Object.entries(expected).every(([field, value]) => {
    const held = found[field];
    return (
      held === undefined || held === value || (held !== null && value !== null && letters(held) === letters(value))
    );
  });
}

function letters(value: NonNullable<FieldValue>): string {
  return value
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/**
 * Values of these fields, to be written in `system`, as the other system's record has them; a field that it does not have is left out.
 *
 * A phone number that was read with the connection's country, for want of one in its own record, is read with the receiving record's
 * country: it is the same person, and a Swiss member whose country only the other system knows gets no French number.
 *
 * @param pair with documents
 */
export function valuesToWrite(
  connection: Pick<OpenConnection, 'config' | 'fields' | 'rawValue'>,
  pair: LinkedPair,
  system: SystemName,
  names: readonly FieldName[],
): CanonicalFields {
  const source = otherSystem(system);
  const from = pair.shadows[source];
  if (from === null) return {};
  const values = pick(from.fields, names);
  const countries = [from.fields['country'], pair.shadows[system]?.fields['country']];
  const { defaultCountry } = connection.config;
  const isGuess = ({ name, type }: OpenConnection['fields'][number]) =>
    type === 'phone' && values[name] !== undefined && from.forms?.[name]?.startsWith('~');
  const read = connection.fields.filter(isGuess).flatMap(({ name }) => {
    const raw = connection.rawValue(source, from.document, name);
    return raw === null ? [] : [[name, normaliseValue('phone', raw, { countries, defaultCountry })] as const];
  });
  return { ...values, ...Object.fromEntries(read) };
}

/*
 * Where one record cannot be read, what a write of ours leaves is what we knew of the record with what was sent laid over it. A list, or
 * a webhook's body, can show it anew while the write is under way: then what was sent is laid over that, or an edit that only they told of
 * would be lost under what we knew before.
 */

/** A row made anew, from the document that is stored by then. */
export type Relaid = (stored: JsonObject) => ShadowRow;

/** @param before as it was known. @param after with what was sent, and what the system answered, laid over it. @param row as it is stored where nobody else stored anything */
export function relaidOver(
  connection: Pick<OpenConnection, 'scope' | 'systems' | 'shadowOf'>,
  system: SystemName,
  { before, after, row }: { readonly before: SystemRecord; readonly after: SystemRecord; readonly row: ShadowRow },
): Relaid {
  const changed = changedSince(before.document, after.document);
  const context = {
    connection: connection.scope.connectionId,
    system,
    method: 'none',
    path: 'stored document',
    record: after.id,
  };
  return (stored) => {
    const record = connection.systems[system].recordOf(laidOver(stored, changed), { context });
    return { ...connection.shadowOf({ ...record, id: after.id }), ...(row.times && { times: row.times }) };
  };
}

/** What of a document is not as it was before; in objects within objects, too. */
function changedSince(before: JsonObject, after: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(after).flatMap(([key, value]) => {
      const was = Object.hasOwn(before, key) ? before[key] : undefined;
      if (isDeepStrictEqual(was, value)) return [];
      return [[key, isJsonObject(was) && isJsonObject(value) ? changedSince(was, value) : value] as const];
    }),
  );
}

/** The values of these fields that are known. */
export function pick(fields: CanonicalFields, names: readonly FieldName[]): CanonicalFields {
  return Object.fromEntries(names.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])));
}
