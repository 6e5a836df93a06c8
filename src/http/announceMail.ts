/** Tells people by mail something that concerns nobody's data, through a mail server of their own (SMTP). */
import { createTransport } from 'nodemailer';
import { isLoopback } from '../core/loopback.js';

export interface MailSettings {
  /** `smtp:` (encrypted by STARTTLS, but on this machine) or `smtps:`, with user and password where the server wants them. */
  readonly server: string;
  readonly from: string;
  readonly to: readonly string[];
}

export interface Mail {
  readonly subject: string;
  readonly text: string;
}

/** Of each stage: connecting, the greeting, and every answer. All attempts of the one who asks must fit into what it waits. */
const stageTimeoutMs = 5_000;

/** All stages together, so that a server that answers slowly each time ends, too. */
const timeoutMs = 20_000;

/** The server did not take the mail. Names neither the server nor anybody's address, nor what it said: there, addresses stand. */
export class NotMailed extends Error {
  override readonly name = 'NotMailed';
  constructor(what: string) {
    super(`the configured mail server did not take the announcement: ${what}`);
  }
}

/** Sends it, once. @throws {NotMailed} */
export async function announceByMail({ server, from, to }: MailSettings, { subject, text }: Mail): Promise<void> {
  const transport = createTransport({
    url: server,
    requireTLS: !isLoopback(new URL(server).hostname),
    connectionTimeout: stageTimeoutMs,
    greetingTimeout: stageTimeoutMs,
    socketTimeout: stageTimeoutMs,
    dnsTimeout: stageTimeoutMs,
  });
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NotMailed('no end')), timeoutMs);
  });
  try {
    const { rejected } = await Promise.race([
      transport.sendMail({ from, to: [...to], subject, text, disableFileAccess: true, disableUrlAccess: true }),
      tooLong,
    ]);
    // One of several receivers was refused: the others have it, and must not get it again.
    if (rejected.length === to.length) throw new NotMailed('no receiver was taken');
  } catch (error) {
    throw error instanceof NotMailed ? error : new NotMailed(kindOf(error));
  } finally {
    clearTimeout(timer);
    transport.close();
  }
}

/** The status that the server answered, or else the library's own word for it (`EAUTH`, `ECONNECTION`, …). */
function kindOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'no answer';
  if ('responseCode' in error && typeof error.responseCode === 'number') return `status ${error.responseCode}`;
  return 'code' in error && typeof error.code === 'string' ? error.code : 'no answer';
}
