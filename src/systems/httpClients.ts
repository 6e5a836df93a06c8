/** The http clients of a connection's systems: where each credential goes. Nothing is sent before the first call. */
import { yaplaAddresses, type YaplaConfig } from '../config/yapla.js';
import type { YoplanningConfig } from '../config/yoplanning.js';
import { createHttpClient, type HttpClient } from '../http/client.js';
import type { Budget } from '../store/budget.js';

/** `Authorization: Token <token>`, as the vendor documents it. */
export function openYoplanningHttp(connection: string, config: YoplanningConfig, budget: Budget): HttpClient {
  return createHttpClient({
    connection,
    system: 'yoplanning',
    baseUrl: config.baseUrl,
    headers: () => ({ authorization: `Token ${config.token}` }),
    budget,
    http: config.http,
    maxRetryAfterMs: config.limits.maxRetryAfterMs,
    secrets: [config.token],
  });
}

export interface YaplaHttp {
  /** For the DATA API. A key that goes into the query is added by whoever builds the query. */
  readonly data: HttpClient;
  /** For the address of the way to write; without a session's token, which belongs to each request. */
  readonly write: HttpClient;
}

/** Both take their permits from one budget: they are one account. */
export function openYaplaHttp(connection: string, config: YaplaConfig, budget: Budget): YaplaHttp {
  const { write } = config;
  const { key } = config.read;
  const addresses = yaplaAddresses(config.server);
  const secrets = write.mode === 'rest' ? [key.value, write.apiKey] : [key.value];
  const { maxRetryAfterMs } = config.limits;
  const common = { connection, system: 'yapla', budget, http: config.http, maxRetryAfterMs, secrets };
  const keyHeader: Record<string, string> = key.in === 'header' ? { [key.name]: key.prefix + key.value } : {};
  return {
    data: createHttpClient({ ...common, baseUrl: config.read.baseUrl ?? addresses.data, headers: () => keyHeader }),
    write: createHttpClient({
      ...common,
      baseUrl: (write.mode === 'rest' ? write.baseUrl : undefined) ?? addresses.rest,
      headers: () => ({}),
    }),
  };
}
