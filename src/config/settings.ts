import { z } from 'zod';
import { configSchema } from './schema.js';

/** The parts of a JSON Schema (draft 2020-12, as zod writes it) that the loader and the reference need. */
export interface Setting {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: string | number | boolean | null;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Setting>>;
  readonly additionalProperties?: Setting | boolean;
  readonly items?: Setting;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Setting[];
  readonly oneOf?: readonly Setting[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly secret?: boolean;
}

/** A place in the configuration: keys and list positions from the top. */
export type ConfigPath = readonly PropertyKey[];

let root: Setting | undefined;

/** The configuration schema, as a person writes it (defaults may be left out). */
export function rootSetting(): Setting {
  root ??= z.toJSONSchema(configSchema, { io: 'input' }) as Setting;
  return root;
}

/** The forms a setting may take: itself, and each branch of a union. */
export function forms(setting: Setting): readonly Setting[] {
  return [setting, ...[...(setting.anyOf ?? []), ...(setting.oneOf ?? [])].flatMap(forms)];
}

/** Every description of the setting at a path; several where a union has it in several forms, none where nothing is known. */
export function settingsAt(path: ConfigPath): readonly Setting[] {
  let found: readonly Setting[] = forms(rootSetting());
  for (const key of path) {
    found = found.flatMap((setting) => {
      const child = childOf(setting, key);
      return child === undefined ? [] : forms(child);
    });
  }
  return found;
}

function childOf(setting: Setting, key: PropertyKey): Setting | undefined {
  if (typeof key === 'number') return setting.items;
  const known = setting.properties?.[String(key)];
  if (known !== undefined) return known;
  return typeof setting.additionalProperties === 'object' ? setting.additionalProperties : undefined;
}

/** Names that may stand under a path. */
export function namesAt(path: ConfigPath): readonly string[] {
  return [...new Set(settingsAt(path).flatMap((setting) => Object.keys(setting.properties ?? {})))];
}

export function isSecret(path: ConfigPath): boolean {
  return settingsAt(path).some((setting) => setting.secret === true);
}

/** `['connections', 'club', 'matching', 'rules', 0]` is `connections.club.matching.rules[0]`. */
export function formatPath(path: ConfigPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}
