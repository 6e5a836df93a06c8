import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { run } from '../../src/cli/main.js';
import { CommandFailed, UsageError } from '../../src/cli/program.js';
import type { Register } from '../../src/cli/program.js';
import { ConfigError } from '../../src/config/problems.js';
import { collectedOutput } from '../helpers/collectedOutput.js';

/** Packages that a file and the files of ours that it imports load as soon as it is loaded; types are not loaded. */
function staticImports(file: string, seen = new Set<string>(), packages = new Set<string>()) {
  seen.add(file);
  const statements = readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';$/gms);
  for (const [, name = ''] of statements) {
    const target = resolve(dirname(file), name.replace(/\.js$/, '.ts'));
    if (!name.startsWith('.')) packages.add(name);
    else if (!seen.has(target)) staticImports(target, seen, packages);
  }
  return { packages: new Set([...packages].filter((name) => !name.startsWith('node:'))) };
}

const program = new URL('../../bin/passerelle.js', import.meta.url).pathname;

/** A command that ends as it is told to. */
function ending(action: () => void | Promise<void>): readonly Register[] {
  return [(cli) => void cli.command('end').action(action)];
}

async function runEnding(action: () => void | Promise<void>, ...options: string[]) {
  const output = collectedOutput();
  const status = await run(['node', 'passerelle', ...options, 'end'], output, ending(action));
  return { status, noted: output.noted.join('\n'), printed: output.printed.join('\n') };
}

describe('the exit status', () => {
  test('is 0 when the command ran', async () => {
    expect(await runEnding(() => undefined)).toEqual({ status: 0, noted: '', printed: '' });
  });

  test('is 1 when the command failed, with its message and no stack trace', async () => {
    const failing = (): never => {
      throw new Error('The database does not answer.');
    };
    expect(await runEnding(failing)).toEqual({ status: 1, noted: 'The database does not answer.', printed: '' });
  });

  test('is 1, and lines that an error quotes do not begin where ours do', async () => {
    const failing = (): never => {
      throw new Error('closed by Zoé\nGuard: none\n  ours, indented');
    };
    expect((await runEnding(failing)).noted).toBe('closed by Zoé\n  Guard: none\n  ours, indented');
  });

  test('is 1 and nothing is added when the command has told itself what failed', async () => {
    const told = (): never => {
      throw new CommandFailed('2 checks failed');
    };
    expect(await runEnding(told)).toEqual({ status: 1, noted: '', printed: '' });
  });

  test('is 2 for a configuration or a command line that cannot be', async () => {
    const config = (): never => {
      throw new ConfigError('x.yaml', [{ line: 3, path: 'log.level', expected: 'a word' }]);
    };
    const usage = (): never => {
      throw new UsageError('There is no connection "clubb".');
    };
    expect(await runEnding(config)).toMatchObject({
      status: 2,
      noted: expect.stringContaining('x.yaml:3  log.level: expected a word'),
    });
    expect(await runEnding(usage)).toMatchObject({ status: 2, noted: 'There is no connection "clubb".' });
  });

  test.each([[['--unknown']], [['nonsense']], [['config', '--jsonn']], [['doctor']]])('is 2 for %j', async (words) => {
    const output = collectedOutput();
    expect(await run(['node', 'passerelle', ...words], output)).toBe(2);
    expect(output.noted.join('\n')).toMatch(/^error: /);
  });

  test('is 0 for help and version, which are results', async () => {
    for (const word of ['--help', '--version']) {
      const output = collectedOutput();
      expect(await run(['node', 'passerelle', word], output)).toBe(0);
      expect(output.printed.join('\n')).toMatch(word === '--help' ? /^Usage: passerelle/ : /^\d+\.\d+\.\d+$/);
      expect(output.noted).toEqual([]);
    }
  });
});

test('--verbose shows where an error comes from, and what caused it', async () => {
  const failing = (): never => {
    throw new Error('outer', { cause: new Error('inner') });
  };
  const { noted } = await runEnding(failing, '--verbose');
  expect(noted).toMatch(/Error: outer\n\s+at .*main\.unit\.test/);
  expect(noted).toMatch(/caused by Error: inner\n\s+at /);
});

test('an error without a message of its own is told by those within it', async () => {
  const failing = (): never => {
    throw new AggregateError(
      [new Error('connect ECONNREFUSED ::1:5432'), new Error('connect ECONNREFUSED 127.0.0.1:5432')],
      '',
    );
  };
  expect((await runEnding(failing)).noted).toBe('connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432');
});

test('what PostgreSQL says of a row that it refused is not shown, neither as the error nor as its cause', async () => {
  const refused = () =>
    Object.assign(new pg.DatabaseError('duplicate key value: Key (email)=(zoe@example.org)', 1, 'error'), {
      severity: 'ERROR',
      code: '23505',
      table: 'shadow',
    });
  const plain = await runEnding(() => {
    throw refused();
  }, '--verbose');
  const caused = await runEnding(() => {
    throw new Error('the plan cannot be stored', { cause: refused() });
  }, '--verbose');
  for (const { noted } of [plain, caused]) {
    expect(noted).toContain('SQLSTATE 23505 (table shadow)');
    expect(noted).not.toContain('zoe@example.org');
  }
});

test('--env-file that cannot be read is a mistake of usage', async () => {
  const { status, noted } = await runEnding(() => undefined, '--env-file', '/does/not/exist');
  expect({ status, noted }).toEqual({ status: 2, noted: '--env-file: cannot read /does/not/exist (ENOENT)' });
});

test('asking for help loads neither Temporal, nor Postgres, nor the schema: commands import what they need when they run', () => {
  const { packages } = staticImports(fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)));
  expect([...packages].sort()).toEqual(['commander', 'picocolors']);
});

test('the installed program runs', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'config', '--reference']);
  expect(stdout).toContain('# Configuration reference');
});
