import { afterEach, describe, expect, test } from '@jest/globals';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectionSchema } from '../../src/config/schema.js';
import type { ConnectionConfig } from '../../src/config/schema.js';
import type { SystemName } from '../../src/core/record.js';
import { MemoryBudget } from '../../src/doctor/allowance.js';
import { mostRequests } from '../../src/doctor/check.js';
import type { Check } from '../../src/doctor/check.js';
import { examine } from '../../src/doctor/examine.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { sandboxCredentials } from '../../src/sandbox/options.js';
import type { Fault } from '../../src/sandbox/faults.js';
import type { SandboxOptions } from '../../src/sandbox/options.js';
import { startSandbox } from '../../src/sandbox/sandbox.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';

/** Of the examination made last. */
let sandbox: Sandbox | undefined;
/** Of all examinations that a test makes. */
const sandboxes: Sandbox[] = [];

afterEach(async () => {
  await Promise.all(sandboxes.splice(0).map((one) => one.stop()));
  sandbox = undefined;
});

type FaultAction = Fault['action'];
type Input = ReturnType<typeof sandboxConnection>;

interface Situation {
  readonly sandbox?: SandboxOptions;
  /** What differs from the configuration that fits the sandbox. */
  readonly change?: (input: Input) => void;
  /** What happens in the sandbox before. */
  readonly before?: (sandbox: Sandbox) => Promise<void>;
}

/** Examines a sandbox of 26 members and 23 clients, ten on a page, and holds the examination against the sandbox's own count. */
async function examined({ sandbox: options = {}, change, before }: Situation = {}) {
  const people = { shared: 20, yapla: 6, yoplanning: 3 };
  const yoplanning = { orderings: ['id' as const], ...options.yoplanning };
  sandbox = await startSandbox({ people, ...options, yoplanning });
  sandboxes.push(sandbox);
  const input = structuredClone(sandboxConnection(sandbox.addresses, { shape: options.yapla?.shape ?? 'flat' }));
  input.yoplanning.pageSize = 10;
  input.yapla.read.paging = { ...input.yapla.read.paging, pageSize: 10 };
  change?.(input);
  await before?.(sandbox);
  const config: ConnectionConfig = connectionSchema.parse(input);
  const told: Check[] = [];
  const diagnosis = await examine({
    connection: 'club',
    config,
    budgetFor: (system) => new MemoryBudget(config[system].limits, 10_000),
    onCheck: (check) => told.push(check),
  });
  expect(told).toEqual(diagnosis.checks);
  expect(diagnosis.requests).toBeLessThanOrEqual(mostRequests);
  const counts = await sandbox.control.counts();
  expect(counts.yapla.requests + counts.yoplanning.requests).toBe(diagnosis.requests);
  expect(counts.yapla.throttled + counts.yoplanning.throttled).toBe(0);
  const find = (system: SystemName, name: string) =>
    diagnosis.checks.find((check) => check.system === system && check.name === name);
  const wrong = diagnosis.checks.filter(({ verdict }) => verdict === 'failed' || verdict === 'warning');
  const summary = wrong.map(({ system, name, verdict }) => `${system} ${name} ${verdict}`);
  return { diagnosis, find, summary };
}

const fault = (
  system: SystemName,
  kind: 'team' | 'list' | 'session',
  action: FaultAction,
  skip = 0,
): SandboxOptions => ({
  faults: [{ system, kind, action, skip }],
});

describe('an account that fits its configuration', () => {
  test.each(['flat', 'nested'] as const)(
    'passes every check with five requests (Yapla in its %s shape)',
    async (shape) => {
      const { diagnosis, summary } = await examined({ sandbox: { yapla: { shape } } });
      expect(summary).toEqual([]);
      expect(diagnosis.requests).toBe(5);
      expect(diagnosis.checks.map(({ system, name }) => `${system} ${name}`)).toEqual([
        'yoplanning address',
        'yoplanning credential',
        'yoplanning clock',
        'yoplanning team',
        'yoplanning permission',
        'yoplanning page',
        'yoplanning ids',
        'yoplanning fields',
        'yoplanning ordering',
        'yoplanning filter',
        'yapla address',
        'yapla credential',
        'yapla clock',
        'yapla page',
        'yapla ids',
        'yapla fields',
        'yapla session',
      ]);
    },
  );

  test.each([
    ['honours it', ['id'], 'id', 'ok'],
    ['ignores it', [], 'id', 'warning'],
    ['is asked for the reverse, and honours it', ['id'], '-id', 'ok'],
    ['is asked for another one, which does not show', ['last_name'], 'last_name', 'skipped'],
  ] as const)('a list of Yoplanning that %s is told of, without a request', async (_, orderings, ordering, verdict) => {
    const { diagnosis, find } = await examined({
      sandbox: { yoplanning: { orderings: [...orderings] } },
      change: (input) => void (input.yoplanning.ordering = ordering),
    });
    expect(find('yoplanning', 'ordering')).toMatchObject({ verdict });
    expect(diagnosis.requests).toBe(5);
  });

  test('is asked for no order where the configuration says so; of Yapla, that is the default', async () => {
    const none = await examined({ change: (input) => void (input.yoplanning.ordering = null) });
    expect([none.find('yoplanning', 'ordering'), none.find('yapla', 'ordering')]).toEqual([undefined, undefined]);
    const sorted = { parameter: 'sort', value: 'id' };
    const some = await examined({ change: (input) => void (input.yapla.read.ordering = sorted) });
    expect(some.find('yapla', 'ordering')).toMatchObject({
      verdict: 'ok',
      finding: expect.stringContaining('sort=id'),
    });
  });

  test('that is only read in Yapla costs no session', async () => {
    const { diagnosis, find } = await examined({
      change: (input) => {
        input.yapla.write = { mode: 'none' };
        input.create = 'yoplanning';
      },
    });
    expect(find('yapla', 'session')).toMatchObject({ verdict: 'skipped' });
    expect(diagnosis.requests).toBe(4);
  });

  test.each([
    ['shows it', 'member_number', 'ok'],
    ['shows nothing there', 'number', 'failed'],
    ['is found by the id', null, 'warning'],
  ])('that takes import files says whether a member %s', async (_, path, verdict) => {
    const { find } = await examined({
      change: (input) => void (input.yapla.write = { mode: 'workbook', identifier: { path } }),
    });
    expect(find('yapla', 'session')).toMatchObject({ verdict: 'skipped' });
    expect(find('yapla', 'imports')).toMatchObject({ verdict });
  });

  test('with nobody in it is told what could not be checked', async () => {
    const { find, summary } = await examined({ sandbox: { people: {} } });
    expect(summary).toEqual([]);
    expect(find('yoplanning', 'filter')).toMatchObject({ verdict: 'skipped' });
    expect(find('yapla', 'fields')).toMatchObject({ verdict: 'skipped' });
  });

  test('is asked no faster than its limits allow', async () => {
    const limits = { requestsPerSecond: 1, secondWindowMs: 60 };
    const { summary } = await examined({
      sandbox: { yoplanning: { limits }, yapla: { limits } },
      change: (input) => {
        input.yoplanning.limits = limits;
        input.yapla.limits = limits;
      },
    });
    expect(summary).toEqual([]);
  });
});

describe('a refused credential', () => {
  test('of Yoplanning (401) ends its examination, says what to do, and leaves Yapla to be examined', async () => {
    const { find, summary, diagnosis } = await examined({ change: (input) => (input.yoplanning.token = 'another') });
    expect(summary).toEqual(['yoplanning credential failed']);
    const credential = find('yoplanning', 'credential');
    expect(credential?.finding).toContain('401');
    expect(credential?.advice).toContain('connections.club.yoplanning.token');
    expect(find('yapla', 'session')).toMatchObject({ verdict: 'ok' });
    expect(diagnosis.requests).toBe(3);
  });

  test('of Yapla (401) is told for the key of the list and for that of the session', async () => {
    const { find, summary } = await examined({
      change: (input) => {
        input.yapla.read.key!.value = 'another';
        if (input.yapla.write?.mode === 'rest') input.yapla.write.apiKey = 'another';
      },
    });
    expect(summary).toEqual(['yapla credential failed', 'yapla session failed']);
    expect(find('yapla', 'credential')?.advice).toContain('connections.club.yapla.read.key.value');
    expect(find('yapla', 'session')?.advice).toContain('connections.club.yapla.write.apiKey');
  });

  test('is told from a missing right (403), and the teams that the token sees are listed', async () => {
    const { find, summary } = await examined({
      change: (input) => (input.yoplanning.team = sandboxCredentials.yoplanningForeignTeam),
    });
    expect(summary).toEqual(['yoplanning team failed', 'yoplanning permission failed']);
    expect(find('yoplanning', 'credential')).toMatchObject({ verdict: 'ok' });
    expect(find('yoplanning', 'permission')?.finding).toContain('403');
    expect(find('yoplanning', 'team')?.details).toEqual([sandboxCredentials.yoplanningTeam]);
  });

  test('is told from a missing right (403) of a key in Yapla', async () => {
    const { find, summary } = await examined({ sandbox: fault('yapla', 'list', { do: 'forbid' }) });
    expect(summary).toEqual(['yapla permission failed']);
    expect(find('yapla', 'credential')).toBeUndefined();
  });

  test('to list teams does not keep the clients from being examined', async () => {
    const { find, summary } = await examined({ sandbox: fault('yoplanning', 'team', { do: 'forbid' }) });
    expect(summary).toEqual(['yoplanning permission failed']);
    expect(find('yoplanning', 'filter')).toMatchObject({ verdict: 'ok' });
  });
});

describe('a wrong setting', () => {
  test('of the team, which nobody has, is told with the teams that there are', async () => {
    const { find, summary } = await examined({
      change: (input) => (input.yoplanning.team = 'ffffffff-0000-4000-8000-000000000000'),
    });
    expect(summary).toEqual(['yoplanning team failed', 'yoplanning page failed']);
    expect(find('yoplanning', 'team')?.details).toEqual([sandboxCredentials.yoplanningTeam]);
  });

  test('of an address where nothing listens is told once, with its setting', async () => {
    const { find, summary, diagnosis } = await examined({
      change: (input) => (input.yoplanning.baseUrl = 'http://127.0.0.1:9/api/v3.1'),
    });
    expect(summary).toEqual(['yoplanning address failed']);
    expect(find('yoplanning', 'address')).toMatchObject({ finding: 'no answer (ECONNREFUSED)' });
    expect(diagnosis.requests).toBe(2);
  });

  test('of a slash at the end is told with what the server wants', async () => {
    const { find } = await examined({ change: (input) => (input.yoplanning.paths = { teams: '/teams' }) });
    expect(find('yoplanning', 'teams')?.finding).toMatch(/redirects \(301\).*the same path with a slash at the end/);
  });

  const paths = [
    ['records', 'members', /list of objects: correct yapla\.read\.answer\.records/],
    ['count', 'totals', /whole number: correct yapla\.read\.answer\.count/],
    ['id', 'memberId', /an id .*: correct yapla\.read\.answer\.id/],
  ] as const;

  test.each(paths)(
    'of the path yapla.read.answer.%s is named, with the names that the answer has',
    async (name, path, finding) => {
      const { find, summary } = await examined({ change: (input) => (input.yapla.read.answer = { [name]: path }) });
      expect(summary).toEqual(['yapla page failed']);
      expect(find('yapla', 'page')?.finding).toMatch(finding);
      expect(find('yapla', 'page')?.details).toEqual(
        expect.arrayContaining(['data: list', 'data[].id: number', 'total: number']),
      );
    },
  );

  test("of the page size's parameter shows on the first page", async () => {
    const { find, summary } = await examined({
      change: (input) => (input.yapla.read.paging = { sizeParameter: 'size', pageSize: 7 }),
    });
    expect(summary).toEqual(['yapla page failed']);
    expect(find('yapla', 'page')?.finding).toContain('sizeParameter');
  });

  test("of a page size above the server's own shows on the first page", async () => {
    const { summary } = await examined({ sandbox: { yapla: { maxPageSize: 5 } } });
    expect(summary).toEqual(['yapla page failed']);
  });

  test("of a field's path is a warning with its name; of a name that people are matched by, a failure", async () => {
    const wrongPhone = (input: Input) =>
      (input.fields = { ...input.fields, phone: { yapla: 'nowhere', yoplanning: 'phone_number' } });
    const first = await examined({ change: wrongPhone });
    expect(first.summary).toEqual(['yapla fields warning']);
    expect(first.find('yapla', 'fields')?.finding).toContain('fields.phone.yapla ("nowhere")');
    const wrongName = (input: Input) =>
      (input.fields = { ...input.fields, lastName: { yapla: 'last_name', yoplanning: 'nowhere' } });
    expect((await examined({ change: wrongName })).summary).toEqual(['yoplanning fields failed']);
  });

  test("of the modification time's or the reference's place is a warning", async () => {
    const { summary } = await examined({
      sandbox: { yoplanning: { listOmits: ['external_reference'] } },
      change: (input) => (input.yoplanning.modifiedField = 'changed_at'),
    });
    expect(summary).toEqual(['yoplanning modified warning', 'yoplanning reference warning']);
  });

  test('of the time zone is a warning where changes then lie ahead', async () => {
    // The sandbox writes its times in UTC.
    const { find, summary } = await examined({
      change: (input) => (input.yapla.timeZone = 'America/Montreal'),
      before: async ({ control }) => await control.edit('yapla', (await control.ids('yapla'))[0]!, { city: 'Brest' }),
    });
    expect(summary).toEqual(['yapla modified warning']);
    expect(find('yapla', 'modified')!.advice).toContain('yapla.timeZone');
  });

  test("of the session's token is named, with the names that the answer has", async () => {
    const { find, summary } = await examined({
      change: (input) => {
        if (input.yapla.write?.mode === 'rest') input.yapla.write.sessionToken = 'data.token';
      },
    });
    expect(summary).toEqual(['yapla session failed']);
    expect(find('yapla', 'session')?.details).toContain('data.session_token: text');
  });
});

describe('a server', () => {
  test('that ignores filters is a warning', async () => {
    const everybody = { count: 23, next: null, previous: null, results: [] };
    const { summary } = await examined({
      sandbox: fault('yoplanning', 'list', { do: 'wrongShape', body: everybody }, 1),
    });
    expect(summary).toEqual(['yoplanning filter warning']);
  });

  test('that refuses for the rate (429) is asked nothing more', async () => {
    const { find, summary, diagnosis } = await examined({
      sandbox: fault('yoplanning', 'team', { do: 'refuse', seconds: 50 }),
    });
    expect(summary).toEqual(['yoplanning teams failed']);
    expect(find('yoplanning', 'teams')?.finding).toMatch(/429.*in 5\d s/);
    expect(diagnosis.requests).toBe(3);
  });

  test('that fails (5xx) is told as such', async () => {
    const { find } = await examined({ sandbox: fault('yapla', 'list', { do: 'status', status: 502 }) });
    expect(find('yapla', 'page')?.finding).toBe('the server failed (502)');
  });

  test('that says in a 200 that it failed is not taken to know the key', async () => {
    const { find, summary } = await examined({ sandbox: fault('yapla', 'list', { do: 'errorInside' }) });
    expect(summary).toEqual(['yapla page failed']);
    expect(find('yapla', 'credential')).toBeUndefined();
  });

  test('whose clock is an hour off is told by how much', async () => {
    const proxy = createServer((incoming, outgoing) => {
      const { method, url, headers } = incoming;
      incoming.pipe(
        request(new URL(url ?? '', sandbox!.addresses.yoplanning), { method, headers }, (answer) => {
          const date = new Date(Date.parse(answer.headers.date ?? '') - 3_600_000).toUTCString();
          outgoing.writeHead(answer.statusCode ?? 500, { ...answer.headers, date });
          answer.pipe(outgoing);
        }),
      );
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const { find, summary } = await examined({
      change: (input) => (input.yoplanning.baseUrl = `http://127.0.0.1:${port}/api/v3.1`),
    }).finally(() => proxy.close());
    expect(summary).toEqual(['yoplanning clock warning']);
    expect(find('yoplanning', 'clock')?.finding).toMatch(/^at least 3(598|599|600) s behind ours$/);
  });
});

describe('a choice field', () => {
  const labels = { country: 'fr' } as const;
  test.each(['yapla', 'yoplanning'] as const)(
    'of %s: texts that its table does not have are listed with their number, and without anybody’s id',
    async (system) => {
      const { diagnosis, find, summary } = await examined({
        sandbox: { [system]: { labels } },
        change: (input) =>
          (input.fields!['country'] = { ...input.fields!['country']!, type: 'text', choices: { FR: 'France' } }),
      });
      const check = find(system, 'choices')!;
      expect(check.verdict).toBe('warning');
      expect(check.finding).toMatch(/^fields\.country: .* records of the page in no row of its table$/);
      expect(check.details!.length).toBeGreaterThan(0);
      for (const line of check.details!) expect(line).toMatch(/^"[^"]+" \(\d+\)$/);
      expect(check.details!.join()).not.toContain('France');
      const ids = await sandbox!.control.ids(system);
      const said = JSON.stringify(diagnosis);
      expect(ids.filter((id) => said.includes(`"${id}"`) || check.details!.join().includes(id))).toEqual([]);
      expect(summary).toContain(`${system} choices warning`);
    },
  );
});

test('no value of any record stands in a diagnosis, however wrong the paths are', async () => {
  const { diagnosis, find } = await examined({
    change: (input) => {
      input.yapla.read.answer = { records: '' };
      input.fields = {
        ...input.fields,
        firstName: { yapla: 'first_name', yoplanning: 'nowhere' },
        // A choice at the place of the e-mail addresses.
        title: { choices: { mrs: 'Madame' }, yapla: 'email', yoplanning: 'email' },
      };
    },
  });
  expect(find('yoplanning', 'choices')).toMatchObject({ verdict: 'warning' });
  const text = JSON.stringify(diagnosis);
  const records = [...(await sandbox!.control.records('yapla')), ...(await sandbox!.control.records('yoplanning'))];
  const values = records
    .flatMap(({ person }) => Object.values(person) as unknown[])
    .filter((value) => typeof value === 'string');
  expect(values.length).toBeGreaterThan(200);
  // Short words such as a country's code are also parts of other words.
  expect(values.filter((value) => value.length > 3 && text.includes(value))).toEqual([]);
});
