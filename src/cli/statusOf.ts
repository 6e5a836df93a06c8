/** How a connection is, asked of the database and of Temporal. Ids, counts and times; no value of anybody. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { TypedSearchAttributes } from '@temporalio/common';
import type { ConnectionConfig } from '../config/schema.js';
import { credentialsOf } from '../connection.js';
import { personsOf, type SystemName, systemNames } from '../core/record.js';
import { type CeilingSettings, hourMs } from '../receiver/ceilings.js';
import { expectedWebhooks, type Silence, silencesOf } from '../receiver/quiet.js';
import { type EventRequests, eventRequests } from '../link/eventRequests.js';
import type { Sql } from '../store/database.js';
import { type MirrorStand, mirrorStand } from '../store/eventsStand.js';
import { type CredentialHold, credentialHolds } from '../store/credentials.js';
import { type BatchCounts, type ImportBatch, lastJudged, openBatches } from '../store/importBatches.js';
import { countCollected } from '../store/waiting.js';
import { workbookMode } from '../systems/yapla/workbook.js';
import { lastWebhooks, webhookUse, type WebhookUse } from '../store/webhookUse.js';
import { bulkSyncId } from '../../workflows/bulkSync.messages.js';
import { mirrorCatalogueId } from '../../workflows/mirrorCatalogue.messages.js';
import { phaseKey, stateKey } from '../../workflows/searchAttributes.js';
import { isLiveWorkflow } from '../liveWorkflows.js';

/** States of people's workflows that wait for something. */
export const waitingStates = ['waitingForBudget', 'stopped', 'waiting'] as const;
export type WaitingState = (typeof waitingStates)[number];

/** Requests to Yoplanning within the last 24 hours. */
export interface EventsCost extends EventRequests {
  /** Null: the catalogue is not mirrored. */
  readonly mostForCatalogue: number | null;
}

export interface ConnectionStatus {
  readonly connection: string;
  readonly systems: readonly ({ readonly system: SystemName } & Omit<CredentialHold, 'credential'>)[];
  /** Null: none is running. */
  readonly bulkSync: { readonly phase: string; readonly state: string } | null;
  /** People's workflows, by what they wait for. */
  readonly people: Readonly<Record<WaitingState, number>>;
  /** Import files; null: the connection makes none. */
  readonly imports: {
    /** People of whom something is in no file yet, and since when. */
    readonly collected: number;
    readonly sinceMs: number | null;
    readonly files: readonly Pick<ImportBatch, 'number' | 'purpose' | 'state' | 'people' | 'madeAtMs'>[];
    /** The newest that was judged. */
    readonly last: (BatchCounts & { readonly number: number }) | null;
  } | null;
  /** What events cost; null: the connection has none. */
  readonly events: EventsCost | null;
  /** The catalogue's mirror; null: the connection mirrors none. */
  readonly catalogue:
    | (MirrorStand & {
        /** Of its workflow: `running`, `waitingForBudget` or `stopped`; null: it does not run. */
        readonly state: string | null;
        /** Others can read it. */
        readonly hasFeeds: boolean;
      })
    | null;
  readonly webhooks: {
    readonly systems: readonly Silence[];
    /** Of the last hour, but for the bytes. */
    readonly use: Pick<WebhookUse, 'reads' | 'strangers' | 'bytes'>;
    readonly ceilings: CeilingSettings;
  };
}

export async function statusOf(
  { sql, client }: { readonly sql: Sql; readonly client: Client },
  connection: string,
  config: ConnectionConfig,
): Promise<ConnectionStatus> {
  const credentials = await credentialsOf(sql, config);
  const holds = await credentialHolds(
    sql,
    systemNames.map((system) => ({
      credential: credentials[system],
      failuresInARow: config[system].breaker.failuresInARow,
    })),
  );
  const only = { [connection]: config };
  const { maxReadsPerHour, maxStrangersPerHour, maxInboxBytes } = config.webhooks;
  const window = { windowMs: hourMs, gatherMs: config.live.debounceMs };
  const { reads, strangers, bytes } = await webhookUse(sql, connection, window);
  return {
    connection,
    systems: systemNames.map((system, at) => {
      const { stoppedReason, writesStoppedReason, closedUntilMs, triedAtMs } = holds[at]!;
      return { system, stoppedReason, writesStoppedReason, closedUntilMs, triedAtMs };
    }),
    bulkSync: await bulkSyncOf(client, connection),
    people: await peopleOf(client, connection),
    imports: workbookMode(config.yapla) === null ? null : await importsOf(sql, connection),
    events: await eventsCost(sql, connection, config),
    catalogue: await catalogueOf({ sql, client }, connection, config),
    webhooks: {
      systems: silencesOf(only, await lastWebhooks(sql, expectedWebhooks(only)), Date.now()),
      use: { reads, strangers, bytes },
      ceilings: { maxReadsPerHour, maxStrangersPerHour, maxInboxBytes },
    },
  };
}

async function bulkSyncOf(client: Client, connection: string): Promise<ConnectionStatus['bulkSync']> {
  const shown = await shownOf(client, bulkSyncId(connection));
  return shown && { phase: shown.get(phaseKey) ?? 'unknown', state: shown.get(stateKey) ?? 'running' };
}

/** @returns null: the connection has no events */
export async function eventsCost(sql: Sql, connection: string, config: ConnectionConfig): Promise<EventsCost | null> {
  if (config.events === undefined) return null;
  const { yoplanning } = await credentialsOf(sql, config);
  const mostForCatalogue = config.events.catalogue?.requestsPerDay ?? null;
  return { ...(await eventRequests(sql, yoplanning, connection)), mostForCatalogue };
}

async function catalogueOf(
  { sql, client }: { readonly sql: Sql; readonly client: Client },
  connection: string,
  config: ConnectionConfig,
): Promise<ConnectionStatus['catalogue']> {
  const catalogue = config.events?.catalogue ?? null;
  if (catalogue === null) return null;
  const shown = await shownOf(client, mirrorCatalogueId(connection));
  return {
    ...(await mirrorStand(sql, { connectionId: connection, kind: 'registration' }, Date.now())),
    state: shown && (shown.get(stateKey) ?? 'running'),
    hasFeeds: catalogue.feeds !== undefined,
  };
}

/** What a workflow's search attributes show; null: it does not run. */
async function shownOf(client: Client, workflowId: string): Promise<TypedSearchAttributes | null> {
  try {
    const { status, typedSearchAttributes } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING' ? typedSearchAttributes : null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** Who waits for an import in Yapla, and since when. */
export async function importsOf(sql: Sql, connection: string): Promise<NonNullable<ConnectionStatus['imports']>> {
  const scope = personsOf(connection);
  const { collected, sinceMs } = await countCollected(sql, scope);
  const last = await lastJudged(sql, scope);
  return { collected, sinceMs, files: await openBatches(sql, scope), last };
}

async function peopleOf(client: Client, connection: string): Promise<Record<WaitingState, number>> {
  const counts = await Promise.all(
    waitingStates.map(async (state) => {
      const query = `${isLiveWorkflow} AND ExecutionStatus = 'Running' AND PasserelleConnection = '${connection}' AND PasserelleState = '${state}'`;
      return [state, (await client.workflow.count(query)).count] as const;
    }),
  );
  return Object.fromEntries(counts) as Record<WaitingState, number>;
}
