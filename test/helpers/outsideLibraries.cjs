/**
 * Libraries that test files share: jest loads a library anew for each file, which for these takes longer than many a file's tests. They are
 * loaded by Node itself, once a process; what a file imports is a module that hands their exports on.
 *
 * Only libraries that keep nothing between two files, and that never ask whether what they are given is an instance of a class of the
 * language's own (`instanceof Date`): inside and outside have one each.
 */
const { mkdirSync, existsSync, writeFileSync, renameSync } = require('node:fs');
const path = require('node:path');

const names = [
  '@temporalio/activity',
  '@temporalio/client',
  '@temporalio/common',
  '@temporalio/worker',
  '@temporalio/workflow',
  'graphql',
  'i18n-iso-countries',
  'libphonenumber-js',
  'pino',
  'prom-client',
  'undici',
  'yaml',
];

/** Under this name the environment gives the files of a run a way to what is loaded outside. */
const outside = Symbol.for('passerelle.outside');
const directory = path.resolve('node_modules/.cache/passerelle/outside');
/** What was loaded, by name. */
const loaded = new Map();

function load(name) {
  if (!loaded.has(name)) loaded.set(name, require(name));
  return loaded.get(name);
}

/** The module that hands on; null: the library is loaded as any other. */
function outsideModule(request) {
  const name = names.find((one) => request === one);
  if (name === undefined) return null;
  const file = path.join(directory, `${name.replace('/', '+')}.mjs`);
  if (existsSync(file)) return file;
  const exported = Object.keys(load(name)).filter((key) => key !== 'default' && /^[A-Za-z_$][\w$]*$/.test(key));
  const lines = [
    `const library = globalThis[Symbol.for('passerelle.outside')](${JSON.stringify(name)});`,
    'export default library;',
    ...exported.map((key, n) => `const e${n} = library[${JSON.stringify(key)}];`),
    `export { ${exported.map((key, n) => `e${n} as ${key}`).join(', ')} };`,
  ];
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, lines.join('\n'));
  renameSync(`${file}.${process.pid}`, file);
  return file;
}

module.exports = { outside, load, loaded, outsideModule };
