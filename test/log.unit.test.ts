import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { createLog } from '../src/log.js';
import { waitFor } from './embedded/waitFor.js';

test('a line of the log is one line, parses, and holds nothing that a terminal acts on', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'passerelle-log-'));
  try {
    const file = path.join(directory, 'log');
    const log = createLog('info', file);
    const hostile = 'a\n\u009B2J\u202E\u{E0041}\u2028b';
    log.info({ linkId: hostile }, hostile);
    const read = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
    await waitFor('the line in the file', () => read().endsWith('\n'));
    const written = read();
    expect(written).not.toMatch(/[\u0080-\u009F\u2028\u202E\u{E0041}]/u);
    expect(written.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(written)).toMatchObject({ linkId: hostile, msg: hostile });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
