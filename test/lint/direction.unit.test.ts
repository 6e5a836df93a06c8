import { describe, expect, test } from '@jest/globals';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

interface DirectionRule {
  readonly files: readonly [string];
  readonly rules: Readonly<Record<string, readonly [string, object]>>;
}

// By address, not by name: the file is plain JavaScript, as ESLint wants its configuration, and has no declarations.
const { directionRules } = (await import(new URL('../../eslint.direction.js', import.meta.url).href)) as {
  directionRules: readonly DirectionRule[];
};

const rule = '@typescript-eslint/no-restricted-imports';
const root = new URL('../..', import.meta.url).pathname;

/** The direction rules alone: with type information, each snippet would cost a whole type check. */
const eslint = new ESLint({
  cwd: root,
  overrideConfigFile: true,
  overrideConfig: [
    {
      files: ['**/*.ts'],
      languageOptions: { parser: tseslint.parser },
      plugins: { '@typescript-eslint': tseslint.plugin },
    },
    ...directionRules,
  ] as never,
});

async function refusals(file: string, code: string): Promise<readonly string[]> {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: `${root}${file}` });
  const fatal = result?.messages.filter((message) => message.ruleId !== rule) ?? [];
  expect(fatal).toEqual([]);
  return (result?.messages ?? []).map((message) => message.message);
}

describe('the direction of imports', () => {
  test.each([
    ['src/core/decide.ts', "import { readLinks } from '../store/links.js';"],
    ['src/core/decide.ts', "import type { Link } from '../store/links.js';"],
    ['src/core/decide.ts', "import type { System } from '../systems/system.js';"],
    ['src/core/decide.ts', "import { proxyActivities } from '@temporalio/workflow';"],
    ['src/core/decide.ts', "import pg from 'pg';"],
    ['src/core/decide.ts', "import { readFile } from 'node:fs/promises';"],
    ['src/core/decide.ts', "export { run } from '../cli/main.js';"],
    ['src/store/links.ts', "import { createYapla } from '../systems/yapla/index.js';"],
    ['src/store/links.ts', "import { Client } from '@temporalio/client';"],
    ['src/systems/yapla/system.ts', "import { request } from 'undici';"],
    ['src/systems/yapla/system.ts', "import { saveShadow } from '../../store/shadows.js';"],
    ['src/http/client.ts', "import pg from 'pg';"],
    ['src/http/client.ts', "import { createSystem } from '../systems/index.js';"],
    ['src/link/apply.ts', "import { bulkSync } from '../../workflows/bulkSync.js';"],
    ['src/link/apply.ts', "import { startSandbox } from '../sandbox/index.js';"],
    ['src/store/cases.ts', "import { kinds } from '../cases/index.js';"],
    ['src/core/live.ts', "import type { CaseKind } from '../cases/index.js';"],
    ['src/receiver/receiver.ts', "import { kinds } from '../cases/index.js';"],
    ['src/feeds/calendar.ts', "import { catalogueShown } from '../store/catalogueFeed.js';"],
    ['src/feeds/calendar.ts', "import { request } from 'undici';"],
    ['src/cases/view.ts', "import { viewOf } from '../link/view.js';"],
    ['src/cases/view.ts', "import { table } from '../cli/output.js';"],
    ['src/cases/view.ts', "import { createSystem } from '../systems/index.js';"],
    ['src/cases/view.ts', "import pc from 'picocolors';"],
    ['src/cases/answers.ts', "import { Command } from 'commander';"],
    ['src/cases/answers.ts', "import { Client } from '@temporalio/client';"],
    ['src/link/apply.ts', "import { bulkSync } from '../../workflows/bulkSync.js';"],
    ['src/link/apply.ts', "import { startSandbox } from '../sandbox/index.js';"],
    ['src/config/load.ts', "import type { Output } from '../cli/output.js';"],
    ['activities/plan.ts', "import { bulkSync } from '../workflows/bulkSync.js';"],
    ['activities/plan.ts', "import { request } from 'undici';"],
    ['activities/plan.ts', "import { startSandbox } from '../src/sandbox/index.js';"],
    ['workflows/bulkSync.ts', "import { createActivities } from '../activities/index.js';"],
    ['workflows/bulkSync.ts', "import { readLinks } from '../src/store/links.js';"],
    ['workflows/bulkSync.ts', "import type { Link } from '../src/store/links.js';"],
    ['workflows/bulkSync.ts', "import { createHash } from 'node:crypto';"],
    ['workflows/bulkSync.ts', "import { fingerprint } from '../src/core/fingerprint.js';"],
    ['workflows/bulkSync.ts', "import { z } from 'zod';"],
  ])('refuses in %s: %s', async (file, code) => {
    expect(await refusals(file, code)).toHaveLength(1);
  });

  test.each([
    ['src/core/decide.ts', "import type { FieldName } from './record.js';"],
    ['src/core/normalise.ts', "import { parsePhoneNumberFromString } from 'libphonenumber-js/min';"],
    ['src/store/links.ts', "import { decide } from '../core/decide.js';"],
    ['src/store/shadows.ts', "import type { SystemRecord } from '../systems/system.js';"],
    ['src/systems/yapla/system.ts', "import { createHttpClient } from '../../http/client.js';"],
    ['src/http/client.ts', "import { PermitPostponed } from '../store/budget.js';"],
    ['src/http/client.ts', "import { Pool } from 'undici';"],
    ['src/cases/refused.ts', "import { InvalidRecord } from '../http/failures.js';"],
    ['src/cases/view.ts', "import { pairsByIds } from '../store/links.js';"],
    ['src/link/apply.ts', "import { heldBy } from '../cases/index.js';"],
    ['activities/plan.ts', "import { heldBy } from '../src/cases/index.js';"],
    ['activities/plan.ts', "import { readLinks } from '../src/store/links.js';"],
    ['workflows/bulkSync.ts', "import type { Activities } from '../activities/index.js';"],
    ['workflows/bulkSync.ts', "import { decide } from '../src/core/decide.js';"],
    ['workflows/bulkSync.ts', "import { condition } from '@temporalio/workflow';"],
    ['src/cli/demo.ts', "import { startSandbox } from '../sandbox/index.js';"],
    ['test/store/links.unit.test.ts', "import { startSandbox } from '../../src/sandbox/index.js';"],
  ])('allows in %s: %s', async (file, code) => {
    expect(await refusals(file, code)).toEqual([]);
  });

  test('is part of what `npm run lint` checks', async () => {
    const configured = new ESLint({ cwd: root });
    for (const { files, rules } of directionRules) {
      const inFolder = files[0].replace('**/*.ts', 'any.ts');
      const config = (await configured.calculateConfigForFile(`${root}${inFolder}`)) as {
        rules: Record<string, unknown[]>;
      };
      expect(config.rules[rule]?.slice(1)).toEqual(rules[rule]?.slice(1));
      expect(config.rules[rule]?.[0]).toBe(2);
    }
  });
});
