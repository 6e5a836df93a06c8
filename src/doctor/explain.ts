import type { AnyFailure } from '../http/failures.js';

export interface Explanation {
  readonly finding: string;
  readonly advice: string;
  /** True where every further request to this system would end the same way. */
  readonly final: boolean;
}

/** What is asked, and what to do where its credential is refused. */
export interface Account {
  /** Where its settings stand: `connections.club.yoplanning`. */
  readonly settings: string;
  /** The server does not know the credential. */
  readonly onUnknown: string;
  /** The server knows it, but it may not do what was asked. */
  readonly onForbidden: string;
}

/** A failure of src/http as a person who sets up a connection needs it: what it means here, and which setting to look at. */
export function explain(failure: AnyFailure, account: Account): Explanation {
  const { settings } = account;
  switch (failure.type) {
    case 'NoAnswer':
      return { finding: `no answer (${failure.code})`, advice: networkAdvice(failure.code, settings), final: true };
    case 'AccessRefused':
      return failure.status === 401
        ? {
            finding: 'the server does not know the credential (401)',
            advice: failure.advice ?? account.onUnknown,
            final: true,
          }
        : {
            finding: 'the server knows the credential, but it may not do this (403)',
            advice: account.onForbidden,
            final: false,
          };
    case 'Throttled':
      return {
        finding: `the server refuses more requests now (429); it would take one in ${Math.ceil(failure.retryAfterMs / 1_000)} s`,
        advice: `another program uses this credential, or ${settings}.limits are above what the server allows: lower them, then try again`,
        final: true,
      };
    case 'ServerFailed':
      return {
        finding: `the server failed (${failure.status})`,
        advice: 'try again in some minutes; if it stays so, ask the vendor',
        final: false,
      };
    case 'BudgetExhausted':
      return {
        finding: `not asked: the budget has no request left before ${new Date(failure.retryAtMs).toISOString()}`,
        advice: 'run this command again then',
        final: true,
      };
    case 'WritesStopped':
    case 'ConnectionStopped':
      return {
        finding: `not asked: ${failure.type === 'WritesStopped' ? 'writes are' : 'the connection is'} stopped (${failure.reason})`,
        advice: 'repair the cause, run `passerelle resume`, then this command again',
        final: true,
      };
    case 'UnexpectedResponse':
    case 'RequestRefused':
    case 'InvalidRecord':
    case 'RecordMissing':
      return {
        finding: failure.what,
        advice: `compare ${settings} with what your account answers (names and types stand below, where there was an answer)`,
        final: false,
      };
  }
}

function networkAdvice(code: string, settings: string): string {
  if (/ENOTFOUND|EAI_AGAIN/.test(code))
    return `check the name of the server in ${settings}, and this machine's network`;
  if (code === 'ECONNREFUSED') return `nothing listens there: check address and port in ${settings}`;
  if (/CERT|SELF_SIGNED|SSL|TLS/.test(code))
    return "the server's certificate is not trusted: check the address, and any proxy in between";
  if (/CONNECT_TIMEOUT|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH/.test(code))
    return 'the way is blocked: check firewall and proxy';
  return `the server takes the request and stays silent: try again, or raise ${settings}.http.headersTimeoutMs`;
}
