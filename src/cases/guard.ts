/** A plan is larger than the thresholds allow. It waits as a whole; approving or rejecting it is the answer. */
import type { Scope } from '../core/record.js';
import type { GuardTrip } from '../core/guard.js';
import { closeCasesOn, type NewCase } from '../store/cases.js';
import type { Sql } from '../store/database.js';
import { noAnswers, type Kind } from './kind.js';

export const guard = {
  code: 'guard',
  about: 'plan',
  answers: { ...noAnswers, plan: true },
  holds: null,
  endsByMerging: false,
  stands: () => true,
  shows: { what: 'details', writes: 0 },
  facts: ({ details }) => {
    const trip = details as GuardTrip | null;
    return trip?.code === undefined ? [] : [{ code: 'thresholdExceeded' as const, trip }];
  },
} as const satisfies Kind;

/** @param planId as in the table `plan` */
export function guardCase(planId: number, trip: GuardTrip): NewCase<GuardTrip> {
  const field = `${trip.code}${trip.system === null ? '' : `/${trip.system}`}`;
  return { kind: guard.code, subject: subjectOf(planId), field, details: trip };
}

/** Closes the guard's questions about a plan. @param by who answered, or how the plan ended */
export async function closeGuardCases(sql: Sql, scope: Scope, planId: number, by: string): Promise<void> {
  await closeCasesOn(sql, scope, guard.code, subjectOf(planId), by);
}

function subjectOf(planId: number): string {
  return `plan/${planId}`;
}
