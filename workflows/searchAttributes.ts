/**
 * Search attributes by which workflows are found in Temporal's UI and API. Defined once, for workflows, clients and the set-up of the server.
 * They are stored in the clear by the server, even where payloads are encrypted: ids and states only, never a person's data.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** The connection a workflow works for, by its name in the configuration. */
export const connectionKey = defineSearchAttributeKey('PasserelleConnection', SearchAttributeType.KEYWORD);

/** What a running bulk sync is doing, such as "scan" or "apply". */
export const phaseKey = defineSearchAttributeKey('PasserellePhase', SearchAttributeType.KEYWORD);

/** Whether a workflow proceeds or needs somebody, such as "running", "paused" or "waitingForApproval". */
export const stateKey = defineSearchAttributeKey('PasserelleState', SearchAttributeType.KEYWORD);

/** All of them: what the server must know before a workflow starts. */
export const searchAttributeKeys = [connectionKey, phaseKey, stateKey] as const;
