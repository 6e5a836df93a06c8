/** Enters generated people into the two systems, with what each system keeps about them besides. */
import type { Json } from '../systems/system.js';
import { generatePeople, PersonMaker, type PersonTruth, type ResolvedPeopleOptions } from './people.js';
import type { Person } from './person.js';
import { Random } from './random.js';
import { clientNotes, groupNames, membershipTypes } from './words.js';
import type { MemberFields, Members, Membership } from './yapla/members.js';
import { emptyFields, fieldsOf, type Clients } from './yoplanning/clients.js';

/** Everybody was entered within the year from here: long before anything that a test changes. */
const enteredFromMs = Date.UTC(2024, 0, 1);
const year = 365 * 86_400_000;

export interface Systems {
  readonly members: Members;
  readonly clients: Clients;
}

/** Replaces everybody. Same options, same people, same ids. @returns who is who. */
export function populate({ members, clients }: Systems, options: ResolvedPeopleOptions): PersonTruth[] {
  members.clear();
  clients.clear();
  const random = new Random(options.seed ^ 0xc0ffee);
  const enterMember = (person: Person) =>
    members.create(memberFields(person, random), 'desk', undefined, enteredFromMs + random.below(year)).id;
  const enterClient = (person: Person, reference: string | null) => {
    const fields = { ...emptyFields, ...fieldsOf(person), ...clientExtras(random), external_reference: reference };
    return clients.create(random.uuid(), fields, 'desk', undefined, enteredFromMs + random.below(year)).id;
  };
  const truth: PersonTruth[] = [];
  for (const { kind, copies, duplicates, differing, referenced } of generatePeople(options)) {
    const yapla = copies.yapla && enterMember(copies.yapla);
    const yoplanning = copies.yoplanning && enterClient(copies.yoplanning, referenced ? (yapla ?? null) : null);
    const yaplaTwin = duplicates.yapla && enterMember(duplicates.yapla);
    const yoplanningTwin = duplicates.yoplanning && enterClient(duplicates.yoplanning, null);
    truth.push({
      kind,
      ids: { ...(yapla !== undefined && { yapla }), ...(yoplanning !== undefined && { yoplanning }) },
      duplicates: {
        ...(yaplaTwin !== undefined && { yapla: yaplaTwin }),
        ...(yoplanningTwin !== undefined && { yoplanning: yoplanningTwin }),
      },
      differing,
    });
  }
  return truth;
}

/** People who turn up later (a drifting list): of another seed than everybody who was there. */
export function strangers(options: ResolvedPeopleOptions): () => Person {
  const maker = new PersonMaker(options.seed ^ 0x0ff5e7, options.defaultCountry);
  return () => maker.stranger();
}

function memberFields(person: Person, random: Random): MemberFields {
  const status = random.chance(0.85) ? 'active' : random.chance(0.8) ? 'inactive' : 'waiting_approval';
  return {
    person,
    status,
    organisation: random.chance(0.08) ? 'Cercle nautique du Phare' : null,
    groups: random.chance(0.3) ? [random.pick(groupNames)] : [],
    memberships: memberships(random),
    custom: random.chance(0.2)
      ? { consentement_photo: random.chance(0.5), taille: random.pick(['S', 'M', 'L']) }
      : null,
  };
}

/** None to four, one a year. */
function memberships(random: Random): Membership[] {
  const count = random.pick([0, 1, 1, 1, 2, 3, 4]);
  return Array.from({ length: count }, (_, index) => {
    const startYear = 2025 - index;
    return {
      id: random.between(100_000, 999_999),
      type: random.pick(membershipTypes),
      status:
        index === 0
          ? random.pick(['validated', 'validated', 'waiting_payment', 'in_grace_period'] as const)
          : 'expired',
      start: `${startYear}-09-01`,
      end: `${startYear + 1}-08-31`,
      amount: random.pick([2_500, 4_500, 12_050]),
    };
  });
}

function clientExtras(random: Random): { note: string | null; state: string | null; custom: Json } {
  return {
    note: random.chance(0.15) ? random.pick(clientNotes) : null,
    state: random.chance(0.05) ? 'Bretagne' : null,
    custom: random.chance(0.2)
      ? {
          licence: random.digits(8),
          poids_kg: random.between(300, 990) / 10,
          options: [random.chance(0.5), null, 'combinaison'],
        }
      : null,
  };
}
