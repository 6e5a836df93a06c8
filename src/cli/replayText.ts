/** What `passerelle replay` prints. */
import type { TimelineLine } from '../replay/timeline.js';
import type { Verdict } from '../replay/verdict.js';
import { table, type Output } from './output.js';
import { visible } from './visible.js';

/** A table of event, time and what happened; the day stands above. Times are UTC, as in the history. */
export function timelineText(lines: readonly TimelineLine[], { colours }: Pick<Output, 'colours'>): string {
  const [first] = lines;
  if (first === undefined) return '';
  const rows = lines.map((line, at) => {
    const isNew = lines[at - 1]?.eventId !== line.eventId;
    const time = isNew ? new Date(line.atMs).toISOString().slice(11, 23) : '';
    return [isNew ? String(line.eventId) : '', colours.dim(time), visible(line.text)];
  });
  const heading = ['event', colours.dim(`${new Date(first.atMs).toISOString().slice(0, 10)} UTC`), ''];
  return table([heading, ...rows], { right: [0] });
}

/** What to do is the same for anyone who changed the code, whatever they changed. */
const advice =
  'A run of this history that is still open would be blocked under this code. Put the change behind patched() of the SDK, so that old histories take the old way, or let such runs end under the old code first (docs/engineers.md, Replay).';

export function verdictText(verdict: Verdict, { colours }: Pick<Output, 'colours'>): string {
  switch (verdict.is) {
    case 'deterministic': {
      const said = colours.green('Deterministic: today’s code asks for the same things in the same order.');
      if (verdict.otherwise.length === 0) return `${said} Its decisions are the same.`;
      const changed = verdict.otherwise.map(
        ({ eventId, what, differs }) => `  event ${eventId}, ${visible(what)}: ${visible(differs.join(', '))}`,
      );
      return `${said}\n${colours.yellow('With other contents, which Temporal does not mind: it would decide otherwise.')}\n${changed.join('\n')}`;
    }
    case 'nondeterministic': {
      const where = verdict.eventId === null ? '' : ` at event ${verdict.eventId}`;
      return [
        colours.red(`Not deterministic: history and today’s code part${where}.`),
        `  the history has:  ${visible(verdict.history)}`,
        `  the code wanted:  ${visible(verdict.code)}`,
        `  the SDK says:     ${visible(verdict.details)}`,
        advice,
      ].join('\n');
    }
    case 'failed':
      return [
        colours.red('Not replayed: today’s code fails where the history goes on.'),
        `  it says:  ${visible(verdict.details)}`,
        'Mend the code: a run of this history that is still open waits until it is.',
      ].join('\n');
  }
}
