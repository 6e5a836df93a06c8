import { forms, rootSetting, settingsAt } from './settings.js';
import type { Setting } from './settings.js';

/**
 * The reference of all settings, in Markdown, from the schema alone: `npm run docs:config` writes it to docs/configuration.md,
 * and a test holds that file against this function.
 */
export function configReference(): string {
  return `${[introduction, ...sections('', rootSetting()).map(formatSection), defaultFields()].join('\n\n')}\n`;
}

const introduction = `# Configuration reference

<!-- Generated from src/config by \`npm run docs:config\`. Change the descriptions there. -->

One file in YAML or JSON: the one that \`--config\` names, else \`PASSERELLE_CONFIG\`, else \`passerelle.config.yaml\`, \`.yml\` or \`.json\` in the
working directory. Start from [passerelle.config.example.yaml](../passerelle.config.example.yaml). \`passerelle config\` checks the file and shows
what is in effect; \`passerelle doctor <connection>\` holds it against the real accounts.

* \`\${NAME}\` in any text stands for the environment variable of that name. Settings marked **secret** must be written so, and so must a password within an
  address; in clear text they are refused.
* Durations are in milliseconds where their names end in \`Ms\`; those of \`retention\` say \`Days\` and \`Hours\`. Paths within an answer are dotted: \`data.session_token\`.
* A setting without a default is optional unless it is marked **required**. An unknown setting is an error.
* "Not public; assumed" marks what the vendors do not document: \`passerelle doctor\` tells whether the assumption holds for your account.`;

interface Section {
  readonly path: string;
  readonly description: string | undefined;
  readonly rows: readonly Row[];
}

interface Row {
  readonly name: string;
  readonly setting: Setting;
  readonly required: boolean;
}

/** One section for each group of settings, the outer one first. */
function sections(path: string, setting: Setting): readonly Section[] {
  return forms(setting).flatMap((form) => {
    const { properties } = form;
    if (properties === undefined) return nested(path, form);
    const heading = path + variant(properties);
    const rows = Object.entries(properties)
      .filter(([, child]) => !isPlainGroup(child))
      .map(([name, child]) => ({
        name,
        setting: child,
        required: form.required?.includes(name) === true && !('default' in child),
      }));
    const inner = Object.entries(properties).flatMap(([name, child]) => sections(joined(path, name), child));
    const own = rows.length === 0 ? [] : [{ path: heading, description: form.description, rows }];
    return [...own, ...inner];
  });
}

/** Groups within a list, and groups whose names a person chooses. */
function nested(path: string, form: Setting): readonly Section[] {
  const { items, additionalProperties } = form;
  if (items !== undefined) return sections(`${path}[]`, items);
  return typeof additionalProperties === 'object' ? sections(joined(path, '<name>'), additionalProperties) : [];
}

/** A group that is only a place for others has no row of its own: it is a section. */
function isPlainGroup(setting: Setting): boolean {
  return setting.properties !== undefined;
}

/** The word that selects this form, where a group has several. */
function variant(properties: Readonly<Record<string, Setting>>): string {
  const selector = Object.entries(properties).find(([, child]) => child.const !== undefined);
  return selector === undefined ? '' : ` with ${selector[0]}: ${String(selector[1].const)}`;
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function formatSection({ path, description, rows }: Section): string {
  const heading = path === '' ? '## Top level' : `## ${path.replace(/^[^ ]+/, (name) => `\`${name}\``)}`;
  const lines = rows.map(({ name, setting, required }) =>
    row([`\`${name}\``, typeOf(setting), required ? '**required**' : defaultOf(setting), setting.description ?? '']),
  );
  return [
    heading,
    ...(description === undefined ? [] : ['', description]),
    '',
    row(['Setting', 'Type', 'Default', 'Description']),
    row(['---', '---', '---', '---']),
    ...lines,
  ].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function defaultOf(setting: Setting): string {
  if (!('default' in setting)) return '';
  if (typeof setting.default !== 'object' || setting.default === null) return `\`${JSON.stringify(setting.default)}\``;
  return JSON.stringify(setting.default).length > 120
    ? 'see the end of this page'
    : `\`${JSON.stringify(setting.default)}\``;
}

function typeOf(setting: Setting): string {
  const types = [...new Set(forms(setting).flatMap(ownTypes))];
  return [types.join(', or '), ...(setting.secret === true ? ['**secret**'] : [])].join('; ');
}

function ownTypes(setting: Setting): readonly string[] {
  if (setting.const !== undefined) return [`\`${String(setting.const)}\``];
  if (setting.enum !== undefined) return [setting.enum.map((value) => `\`${String(value)}\``).join(' | ')];
  if (setting.type === undefined) return [];
  return [setting.type].flat().map((type) => typeName(type, setting));
}

function typeName(type: string, setting: Setting): string {
  switch (type) {
    case 'string':
      return ({ uri: 'address', uuid: 'UUID' } as Readonly<Record<string, string>>)[setting.format ?? ''] ?? 'text';
    case 'integer':
      return `whole number${range(setting)}`;
    case 'number':
      return `number${range(setting)}`;
    case 'boolean':
      return '`true` | `false`';
    case 'array':
      return `list of ${setting.items?.properties === undefined ? typeOf(setting.items ?? {}) : 'groups'}`;
    case 'object':
      if (setting.properties !== undefined) return 'group';
      return isOfTexts(setting.additionalProperties) ? 'named texts' : 'named groups';
    default:
      return `\`${type}\``;
  }
}

function isOfTexts(items: Setting['additionalProperties']): boolean {
  return typeof items === 'object' && items.type === 'string';
}

/** The field map that holds where a connection has none of its own: too long for a cell. */
function defaultFields(): string {
  const [fields] = settingsAt(['connections', 'any', 'fields']);
  const map = fields?.default as Readonly<Record<string, Readonly<Record<'type' | 'yapla' | 'yoplanning', string>>>>;
  return [
    '## Fields, where a connection names none',
    '',
    'A connection that has `fields` replaces the whole map: copy what you keep.',
    '',
    row(['Field', 'Type', 'In Yapla (not public; assumed)', 'In Yoplanning']),
    row(['---', '---', '---', '---']),
    ...Object.entries(map).map(([name, field]) =>
      row([`\`${name}\``, field.type, `\`${field.yapla}\``, `\`${field.yoplanning}\``]),
    ),
  ].join('\n');
}

/** Bounds, where the schema sets one: JSON Schema states the limits of exact integers on every integer. */
function range(setting: Setting): string {
  const least = setting.exclusiveMinimum === undefined ? setting.minimum : setting.exclusiveMinimum + 1;
  const from = least === undefined || least <= Number.MIN_SAFE_INTEGER ? '' : ` from ${least}`;
  const to =
    setting.maximum === undefined || setting.maximum >= Number.MAX_SAFE_INTEGER ? '' : ` to ${setting.maximum}`;
  return from + to;
}
