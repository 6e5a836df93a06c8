/** Sessions of REST 2.0, against the sandbox over HTTP; only the clock is the test's. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { connectionSchema } from '../../../src/config/schema.js';
import type { YaplaRestConfig } from '../../../src/config/yapla.js';
import { createHttpClient, type Ask, type HttpClient } from '../../../src/http/client.js';
import { AccessRefused, BudgetExhausted, UnexpectedResponse } from '../../../src/http/failures.js';
import { sandboxConnection } from '../../../src/sandbox/connections.js';
import { startSandbox } from '../../../src/sandbox/sandbox.js';
import { PermitPostponed, type Permit } from '../../../src/store/budget.js';
import { createSession } from '../../../src/systems/yapla/session.js';
import { ask, failureOf, GrantingBudget } from '../support.js';

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const nowhere = 'http://127.0.0.1:1';

interface Setting {
  readonly sessionMs?: number;
  readonly rest?: Partial<YaplaRestConfig>;
  readonly budget?: GrantingBudget;
}

async function openSession({ sessionMs = 3_600_000, rest = {}, budget = new GrantingBudget() }: Setting = {}) {
  const sandbox = await startSandbox({ yapla: { sessionMs } });
  closing.push(() => sandbox.stop());
  const { yapla } = connectionSchema.parse(sandboxConnection(sandbox.addresses));
  if (yapla.write.mode !== 'rest') throw new Error('expected a connection that writes by REST');
  const config = { ...yapla.write, ...rest };
  const http = createHttpClient({
    connection: 'test',
    system: 'yapla',
    baseUrl: config.baseUrl!,
    headers: () => ({}),
    budget,
    http: yapla.http,
    maxRetryAfterMs: 90_000_000,
    secrets: [config.apiKey],
  });
  closing.push(() => http.close());
  const clock = { ms: Date.now() };
  const session = createSession({ config, timeZone: 'UTC', errorWhen: null, http, budget, now: () => clock.ms });
  const read = (by: Ask = ask) =>
    session.run(by, async (send) => (await send({ method: 'GET', access: 'read', path: '/members/1' }, by)).status);
  const sessions = async () => (await sandbox.control.counts()).yapla.byKind.session;
  return { sandbox, clock, session, read, sessions, budget };
}

describe('a session', () => {
  test('is opened once and used until shortly before it expires', async () => {
    const { clock, read, sessions } = await openSession({ sessionMs: 600_000, rest: { renewBeforeMs: 60_000 } });
    expect(await read()).toBe(404);
    clock.ms += 530_000;
    await read();
    expect(await sessions()).toBe(1);
    clock.ms += 20_000;
    await read();
    expect(await sessions()).toBe(2);
  });

  test('shorter than the configured lead is still used for half of its life', async () => {
    const { clock, read, sessions } = await openSession({ sessionMs: 20_000, rest: { renewBeforeMs: 60_000 } });
    await read();
    await read();
    expect(await sessions()).toBe(1);
    clock.ms += 12_000;
    await read();
    expect(await sessions()).toBe(2);
  });

  test.each([
    // Its expiry would have been twenty minutes ago by the first of the two hours.
    ['2026-10-25T00:50:00Z', '2026-10-25T01:20:00Z', 1],
    ['2026-10-25T00:50:00Z', '2026-10-25T01:29:30Z', 2],
    ['2026-10-25T00:00:00Z', '2026-10-25T00:20:00Z', 1],
    ['2026-10-25T00:00:00Z', '2026-10-25T00:29:30Z', 2],
  ])(
    'whose expiry stands for two instants is used until the first of them that is to come: opened at %s, used at %s',
    async (opened, used, sessions) => {
      let asked = 0;
      const send = ({ method }: { readonly method: string }) => {
        if (method === 'POST') asked += 1;
        const body = { data: { session_token: 'x', expire_date: '2026-10-25 02:30:00' } };
        return Promise.resolve({ status: 200, body, context: { method } });
      };
      const { yapla } = connectionSchema.parse(
        sandboxConnection({ yapla: nowhere, yoplanning: nowhere, control: nowhere }),
      );
      const clock = { ms: Date.parse(opened) };
      const session = createSession({
        config: yapla.write as YaplaRestConfig,
        timeZone: 'Europe/Paris',
        errorWhen: null,
        http: { send } as unknown as HttpClient,
        budget: new GrantingBudget(),
        now: () => clock.ms,
      });
      const use = () =>
        session.run(ask, (under) => under({ method: 'GET', access: 'read', path: '/', kind: '/' }, ask));
      await use();
      clock.ms = Date.parse(used);
      await use();
      expect(asked).toBe(sessions);
    },
  );

  test('is opened once for all who need it at the same time', async () => {
    const { read, sessions } = await openSession();
    expect(await Promise.all(Array.from({ length: 8 }, () => read()))).toEqual(Array<number>(8).fill(404));
    expect(await sessions()).toBe(1);
  });

  test('that was ended for several at the same time is renewed once', async () => {
    const { sandbox, read, sessions } = await openSession();
    await read();
    await sandbox.control.expireSessions();
    await Promise.all(Array.from({ length: 8 }, () => read()));
    expect(await sessions()).toBe(2);
  });

  test('that could not be opened is asked for again by the next request', async () => {
    const { sandbox, read, sessions } = await openSession();
    await sandbox.control.addFault({ kind: 'session', times: 1, action: { do: 'status', status: 503 } });
    await failureOf(read());
    expect(await read()).toBe(404);
    expect(await sessions()).toBe(2);
  });

  test('whose opening was put off in a later lane is asked for again in ours', async () => {
    const budget = new PutsOffIdle();
    const { read } = await openSession({ budget });
    const idle = failureOf(read({ ...ask, lane: 'idle' }));
    const live = read({ ...ask, lane: 'live' });
    budget.putOff();
    expect(await idle).toBeInstanceOf(BudgetExhausted);
    expect(await live).toBe(404);
  });

  test('goes on opening for others when the one who asked first gives up', async () => {
    const { sandbox, read } = await openSession();
    await sandbox.control.setLatency('yapla', { outboundMs: 50 });
    const controller = new AbortController();
    const first = failureOf(read({ ...ask, signal: controller.signal }));
    const second = read();
    controller.abort(new RangeError('given up'));
    expect(await first).toBeInstanceOf(RangeError);
    expect(await second).toBe(404);
  });

  test('with a wrong key refuses access and stops the budget', async () => {
    const { read, budget } = await openSession({ rest: { apiKey: 'wrong-key' } });
    const failure = await failureOf(read());
    expect(failure).toBeInstanceOf(AccessRefused);
    expect(failure.message).not.toContain('wrong-key');
    expect(budget.stops).toHaveLength(1);
  });

  test.each([
    ['yapla.write.sessionToken', { sessionToken: 'nowhere' }],
    ['yapla.write.sessionExpiry', { sessionExpiry: 'nowhere' }],
  ])('with a wrong %s names the setting', async (setting, rest) => {
    const { read } = await openSession({ rest });
    const failure = await failureOf(read());
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain(setting);
  });

  test('that is over before it begins names the clock', async () => {
    const { clock, read } = await openSession({ sessionMs: 60_000 });
    clock.ms += 120_000;
    const failure = await failureOf(read());
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain('clock');
  });
});

/** Grants everything, but puts off the idle lane when told to. */
class PutsOffIdle extends GrantingBudget {
  putOff: () => void = () => undefined;
  readonly #told = new Promise<void>((resolve) => (this.putOff = resolve));

  override async take(n: number, by: Parameters<GrantingBudget['take']>[1]): Promise<Permit[]> {
    if (by.lane !== 'idle') return super.take(n, by);
    await this.#told;
    throw new PermitPostponed(Date.now() + 3_600_000, 'day');
  }
}
