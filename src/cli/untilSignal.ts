import { CommandFailed } from './program.js';

/** Resolves at the first SIGINT or SIGTERM. A second one ends the process at once: the person has stopped waiting. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (asked) process.exit(130);
      asked = true;
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

/** Rejects at the first signal: ends what it is raced with. Made before anything is started, so that nothing is left behind. */
export function interruption(): Promise<never> {
  const interrupted = untilSignal().then((signal) => {
    throw new CommandFailed(`stopped by ${signal}`);
  });
  // Nobody may be waiting when the signal comes.
  interrupted.catch(() => undefined);
  return interrupted;
}
