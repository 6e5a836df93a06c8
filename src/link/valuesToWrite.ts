/** The values that one side's record gives to the other. */
import { normaliseValue } from '../core/normalise.js';
import { otherSystem, type CanonicalFields, type FieldName, type SystemName } from '../core/record.js';
import type { OpenConnection } from '../connection.js';
import type { LinkedPair } from '../store/links.js';
import { pick } from './linkWork.js';

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
