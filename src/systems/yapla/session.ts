/**
 * REST 2.0 sessions: `POST /authentication` with `{"api_key": "…"}` answers a token with an expiry, and the token travels in a
 * header (seen in other people's connectors, docs/systems.md).
 */
import type { YaplaRestConfig } from '../../config/yapla.js';
import type { Ask, HttpClient } from '../../http/client.js';
import { AccessRefused, BudgetExhausted } from '../../http/failures.js';
import type { Budget } from '../../store/budget.js';
import { parseTimestamp } from '../time.js';
import { unexpected, wrongPath } from '../records.js';
import { contentAt, type ErrorWhen, meansError } from './dataApi.js';
import { renewing, type YaplaSession } from './renewing.js';

export type { SessionSend, YaplaSession } from './renewing.js';

interface Token {
  readonly value: string;
  /** Epoch milliseconds of this machine. */
  readonly renewAtMs: number;
}

export interface SessionOptions {
  readonly config: YaplaRestConfig;
  /** Of an expiry that names none. */
  readonly timeZone: string;
  readonly errorWhen: ErrorWhen;
  readonly http: HttpClient;
  /** Stopped when the key is refused by an answer that is no 401. */
  readonly budget: Pick<Budget, 'stop'>;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** One session for one credential, kept in memory: another process has its own. */
export function createSession({
  config,
  timeZone,
  errorWhen,
  http,
  budget,
  now = Date.now,
}: SessionOptions): YaplaSession {
  let token: Token | null = null;
  let renewal: Promise<Token> | null = null;

  async function renew(ask: Ask): Promise<Token> {
    const path = config.sessionPath;
    const body = { api_key: config.apiKey };
    // Others wait for this renewal too: anyone who asked first does not cancel it for them.
    const { signal: _signal, record: _record, ...shared } = ask;
    const answer = await http.send({ method: 'POST', access: 'session', path, body, kind: path }, shared);
    if (meansError(answer, errorWhen)) {
      await budget.stop(`Yapla refused the API key on POST ${path}`);
      throw new AccessRefused(answer.context, 401);
    }
    const value = contentAt(answer, config.sessionToken);
    if (typeof value !== 'string' || value === '') {
      throw wrongPath(answer, 'yapla.write.sessionToken', config.sessionToken, 'text');
    }
    const expiry = contentAt(answer, config.sessionExpiry);
    const expires = typeof expiry === 'string' ? parseTimestamp(expiry, timeZone) : null;
    if (expires === null) {
      throw wrongPath(answer, 'yapla.write.sessionExpiry', config.sessionExpiry, 'a time such as 2019-05-23 10:53:00');
    }
    // Of two instants the earlier, if that is still to come: a session renewed too early costs a request, one too late another.
    const expiresAtMs = expires.first > now() ? expires.first : expires.last;
    const lifeMs = expiresAtMs - now();
    if (lifeMs <= 0) {
      throw unexpected(
        answer,
        "the session is over before it begins: correct yapla.timeZone, yapla.write.sessionExpiry, or this machine's clock",
      );
    }
    // A life shorter than the configured lead would mean a new session for every request.
    return { value, renewAtMs: expiresAtMs - Math.min(config.renewBeforeMs, lifeMs / 2) };
  }

  async function valid(ask: Ask): Promise<Token> {
    if (token !== null && now() < token.renewAtMs) return token;
    const joined = renewal !== null;
    renewal ??= renew(ask)
      .then((renewed) => (token = renewed))
      .finally(() => (renewal = null));
    try {
      return await renewal;
    } catch (error) {
      // Postponed in another's lane, which may be a later one than ours.
      if (joined && error instanceof BudgetExhausted) return valid(ask);
      throw error;
    }
  }

  return renewing(http, {
    valid,
    // Another run may have renewed it meanwhile.
    refused: (first) => {
      if (token === first) token = null;
    },
    headers: ({ value }) => ({ [config.tokenHeader]: value }),
  });
}
