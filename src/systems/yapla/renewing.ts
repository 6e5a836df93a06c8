/** Requests under a token that ends: whatever kind of token it is, it is renewed once where the server no longer knows it. */
import type { Answer, Ask, HttpClient, HttpRequest } from '../../http/client.js';
import type { Permit } from '../../store/budget.js';

/** Sends a request under the session's token. */
export type SessionSend = (request: HttpRequest, ask: Ask, permit?: Permit) => Promise<Answer>;

export interface YaplaSession {
  /**
   * Runs `use` with a valid token. When the server ends the session all the same (401), it is renewed and `use` is run once
   * more from its beginning: a request that was answered 401 had no effect. A second 401 is an `AccessRefused`.
   */
  run<T>(ask: Ask, use: (send: SessionSend) => Promise<T>): Promise<T>;
}

export interface TokenSource<Token> {
  /** A token to send with, renewed where it is due. */
  valid(ask: Ask): Promise<Token>;
  /** The server does not know this one any more: the next `valid` gives another. */
  refused(token: Token): void;
  headers(token: Token): Readonly<Record<string, string>>;
  /** Whether an answer of another status says that the token is not known; with what is done where it says so again. */
  readonly said?: {
    readonly unauthorised: (answer: Answer) => boolean;
    readonly again: (answer: Answer) => Promise<never>;
  };
}

/** The server ended the session. Stays within this file: the second time, the http client answers with `AccessRefused`. */
class SessionEnded extends Error {
  override readonly name = 'SessionEnded';
}

export function renewing<Token>(http: HttpClient, source: TokenSource<Token>): YaplaSession {
  function sender(current: Token, onUnauthorised: 'stop' | 'answer'): SessionSend {
    return async (request, ask, permit) => {
      const headers = { ...request.headers, ...source.headers(current) };
      const answer = await http.send({ ...request, headers, onUnauthorised }, ask, permit);
      if (answer.status === 401) throw new SessionEnded();
      if (source.said?.unauthorised(answer) !== true) return answer;
      if (onUnauthorised === 'stop') return source.said.again(answer);
      throw new SessionEnded();
    };
  }

  return {
    async run(ask, use) {
      const first = await source.valid(ask);
      try {
        return await use(sender(first, 'answer'));
      } catch (error) {
        if (!(error instanceof SessionEnded)) throw error;
      }
      source.refused(first);
      return use(sender(await source.valid(ask), 'stop'));
    },
  };
}
