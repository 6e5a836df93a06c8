/** Live work on single people whose histories are kept. Each goes the way that its name says, whatever the machine's speed. */
import type { WorkflowHandle } from '@temporalio/client';
import { resumeConnection } from '../../src/cli/resume.js';
import { personsOf, systemNames } from '../../src/core/record.js';
import { answerCase, closeCase } from '../../src/cases/answers.js';
import { listOpenCases } from '../../src/store/cases.js';
import { signalAnswered } from '../../src/syncRecord.js';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import { stateKey } from '../../workflows/searchAttributes.js';
import {
  linkedPerson,
  recordProgress,
  recordResult,
  recordWorkflows,
  until,
  untilHolds,
  untilQuiet,
} from '../helpers/live.js';
import type { TestPasserelle } from '../helpers/passerelle.js';
import type { Scenario } from './scenario.js';

/** What is entered in the course of these runs, beside the people of the sandbox: none of it may stand in a history. */
export const entered = {
  rennes: { city: 'Rennes', postalCode: '35000' },
  vannes: { city: 'Vannes' },
  brest: { city: 'Brest', postalCode: '29200' },
  quimper: { city: 'Quimper' },
  odile: { firstName: 'Odile', lastName: 'Le Goff', email: 'odile@example.org' },
  odette: { firstName: 'Odette', lastName: 'Kerjean', email: 'odette@example.net' },
} as const;
const { rennes, vannes, brest, quimper, odile, odette } = entered;

const people = { seed: 32, yapla: 0, yoplanning: 0, shared: 3, differing: 0 };

/** Echoes, late ones too, find the workflow that wrote: what is kept is its newest run. */
const untilItsEcho = { settings: { live: { lingerMs: 5_000 } } };

type History = Pick<WorkflowHandle, 'fetchHistory'>;

interface OnePerson {
  readonly linkId: string;
  readonly yapla: string;
  readonly yoplanning: string;
}

/** Everybody is linked, the receiver takes both systems' webhooks, and nothing is under way. */
async function linked(house: TestPasserelle): Promise<OnePerson> {
  await (await house.startBulk()).result();
  await house.startReceiver();
  return await linkedPerson(house);
}

function handleOf({ client, connectionId }: TestPasserelle, linkId: string, runId?: string): WorkflowHandle {
  return client.workflow.getHandle(syncRecordId(personsOf(connectionId), linkId), runId);
}

/** The history of the link's newest run, once it has completed. */
async function toItsEnd(house: TestPasserelle, linkId: string): Promise<History> {
  await untilQuiet(house);
  await recordResult(house, linkId);
  return handleOf(house, linkId);
}

/** Edits one person, to and fro, until their workflow has continued as new. @returns the runs' ids, the first one first */
async function editUntilItContinues(house: TestPasserelle): Promise<{ linkId: string; runIds: [string, string] }> {
  const { linkId, yapla, yoplanning } = await linked(house);
  let first: string | null = null;
  for (let n = 1; ; n++) {
    const { city } = n % 2 === 0 ? rennes : vannes;
    await house.sandbox.control.edit('yapla', yapla, { city });
    await untilHolds(house, 'yoplanning', yoplanning, { city });
    const { runId } = await handleOf(house, linkId).describe();
    first ??= runId;
    if (runId !== first) {
      await toItsEnd(house, linkId);
      return { linkId, runIds: [first, runId] };
    }
  }
}

const shortRuns = { sandbox: { people }, connection: { settings: { live: { maxHistoryEvents: 50 } } } };

export const syncRecordScenarios: readonly Scenario[] = [
  {
    // Its echo comes while the workflow lingers, and is read in the lane `idle`.
    name: 'syncRecord.written',
    options: { sandbox: { people } },
    run: async (house) => {
      const { linkId, yapla, yoplanning } = await linked(house);
      await house.sandbox.control.edit('yapla', yapla, rennes);
      await untilHolds(house, 'yoplanning', yoplanning, rennes);
      await until(
        () => recordProgress(house, linkId),
        ({ counts }) => counts.echoes > 0,
      );
      return await toItsEnd(house, linkId);
    },
  },
  {
    // It comes when the workflow that wrote has completed: nobody awaits it, and what was read says that it is one.
    name: 'syncRecord.echo',
    options: { sandbox: { people }, connection: { settings: { live: { lingerMs: 20 } } } },
    run: async (house) => {
      const { linkId, yapla, yoplanning } = await linked(house);
      await house.sandbox.control.setWebhookFaults('yoplanning', { delayMs: 2_000 });
      await house.sandbox.control.edit('yapla', yapla, { city: rennes.city });
      await untilHolds(house, 'yoplanning', yoplanning, { city: rennes.city });
      await recordResult(house, linkId);
      await house.sandbox.control.settled();
      return await toItsEnd(house, linkId);
    },
  },
  {
    // An edit comes while the read of a probable echo is under way: the read is dropped for one in the lane `live`.
    name: 'syncRecord.probable-echo-overtaken',
    options: { sandbox: { people } },
    run: async (house) => {
      const { linkId, yapla, yoplanning } = await linked(house);
      const { control } = house.sandbox;
      const slow = { system: 'yoplanning', kind: 'read', skip: 1, times: 1 } as const;
      await control.addFault({ ...slow, action: { do: 'slow', ms: 2_000 } });
      await control.edit('yapla', yapla, { city: rennes.city });
      await until(
        () => control.faults(),
        ([fault]) => fault?.struck === 1,
      );
      await control.edit('yapla', yapla, vannes);
      await untilHolds(house, 'yoplanning', yoplanning, vannes);
      return await toItsEnd(house, linkId);
    },
  },
  {
    name: 'syncRecord.created',
    options: { sandbox: { people }, connection: untilItsEcho },
    run: async (house) => {
      await linked(house);
      const id = await house.sandbox.control.add('yapla', odile);
      return await toItsEnd(house, `yapla:${id}`);
    },
  },
  {
    name: 'syncRecord.conflict-answered',
    options: { sandbox: { people }, connection: { rule: 'ask' } },
    run: async (house) => {
      const { linkId, yapla, yoplanning } = await linked(house);
      const { client, config, connection, connectionId, sandbox, sql } = house;
      await Promise.all([
        sandbox.control.edit('yapla', yapla, rennes),
        sandbox.control.edit('yoplanning', yoplanning, { city: brest.city }),
      ]);
      const [asked] = await until(
        () => listOpenCases(sql, personsOf(connectionId)),
        (cases) => cases.length === 1,
      );
      await untilQuiet(house);
      await answerCase(sql, asked!.id, { take: 'value', value: quimper.city }, 'fixture');
      const target = { client, liveTaskQueue: config.temporal.liveTaskQueue, scope: house.scope, connection };
      await signalAnswered(target, linkId, asked!.id);
      await untilHolds(house, 'yapla', yapla, quimper);
      await untilHolds(house, 'yoplanning', yoplanning, quimper);
      return await toItsEnd(house, linkId);
    },
  },
  {
    // Yoplanning is edited first, and says so late: the write that Yapla's edit leads to meets what nobody told of.
    name: 'syncRecord.stale-and-decided-again',
    options: { sandbox: { people }, connection: untilItsEcho },
    run: async (house) => {
      const { linkId, yapla, yoplanning } = await linked(house);
      const { control } = house.sandbox;
      await control.setWebhookFaults('yoplanning', { delayMs: 2_000 });
      await control.edit('yoplanning', yoplanning, { postalCode: brest.postalCode });
      await control.edit('yapla', yapla, { city: rennes.city });
      const both = { city: rennes.city, postalCode: brest.postalCode };
      for (const system of systemNames) {
        await untilHolds(house, system, system === 'yapla' ? yapla : yoplanning, both);
      }
      return await toItsEnd(house, linkId);
    },
  },
  {
    // Two people who are known to one system each turn out to be one.
    name: 'syncRecord.merged',
    options: { sandbox: { people }, connection: { settings: { create: 'none' } } },
    run: async (house) => {
      await linked(house);
      const { control } = house.sandbox;
      await control.add('yapla', odile);
      const id = await control.add('yoplanning', odette);
      await untilQuiet(house);
      await control.edit('yoplanning', id, odile);
      return await toItsEnd(house, `yoplanning:${id}`);
    },
  },
  {
    name: 'syncRecord.removed-and-asked',
    options: { sandbox: { people }, connection: { settings: { live: { caseCheckMs: 500 } } } },
    run: async (house) => {
      const { linkId, yoplanning } = await linked(house);
      await house.sandbox.control.remove('yoplanning', yoplanning);
      const [asked] = await until(
        () => listOpenCases(house.sql, house.scope),
        (cases) => cases.length === 1,
      );
      await closeCase(house.sql, asked!.id, 'fixture', null);
      return await toItsEnd(house, linkId);
    },
  },
  {
    // The connection is refused: the workflow waits for long, and goes on at once when a person says that it is mended.
    name: 'syncRecord.stopped',
    options: { sandbox: { people }, connection: { settings: { live: { stoppedRetryMs: 3_600_000 } } } },
    run: async (house) => {
      const { linkId, yapla, yoplanning } = await linked(house);
      const { control } = house.sandbox;
      const revoked = await control.addFault({ system: 'yoplanning', action: { do: 'revoke' } });
      await control.edit('yapla', yapla, { city: rennes.city });
      await until(
        () => recordWorkflows(house),
        (all) => all.some(({ typedSearchAttributes }) => typedSearchAttributes.get(stateKey) === 'stopped'),
      );
      await control.removeFault(revoked);
      await resumeConnection({ ...house, connections: house.config.connections }, house.connectionId);
      await untilHolds(house, 'yoplanning', yoplanning, { city: rennes.city });
      return await toItsEnd(house, linkId);
    },
  },
  {
    name: 'syncRecord.continued-as-new',
    options: shortRuns,
    run: async (house) => {
      const { linkId, runIds } = await editUntilItContinues(house);
      return handleOf(house, linkId, runIds[0]);
    },
  },
  {
    name: 'syncRecord.carried-on',
    options: shortRuns,
    run: async (house) => {
      const { linkId, runIds } = await editUntilItContinues(house);
      return handleOf(house, linkId, runIds[1]);
    },
  },
];
