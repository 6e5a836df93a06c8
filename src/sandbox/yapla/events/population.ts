/** Events, registrations and donations that are there from the start: the same for the same seed and the same members. */
import type { Member } from '../members.js';
import { Random } from '../../random.js';
import { firstNames, lastNames, townsOf } from '../../words.js';
import type { EventsAccount } from './account.js';
import type { Participant, ResolvedEventsOptions } from './schema.js';

const titles = ['Journée de voile', 'Initiation', 'Régate du club', 'Sortie en mer', 'Assemblée générale'];
const activities = ['Dériveur', 'Planche', 'Croiseur'];
const rates = [
  { name: 'Membre', amount: 1_200 },
  { name: 'Non-membre', amount: 2_000 },
  { name: 'Gratuit', amount: 0 },
];
const places = townsOf.FR.map(({ city }) => city);

/** The first event is on this day: a date of our own, so that a seed means the same on every day. */
const firstDay = Date.parse('2026-06-06T07:00:00Z');
const dayMs = 86_400_000;

const share = {
  /** Of participants who are members. */
  member: 0.5,
  /** Of registrations that wait for their payment, and of those that are cancelled. */
  waiting: 0.2,
  cancelled: 0.1,
  /** Of additional participants without an e-mail address. */
  noEmail: 0.6,
};

export function populateEvents(
  account: EventsAccount,
  members: readonly Member[],
  options: ResolvedEventsOptions,
): void {
  const random = new Random(options.seed ^ 0xe4e47);
  const events = Array.from({ length: options.events }, (_, nth) => {
    const startMs = firstDay + nth * 7 * dayMs;
    return account.addEvent({
      title: `${titles[nth % titles.length]!} ${nth + 1}`,
      start: new Date(startMs).toISOString(),
      end: new Date(startMs + dayMs / 3).toISOString(),
      place: random.pick(places),
      activities,
      rates,
    });
  });
  for (let made = 0; made < options.registrations && events.length > 0; made += 1) {
    const count = random.chance(0.7) ? 1 : random.between(2, 4);
    const id = account.register({
      event: random.pick(events),
      activity: random.pick(activities),
      rate: random.pick(rates).name,
      participants: Array.from({ length: count }, (_, nth) => participant(random, members, `${made}-${nth}`, nth > 0)),
      status: random.chance(share.waiting) ? 'waitingForPayment' : 'validated',
    });
    if (random.chance(share.cancelled)) account.cancel(id);
  }
  for (let made = 0; made < options.donations; made += 1) {
    account.donate({
      donor: participant(random, members, `d${made}`, false),
      amount: random.between(1, 40) * 500,
      campaign: 'Campagne annuelle',
      status: 'validated',
    });
  }
}

function participant(random: Random, members: readonly Member[], name: string, isAdditional: boolean): Participant {
  const firstName = random.pick(firstNames);
  const lastName = random.pick(lastNames);
  const hasEmail = !isAdditional || !random.chance(share.noEmail);
  const member = members.length > 0 && random.chance(share.member) ? random.pick(members) : null;
  if (member !== null && !isAdditional) {
    const { person } = member.fields;
    return { memberId: member.id, firstName: person.firstName, lastName: person.lastName, email: person.email };
  }
  return { memberId: null, firstName, lastName, email: hasEmail ? `inscrit.${name}@example.org` : null };
}
