/** A sleep of which the end can be moved forward. Times are those of `performance.now()`. For one sleeper. */
export interface Alarm {
  sleepUntil(time: number): Promise<void>;
  /** Ends the sleep at this time, if it would last longer. While nobody sleeps it does nothing. */
  notLaterThan(time: number): void;
}

export function createAlarm(): Alarm {
  let sleep: { readonly end: () => void; timer: NodeJS.Timeout; until: number } | null = null;
  const ring = () => {
    const ended = sleep;
    sleep = null;
    ended?.end();
  };
  const timerTo = (time: number) => setTimeout(ring, Math.max(0, time - performance.now()));
  return {
    sleepUntil: (time) =>
      new Promise((resolve) => {
        sleep = { end: resolve, timer: timerTo(time), until: time };
      }),
    notLaterThan: (time) => {
      if (sleep === null || sleep.until <= time) return;
      clearTimeout(sleep.timer);
      sleep.timer = timerTo(time);
      sleep.until = time;
    },
  };
}
