/**
 * Anyone who reaches Temporal can start a workflow of ours with an id and an input of their choice: a page that a browser shows on the machine
 * of a dev server is enough. Such a run ends at once: under another id it would be a second writer, and with a state that no run before it
 * handed over it would go on with decisions that nobody made.
 */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';

/** Type of the failure with which a run ends that was not started as ours are. */
export const foreignStartType = 'ForeignStart';

/**
 * @param id the only id under which work on this input may run
 * @param carried the state that the run before handed over, if the input has one
 * @throws {ApplicationFailure} of type {@link foreignStartType}, not retried
 */
export function refuseForeignStart(id: string, carried: unknown): void {
  const { workflowId, continuedFromExecutionRunId } = workflowInfo();
  if (workflowId !== id)
    throw ApplicationFailure.nonRetryable(
      'this work runs under one id only, and was started under another',
      foreignStartType,
    );
  if (carried !== undefined && continuedFromExecutionRunId === undefined)
    throw ApplicationFailure.nonRetryable('the input has a state that no run before handed over', foreignStartType);
}
