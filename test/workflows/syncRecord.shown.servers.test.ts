/** What Temporal's UI shows of a record's workflow: what it waits for, in words and counts, and nobody's data. */
import { personsOf } from '../../src/core/record.js';
import { afterEach, expect, test } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import { answerCase } from '../../src/cases/answers.js';
import { listOpenCases } from '../../src/store/cases.js';
import { signalAnswered } from '../../src/syncRecord.js';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import { linkedPerson, recordProgress, until, untilHolds } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';
import { sandboxValues, valuesIn } from '../helpers/sandboxValues.js';

const people = { seed: 20, yapla: 0, yoplanning: 0, shared: 3, differing: 0 };

let house: TestPasserelle;
afterEach(async () => await house.stop());

const handleOf = (linkId: string) => house.client.workflow.getHandle(syncRecordId(house.scope, linkId));

/** The text that the UI shows at the head of the workflow. */
async function detailsOf(linkId: string): Promise<string> {
  const { currentDetails } = await handleOf(linkId).query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return currentDetails;
}

interface Timer {
  readonly summary: string;
  readonly ms: number;
}

/** The timers of the workflow's history, in order, with the words beside each. */
async function timersOf(linkId: string): Promise<Timer[]> {
  const { events } = await handleOf(linkId).fetchHistory();
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer, userMetadata }) =>
    timer
      ? [
          {
            summary: userMetadata?.summary ? defaultPayloadConverter.fromPayload<string>(userMetadata.summary) : '',
            ms: Number(timer.startToFireTimeout!.seconds) * 1_000 + timer.startToFireTimeout!.nanos! / 1e6,
          },
        ]
      : [],
  );
}

async function untilState(linkId: string, wanted: string): Promise<void> {
  await until(
    () => recordProgress(house, linkId),
    ({ state }) => state === wanted,
  );
}

test('says how many cases wait for a person, then that nothing is left to do, and names nobody', async () => {
  house = await startPasserelle({ sandbox: { people }, connection: { rule: 'ask' } });
  const { sandbox, connection, connectionId, client, config, sql } = house;
  await (await house.startBulk()).result();
  await house.startReceiver();
  const { linkId, yapla, yoplanning } = await linkedPerson(house);
  const values = await sandboxValues(sandbox);
  await Promise.all([
    sandbox.control.edit('yapla', yapla, { city: 'Plougastel', street: '12 rue des Ajoncs' }),
    sandbox.control.edit('yoplanning', yoplanning, { city: 'Landerneau', street: '3 quai de Léon' }),
  ]);
  const cases = await until(
    () => listOpenCases(sql, personsOf(connectionId)),
    (open) => open.length === 2,
  );
  await untilState(linkId, 'waiting');
  const waiting = await detailsOf(linkId);
  expect(waiting).toContain('waits for a person, open cases: 2;');
  expect(waiting).toContain('last: case;');
  const { caseCheckMs, lingerMs } = connection.live;
  expect((await timersOf(linkId)).at(-1)).toEqual({ summary: 'waits for a person’s answer', ms: caseCheckMs });

  for (const { id } of cases) await answerCase(sql, id, { take: 'yapla' }, 'tester');
  const target = { client, liveTaskQueue: config.temporal.liveTaskQueue, scope: house.scope, connection };
  await signalAnswered(target, linkId, cases[0]!.id);
  await untilHolds(house, 'yoplanning', yoplanning, { city: 'Plougastel', street: '12 rue des Ajoncs' });
  await untilState(linkId, 'lingering');
  const lingering = await detailsOf(linkId);
  expect(lingering).toMatch(/^nothing left to do; .*fields written to Yapla: 0, to Yoplanning: 2, .*cases: 2$/);
  expect((await timersOf(linkId)).at(-1)).toEqual({ summary: 'lingers: nothing left to do', ms: lingerMs });

  const shown = [waiting, lingering, ...(await timersOf(linkId)).map(({ summary }) => summary)].join('\n');
  const everybody = [...values, ...(await sandboxValues(sandbox)), 'Landerneau', '3 quai de Léon'];
  expect(everybody).toContain('Plougastel');
  // Counted, not listed: a failing test must not print them either.
  expect(valuesIn(shown, everybody).length).toBe(0);
});
