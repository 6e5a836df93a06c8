/**
 * The environment of the programs that we start. Ours holds the systems' tokens, the database's password and whatever else the person has
 * exported: a server, a compiler or `tar` needs none of it, and what it does not have it cannot log, show in /proc or hand on.
 */

/** What programs need to run at all: where programs, home and temporary files are, and in which language they speak. */
const general = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'TMP', 'TEMP', 'LANG', 'TZ', 'SystemRoot'] as const;

/** What a program needs that fetches something: proxies and certificates of this network, and Go's own settings. */
const network =
  /^(?:(?:https?|all|no)_proxy|SSL_CERT_(?:FILE|DIR)|XDG_CACHE_HOME|GO(?:PROXY|SUMDB|NOSUMDB|PRIVATE|NOPROXY|INSECURE|PATH|CACHE|MODCACHE|ROOT|TOOLCHAIN|TMPDIR|AUTH))$/i;

/**
 * @param more set in addition
 * @param options `network`: the program fetches something
 * @returns what a child may see of our environment
 */
export function childEnvironment(
  more: NodeJS.ProcessEnv = {},
  options: { readonly network?: boolean } = {},
): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      general.some((one) => one === name) || name.startsWith('LC_') || (options.network === true && network.test(name)),
  );
  return { ...Object.fromEntries(kept), ...more };
}
