import type { LoadedConfig } from './load.js';
import { formatPath } from './settings.js';
import type { ConfigPath } from './settings.js';

/**
 * The configuration in effect, defaults included, fit to be shown: where the file named an environment variable, it is the name
 * that stands here. Nothing else can be a secret, since secrets in clear text are refused (see references.ts).
 */
export function showConfig({ config, references }: Pick<LoadedConfig, 'config' | 'references'>): unknown {
  const visit = (value: unknown, path: ConfigPath): unknown => {
    const written = references.get(formatPath(path));
    if (written !== undefined) return written;
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
  };
  return visit(config, []);
}
