/** The timeline of `yaplaImport`: what waited, which files were made and said to be imported, and what they brought. */
import type { Judgement } from '../link/importBatches.js';
import type { ImportLook } from '../../workflows/importRun.js';
import type { ImportFile, YaplaImportInput } from '../../workflows/yaplaImport.messages.js';
import type { ActivityRun } from './activityRuns.js';
import { durationMs, firstPayload, type RecordedHistory } from './history.js';
import { counted, durationText, searchAttribute, updateOf, type Teller } from './words.js';

export function importLines(_history: RecordedHistory, runs: ReadonlyMap<number, ActivityRun>): Teller {
  return (event) => {
    const { type, attributes, id } = event;
    const run = runs.get(id);
    switch (type) {
      case 'WorkflowExecutionStarted': {
        const { connectionId, carried } = firstPayload(attributes['input']) as YaplaImportInput;
        return [`started for ${connectionId}${carried === undefined ? '' : '; carried on'}`];
      }
      case 'WorkflowExecutionUpdateAccepted': {
        const [name, argument] = updateOf(event);
        return [`update: ${name}${typeof argument === 'number' ? ` ${argument}` : ''}`];
      }
      case 'UpsertWorkflowSearchAttributes': {
        const state = searchAttribute(event, 'PasserelleState');
        return typeof state === 'string' ? [`state: ${state}`] : [];
      }
      case 'ActivityTaskCompleted':
        return run === undefined ? null : doneTexts(run);
      case 'TimerStarted':
        return [`looks again after ${durationText(durationMs(attributes['startToFireTimeout']))}, or when told`];
      default:
        return null;
    }
  };
}

function doneTexts({ name, input, result }: ActivityRun): readonly string[] | null {
  const number = (input as { readonly number?: number } | null)?.number;
  switch (name) {
    case 'lookAtImports': {
      const { people, files, isOver } = result as ImportLook;
      if (isOver) return ['looked: the connection collects nothing any more'];
      return [
        `looked: ${counted(people, 'person waits', 'people wait')}, ${counted(files.length, 'file is', 'files are')} out`,
      ];
    }
    case 'makeImportFiles': {
      const files = result as readonly ImportFile[];
      if (files.length === 0) return ['made no file: nothing waits'];
      return files.map(
        (one) => `file ${one.number} is out: ${one.purpose}, ${counted(one.people, 'person', 'people')}`,
      );
    }
    case 'announceImportFile':
      return [`told of file ${number}`];
    case 'readImported':
      return [`read what file ${number} brought`];
    case 'judgeImportFile': {
      const { unread, counts } = result as Judgement;
      if (counts === null) return [`file ${number}: ${counted(unread, 'value')} not read yet`];
      const { confirmed, edited, notShown, asked } = counts;
      return [
        `file ${number} judged: ${confirmed} confirmed, ${edited} edited, ${notShown} not shown, ${asked} asked about`,
      ];
    }
    default:
      return null;
  }
}
