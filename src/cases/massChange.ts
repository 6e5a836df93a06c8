/**
 * Single changes would change too much within an hour or a day: what goes beyond the thresholds of the guard is held, all that is of a kind
 * and goes to one system under one case. The case itself holds nothing: which writes of which links wait under it stands in `guard_hold`.
 */
import type { LiveTrip } from '../core/guard.js';
import type { NewCase } from '../store/cases.js';
import { guardedName, heldUnder } from '../store/guard.js';
import { noAnswers, type Kind } from './kind.js';

export const massChange = {
  code: heldUnder.kind,
  about: 'writes',
  answers: { ...noAnswers, goOn: true, close: 'goesOn' },
  holds: null,
  endsByMerging: false,
  stands: () => true,
  shows: { what: 'details', writes: 0 },
  facts: ({ details, held }) => {
    const trip = details as LiveTrip | null;
    if (trip?.window === undefined) return [];
    return [
      { code: 'rateExceeded' as const, trip },
      ...(held === undefined ? [] : [{ code: 'holds' as const, what: trip.kind, ...held }]),
    ];
  },
} as const satisfies Kind;

export function massChangeCase(trip: LiveTrip): NewCase<LiveTrip> {
  return {
    kind: massChange.code,
    subject: heldUnder.subject,
    field: guardedName(trip.kind, trip.system),
    details: trip,
  };
}
