/** How far a bulk sync is, in lines. */
import { visible } from './visible.js';
import type { BulkProgress, Hold } from '../../workflows/bulkSync.messages.js';

/** @param done people of the plan that are done, as the database has them; left out: as the workflow has counted */
export function progressText(progress: BulkProgress, done = progress.applied.ended): string {
  const { connectionId, phase, state, lanes, scans, plan, differences } = progress;
  const lines = [`${connectionId}: ${phase}${state.kind === 'running' ? '' : `, ${state.kind}`}`];
  const held = Object.entries(lanes);
  if (held.length > 0) lines.push(...held.map(([lane, hold]) => `  ${laneName(lane)}: ${holdText(hold)}`));
  else if (state.kind !== 'running') lines.push(`  ${holdText(state)}`);
  if (state.kind === 'stopped') lines.push(`  When it is mended: passerelle resume ${connectionId}`);
  for (const [system, scan] of Object.entries(scans))
    if (scan !== null) lines.push(`  ${system}: ${scan.status}, ${scan.pages} pages read`);
  if (plan !== null) lines.push(`  plan ${plan.number}: ${done} of ${plan.remoteItems} people done`);
  if (differences !== null) lines.push(`  differences after applying: ${differences}`);
  return lines.join('\n');
}

/** Why a lane does not go on. */
export function holdText(hold: Hold): string {
  switch (hold.kind) {
    case 'paused':
      return 'paused: "passerelle resume" goes on';
    case 'waitingForBudget':
      return `waiting for the quota until ${hold.until}: ${visible(hold.reason)}`;
    case 'stopped':
      return `stopped: ${visible(hold.reason)}`;
  }
}

/** Lanes are named after the system that is read, and numbered where people are written. */
function laneName(lane: string): string {
  return /^\d+$/.test(lane) ? `lane ${lane}` : lane;
}
