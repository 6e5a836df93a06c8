/**
 * The plan before the first run: what would be booked, what cannot be and why, and what that costs in requests. Nothing is ordered before a
 * person has seen one and approved it. A decision is made as live work makes it (core/events/bookings.ts), as of now; what is approved is that
 * bookings begin, and each is decided again when it is its turn.
 */
import { type BookingOutcome, nextBookingStep } from '../../core/events/bookings.js';
import type { Sql } from '../../store/database.js';
import { lookAtLinks } from '../../store/inbox.js';
import { approvePlan, draftPlan, endPlan, hasBegun, readyPlan } from '../../store/plans.js';
import type { OpenEvents } from './open.js';
import { loadBooking } from './state.js';

/** How many registrations would come to what, by the first step of each. */
export type BookingTotals = Readonly<Partial<Record<BookingOutcome, number>>>;

export interface BookingPlan {
  readonly number: number;
  readonly totals: BookingTotals;
  /** Requests: a validation and an order for each that is booked, and the read of its echo. */
  readonly requests: number;
  /** Bookings have begun already: nothing has to be approved. */
  readonly hasBegun: boolean;
}

/** Requests of a registration whose people are known: validation, order, and the read when the order's own webhook comes. */
export const requestsPerBooking = 3;

const pageSize = 500;

/** Draws a plan of all registrations that are known. Sends nothing. */
export async function planBookings(sql: Sql, events: OpenEvents, runId: string): Promise<BookingPlan> {
  const { scope } = events;
  const plan = await draftPlan(sql, scope, runId);
  const totals: Partial<Record<BookingOutcome, number>> = {};
  for (let after = ''; ;) {
    const page = await linkIds(sql, events, after);
    for (const linkId of page) {
      const state = await loadBooking(sql, events, linkId);
      if (state === null) continue;
      const { outcome } = nextBookingStep(state.view);
      totals[outcome] = (totals[outcome] ?? 0) + 1;
    }
    if (page.length < pageSize) break;
    after = page.at(-1)!;
  }
  const requests = (totals.booked ?? 0) * requestsPerBooking;
  await readyPlan(sql, plan.id, { totals, cost: { requests }, guard: {} });
  return { number: plan.number, totals, requests, hasBegun: await hasBegun(sql, scope) };
}

/** Bookings may begin: all that is known is looked at. Repeatable. @param by who approved it */
export async function approveBookings(sql: Sql, events: OpenEvents, planId: number, by: string): Promise<void> {
  await approvePlan(sql, events.scope, planId, by);
  for (let after = ''; ;) {
    const page = await linkIds(sql, events, after);
    await lookAtLinks(sql, events.scope, page);
    if (page.length < pageSize) break;
    after = page.at(-1)!;
  }
  await endPlan(sql, planId, 'applied');
}

async function linkIds(sql: Sql, { scope }: OpenEvents, after: string): Promise<string[]> {
  const rows = await sql<{ linkId: string }[]>`
    select link_id as "linkId" from booking
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id > ${after} order by link_id limit ${pageSize}`;
  return rows.map(({ linkId }) => linkId);
}
