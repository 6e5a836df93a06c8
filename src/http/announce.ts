/** Tells somebody's webhook (a chat, an automation) something that concerns nobody's data. No budget: it is neither of the two systems. */
import { request } from 'undici';

const timeoutMs = 10_000;

/** The address did not take it. Names no part of the address: who knows it can write there. */
export class NotAnnounced extends Error {
  override readonly name = 'NotAnnounced';
  constructor(what: string) {
    super(`the configured address did not take the announcement: ${what}`);
  }
}

/** Posts JSON. @throws {NotAnnounced} */
export async function announce(url: string, message: Readonly<Record<string, string | number>>): Promise<void> {
  let status: number;
  try {
    const { statusCode, body } = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
    });
    await body.dump();
    status = statusCode;
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'no answer';
    throw new NotAnnounced(code);
  }
  if (status < 200 || status > 299) throw new NotAnnounced(`status ${status}`);
}
