/** Every activity, made with its dependencies and wrapped so that failures cross into Temporal as the table says. */
import { applyItems, applyLocalItems } from './applyItems.js';
import { applyBooking } from './applyBooking.js';
import { applyDecision } from './applyDecision.js';
import type { AttemptInput } from './attempts.js';
import { deleteExpired } from './deleteExpired.js';
import { deriveFacts } from './deriveFacts.js';
import type { Dependencies, RetentionDependencies } from './dependencies.js';
import { withFailures } from './failures.js';
import { fillReferences } from './fillReferences.js';
import { announceImportFile, judgeImportFile, lookAtImports, makeImportFiles, readImported } from './imports.js';
import { liftStops } from './liftStops.js';
import { makePlan } from './makePlan.js';
import { matchRecords } from './matchRecords.js';
import { countOutcomes, countUnsettled, draftPlan, markPlan } from './plans.js';
import { prepareBulk } from './prepareBulk.js';
import { readCatalogue } from './readCatalogue.js';
import { readDonation } from './readDonation.js';
import { readRecord } from './readRecord.js';
import { readRegistration } from './readRegistration.js';
import { endScan, openScan, scanPages } from './scanPages.js';
import { settleIntents } from './settleIntents.js';
import { verify } from './verify.js';

const factories = {
  announceImportFile,
  applyBooking,
  applyItems,
  applyDecision,
  applyLocalItems,
  countOutcomes,
  countUnsettled,
  deleteExpired,
  deriveFacts,
  draftPlan,
  endScan,
  fillReferences,
  judgeImportFile,
  liftStops,
  lookAtImports,
  makeImportFiles,
  makePlan,
  markPlan,
  matchRecords,
  openScan,
  prepareBulk,
  readCatalogue,
  readDonation,
  readImported,
  readRecord,
  readRegistration,
  scanPages,
  settleIntents,
  verify,
};

/** The activities by name, as workflows call them. */
export type Activities = { [Name in keyof typeof factories]: ReturnType<(typeof factories)[Name]> };

export function createActivities(dependencies: Dependencies & RetentionDependencies): Activities {
  return Object.fromEntries(
    Object.entries(factories).map(([name, create]) => {
      const activity = create(dependencies) as (input: never) => Promise<unknown>;
      return [name, (input: never) => withFailures(() => activity(input), input as AttemptInput | undefined)];
    }),
  ) as Activities;
}
