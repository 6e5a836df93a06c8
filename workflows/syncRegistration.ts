/**
 * `syncRegistration`: keeps the order of one registration as Yapla says that it shall be, and asks where staff say otherwise. How such a
 * workflow lives: liveWork.ts. What it decides: src/core/events/bookings.ts.
 */
import { keepInStep } from './liveWork.js';
import { registrationRules } from './registrationRules.js';
import type { RecordResult, SyncRecordInput } from './syncRecord.messages.js';

const registration = {
  rules: registrationRules,
  activities: { read: 'readRegistration', apply: 'applyBooking' },
} as const;

export async function syncRegistration(input: SyncRecordInput): Promise<RecordResult> {
  return await keepInStep(input, registration);
}
