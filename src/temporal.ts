/** Connections to a Temporal server, for clients and workers, and the set-up that each server needs once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, isGrpcServiceError, makeGrpcRetryInterceptor } from '@temporalio/client';
import { SearchAttributeType } from '@temporalio/common';
import { NativeConnection } from '@temporalio/worker';
import { searchAttributeKeys } from '../workflows/searchAttributes.js';
import { type Retries, retriesUntilClosed } from './temporalRetries.js';

/** The part of `config.temporal` that says how to connect, with the address that is really in use. */
export interface TemporalConnectionOptions {
  /** host:port of the frontend. */
  readonly address: string;
  readonly namespace: string;
  /** Always on where an API key is given, which must not travel in the clear. */
  readonly tls?: boolean | undefined;
  readonly apiKey?: string | undefined;
  /** Longest wait of a client for the server. Default 10 s, the SDK's own. */
  readonly connectTimeoutMs?: number | undefined;
}

/** The server cannot be reached, refuses us, or lacks what only its operator can create. */
export class TemporalSetupError extends Error {
  override readonly name = 'TemporalSetupError';
}

export interface TemporalConnection {
  readonly connection: Connection;
  readonly client: Client;
}

/**
 * Connects a client. The caller closes `connection`.
 *
 * @throws {TemporalSetupError} nobody answers as a Temporal server there, or the API key is refused.
 */
export async function connectTemporal(options: TemporalConnectionOptions): Promise<TemporalConnection> {
  const retries = retriesUntilClosed();
  const connection = await reach(options, () =>
    Connection.connect({
      ...connectOptions(options),
      connectTimeout: options.connectTimeoutMs ?? 10_000,
      interceptors: [makeGrpcRetryInterceptor(retries.options)],
    }),
  );
  endingFirst(connection, retries);
  return { connection, client: new Client({ connection, namespace: options.namespace }) };
}

/**
 * A client that connects when it is first used, and again whenever the server is back: for who must run without one. The caller closes
 * `connection`; calls need a deadline of their own.
 */
export function lazyTemporal(options: TemporalConnectionOptions): TemporalConnection {
  const retries = retriesUntilClosed();
  const connection = Connection.lazy({
    ...connectOptions(options),
    interceptors: [makeGrpcRetryInterceptor(retries.options)],
    // gRPC's own pause between two attempts to connect grows to two minutes.
    channelArgs: { 'grpc.max_reconnect_backoff_ms': 5_000 },
  });
  endingFirst(connection, retries);
  return { connection, client: new Client({ connection, namespace: options.namespace }) };
}

/** Nothing is asked on the connection's channel once it is closed. */
function endingFirst(connection: Connection, retries: Retries): void {
  const close = connection.close.bind(connection);
  connection.close = async () => {
    await retries.end();
    await close();
  };
}

/**
 * Connects a worker: workers speak through the SDK's native core and cannot share a client's connection. The caller closes it.
 *
 * @throws {TemporalSetupError} as {@link connectTemporal}.
 */
export function connectWorker(options: TemporalConnectionOptions): Promise<NativeConnection> {
  return reach(options, () => NativeConnection.connect(connectOptions(options)));
}

/**
 * Creates our search attributes where they are missing, and waits until the server accepts them. Repeatable; processes may do it at once.
 *
 * @param timeoutMs longest wait: on SQL stores the frontends read new definitions from a cache that is renewed every few seconds.
 * @throws {TemporalSetupError} they may not be created by us (Temporal Cloud), or do not become known in time.
 */
export async function ensureSearchAttributes(
  connection: Connection,
  namespace: string,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let missing = await unknownAttributes(connection, namespace);
  if (missing.length === 0) return;
  for (const key of missing) {
    try {
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: { [key.name]: indexedValueTypes[key.type] },
      });
    } catch (error) {
      const status = grpcStatusOf(error);
      if (status === grpcStatus.alreadyExists) continue;
      if (status !== grpcStatus.permissionDenied && status !== grpcStatus.unimplemented) throw error;
      throw new TemporalSetupError(
        `Namespace ${namespace} lacks the search attributes ${missing.map(({ name }) => name).join(', ')} (type Keyword), and we may not create them. On Temporal Cloud create them in the namespace's settings, or with "tcld namespace search-attributes add"; then start again.`,
        { cause: error },
      );
    }
  }
  for (;;) {
    missing = await unknownAttributes(connection, namespace);
    if (missing.length === 0) return;
    if (Date.now() > deadline) {
      throw new TemporalSetupError(
        `Namespace ${namespace} still does not know the search attributes ${missing.map(({ name }) => name).join(', ')}, ${timeoutMs} ms after they were created. See the server's log; on a SQL store at most 10 Keyword attributes can exist.`,
      );
    }
    await sleep(100);
  }
}

/** Asked by a query, which passes the same check in the frontend as the start of a workflow; a list of definitions would be ahead of it. */
async function unknownAttributes(
  connection: Connection,
  namespace: string,
): Promise<readonly (typeof searchAttributeKeys)[number][]> {
  const unknown = [];
  for (const key of searchAttributeKeys) {
    try {
      await connection.workflowService.countWorkflowExecutions({ namespace, query: `${key.name} = "none"` });
    } catch (error) {
      if (grpcStatusOf(error) !== grpcStatus.invalidArgument) throw error;
      unknown.push(key);
    }
  }
  return unknown;
}

function connectOptions({ address, tls, apiKey }: TemporalConnectionOptions) {
  return { address, tls: tls === true || apiKey !== undefined, ...(apiKey === undefined ? {} : { apiKey }) };
}

async function reach<T>({ address, tls, apiKey }: TemporalConnectionOptions, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect();
  } catch (error) {
    const how = tls === true || apiKey !== undefined ? 'with TLS' : 'without TLS';
    throw new TemporalSetupError(
      `No Temporal server answers at ${address} (${how}). Check temporal.address, temporal.tls and temporal.apiKey, and that the server runs; without temporal.address one is started for you.`,
      { cause: error },
    );
  }
}

function grpcStatusOf(error: unknown): number | undefined {
  return isGrpcServiceError(error) ? error.code : undefined;
}

/** Codes of gRPC (https://grpc.io/docs/guides/status-codes/). */
const grpcStatus = { invalidArgument: 3, alreadyExists: 6, permissionDenied: 7, unimplemented: 12 } as const;

type AddSearchAttributesRequest = Parameters<Connection['operatorService']['addSearchAttributes']>[0];
type IndexedValueType = NonNullable<AddSearchAttributesRequest['searchAttributes']>[string];

/** The numbers of `temporal.api.enums.v1.IndexedValueType`, which the SDK does not export. */
const indexedValueTypes = {
  [SearchAttributeType.TEXT]: 1,
  [SearchAttributeType.KEYWORD]: 2,
  [SearchAttributeType.INT]: 3,
  [SearchAttributeType.DOUBLE]: 4,
  [SearchAttributeType.BOOL]: 5,
  [SearchAttributeType.DATETIME]: 6,
  [SearchAttributeType.KEYWORD_LIST]: 7,
} as unknown as Readonly<Record<SearchAttributeType, IndexedValueType>>;
