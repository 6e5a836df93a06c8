/** Tells the link's workflow of a person's answer, and the person what happens next. */
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import type { Config } from '../config/schema.js';
import type { Resolution } from '../cases/answers.js';
import { answersOf } from '../cases/index.js';
import { type Case, listOpenCases } from '../store/cases.js';
import { lookAtLinks } from '../store/inbox.js';
import type { Sql } from '../store/database.js';
import { signalAnswered } from '../syncRecord.js';
import { TemporalSetupError } from '../temporal.js';
import { UsageError } from './program.js';
import { connectionOf, openTemporal } from './session.js';
import { visible } from './visible.js';

/**
 * Tells the link's workflow about what was stored, and says what happens next. Where Temporal cannot be reached, the receiver's
 * forwarder is left to do it.
 *
 * @returns lines for the person
 */
export async function whatHappensNext(
  config: Config,
  sql: Sql,
  question: Case,
  resolution: Resolution,
): Promise<string[]> {
  const { id, kind, scope, linkId } = question;
  const lines = resolution.close ? [`Case ${id} is closed.`] : [`The answer to case ${id} is stored.`];
  // Also where nothing is left to do: a workflow that waits for this answer need not wait any longer.
  if (linkId !== null) {
    const triesAgain = answersOf(kind).close === 'triesAgain';
    const afterwards = triesAgain ? 'What it held back is tried again' : 'It is taken note of';
    const what = resolution.close ? afterwards : 'It is carried out';
    const reached = await tell(config, question, linkId);
    if (!reached) await lookAtLinks(sql, scope, [linkId]);
    lines.push(
      reached
        ? `${what} by the workflow of ${visible(linkId)} as soon as a worker is free. "passerelle case ${id}" shows how it stands.`
        : `Temporal cannot be reached: ${what.toLowerCase()} when the receiver reaches it again, or at the next event about ${visible(linkId)}.`,
    );
  }
  if (resolution.close) lines.push(...afterClosing(question));
  else if (resolution.remember) lines.push(...(await afterRemembering(sql, question, resolution.answer.take)));
  return lines;
}

function afterClosing({ kind, scope: { connectionId } }: Case): string[] {
  switch (answersOf(kind).close) {
    case 'triesAgain':
      return ['The next event and the next sync try again as well. If it fails again, it is a new case.'];
    case 'mended':
      return [`If it had stopped the connection: passerelle resume ${connectionId}`];
    case 'asksAgain':
      return ['The next sync asks again where there is still something to ask.'];
    case 'goesOn':
      return ['What it held is looked at again, and what still differs is written: the receiver tells each link.'];
    case 'notAskedAgain':
    case null:
      return [];
  }
}

async function afterRemembering(sql: Sql, { id, scope, field }: Case, take: string): Promise<string[]> {
  const others = (await listOpenCases(sql, scope)).filter(
    (one) => answersOf(one.kind).remember && one.field === field && one.id !== id && one.answeredBy === null,
  );
  return [
    `From now on conflicts about ${field} take the value of ${take}; "passerelle forget-rule ${scope.connectionId} ${field}" takes that back.`,
    ...(others.length === 0
      ? []
      : [
          `${others.length} more open ${others.length === 1 ? 'case' : 'cases'} about ${field}: the next event about the person, or the next sync, decides by the new rule.`,
        ]),
  ];
}

/** @returns false where Temporal cannot be reached */
async function tell(config: Config, { id, scope }: Case, linkId: string): Promise<boolean> {
  try {
    const { client, temporal } = await openTemporal(config);
    try {
      const { liveTaskQueue } = config.temporal;
      const target = { client, liveTaskQueue, scope, connection: connectionOf(config, scope.connectionId) };
      await signalAnswered(target, linkId, id);
      return true;
    } finally {
      await temporal.close();
    }
  } catch (error) {
    const unreachable =
      error instanceof TemporalSetupError ||
      error instanceof UsageError ||
      error instanceof ServiceError ||
      isGrpcServiceError(error);
    if (!unreachable) throw error;
    return false;
  }
}
