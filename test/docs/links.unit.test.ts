import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { run } from '../../src/cli/main.js';
import { collectedOutput } from '../helpers/collectedOutput.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = [...readdirSync(root).filter((name) => name.endsWith('.md')), ...filesBelow('docs', '.md')];

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(read('package.json')) as Manifest;

/** Paths from the root. */
function filesBelow(folder: string, ending: string): string[] {
  const files = readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith(ending)).map((file) => path.join(folder, file));
}

function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

/** Targets of links and pictures, those to other sites left out. */
function linksOf(page: string): string[] {
  const targets = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** Anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Code of a page, in lines and in blocks. */
function codeOf(page: string): string {
  return [...read(page).matchAll(/```\w*\n([\s\S]*?)```|`([^`\n]+)`/g)]
    .map(([, block, line]) => block ?? line)
    .join('\n');
}

describe.each(pages)('%s', (page) => {
  test('leads to files and headings that are there', () => {
    const broken = linksOf(page).filter((link) => {
      const [file, anchor] = link.split('#') as [string, string?];
      const target = file === '' ? page : path.join(path.dirname(page), file);
      if (!existsSync(path.join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('names only scripts that npm can run', () => {
    const scripts = [...codeOf(page).matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script!);
    expect(scripts.filter((script) => !(script in manifest.scripts))).toEqual([]);
  });

  test('names only commands and options that there are', async () => {
    const lines = codeOf(page).matchAll(
      /(?:^|[\s"])(?:passerelle|npm run (?:passerelle|demo) --|run --rm worker)((?: [^\n#&|"]*)?)/gm,
    );
    const unknown: string[] = [];
    for (const [line, rest] of lines) {
      const words = rest!.trim().split(/\s+/);
      const command = line.includes('npm run demo') ? 'demo' : words.find((word) => commandNames.includes(word));
      const named = words.filter((word) => /^[a-z][a-z-]*$/.test(word));
      if (command === undefined ? named.length > 0 : named[0] !== command && !rest!.includes('--')) unknown.push(line);
      const help = await helpOf(...(command === undefined ? [] : [command]));
      unknown.push(...words.filter((word) => /^--[a-z]/.test(word) && !help.includes(word)));
    }
    expect(unknown).toEqual([]);
  });
});

async function helpOf(...command: string[]): Promise<string> {
  const output = collectedOutput();
  await run(['node', 'passerelle', ...command, '--help'], output);
  return output.printed.join('\n');
}

const commandNames = [...(await helpOf()).matchAll(/^ {2}([a-z][a-z-]*) [[<\s]/gm)].map(([, name]) => name!);

test('the commands are found in the help', () => {
  expect(commandNames).toEqual(expect.arrayContaining(['demo', 'sync', 'doctor', 'config', 'resume']));
});

test('every page of docs/ that the sources refer to is there', () => {
  const sources = ['src', 'workflows', 'activities', 'bench'].flatMap((folder) => filesBelow(folder, '.ts'));
  const named = sources.flatMap((file) => [...read(file).matchAll(/docs\/[\w-]+\.md/g)].map(([page]) => page));
  expect(named.length).toBeGreaterThan(0);
  expect([...new Set(named)].filter((page) => !existsSync(path.join(root, page)))).toEqual([]);
});

test('no line of what a newcomer reads first is longer than 160 characters', () => {
  for (const file of [
    'README.md',
    'README.fr.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'docs/speed.md',
    'docs/dependencies.md',
  ]) {
    expect({
      file,
      tooLong: read(file)
        .split('\n')
        .filter((line) => line.length > 160),
    }).toEqual({ file, tooLong: [] });
  }
});

test('docs/dependencies.md tells what each dependency is for, and of none that is not there', () => {
  const section = read('docs/dependencies.md');
  const rows = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map(([, packages]) => packages!);
  const named = rows.flatMap((packages) => [...packages.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
  expect(named.sort()).toEqual(
    [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)].sort(),
  );
  for (const name of Object.keys(manifest.overrides)) expect(section).toContain(`\`${name}\``);
});
