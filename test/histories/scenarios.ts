/**
 * The runs whose histories are kept as replay fixtures: what a change to a workflow's code must be able to replay. Recorded by
 * `npm run record-histories` on the real server; replayed by test/workflows/replay.servers.test.ts.
 */
import { bulkSyncScenarios } from './bulkSyncScenarios.js';
import { factsScenarios } from './factsScenarios.js';
import { importScenarios } from './yaplaImportScenarios.js';
import { mirrorScenarios } from './mirrorCatalogueScenarios.js';
import { retentionScenarios } from './retentionScenarios.js';
import type { Scenario } from './scenario.js';
import { syncRecordScenarios } from './syncRecordScenarios.js';
import { syncRegistrationScenarios } from './syncRegistrationScenarios.js';

export const scenarios: readonly Scenario[] = [
  ...bulkSyncScenarios,
  ...retentionScenarios,
  ...syncRecordScenarios,
  ...syncRegistrationScenarios,
  ...importScenarios,
  ...mirrorScenarios,
  ...factsScenarios,
];
