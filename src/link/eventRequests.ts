/** What a connection's events cost: how their requests to Yoplanning are called in the request log, and how many there were. */
import { requestsInDay } from '../store/budgetState.js';
import type { Sql } from '../store/database.js';

/** Of the catalogue's mirror. */
export function cataloguePurpose(connectionId: string): string {
  return `catalogue/${connectionId}`;
}

/** Of registrations and orders; left out `linkId`: of all of them. */
export function bookingPurpose(connectionId: string, linkId?: string): string {
  const all = `booking/${connectionId}`;
  return linkId === undefined ? all : `${all}/${linkId}`;
}

/** Requests within the last 24 hours. */
export interface EventRequests {
  /** About registrations, and about orders that staff made. */
  readonly bookings: number;
  readonly catalogue: number;
}

/** @param credential with which the connection asks Yoplanning */
export async function eventRequests(sql: Sql, credential: string, connectionId: string): Promise<EventRequests> {
  const of = async (purpose: string) => await requestsInDay(sql, credential, purpose);
  return { bookings: await of(bookingPurpose(connectionId)), catalogue: await of(cataloguePurpose(connectionId)) };
}
