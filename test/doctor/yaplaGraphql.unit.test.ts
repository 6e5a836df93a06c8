/** What doctor says of a connection that writes by GraphQL, against the sandbox. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { connectionSchema } from '../../src/config/schema.js';
import { MemoryBudget } from '../../src/doctor/allowance.js';
import { mostForToken, mostRequests } from '../../src/doctor/check.js';
import { examine } from '../../src/doctor/examine.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.js';
import { loggedIn } from '../helpers/logIn.js';
import { MemoryTokens } from '../helpers/memoryTokens.js';
import { GrantingBudget } from '../systems/support.js';

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.stop();
  sandbox = undefined;
});

type Write = Extract<ReturnType<typeof sandboxConnection>['yapla']['write'], { mode: 'graphql' }>;

interface Situation {
  readonly graphql?: NonNullable<SandboxOptions['yapla']>['graphql'];
  readonly change?: (write: Write) => void;
  readonly before?: (sandbox: Sandbox, tokens: MemoryTokens) => unknown;
  readonly tokens?: null;
  /** Requests that go where the sandbox serves nothing. */
  readonly astray?: number;
}

async function examined({ graphql = {}, change, before, tokens: none, astray = 0 }: Situation = {}) {
  sandbox = await startSandbox({ people: { shared: 3 }, yapla: { graphql } });
  const input = structuredClone(sandboxConnection(sandbox.addresses, { write: 'graphql' }));
  const config = connectionSchema.parse(input);
  const tokens = new MemoryTokens();
  await tokens.save(await loggedIn(config, new GrantingBudget()));
  change?.(input.yapla.write as Write);
  await before?.(sandbox, tokens);
  await sandbox.control.resetCounts();
  const changed = connectionSchema.parse(input);
  const diagnosis = await examine({
    connection: 'club',
    config: changed,
    budgetFor: (system) => new MemoryBudget(changed[system].limits, 10_000),
    tokens: none === null ? undefined : tokens,
  });
  const counts = await sandbox.control.counts();
  expect(counts.yapla.requests + counts.yoplanning.requests).toBe(diagnosis.requests - astray);
  expect(counts.yapla.created + counts.yapla.updated).toBe(0);
  const find = (name: string) => diagnosis.checks.find((check) => check.system === 'yapla' && check.name === name);
  return { diagnosis, find };
}

describe('a connection that writes by GraphQL', () => {
  test('passes with five requests, and is told what it can do', async () => {
    const { diagnosis, find } = await examined();
    expect(diagnosis.requests).toBe(mostRequests);
    expect([find('login'), find('schema')]).toMatchObject([{ verdict: 'ok' }, { verdict: 'ok' }]);
  });

  test('whose token has ended has it renewed, within what an examination may cost', async () => {
    const { diagnosis, find } = await examined({ before: (box) => box.control.expireSessions() });
    expect(find('login')).toMatchObject({ verdict: 'ok' });
    expect(diagnosis.requests).toBe(mostRequests + mostForToken);
  });

  test.each([
    ['was never begun', { before: (_: Sandbox, tokens: MemoryTokens) => tokens.forget() }],
    ['has ended', { before: (box: Sandbox) => box.control.endLogins() }],
    ['has no database to stand in', { tokens: null }],
  ] as const)('whose login %s fails, and names the command', async (_, situation) => {
    const { find } = await examined(situation);
    expect(find('login')).toMatchObject({
      verdict: 'failed',
      advice: expect.stringContaining('passerelle login club'),
    });
  });

  test('whose documents name what the schema does not have is told each of them, with its setting', async () => {
    const { find } = await examined({
      change: (write) => {
        write.update.document = write.update.document.replace('firstName', 'givenName');
        write.read!.document = write.read!.document.replace('member(id: $id)', 'member(number: $id)');
        write.member!.fields!['city'] = 'contact.town';
      },
    });
    const { verdict, details = [] } = find('schema')!;
    expect(verdict).toBe('failed');
    expect(details).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^yapla\.write\.update\.document: .*givenName/),
        expect.stringMatching(/^yapla\.write\.read\.document: .*number/),
        expect.stringMatching(/^yapla\.write\.create: .*"ContactInput" has no field "town".*"city"/),
      ]),
    );
  });

  test('where the schema is not told says so', async () => {
    const { find } = await examined({ graphql: { introspection: false } });
    expect(find('schema')).toMatchObject({
      verdict: 'warning',
      finding: expect.stringContaining('does not tell its schema'),
    });
  });

  test('where nobody answers with GraphQL is told so', async () => {
    const { find } = await examined({
      change: (write) => (write.address = write.address!.replace('/graphql', '/nothing')),
      astray: 1,
    });
    expect(find('schema')).toMatchObject({ verdict: 'failed', finding: expect.stringContaining('404') });
  });
});
