/**
 * Imports a TypeScript source as when it runs for real, by tsx: jest loads globalSetup outside its own module system, where it
 * would find neither ES modules nor the `.ts` behind an import of `.js`.
 *
 * @param {string} file absolute path
 */
export async function importSource(file) {
  const { tsImport } = await import('tsx/esm/api');
  return tsImport(file, import.meta.url);
}
