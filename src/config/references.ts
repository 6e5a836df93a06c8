import { isSecret } from './settings.js';
import type { ConfigPath } from './settings.js';
import type { Finding } from './problems.js';

const reference = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const onlyReferences = /^(?:\$\{[A-Za-z_][A-Za-z0-9_]*\})+$/;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Expanded {
  readonly value: unknown;
  readonly findings: readonly Finding[];
  /** Where references stood, with the text as written: what may be shown in place of the value. */
  readonly references: readonly { readonly path: ConfigPath; readonly written: string }[];
}

/**
 * Replaces `${NAME}` in every text by the environment variable. A secret may consist of references only, and the password of
 * any address must be one, so that a configuration file can be committed and shown. No finding ever contains a variable's value.
 */
export function expandReferences(document: unknown, environment: Environment): Expanded {
  const findings: Finding[] = [];
  const references: { path: ConfigPath; written: string }[] = [];

  const expandText = (text: string, path: ConfigPath): string => {
    if (!text.includes('${')) return text;
    references.push({ path, written: text });
    const expanded = text.replace(reference, (_, name: string) => {
      const value = environment[name];
      if (value === undefined || value === '') {
        const state = value === undefined ? 'is not set' : 'is empty';
        findings.push({
          path,
          expected: `the environment variable ${name}`,
          found: `that it ${state}`,
          hint: `set ${name} before starting, or name another variable here`,
        });
        return '';
      }
      if (isSecret(path) && /\s/.test(value)) {
        findings.push({
          path,
          expected: `a secret without spaces or line breaks in the environment variable ${name}`,
          found: 'one with them',
          hint: 'a line break at the end often comes from reading it from a file',
        });
      }
      return value;
    });
    if (text.replace(reference, '').includes('${')) {
      findings.push({
        path,
        expected: 'references of the form ${NAME} (letters, digits and _)',
        found: '${ in another form',
      });
    }
    return expanded;
  };

  const visit = (value: unknown, path: ConfigPath): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
    }
    const clear = clearTextFinding(value, path);
    if (clear !== undefined) findings.push(clear);
    return typeof value === 'string' ? expandText(value, path) : value;
  };

  return { value: visit(document, []), findings, references };
}

function clearTextFinding(value: unknown, path: ConfigPath): Finding | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (isSecret(path) && !(typeof value === 'string' && onlyReferences.test(value))) {
    return {
      path,
      expected: 'the name of an environment variable, as ${NAME}',
      found: 'a secret in clear text',
      hint: 'put the secret into the environment, and change it if this file was ever shared',
    };
  }
  if (typeof value === 'string' && hasClearCredential(value)) {
    return {
      path,
      expected: 'the password or key within the address as ${NAME}',
      found: 'one in clear text',
      hint: 'put it into the environment (percent-encoded, as in any address)',
    };
  }
  return undefined;
}

/**
 * Parameters of an address that hold a credential: of PostgreSQL (`password`, `sslpassword`) and as APIs name them. Not `sslkey`, `passfile`
 * and the like, which name files.
 */
const credentialName =
  /password|passwd|passphrase|secret|token|signature|credential|^auth|^pwd$|^sig$|^key$|(?:api|access|auth)[-_]?key/i;

/** Whether an address, or a path with a `?`, holds a password, a key or a token that is no reference. */
function hasClearCredential(text: string): boolean {
  // A reference may hold any part of an address, so it is replaced by a word that is valid in each part.
  const marker = 'reference0';
  const withoutReferences = text.replace(reference, marker);
  const isPath = withoutReferences.startsWith('/') && withoutReferences.includes('?');
  const base = isPath ? 'https://path.invalid' : undefined;
  if (!URL.canParse(withoutReferences, base)) return false;
  const address = new URL(withoutReferences, base);
  const credentials = [
    decoded(address.password),
    // A name is no secret in an address of PostgreSQL; one of an API that has a user has a token there.
    ...(/^https?:$/.test(address.protocol) ? [decoded(address.username)] : []),
    ...[...address.searchParams].flatMap(([name, value]) => (credentialName.test(name) ? [value] : [])),
  ];
  return credentials.some((one) => one.replaceAll(marker, '') !== '');
}

/** As written where it is not percent-encoded as it should be. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
