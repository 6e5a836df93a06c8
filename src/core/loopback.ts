/** Names of this machine. */
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether what is sent to a host never leaves this machine, so that it need not be encrypted. @param hostname as in an URL */
export function isLoopback(hostname: string): boolean {
  return loopback.test(hostname);
}
