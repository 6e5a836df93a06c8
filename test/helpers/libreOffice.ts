/** LibreOffice, as a person uses it: opens files and saves them. Needed by the tests named `*.office.test.ts`, which run where it is installed. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** It begins in seconds; on a busy machine in a minute. */
const timeoutMs = 240_000;

/** Texts separated by `;`, UTF-8, values as they are shown (LibreOffice's "Filter Options for CSV"). */
const asCsv = 'csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,false';

/**
 * Opens each file and saves it in another form, under its name with the form's ending.
 *
 * @param directory where to; it must not hold the files themselves
 * @returns the paths, in the order of the files
 */
export async function savedByLibreOffice(
  files: readonly string[],
  form: 'xlsx' | 'csv',
  directory: string,
): Promise<readonly string[]> {
  // A profile of its own: two that share one wait for each other, or do nothing at all.
  const profile = mkdtempSync(path.join(tmpdir(), 'passerelle-office-'));
  try {
    await run(
      'soffice',
      [
        `-env:UserInstallation=file://${profile}`,
        ...['--headless', '--norestore', '--convert-to', form === 'csv' ? asCsv : 'xlsx', '--outdir', directory],
        ...files,
      ],
      { timeout: timeoutMs },
    );
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
  const saved = files.map((file) => `${path.parse(file).name}.${form}`);
  const there = readdirSync(directory);
  // It ends with status 0 whatever it could not open.
  const missing = saved.filter((name) => !there.includes(name));
  if (missing.length > 0) throw new Error(`LibreOffice did not save ${missing.join(', ')}`);
  return saved.map((name) => path.join(directory, name));
}
