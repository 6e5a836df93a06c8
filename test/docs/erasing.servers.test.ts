/** What docs/operators.md says under "Erasing" about registrations, run as it stands there. */
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { EventsClub } from '../helpers/eventsClub.js';
import { neighbours } from '../helpers/neighbours.js';

const start = neighbours();

let club: EventsClub;
afterEach(async () => await club.stop());

const scripts = [...readFileSync('docs/operators.md', 'utf8').matchAll(/```sql\n(begin;[^`]*)```/g)];
const script = scripts.map(([, text]) => text!).find((text) => text.includes('registered'))!;

test('a member’s registrations, donations and orders leave nothing of the names in them, and those of others stay', async () => {
  club = await EventsClub.open(start);
  const { sql, connectionId, sandbox } = club.house;
  const [anna, boris] = club.members;
  const names = { firstName: 'Effacée', lastName: 'Partout' };
  await sandbox.control.yaplaEvents.register({
    event: club.event,
    rate: 'Gratuit',
    participants: [{ memberId: anna!.yapla, ...names }],
  });
  await sandbox.control.yaplaEvents.donate({ donor: { memberId: anna!.yapla, ...names }, amount: 1_000 });
  const stays = await club.register([boris!]);
  await club.untilQuiet();

  const written = script
    .replaceAll("'club'", `'${connectionId}'`)
    .replaceAll("'1042'", `'${anna!.yapla}'`)
    .replaceAll('8d23503e-041e-4180-98d1-641183bc5ead', anna!.yoplanning);
  await sql.begin(async (tx) => void (await tx.script(written.replaceAll(/\b(begin|commit);/g, ''))));
  for (const table of ['shadow', 'journal', 'cases', 'inbox', 'intent', 'donation', 'order_item']) {
    const rows = await sql<{ row: string }[]>`
      select to_jsonb(t)::text as row from ${sql(table)} t where connection_id = ${connectionId} and kind in ('registration', 'donation')`;
    for (const { row } of rows) {
      expect(row).not.toContain('Effacée');
      expect(row).not.toContain(anna!.yoplanning);
    }
  }
  const [left] = await sql<{ n: number }[]>`
    select count(*)::int as n from link where connection_id = ${connectionId} and kind = 'registration' and yapla_id = ${stays}`;
  expect(left!.n).toBe(1);
});
