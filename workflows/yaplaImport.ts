/**
 * `yaplaImport`: collects what Yapla takes from files only, hands each file to a person, waits until they have imported it, and looks what
 * it brought. One for each connection with `yapla.write.mode: workbook`; it runs for as long as that is so.
 *
 * What is done next, and which messages are taken: importRun.ts. A run that waits for a person has no timer, and costs nothing.
 */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import { ImportRun, type ImportStep } from './importRun.js';
import { refuseForeignStart } from './ownStart.js';
import { refusedType } from './bulkSync.messages.js';
import { stateKey } from './searchAttributes.js';
import {
  closeBatchUpdate,
  importDoneUpdate,
  importProgressQuery,
  yaplaImportId,
  type ImportRefusal,
  type ImportTotals,
  type YaplaImportInput,
} from './yaplaImport.messages.js';

/** The connection is no more, or not of this kind: nothing mends that but another configuration, with which a worker starts us anew. */
const endingFailures = ['UnknownConnection', 'KindNotOffered'];

/** Soon after a worker died or the database was away; a system that fails names its own, longer delays (activities/failures.ts). */
const retry = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 minutes' } as const;

const quick = proxyActivities<Activities>({ startToCloseTimeout: '1 minute', retry });
/** It is shown in other places, too. */
const polite = proxyActivities<Activities>({
  startToCloseTimeout: '30 seconds',
  retry: { ...retry, maximumAttempts: 5 },
});

export async function yaplaImport(input: YaplaImportInput): Promise<ImportTotals> {
  const { connectionId } = input;
  refuseForeignStart(yaplaImportId(connectionId), input.carried);
  const run = new ImportRun(connectionId, input.carried);
  /** A whole list is read, or a file of fifty thousand people written: whether the worker lives, its heartbeats tell. */
  const long = () =>
    proxyActivities<Activities>({
      startToCloseTimeout: '6 hours',
      heartbeatTimeout: run.heartbeatTimeoutMs,
      retry,
    });

  // --- messages: handlers before the first await ---
  const check = (refusal: ImportRefusal | null) => {
    if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal.text, refusedType, refusal);
  };
  setHandler(importProgressQuery, () => run.progress);
  setHandler(
    closeBatchUpdate,
    async () => {
      const before = run.want();
      await condition(() => run.state.makes > before || run.state.look?.isOver === true);
      return run.files;
    },
    { validator: () => check(run.refusalOfClosing()) },
  );
  setHandler(importDoneUpdate, (number) => ({ number, ...run.done(number) }), {
    validator: (number: number) => check(run.refusalOfDone(number)),
  });

  let shown: string | null = null;
  function show(): void {
    setCurrentDetails(run.details);
    if (shown === run.shown) return;
    shown = run.shown;
    upsertSearchAttributes([{ key: stateKey, value: shown }]);
  }

  const isFull = () => {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= run.maxHistoryEvents;
  };

  async function carryOut(step: Exclude<ImportStep, { readonly do: 'end' }>): Promise<void> {
    switch (step.do) {
      case 'look':
        return run.looked(await quick.lookAtImports({ connectionId }), Date.now());
      case 'make': {
        const files = await long().makeImportFiles({ connectionId });
        run.made(files, Date.now());
        if (files.length === 0) log.info('nothing waits for an import file', { connectionId });
        return;
      }
      case 'announce': {
        const { number } = step;
        const { purpose, people } = run.files.find((file) => file.number === number)!;
        log.info('an import file is ready: somebody has to import it in Yapla', {
          connectionId,
          number,
          purpose,
          people,
        });
        try {
          await polite.announceImportFile({ connectionId, number, purpose, people });
        } catch (error) {
          // To tell is a courtesy: the file waits, whether anybody heard of it or not.
          if (!(error instanceof ActivityFailure)) throw error;
          log.warn('nobody could be told of an import file (yapla.write.announceUrl, yapla.write.announceMail)', {
            connectionId,
            number,
          });
        }
        return run.announced(number);
      }
      case 'judge': {
        const { number } = step;
        if (step.readsList) {
          await long().readImported({ connectionId, number });
          run.listRead();
        }
        const judged = await long().judgeImportFile({ connectionId, number });
        run.judged(number, judged, Date.now());
        if (judged.unread > 0)
          log.info('not everybody of an import file was read yet', { connectionId, number, unread: judged.unread });
        else log.info('an import file is judged', { connectionId, number, ...judged.counts });
        return;
      }
      case 'wait': {
        const isMoved = () => run.isWoken || isFull();
        await (step.ms === null ? condition(isMoved) : condition(isMoved, step.ms));
        return;
      }
    }
  }

  for (;;) {
    if (isFull()) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof yaplaImport>({ connectionId, carried: run.state });
    }
    const step = run.next(Date.now());
    show();
    if (step.do === 'end') break;
    try {
      await carryOut(step);
    } catch (error) {
      const cause = error instanceof ActivityFailure ? error.cause : null;
      if (!(cause instanceof ApplicationFailure)) throw error;
      const failure = cause.type ?? 'unknown';
      if (endingFailures.includes(failure)) break;
      const pauseMs = run.failed(failure, Date.now());
      log.warn('an import stands still: it is tried again', { connectionId, failure, pauseMs });
    }
  }
  log.info('ended: the connection collects nothing for import files any more', { connectionId });
  await condition(allHandlersFinished);
  return run.state.totals;
}
