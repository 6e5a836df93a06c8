/** The state machine of a bulk sync, without Temporal: which step follows which, and which messages are taken. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startScan } from '../../src/core/scan.js';
import { emptyTotals, type PlanTotals } from '../../src/core/plan.js';
import { systemNames } from '../../src/core/record.js';
import {
  BulkRun,
  newBulkRun,
  type BulkMessage,
  type BulkRunState,
  type BulkStep,
  type RunOptions,
} from '../../workflows/bulkRun.js';
import type { Hold } from '../../workflows/bulkSync.messages.js';
import { checkProperty } from '../helpers/property.js';

const day = 86_400_000;
const options: RunOptions = {
  autoApprove: false,
  chunkItems: 2,
  fillReferences: true,
  maxPlanAgeMs: 7 * day,
  maxScanRestarts: 1,
  pageSizes: { yapla: 50, yoplanning: 50 },
  pagesPerStep: 10,
};
const plannedAtMs = Date.UTC(2026, 0, 5);

const cost = {} as never;
const withChanges: PlanTotals = { ...emptyTotals(), newLinks: 3 };
const drawn = (about: { totals?: PlanTotals; guard?: readonly unknown[]; remoteItems?: number } = {}) => ({
  totals: withChanges,
  cost,
  heldBack: 0,
  remoteItems: 3,
  ...about,
  guard: (about.guard ?? []) as never[],
});
const firstPages = { scanId: null, scan: startScan(), options: { pageSize: 50, maxRestarts: 1 } };
const wholePage = { start: 0, received: 4, firstKnown: true, seen: 4, count: 4 };

function started(more: Partial<RunOptions> = {}): BulkRun {
  const run = new BulkRun(newBulkRun('club', 'run-1'));
  run.prepared({ ...options, ...more });
  return run;
}

function scanned(run: BulkRun): BulkRun {
  for (const system of systemNames) {
    if (run.nextPages(system) === null) continue;
    run.scanOpened(system, system === 'yapla' ? 1 : 2);
    run.tellPages(system, [wholePage]);
  }
  run.scansEnded();
  return run;
}

/** The plan is drawn; it waits, if nothing of `about` says otherwise. */
function planned(about: Parameters<typeof drawn>[0] = {}, more: Partial<RunOptions> = {}): BulkRun {
  const run = scanned(started(more));
  run.matched({ id: 30, number: 3 });
  run.planned(drawn(about), plannedAtMs);
  return run;
}

function told(run: BulkRun, message: BulkMessage, nowMs = plannedAtMs): string | null {
  const refusal = run.refusalOf(message, nowMs);
  if (refusal === null) run.take(message);
  return refusal === null ? null : `${refusal.code}: ${refusal.text}`;
}

const approve = { verb: 'approve', plan: 3, decision: 7 } as const;
const reject = { verb: 'reject', plan: 3, decision: 8 } as const;

/** To the first of the steps that apply, past the approval. */
function applying(): BulkRun {
  const run = planned();
  told(run, approve);
  run.approvalStored();
  run.localApplied();
  return run;
}

describe('the steps', () => {
  test('follow one another from the first page to the end, and each is shown as its phase', () => {
    const run = started();
    const seen: [BulkStep, string][] = [];
    const look = () => seen.push([run.step, run.phase]);
    look();
    scanned(run);
    look();
    run.matched({ id: 30, number: 3 });
    look();
    run.planned(drawn(), plannedAtMs);
    look();
    told(run, approve);
    look();
    run.approvalStored();
    look();
    run.localApplied();
    look();
    expect([run.takeChunk(), run.takeChunk(), run.takeChunk()]).toEqual([{ from: 1, to: 3 }, { from: 3, to: 4 }, null]);
    run.chunkApplied({ outcomes: { written: 2 }, ended: 2 });
    run.chunkApplied({ outcomes: { written: 1 }, ended: 1 });
    run.chunksEnded();
    look();
    run.unsettledFound([]);
    look();
    run.counted({ outcomes: { written: 3 }, ended: 3 });
    look();
    run.verified(0);
    look();
    run.referencesStored();
    look();
    expect(seen).toEqual([
      ['scan', 'scanning'],
      ['match', 'matching'],
      ['plan', 'planning'],
      ['wait', 'waitingForApproval'],
      ['storeApproval', 'applying'],
      ['applyLocalItems', 'applying'],
      ['applyItems', 'applying'],
      ['findUnsettled', 'applying'],
      ['count', 'applying'],
      ['verify', 'verifying'],
      ['storeReferences', 'storingReferences'],
      ['end', 'ended'],
    ]);
    const applied = { outcomes: { written: 3 }, ended: 3 };
    expect(run.result).toEqual({ outcome: 'applied', plan: 3, applied, differences: 0 });
  });

  test('stay at the scan until both lists are complete', () => {
    const run = started();
    run.scanOpened('yapla', 1);
    run.tellPages('yapla', [wholePage]);
    run.scansEnded();
    expect([run.step, run.nextPages('yapla'), run.nextPages('yoplanning')]).toEqual(['scan', null, firstPages]);
  });

  test('leave the references out where the configuration says so', () => {
    const run = planned({}, { fillReferences: false });
    told(run, approve);
    run.verified(0);
    expect(run.step).toBe('end');
  });

  test('look up creations whose answer never came in the lists concerned, and give up after three rounds', () => {
    const run = applying();
    const rounds = [1, 2, 3, 4].map(() => {
      while (run.takeChunk() !== null);
      run.chunksEnded();
      run.unsettledFound(['yapla']);
      expect([run.step, run.phase, run.nextPages('yoplanning')]).toEqual(['rescan', 'settling', null]);
      expect(run.nextPages('yapla')).toEqual(firstPages);
      scanned(run);
      expect(run.step).toBe('settle');
      const { givesUp, scanName } = run;
      run.settled(1);
      return [givesUp, scanName];
    });
    expect(rounds).toEqual([
      [false, 'run-1/1'],
      [false, 'run-1/2'],
      [false, 'run-1/3'],
      [true, 'run-1/4'],
    ]);
    expect(run.takeChunk()).toEqual({ from: 1, to: 3 });
    run.settled(0);
    expect(run.step).toBe('count');
  });
});

describe('a plan is approved by rule', () => {
  const decided = (run: BulkRun) => [run.step, run.state.decision?.by];

  test('where there is nothing to approve, and where the configuration allows it and nobody wants to be asked', () => {
    expect(decided(planned({ totals: emptyTotals() }))).toEqual(['storeApproval', { rule: 'nothingToApprove' }]);
    expect(decided(planned({}, { autoApprove: true }))).toEqual(['storeApproval', { rule: 'autoApprove' }]);
    const run = scanned(started({ autoApprove: true }));
    run.matched({ id: 30, number: 3 });
    run.planned(drawn(), plannedAtMs, true);
    expect(decided(run)).toEqual(['wait', undefined]);
  });

  test('but not while the guard says anything', () => {
    expect(decided(planned({ guard: [{ code: 'tooManyCreated' }] }, { autoApprove: true }))).toEqual([
      'wait',
      undefined,
    ]);
  });
});

describe('a decision about a plan', () => {
  test('is taken while that plan waits, and names who decided by an id', () => {
    const approved = planned();
    expect(told(approved, approve)).toBeNull();
    expect([approved.step, approved.state.decision]).toEqual(['storeApproval', { verb: 'approve', by: { person: 7 } }]);
    const rejected = planned();
    expect(told(rejected, { verb: 'reject', plan: 3 })).toBeNull();
    expect([rejected.step, rejected.outcome, rejected.state.decision?.by]).toEqual([
      'end',
      'rejected',
      { person: null },
    ]);
  });

  test.each<[string, () => BulkRun, BulkMessage, string]>([
    [
      'before there is a plan',
      () => started(),
      approve,
      'noPlan: plan 3 is not the one that waits: there is none yet (scanning)',
    ],
    [
      'about another plan than the one that waits',
      () => planned(),
      { ...approve, plan: 4 },
      'otherPlan: plan 4 is not the one that waits: that is 3',
    ],
    [
      'about another plan than the one that is applied',
      applying,
      { ...reject, plan: 2 },
      'otherPlan: plan 2 is not the one that waits: this sync has plan 3 (applying)',
    ],
    [
      'to approve what was approved',
      applying,
      approve,
      'approved: plan 3 was approved before: nothing is left to decide',
    ],
    [
      'to reject what was approved',
      applying,
      reject,
      'approved: plan 3 was approved and is not rejected any more: "passerelle cancel club" ends it after the people in hand',
    ],
    [
      'to approve what was rejected',
      () => after(planned(), reject),
      approve,
      'rejected: plan 3 was rejected and is not approved any more: "passerelle sync club" makes a new one',
    ],
    [
      'to reject what was rejected',
      () => after(planned(), reject),
      reject,
      'rejected: plan 3 was rejected before: nothing is left to decide',
    ],
    [
      'to approve what a newer sync superseded',
      () => after(planned(), { verb: 'supersede' }),
      approve,
      'superseded: plan 3 was superseded and is not approved any more: "passerelle sync club" makes a new one',
    ],
    [
      'to approve what was cancelled',
      () => after(planned(), { verb: 'cancel' }),
      approve,
      'cancelled: plan 3 was cancelled and is not approved any more: "passerelle sync club" makes a new one',
    ],
  ])('is refused with a sentence: %s', (_, make, message, sentence) => {
    const run = make();
    const before = run.state;
    expect(told(run, message)).toBe(sentence);
    expect(run.state).toBe(before);
  });
});

function after(run: BulkRun, message: BulkMessage): BulkRun {
  expect(told(run, message)).toBeNull();
  return run;
}

describe('a plan that waits for too long', () => {
  test('expires at its greatest age, and an approval that comes then is refused', () => {
    const run = planned();
    expect(run.patienceMs(plannedAtMs + 6 * day)).toBe(day);
    expect(run.refusalOf(approve, plannedAtMs + 7 * day - 1)).toBeNull();
    // Its timer has not been heard of yet, as while no worker ran.
    expect(told(run, approve, plannedAtMs + 7 * day)).toBe(
      'expired: plan 3 waited for longer than bulk.maxPlanAgeMs allows and is not approved any more: "passerelle sync club" makes a new one',
    );
    run.expire();
    expect([run.step, run.outcome]).toEqual(['end', 'expired']);
    expect(told(run, approve)).toMatch(/^expired: /);
  });

  test('does not expire once it was approved', () => {
    const run = after(planned(), approve);
    run.expire();
    expect([run.step, run.outcome]).toEqual(['storeApproval', 'applied']);
  });
});

describe('a newer sync', () => {
  test('supersedes one that waits for approval, and no other', () => {
    expect(told(started(), { verb: 'supersede' })).toBe('underWay: the bulk sync of club is under way (scanning)');
    expect(told(applying(), { verb: 'supersede' })).toBe('underWay: the bulk sync of club is under way (applying)');
    expect(told(after(planned(), approve), { verb: 'supersede' })).toMatch(/^underWay: /);
    const run = after(planned(), { verb: 'supersede' });
    expect([run.step, run.outcome]).toEqual(['end', 'superseded']);
    expect(told(run, { verb: 'supersede' })).toBe('ending: the bulk sync of club is about to end');
  });
});

describe('pause and resume', () => {
  test('are refused where there is nothing to pause or to resume', () => {
    const run = applying();
    expect(told(run, { verb: 'resume' })).toBe('nothingToResume: the bulk sync of club is neither paused nor stopped');
    expect(told(run, { verb: 'pause' })).toBeNull();
    expect(told(run, { verb: 'pause' })).toBe('pausedBefore: the bulk sync of club is paused already');
    expect(told(run, { verb: 'resume' })).toBeNull();
    expect(run.isPaused).toBe(false);
    const over = after(run, { verb: 'cancel' });
    expect([told(over, { verb: 'pause' }), told(over, { verb: 'resume' })]).toEqual([
      'ending: the bulk sync of club is about to end',
      'ending: the bulk sync of club is about to end',
    ]);
  });

  test('a plan that waits is shown as paused at once, since nothing is in hand', () => {
    expect(after(planned(), { verb: 'pause' }).progress.state).toEqual({ kind: 'paused' });
    expect(after(applying(), { verb: 'pause' }).progress.state).toEqual({ kind: 'running' });
  });

  test('resume lifts whatever holds a lane', () => {
    const run = applying();
    run.hold('1', { kind: 'stopped', failure: 'AccessRefused', reason: '401' });
    expect(told(run, { verb: 'resume' })).toBeNull();
    expect([run.isHeld('1'), run.progress.state]).toEqual([false, { kind: 'running' }]);
  });
});

describe('where a system takes no writes', () => {
  test('chunks are applied to the last, then the people who are left wait for a person, and all chunks come again', () => {
    const run = applying();
    const { remoteItems } = run.state.plan!;
    let chunks = 0;
    for (let chunk = run.takeChunk(); chunk !== null; chunk = run.takeChunk()) {
      chunks += 1;
      const ended = chunk.to - chunk.from - (chunks === 1 ? 1 : 0);
      run.chunkApplied({ outcomes: {}, ended, ...(chunks === 1 ? { writesStopped: '403 on PUT /x' } : {}) });
    }
    expect(chunks).toBeGreaterThan(1);
    const reason = "1 of the plan's people wait: 403 on PUT /x";
    expect(run.chunksEnded()).toEqual({ kind: 'stopped', failure: 'WritesStopped', reason });
    expect([run.step, run.takeChunk()?.from]).toEqual(['applyItems', 1]);
    run.chunkApplied({ outcomes: {}, ended: remoteItems });
    while (run.takeChunk() !== null);
    expect(run.chunksEnded()).toBeNull();
    expect(run.step).toBe('findUnsettled');
    expect(run.state.applied.ended).toBe(remoteItems);
  });
});

describe('lanes', () => {
  const waits: Hold = { kind: 'waitingForBudget', until: '2026-01-06T00:00:00.000Z', reason: 'the day is spent' };
  const stops: Hold = { kind: 'stopped', failure: 'AccessRefused', reason: '401' };

  test('each tell what holds them, and the worst is the state of the whole, in whatever order they came', () => {
    for (const order of [
      [waits, stops],
      [stops, waits],
    ]) {
      const run = started();
      order.forEach((hold, n) => run.hold(systemNames[n]!, hold));
      expect(run.progress.state).toEqual(stops);
      expect(Object.values(run.progress.lanes)).toEqual(order);
      run.release(systemNames[order.indexOf(stops)]!);
      expect(run.progress.state).toEqual(waits);
    }
  });
});

/** What may happen to a run at any moment. The results of activities are left to the step that it is at. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.constant<'step'>('step') },
  { weight: 1, arbitrary: fc.constant<'carry'>('carry') },
  {
    weight: 2,
    arbitrary: fc.record({
      verb: fc.constantFrom('approve', 'reject', 'pause', 'resume', 'supersede', 'cancel'),
      plan: fc.constantFrom(3, 3, 3, 4),
      atMs: fc.constantFrom(0, 6 * day, 8 * day),
    }),
  },
);

test('in whatever order things happen, no step applies a plan that nobody approved, and a run that is carried on is the same run', async () => {
  const property = fc.property(
    fc.array(happening, { maxLength: 40 }),
    fc.array(fc.nat({ max: 5 }), { minLength: 40, maxLength: 40 }),
    fc.boolean(),
    (happenings, draws, autoApprove) => {
      let run = started({ autoApprove });
      happenings.forEach((one, n) => {
        const ended = run.step === 'end' ? run.outcome : null;
        if (one === 'carry') {
          const { progress } = run;
          run = new BulkRun(JSON.parse(JSON.stringify(run.state)) as BulkRunState);
          run.prepared({ ...options, autoApprove });
          expect(run.progress).toEqual(progress);
        } else if (one === 'step') {
          if (!run.isPaused) carryOut(run, draws[n]!);
        } else {
          const message: BulkMessage =
            one.verb === 'approve' || one.verb === 'reject'
              ? { verb: one.verb, plan: one.plan }
              : { verb: one.verb as 'pause' };
          const before = run.state;
          const refused = told(run, message, plannedAtMs + one.atMs) !== null;
          if (refused) expect(run.state).toBe(before);
        }
        const applies: readonly BulkStep[] = ['storeApproval', 'applyLocalItems', 'applyItems', 'findUnsettled'];
        if (applies.includes(run.step)) expect(run.state.decision?.verb).toBe('approve');
        if (run.outcome === 'rejected') expect(run.state.decision?.verb).toBe('reject');
        if (run.outcome === 'expired' || run.outcome === 'superseded') expect(run.state.decision).toBeNull();
        if (ended !== null && ended !== 'applied') expect([run.step, run.outcome]).toEqual(['end', ended]);
      });
    },
  );
  await checkProperty(property, { numRuns: 500 });
});

/** @param draw decides what the activity came to */
function carryOut(run: BulkRun, draw: number): void {
  switch (run.step) {
    case 'scan':
    case 'rescan':
      scanned(run);
      return;
    case 'match':
      return run.matched({ id: 30, number: 3 });
    case 'plan':
      return run.planned(drawn(draw === 0 ? { totals: emptyTotals(), remoteItems: 0 } : {}), plannedAtMs);
    case 'wait':
      return draw === 0 ? run.expire() : undefined;
    case 'storeApproval':
      return run.approvalStored();
    case 'applyLocalItems':
      return run.localApplied();
    case 'applyItems':
      run.takeChunk();
      run.chunksEnded();
      return;
    case 'findUnsettled':
      return run.unsettledFound(draw < 2 ? ['yapla'] : []);
    case 'settle':
      return run.settled(draw % 2);
    case 'count':
      return run.counted({ outcomes: {}, ended: 0 });
    case 'verify':
      return run.verified(0);
    case 'storeReferences':
      return run.referencesStored();
    case 'prepare':
    case 'end':
      return;
  }
}
