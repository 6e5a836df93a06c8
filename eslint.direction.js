/**
 * Imports point one way (docs/how-it-works.md): core <- systems, store <- cases <- link <- activities <- worker. `src/http` alone speaks to the
 * two systems; workflows import the core and types. test/lint/direction.unit.test.ts shows that each of these rules fires.
 */

/**
 * What the files of a folder may import from other folders, at all (`values`) or as types only (`types`), and which packages.
 * A folder that is not listed (cli, bench, test) may import everything.
 */
const layers = {
  'src/core': { packages: ['libphonenumber-js', 'i18n-iso-countries', 'node:crypto'] },
  'src/config': { values: ['src/core'], packages: ['zod', 'yaml', 'graphql', 'node:fs', 'node:path'] },
  'src/store': {
    values: ['src/core'],
    types: ['src/config', 'src/systems'],
    deny: ['@temporalio', 'undici'],
  },
  // The budget lives in the store: it is asked before every request.
  'src/http': { values: ['src/core', 'src/store'], types: ['src/config'], deny: ['@temporalio', 'pg'] },
  'src/systems': {
    values: ['src/core', 'src/config', 'src/http', 'src/workbook'],
    types: ['src/store'],
    deny: ['@temporalio', 'pg', 'undici'],
  },
  // What a question is and how it is answered: the terminal and the pages put it into words.
  'src/cases': {
    values: ['src/core', 'src/config', 'src/http', 'src/store'],
    deny: ['@temporalio', 'pg', 'undici', 'commander', 'picocolors'],
  },
  'src/link': {
    values: ['src/core', 'src/config', 'src/http', 'src/store', 'src/systems', 'src/cases', 'src/workbook'],
    deny: ['@temporalio', 'pg', 'undici'],
  },
  'src/doctor': {
    values: ['src/core', 'src/config', 'src/http', 'src/systems'],
    types: ['src/store'],
    deny: ['@temporalio', 'pg', 'undici'],
  },
  'src/embedded': { values: [], types: ['src/config'] },
  // Reads and writes files as tables, and knows nothing of members.
  'src/workbook': { values: ['src/core'], deny: ['@temporalio', 'pg', 'undici'] },
  'src/sandbox': { values: ['src/core', 'src/config'], types: ['src/systems'], deny: ['@temporalio', 'pg'] },
  // The catalogue as others read it. It is given what to show, and asks nobody.
  'src/feeds': { values: ['src/core', 'src/workbook'], deny: ['@temporalio', 'pg', 'undici'] },
  'src/receiver': { values: ['src/core', 'src/config', 'src/store', 'src/feeds', 'workflows'], deny: ['undici', 'pg'] },
  'src/console': {
    values: ['src/core', 'src/config', 'src/store', 'src/cases', 'workflows'],
    deny: ['undici', 'pg'],
  },
  'src/replay': { values: ['src/core', 'workflows'], types: ['activities', 'src/link'], deny: ['undici', 'pg'] },
  activities: {
    values: ['src/core', 'src/config', 'src/http', 'src/store', 'src/systems', 'src/cases', 'src/link'],
    types: ['workflows'],
    deny: ['@temporalio/worker', '@temporalio/workflow', 'pg', 'undici'],
  },
  workflows: {
    values: ['src/core'],
    types: ['activities'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
};

const everywhere = [...Object.keys(layers), 'src/cli'];

const escaped = (text) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Matches a relative import that leads into a folder, from whatever depth. */
const into = (folder) => `^(?:\\.\\./)+(?:src/)?${escaped(folder.replace(/^src\//, ''))}/`;

const named = (name) => `${escaped(name)}(?:/|$)`;

function patternsOf(folder, { values = [], types = [], packages, deny = [] }) {
  const closed = everywhere.filter((other) => other !== folder && !values.includes(other));
  const patterns = closed.map((other) => ({
    regex: into(other),
    allowTypeImports: types.includes(other),
    message: `${folder} must not import ${other}${types.includes(other) ? ' (types may be)' : ''}: imports point one way.`,
  }));
  if (packages !== undefined) {
    const message = `${folder} imports no packages but ${packages.join(', ')}.`;
    patterns.push({ regex: `^(?!\\.|${packages.map(named).join('|')})`, message });
  }
  for (const name of deny) patterns.push({ regex: `^${named(name)}`, message: `${folder} must not use ${name}.` });
  return patterns;
}

/** `node:crypto` does not exist in a workflow, and neither does what needs it. */
const outsideWorkflows = {
  regex: '/core/(?:fingerprint|linkId)\\.js$',
  allowTypeImports: true,
  message: 'It needs node:crypto, which does not exist in a workflow.',
};

export const directionRules = Object.entries(layers).map(([folder, layer]) => ({
  files: [`${folder}/**/*.ts`],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      { patterns: [...patternsOf(folder, layer), ...(folder === 'workflows' ? [outsideWorkflows] : [])] },
    ],
  },
}));
