/** The state machine of one link's live work, without Temporal. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LinkView } from '../../src/core/live.js';
import type { FieldDefinition } from '../../src/core/record.js';
import { LinkRun, type RecordRunState } from '../../workflows/linkRun.js';
import { personRules } from '../../workflows/personRules.js';
import { checkProperty } from '../helpers/property.js';

const city: FieldDefinition = { name: 'city', type: 'text', rule: 'ask', direction: 'both' };
const there = (hash: string) => ({ hashes: { city: hash }, times: {} });

/** Both systems hold the base; what a test is about comes in `about`. */
function view(about: Partial<LinkView> = {}): LinkView {
  return {
    state: 'linked',
    mergedInto: null,
    yapla: { hashes: {}, times: {} },
    yoplanning: { hashes: {}, times: {} },
    base: {},
    fields: [],
    version: 1,
    writes: { yapla: true, yoplanning: true },
    creates: { yapla: true, yoplanning: true },
    awaiting: null,
    held: false,
    heldFields: [],
    asked: [],
    askedRemoval: false,
    askedCreation: false,
    answers: {},
    openCases: 0,
    ...about,
  };
}

/** Yapla's city left the base. */
const edited = view({ fields: [city], base: { city: 'a' }, yapla: there('b'), yoplanning: there('a'), version: 2 });

const event = (system: 'yapla' | 'yoplanning', n = 1) => ({ system, event: 'updated' as const, n });
const applied = (about: object = {}) => ({
  outcome: 'done' as const,
  written: { yapla: [] as string[], yoplanning: ['city'] },
  created: null,
  cases: [] as never[],
  view: view(),
  ...about,
});

/** Yapla's edit was carried to Yoplanning, and nobody told of anything since. */
type RunOfPerson = ReturnType<typeof runOf>;

function runOf(state?: RecordRunState) {
  return new LinkRun(personRules, state);
}

function rested(): RunOfPerson {
  const run = runOf();
  run.beginLook();
  run.looked({ events: [event('yapla')], view: edited });
  run.applied(applied());
  return run;
}

describe('a wait for a budget', () => {
  test('is shown with its time, and is over when somebody says so; the work goes on where it was', () => {
    const run = runOf();
    run.beginLook();
    run.looked({ events: [event('yapla')], view: edited });
    run.waitForBudget(Date.UTC(2026, 0, 1));
    expect(run.progress).toMatchObject({ state: 'waitingForBudget', until: '2026-01-01T00:00:00.000Z' });
    run.resume();
    expect(run.progress.state).toBe('applying');
    expect(run.progress.until).toBeUndefined();
    expect(run.toApply).not.toBeNull();
  });

  test('that ends its run because the history is long is no stop: a stop that follows is a first one', () => {
    const run = runOf();
    run.changed({ yapla: 1, yoplanning: 0 });
    run.beginLook();
    run.waitForBudget(Date.UTC(2026, 0, 1));
    run.workDropped();
    const next = runOf(run.state);
    expect(next.isWoken).toBe(true);
    expect(next.state.gathered).toEqual({ yapla: 1, yoplanning: 0 });
    expect(next.nextLookMs(100, 1_000)).toBe(100);
  });
});

describe('a change', () => {
  test('is looked at, carried out and counted, and then the workflow lingers', () => {
    const run = runOf();
    expect([run.mode, run.isWoken]).toEqual(['reading', true]);
    expect(run.beginLook()).toEqual({ isProbablyEcho: false });
    expect(run.looked({ events: [event('yapla')], view: edited })).toEqual([]);
    expect(run.mode).toBe('applying');
    expect(run.toApply).toMatchObject({
      outcome: 'write',
      version: 2,
      decision: { write: { yoplanning: ['city'] } },
    });
    expect(run.applied(applied())).toEqual([
      {
        level: 'info',
        text: 'write',
        more: { came: 'yapla updated', toYoplanning: ['city'], why: ['changedInYapla'] },
      },
    ]);
    expect([run.mode, run.isWoken, run.toApply]).toEqual(['lingering', false, null]);
    expect(run.result).toMatchObject({
      lastOutcome: 'write',
      counts: { events: 1, echoes: 0, written: { yapla: 0, yoplanning: 1 } },
    });
    expect(run.state.awaitedEchoes).toEqual({ yapla: 0, yoplanning: 1 });
  });

  test('that was stale is decided again on what was found, and counted', () => {
    const run = runOf();
    run.beginLook();
    run.looked({ events: [event('yapla')], view: edited });
    const none = { yapla: [], yoplanning: [] };
    const [told] = run.applied(applied({ outcome: 'stale', written: none, view: { ...edited, version: 3 } }));
    expect([told?.text, run.toApply?.version, run.state.counts.stale]).toEqual(['stale', 3, 1]);
    expect(run.state.awaitedEchoes).toEqual({ yapla: 0, yoplanning: 0 });
  });

  test('of a record that changes faster than it can be written is left to its next event, after eight decisions', () => {
    const run = runOf();
    run.beginLook();
    run.looked({ events: [event('yapla')], view: edited });
    let decisions = 0;
    let last: string | undefined;
    while (run.toApply !== null) {
      decisions += 1;
      last = run.applied(applied({ outcome: 'stale', view: edited })).at(-1)?.text;
    }
    expect([decisions, last]).toEqual([8, 'the record changes faster than it can be written: left to its next event']);
    expect(run.mode).toBe('lingering');
  });
});

describe('the echo of a write', () => {
  test('is awaited in the system written to: its event is probably no more than that', () => {
    const run = rested();
    run.changed({ yapla: 0, yoplanning: 1 });
    expect(run.mode).toBe('reading');
    expect(run.beginLook()).toEqual({ isProbablyEcho: true });
    expect(run.looked({ events: [event('yoplanning')], view: view() })).toMatchObject([
      { text: 'echo', more: { came: 'yoplanning updated' } },
    ]);
    expect([run.state.counts.echoes, run.state.awaitedEchoes.yoplanning]).toEqual([1, 0]);
  });

  test.each<[string, (run: RunOfPerson) => void]>([
    ['the other system’s event', (run) => run.changed({ yapla: 1, yoplanning: 0 })],
    ['one event more than writes', (run) => run.changed({ yapla: 0, yoplanning: 2 })],
    [
      'an answer beside it',
      (run) => {
        run.changed({ yapla: 0, yoplanning: 1 });
        run.answered();
      },
    ],
    ['a look without any event', (run) => run.lookAgain()],
  ])('is not what %s is taken for', (_, tell) => {
    const run = rested();
    tell(run);
    expect(run.beginLook()).toEqual({ isProbablyEcho: false });
  });

  test('whose read is dropped keeps its events, and is no probable echo any more', () => {
    const run = rested();
    run.changed({ yapla: 0, yoplanning: 1 });
    run.beginLook();
    run.changed({ yapla: 1, yoplanning: 0 });
    run.lookDropped();
    expect([run.isWoken, run.state.gathered]).toEqual([true, { yapla: 1, yoplanning: 1 }]);
    expect(run.beginLook()).toEqual({ isProbablyEcho: false });
    // Somebody else's read took the events: whose they were is known all the same.
    run.looked({ events: [], view: edited });
    expect(run.toApply).toMatchObject({ outcome: 'write' });
  });
});

describe('an open case', () => {
  test('is waited for, looked at again, and an answer leads to a look', () => {
    const run = runOf();
    run.beginLook();
    run.looked({ events: [], view: view({ openCases: 1 }) });
    expect(run.mode).toBe('waiting');
    run.lookAgain();
    expect(run.mode).toBe('reading');
    run.beginLook();
    run.looked({ events: [], view: view({ openCases: 1 }) });
    run.answered();
    run.beginLook();
    const [told] = run.looked({ events: [], view: view() });
    expect([told?.more, run.mode]).toEqual([{ came: 'answer' }, 'lingering']);
  });
});

test('a stop is shown whatever the workflow was at, and goes back to it', () => {
  const run = runOf();
  run.beginLook();
  run.stop();
  expect([run.mode, run.isStopped]).toEqual(['stopped', true]);
  run.resume();
  expect(run.mode).toBe('reading');
  run.looked({ events: [event('yapla')], view: edited });
  run.stop();
  run.resume();
  expect(run.mode).toBe('applying');
});

describe('a stopped run that ends in the middle of its work', () => {
  test('leaves to the next one who caused the work, so that the same is decided, and the answer', () => {
    const run = runOf();
    run.answered();
    run.changed({ yapla: 0, yoplanning: 2 });
    run.beginLook();
    run.looked({ events: [event('yapla')], view: edited });
    run.stop();
    run.workDropped();
    const next = runOf(JSON.parse(JSON.stringify(run.state)) as RecordRunState);
    expect([next.mode, next.state.answered, next.state.gathered]).toEqual([
      'reading',
      true,
      { yapla: 1, yoplanning: 2 },
    ]);
    next.beginLook();
    next.looked({ events: [], view: edited });
    expect(next.toApply).toMatchObject({ outcome: 'write' });
  });

  test('looks by itself after ever longer pauses, up to the longest, and begins anew once it was answered', () => {
    const run = runOf();
    const pauses = Array.from({ length: 5 }, () => {
      run.beginLook();
      run.stop();
      const pauseMs = run.nextLookMs(10, 70);
      run.workDropped();
      return pauseMs;
    });
    expect(pauses).toEqual([10, 20, 40, 70, 70]);
    run.answeredAgain();
    expect(run.nextLookMs(10, 70)).toBe(10);
    expect(runOf({ ...run.state, stops: 5_000 }).nextLookMs(10, 70)).toBe(70);
  });
});

test('a message that carries no counts costs a look and spoils no count', () => {
  const run = rested();
  for (const odd of [null, {}, { yapla: -1, yoplanning: 1.5 }, { yapla: '2' }]) run.changed(odd as never);
  expect([run.isWoken, run.state.gathered]).toEqual([true, { yapla: 0, yoplanning: 0 }]);
});

test('a run that is carried on at any rest is the same run, and nothing that was told is lost', async () => {
  const message = fc.constantFrom('yapla', 'yoplanning', 'answer', 'check', 'work', 'dropped', 'carry');
  const property = fc.property(fc.array(message, { maxLength: 30 }), (messages) => {
    let run = rested();
    let told = 0;
    let looked = 0;
    const look = (isDropped: boolean) => {
      const { gathered } = run.state;
      run.beginLook();
      if (isDropped) return run.lookDropped();
      looked += gathered.yapla + gathered.yoplanning;
      run.looked({ events: [], view: view() });
    };
    for (const one of [...messages, 'work']) {
      if (one === 'yapla' || one === 'yoplanning') {
        run.changed({ yapla: 0, yoplanning: 0, [one]: 1 });
        told += 1;
      }
      if (one === 'answer') run.answered();
      if (one === 'check') run.lookAgain();
      if (one === 'work' || one === 'dropped') look(one === 'dropped');
      if (one === 'carry') {
        const { mode, result, isWoken } = run;
        run = runOf(JSON.parse(JSON.stringify(run.state)) as RecordRunState);
        expect([run.mode, run.result, run.isWoken]).toEqual([mode, result, isWoken]);
      }
    }
    expect(looked).toBe(told);
  });
  await checkProperty(property, { numRuns: 300 });
});
