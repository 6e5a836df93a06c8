import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  blockingKey,
  match,
  matchGroup,
  matchNameAlone,
  matchReferences,
  type Candidate,
  type MatchRule,
  type MatchSettings,
} from '../../src/core/match.js';
import { compareNames } from '../../src/core/names.js';
import type { SystemName } from '../../src/core/record.js';
import { checkProperty } from '../helpers/property.js';

const byEmail: MatchRule = { all: ['email'] };
const byEmailAndName: MatchRule = { all: ['email', 'name'] };
const rules: readonly MatchRule[] = [
  byEmailAndName,
  { all: ['name', 'birthDate'] },
  { all: ['phone', 'name'] },
  byEmail,
];

const asking: MatchSettings = { nameAlone: 'ask', duplicates: 'ask' };

interface About {
  readonly email?: string;
  readonly birthDate?: string;
  readonly reference?: string;
}

/** A candidate from an id and a name such as `Marie Dupont`; a family e-mail unless said otherwise. */
function person(system: SystemName, id: string, name: string, about: About = {}): Candidate {
  const [firstName = null, lastName = null] = name.split(' ');
  const { email = 'family@example.org', birthDate = null, reference = null } = about;
  return { system, id, fields: { firstName, lastName, email, birthDate, phone: null }, externalReference: reference };
}

const yapla = (id: string, name: string, about?: About) => person('yapla', id, name, about);
const yoplanning = (id: string, name: string, about?: About) => person('yoplanning', id, name, about);

describe('a blocking key', () => {
  test('is the same for two spellings of a name', () => {
    expect(blockingKey(byEmailAndName, yapla('1', 'Hélène Lefèvre').fields)).toBe(
      blockingKey(byEmailAndName, yoplanning('a', 'LEFEVRE helene').fields),
    );
  });

  test('is missing where a part is empty or is not what it should be', () => {
    expect(blockingKey(byEmail, { email: null })).toBeNull();
    expect(blockingKey(byEmail, {})).toBeNull();
    expect(blockingKey(byEmail, { email: 'none' })).toBeNull();
    expect(blockingKey({ all: ['phone'] }, { phone: 'see note' })).toBeNull();
    expect(blockingKey({ all: ['birthDate'] }, { birthDate: '31/02/2001' })).toBeNull();
    expect(blockingKey({ all: ['name'] }, { firstName: 'Marie', lastName: null })).toBeNull();
    expect(blockingKey(byEmailAndName, { ...yapla('1', 'Marie Dupont').fields, email: null })).toBeNull();
  });

  test('keeps its parts apart', () => {
    const rule: MatchRule = { all: ['email', 'phone'] };
    expect(blockingKey(rule, { email: 'a@b.cd', phone: '+32' })).not.toBe(
      blockingKey(rule, { email: 'a@b.cd+3', phone: '+2' }),
    );
  });
});

describe('a shared e-mail', () => {
  test('links one record on each side whose names can be one', () => {
    const result = matchGroup(byEmail, [yapla('1', 'Marie Dupont'), yoplanning('a', 'M. Dupont')]);
    expect(result).toEqual({ links: [{ yapla: '1', yoplanning: 'a' }], doubts: [] });
  });

  test('does not link one record on each side whose names contradict each other', () => {
    const result = matchGroup(byEmail, [yapla('1', 'Marie Dupont'), yoplanning('a', 'Paul Dupont')]);
    expect(result).toEqual({
      links: [],
      doubts: [{ kind: 'sameKeyDifferentName', by: 'email', yapla: ['1'], yoplanning: ['a'] }],
    });
  });

  test('links a family member by member, and leaves who is only on one side to be created', () => {
    const result = matchGroup(byEmail, [
      yapla('1', 'Marie Dupont'),
      yapla('2', 'Paul Dupont'),
      yapla('3', 'Zoé Dupont'),
      yoplanning('b', 'DUPONT paul'),
      yoplanning('a', 'Marie Dupont'),
    ]);
    expect(result).toEqual({
      links: [
        { yapla: '1', yoplanning: 'a' },
        { yapla: '2', yoplanning: 'b' },
      ],
      doubts: [],
    });
  });

  test('asks where the names fit two people', () => {
    const result = matchGroup(byEmail, [
      yapla('1', 'Marie Dupont'),
      yapla('2', 'Marc Dupont'),
      yoplanning('a', 'M. Dupont'),
    ]);
    expect(result).toEqual({
      links: [],
      doubts: [{ kind: 'several', by: 'email', yapla: ['1', '2'], yoplanning: ['a'] }],
    });
  });

  test('does not give a second record of a linked person to a relative', () => {
    const result = matchGroup(byEmail, [
      yapla('1', 'Marie Dupont'),
      yapla('2', 'Marc Dupont'),
      yoplanning('a', 'Marie Dupont'),
      yoplanning('b', 'M. Dupont'),
    ]);
    expect(result.links).toEqual([{ yapla: '1', yoplanning: 'a' }]);
    expect(result.doubts).toEqual([{ kind: 'several', by: 'email', yapla: ['1', '2'], yoplanning: ['b'] }]);
  });

  test('of many people on one side is no sign of duplicates', () => {
    expect(matchGroup(byEmail, [yapla('1', 'Marie Dupont'), yapla('2', 'Paul Dupont')])).toEqual({
      links: [],
      doubts: [],
    });
  });

  test('of an office still links exact names, and asks about the rest', () => {
    const many = Array.from({ length: 30 }, (_, i) =>
      yapla(String(100 + i), `Prénom${i} Nom${i}`, { email: 'office@example.org' }),
    );
    const result = matchGroup(byEmail, [...many, yoplanning('a', 'Prénom7 Nom7'), yoplanning('b', 'P Nom8')]);
    expect(result.links).toEqual([{ yapla: '107', yoplanning: 'a' }]);
    expect(result.doubts).toEqual([expect.objectContaining({ kind: 'several', yoplanning: ['b'] })]);
  });
});

describe('a rule with a name', () => {
  test('links one on each side', () => {
    const result = matchGroup(byEmailAndName, [yapla('1', 'Marie Dupont'), yoplanning('a', 'Dupont Marie')]);
    expect(result).toEqual({ links: [{ yapla: '1', yoplanning: 'a' }], doubts: [] });
  });

  test('asks about two on one side and one on the other', () => {
    const result = matchGroup(byEmailAndName, [
      yapla('2', 'Marie Dupont'),
      yapla('1', 'Marie Dupont'),
      yoplanning('a', 'Marie Dupont'),
    ]);
    expect(result.doubts).toEqual([{ kind: 'several', by: 'email+name', yapla: ['1', '2'], yoplanning: ['a'] }]);
  });

  test('takes two on one side alone for duplicates', () => {
    const result = matchGroup(byEmailAndName, [yapla('1', 'Marie Dupont'), yapla('2', 'Marie Dupont')]);
    expect(result.doubts).toEqual([{ kind: 'duplicate', by: 'email+name', yapla: ['1', '2'], yoplanning: [] }]);
  });
});

describe('a surname that is also a particle', () => {
  test.each(['Linh Lê', 'Minh Đỗ', 'Lucas Văn', 'Ines Das', 'Marc De'])('is matched: %s', (name) => {
    const [first, last] = name.split(' ') as [string, string];
    const result = match([yapla('1', name), yoplanning('a', `${last.toUpperCase()} ${first}`)], rules, asking);
    expect(result.links).toEqual([{ yapla: '1', yoplanning: 'a', by: 'email+name' }]);
  });
});

describe('birthdays that contradict each other', () => {
  const father = { birthDate: '1970-01-01' };
  const son = { birthDate: '2001-05-03' };

  test.each([byEmailAndName, byEmail])('are a doubt, whatever else is equal: $all', (rule) => {
    const kind = 'sameKeyDifferentBirthDate';
    expect(matchGroup(rule, [yapla('1', 'Marc Dupont', father), yoplanning('a', 'Marc Dupont', son)])).toEqual({
      links: [],
      doubts: [{ kind, by: rule.all.join('+'), yapla: ['1'], yoplanning: ['a'] }],
    });
  });

  test('are a doubt where an e-mail is equal and the names fit', () => {
    const result = matchGroup(byEmail, [yapla('1', 'Marc Dupont', father), yoplanning('a', 'M. Dupont', son)]);
    expect(result.links).toEqual([]);
    expect(result.doubts).toEqual([
      { kind: 'sameKeyDifferentBirthDate', by: 'email', yapla: ['1'], yoplanning: ['a'] },
    ]);
  });

  test.each([byEmailAndName, byEmail])('tell a father from his son: $all', (rule) => {
    const result = matchGroup(rule, [
      yapla('1', 'Marc Dupont', father),
      yapla('2', 'Marc Dupont', son),
      yoplanning('b', 'Marc Dupont', son),
      yoplanning('a', 'Marc Dupont', father),
    ]);
    expect(result.doubts).toEqual([]);
    expect(result.links).toEqual([
      { yapla: '1', yoplanning: 'a' },
      { yapla: '2', yoplanning: 'b' },
    ]);
  });

  test('tell nobody apart where one of the namesakes has none', () => {
    const result = matchGroup(byEmailAndName, [
      yapla('1', 'Marc Dupont', father),
      yapla('2', 'Marc Dupont', son),
      yoplanning('a', 'Marc Dupont', father),
      yoplanning('b', 'Marc Dupont'),
    ]);
    expect(result).toEqual({
      links: [],
      doubts: [{ kind: 'several', by: 'email+name', yapla: ['1', '2'], yoplanning: ['a', 'b'] }],
    });
  });
});

describe('a name alone', () => {
  const own = (id: string) => ({ email: `${id}@example.org` });

  test('is a doubt, and no two creations', () => {
    const people = [yapla('1', 'Marie Dupont', own('1')), yoplanning('a', 'DUPONT Marie', own('a'))];
    expect(match(people, rules, asking)).toEqual({
      links: [],
      doubts: [{ kind: 'nameAlone', by: 'name', yapla: ['1'], yoplanning: ['a'] }],
      unmatched: { yapla: [], yoplanning: [] },
    });
    expect(match(people, rules, { ...asking, nameAlone: 'create' }).unmatched).toEqual({
      yapla: ['1'],
      yoplanning: ['a'],
    });
  });

  test('is no doubt where the birthdays contradict each other', () => {
    const people = [
      yapla('1', 'Marie Dupont', { ...own('1'), birthDate: '1970-01-01' }),
      yoplanning('a', 'Marie Dupont', { ...own('a'), birthDate: '2001-05-03' }),
    ];
    expect(match(people, rules, asking).unmatched).toEqual({ yapla: ['1'], yoplanning: ['a'] });
  });

  test('of people of one system only, or of somebody who is linked, is no doubt', () => {
    const people = [
      yapla('1', 'Marie Dupont', own('1')),
      yapla('2', 'Marie Dupont', own('2')),
      yapla('3', 'Marie Dupont', own('3')),
      yoplanning('c', 'Marie Dupont', own('3')),
    ];
    const { links, unmatched } = match(people, rules, asking);
    expect(links).toEqual([{ yapla: '3', yoplanning: 'c', by: 'email+name' }]);
    expect(unmatched).toEqual({ yapla: ['1', '2'], yoplanning: [] });
  });

  test('that many share is one question for each birthday', () => {
    const born = (year: number) => ({ birthDate: `${year}-01-01` });
    const one = (system: SystemName) => (year: number) =>
      person(system, `${system}-${year}`, 'Marie Dupont', { ...own(`${system}-${year}`), ...born(year) });
    const years = Array.from({ length: 60 }, (_, i) => 1940 + i);
    const group = [...years.slice(0, 40).map(one('yapla')), ...years.slice(20).map(one('yoplanning'))];
    const { doubts } = matchNameAlone(group);
    expect(doubts).toHaveLength(20);
    for (const doubt of doubts) expect([doubt.yapla.length, doubt.yoplanning.length]).toEqual([1, 1]);
  });

  test('asks about all namesakes who could be one person that has no birthday', () => {
    const { doubts } = matchNameAlone([
      yapla('1', 'Marie Dupont', { birthDate: '1970-01-01' }),
      yapla('2', 'Marie Dupont', { birthDate: '2001-05-03' }),
      yoplanning('a', 'Marie Dupont'),
      yoplanning('b', 'Marie Dupont', { birthDate: '1980-01-01' }),
    ]);
    expect(doubts).toEqual([{ kind: 'nameAlone', by: 'name', yapla: ['1', '2'], yoplanning: ['a'] }]);
  });
});

describe('external references', () => {
  test('link in either direction, whatever the names', () => {
    const result = matchReferences([
      yapla('1', 'Marie Dupont'),
      yoplanning('a', 'Marie Martin', { reference: '1' }),
      yapla('2', 'Paul Durand', { reference: 'b' }),
      yoplanning('b', 'Paul Durand', { reference: '2' }),
    ]);
    expect(result).toEqual({
      links: [
        { yapla: '1', yoplanning: 'a' },
        { yapla: '2', yoplanning: 'b' },
      ],
      doubts: [],
    });
  });

  test('carried by two records are a doubt about all of them', () => {
    const result = matchReferences([
      yapla('1', 'Marie Dupont'),
      yoplanning('b', 'Marie Dupont', { reference: '1' }),
      yoplanning('a', 'Marie Dupont', { reference: '1' }),
    ]);
    expect(result).toEqual({
      links: [],
      doubts: [{ kind: 'reference', by: 'reference', yapla: ['1'], yoplanning: ['a', 'b'] }],
    });
  });

  test('that contradict each other are a doubt, also where one leads nowhere', () => {
    const result = matchReferences([
      yapla('1', 'Marie Dupont', { reference: 'a' }),
      yoplanning('a', 'Marie Dupont', { reference: '99' }),
    ]);
    expect(result.doubts).toEqual([{ kind: 'reference', by: 'reference', yapla: ['1'], yoplanning: ['a'] }]);
  });

  test('to records that are not there say nothing', () => {
    expect(
      matchReferences([yapla('1', 'Marie Dupont'), yoplanning('a', 'Marie Dupont', { reference: 'ACC-7' })]),
    ).toEqual({
      links: [],
      doubts: [],
    });
  });
});

describe('match', () => {
  test('lets no weaker rule answer what a stronger one could not', () => {
    const result = match(
      [
        yapla('1', 'Marie Dupont', { birthDate: '2001-05-03' }),
        yapla('2', 'Marie Dupont'),
        yoplanning('a', 'Marie Dupont', { birthDate: '2001-05-03' }),
      ],
      rules,
      asking,
    );
    expect(result.links).toEqual([]);
    expect(result.doubts).toEqual([{ kind: 'several', by: 'email+name', yapla: ['1', '2'], yoplanning: ['a'] }]);
    expect(result.unmatched).toEqual({ yapla: [], yoplanning: [] });
  });

  test('says by which rule each pair was linked, and who is left', () => {
    const result = match(
      [
        yapla('1', 'Marie Dupont', { email: 'old@example.org', birthDate: '2001-05-03' }),
        yoplanning('a', 'Marie Dupont', { email: 'new@example.org', birthDate: '2001-05-03' }),
        yapla('2', 'Paul Durand', { email: 'paul@example.org' }),
        yoplanning('b', 'P. Durand', { email: 'paul@example.org' }),
        yapla('3', 'Zoé Petit', { email: 'zoe@example.org' }),
      ],
      rules,
      asking,
    );
    expect(result).toEqual({
      links: [
        { yapla: '1', yoplanning: 'a', by: 'name+birthDate' },
        { yapla: '2', yoplanning: 'b', by: 'email' },
      ],
      doubts: [],
      unmatched: { yapla: ['3'], yoplanning: [] },
    });
  });
});

describe('whom a rule ties to somebody who has a counterpart or a doubt', () => {
  const old = { email: 'old@example.org' };
  const born = { birthDate: '2001-05-03' };

  test('joins a doubt that an earlier rule found, and is not made a second time', () => {
    const result = match(
      [
        yapla('1', 'Marie Dupont'),
        yapla('2', 'Marie Dupont', born),
        yoplanning('a', 'Marie Dupont'),
        yoplanning('b', 'Marie Dupont', { ...old, ...born }),
      ],
      rules,
      asking,
    );
    expect(result.links).toEqual([]);
    expect(result.doubts).toEqual([
      { kind: 'several', by: 'email+name', yapla: ['1', '2'], yoplanning: ['a'] },
      { kind: 'several', by: 'name+birthDate', yapla: ['2'], yoplanning: ['b'] },
    ]);
    expect(result.unmatched).toEqual({ yapla: [], yoplanning: [] });
  });

  test('is in doubt where an earlier rule linked that one to somebody else', () => {
    const result = match(
      [
        yapla('1', 'Marie Dupont', born),
        yoplanning('a', 'Marie Dupont'),
        yoplanning('b', 'Marie Dupont', { ...old, ...born }),
      ],
      rules,
      asking,
    );
    expect(result.links).toEqual([{ yapla: '1', yoplanning: 'a', by: 'email+name' }]);
    expect(result.doubts).toEqual([{ kind: 'several', by: 'name+birthDate', yapla: ['1'], yoplanning: ['b'] }]);
  });

  test('is in doubt where the same rule gave that one to somebody else', () => {
    const result = matchGroup(byEmail, [
      yapla('1', 'Marie Dupont'),
      yoplanning('a', 'Marie Dupont'),
      yoplanning('b', 'M. Dupont'),
    ]);
    expect(result.links).toEqual([{ yapla: '1', yoplanning: 'a' }]);
    expect(result.doubts).toEqual([{ kind: 'duplicate', by: 'email', yapla: [], yoplanning: ['a', 'b'] }]);
  });

  const linked = (one: Candidate, linkId: string): Candidate => ({ ...one, standing: 'linked', linkId });
  const marie = [linked(yapla('1', 'Marie Dupont'), 'yapla:1'), linked(yoplanning('a', 'Marie Dupont'), 'yapla:1')];

  test('is a second record of somebody linked, and made where duplicates are', () => {
    const list = [...marie, yapla('2', 'Marie Dupont')];
    expect(match(list, rules, asking).doubts).toEqual([
      { kind: 'duplicate', by: 'email+name', yapla: ['1', '2'], yoplanning: [] },
    ]);
    expect(match(list, rules, { ...asking, duplicates: 'create' }).unmatched.yapla).toEqual(['2']);
  });

  test('is in doubt where only the counterpart in the other system looks so', () => {
    const [here, there] = marie as [Candidate, Candidate];
    const moved = { ...here, fields: { ...here.fields, email: 'old@example.org' } };
    const { doubts } = match([moved, there, yapla('2', 'Marie Dupont')], rules, { ...asking, duplicates: 'create' });
    expect(doubts).toEqual([{ kind: 'several', by: 'email+name', yapla: ['2'], yoplanning: ['a'] }]);
  });

  test('is not linked to another record that looks the same', () => {
    const result = match([...marie, yapla('2', 'Marie Dupont'), yoplanning('b', 'Marie Dupont')], rules, asking);
    expect(result.links).toEqual([]);
    expect(result.doubts).toEqual([{ kind: 'several', by: 'email+name', yapla: ['1', '2'], yoplanning: ['a', 'b'] }]);
  });

  test('is a relative of theirs where the names contradict each other', () => {
    const { doubts, unmatched } = match([...marie, yapla('2', 'Paul Dupont')], rules, asking);
    expect(doubts).toEqual([]);
    expect(unmatched.yapla).toEqual(['2']);
  });

  test('is in doubt where it points at one who is linked', () => {
    const { doubts } = match([...marie, yoplanning('b', 'Zoé Petit', { ...old, reference: '1' })], rules, asking);
    expect(doubts).toEqual([{ kind: 'reference', by: 'reference', yapla: ['1'], yoplanning: ['b'] }]);
  });

  test('is found in an office of thousands before the test times out', () => {
    const many = Array.from({ length: 5_000 }, (_, i) => i);
    const office = [
      ...many.map((i) => yapla(`${i}`, `Prénom${i} Nom${i}`)),
      ...many.map((i) => yoplanning(`${i}`, `Prénom${i} Nom${i}`)),
      yapla('last', 'P7 Nom7'),
      ...many.map((i) => yapla(`${i}b`, `Autre${i} Famille${i}`)),
    ];
    const { links } = matchGroup(byEmail, office);
    expect(links).toHaveLength(5_000);
  });
});

describe('a record whose counterpart is gone', () => {
  const left = (one: Candidate, linkId = 'yapla:1'): Candidate => ({ ...one, standing: 'open', linkId });

  test('gets the same person, entered again, as its counterpart', () => {
    const { links } = match([left(yapla('1', 'Marie Dupont')), yoplanning('b', 'Marie Dupont')], rules, asking);
    expect(links).toEqual([{ yapla: '1', yoplanning: 'b', by: 'email+name' }]);
  });

  test('is a doubt where two could be meant, or only the name says so, and no creation', () => {
    const two = [left(yapla('1', 'Marie Dupont')), yoplanning('b', 'Marie Dupont'), yoplanning('c', 'Marie Dupont')];
    expect(match(two, rules, asking).doubts).toEqual([
      { kind: 'several', by: 'email+name', yapla: ['1'], yoplanning: ['b', 'c'] },
    ]);
    const moved = yoplanning('b', 'Marie Dupont', { email: 'new@example.org' });
    expect(match([left(yapla('1', 'Marie Dupont')), moved], rules, asking).doubts).toEqual([
      { kind: 'nameAlone', by: 'name', yapla: ['1'], yoplanning: ['b'] },
    ]);
  });

  test('needs nobody by itself', () => {
    const both = [left(yapla('1', 'Marie Dupont')), left(yoplanning('b', 'Marie Dupont'), 'yapla:2')];
    expect(match(both, rules, asking)).toEqual({ links: [], doubts: [], unmatched: { yapla: [], yoplanning: [] } });
  });
});

describe('whatever two lists hold', () => {
  const candidate = (system: SystemName) =>
    fc.record({
      system: fc.constant(system),
      fields: fc.record({
        firstName: fc.constantFrom('Marie', 'marie', 'Marc', 'M', 'Paul', 'Paul Marie', null),
        lastName: fc.constantFrom('Dupont', 'DUPONT', 'Le Roux', 'Leroux', 'Lê', null),
        email: fc.constantFrom('family@example.org', 'x@example.org', 'none', null),
        phone: fc.constantFrom('+33612345678', null),
        birthDate: fc.constantFrom('2001-05-03', '1970-01-01', null),
      }),
      externalReference: fc.option(fc.nat(11).map(String), { freq: 8 }),
    });
  const lists = fc
    .tuple(fc.array(candidate('yapla'), { maxLength: 12 }), fc.array(candidate('yoplanning'), { maxLength: 12 }))
    .map((sides) => sides.flatMap((side): Candidate[] => side.map((one, i) => ({ ...one, id: String(i) }))));
  /** Some of the records are linked from the beginning, the same number on both sides, and some are in a doubt. */
  const standings = fc.tuple(lists, fc.nat(4), fc.nat(3), fc.nat(3)).map(([list, linked, doubtful, open]) =>
    list.map((one): Candidate => {
      const nth = Number(one.id);
      const both = Math.min(
        ...(['yapla', 'yoplanning'] as const).map((name) => list.filter((c) => c.system === name).length),
      );
      if (nth < Math.min(linked, both)) return { ...one, standing: 'linked', linkId: `yapla:${one.id}` };
      if (nth < linked + doubtful) return { ...one, standing: 'doubtful' };
      const linkId = `open:${one.system}:${one.id}`;
      return nth < linked + doubtful + open ? { ...one, standing: 'open', linkId, externalReference: null } : one;
    }),
  );
  const shuffled = lists.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length })),
  );

  test('everybody is linked, in doubt, or unmatched, and nobody is linked twice', async () => {
    await checkProperty(
      fc.property(lists, (list) => {
        const { links, doubts, unmatched } = match(list, rules, asking);
        for (const system of ['yapla', 'yoplanning'] as const) {
          const linked = links.map((link) => link[system]);
          const asked = doubts.flatMap((doubt) => doubt[system]);
          expect(new Set(linked).size).toBe(linked.length);
          const ids = [...new Set([...linked, ...asked]), ...unmatched[system]];
          const all = list.filter((one) => one.system === system).map((one) => one.id);
          expect(ids.toSorted()).toEqual(all.toSorted());
        }
      }),
      { numRuns: 200 },
    );
  });

  const nameOf = ({ fields }: Candidate) => ({
    firstName: fields['firstName'] ?? null,
    lastName: fields['lastName'] ?? null,
  });
  const ties = (rule: MatchRule, a: Candidate, b: Candidate) => {
    const key = blockingKey(rule, a.fields);
    const fits = rule.all.includes('name') || compareNames(nameOf(a), nameOf(b)) !== 'different';
    return key !== null && key === blockingKey(rule, b.fields) && fits;
  };

  test('nobody is made of whom any rule finds a counterpart, free, linked or in a doubt', async () => {
    await checkProperty(
      fc.property(standings, (list) => {
        const { links, doubts, unmatched } = match(list, rules, asking);
        const isFree = ({ system, id }: Candidate) => unmatched[system].includes(id);
        const isLinked = ({ system, id, standing }: Candidate) =>
          standing === 'linked' || links.some((pair) => pair[system] === id);
        const isAsked = ({ system, id, standing }: Candidate) =>
          standing === 'doubtful' || doubts.some((doubt) => doubt[system].includes(id));
        for (const one of list.filter(isFree)) {
          for (const other of list.filter((candidate) => candidate.system !== one.system)) {
            expect(rules.filter((rule) => ties(rule, one, other))).toEqual([]);
            const pointing = one.externalReference === other.id || other.externalReference === one.id;
            expect(pointing).toBe(false);
          }
          for (const twin of list.filter((candidate) => candidate.system === one.system && candidate !== one)) {
            const alike = rules.filter((rule) => rule.all.includes('name') && ties(rule, one, twin));
            if (isLinked(twin) || isAsked(twin)) expect(alike).toEqual([]);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('where duplicates are made, a second record is one of somebody of its own system who is linked', async () => {
    await checkProperty(
      fc.property(standings, (list) => {
        const { links, unmatched } = match(list, rules, { ...asking, duplicates: 'create' });
        const linkOf = ({ system, id, linkId }: Candidate) =>
          linkId ?? links.find((pair) => pair[system] === id)?.yapla ?? null;
        for (const one of list.filter(({ system, id }) => unmatched[system].includes(id))) {
          for (const rule of rules) {
            for (const other of list.filter((c) => c.system !== one.system && ties(rule, one, c))) {
              const link = linkOf(other);
              const mate = list.find((c) => c.system === one.system && link !== null && linkOf(c) === link);
              expect(mate !== undefined && ties(rule, one, mate)).toBe(true);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('the order of the input changes nothing', async () => {
    await checkProperty(
      fc.property(shuffled, ([list, otherOrder]) => {
        expect(match(otherOrder, rules, asking)).toEqual(match(list, rules, asking));
      }),
      { numRuns: 200 },
    );
  });

  test('swapping the two systems swaps the result', async () => {
    const swap = (list: readonly Candidate[]) =>
      list.map((one): Candidate => ({ ...one, system: one.system === 'yapla' ? 'yoplanning' : 'yapla' }));
    const pairs = (list: readonly Candidate[], mirrored: boolean) =>
      match(list, rules, asking)
        .links.map((link) => (mirrored ? `${link.yoplanning}-${link.yapla}` : `${link.yapla}-${link.yoplanning}`))
        .toSorted();
    await checkProperty(
      fc.property(lists, (list) => {
        expect(pairs(swap(list), true)).toEqual(pairs(list, false));
      }),
      { numRuns: 400 },
    );
  });

  test('nobody is linked by a rule to somebody whose known birthday is another', async () => {
    await checkProperty(
      fc.property(lists, (list) => {
        const birthDateOf = (system: SystemName, id: string) =>
          list.find((one) => one.system === system && one.id === id)!.fields['birthDate'] ?? null;
        for (const { by, yapla: left, yoplanning: right } of match(list, rules, asking).links) {
          const dates = [birthDateOf('yapla', left), birthDateOf('yoplanning', right)].filter((one) => one !== null);
          if (by !== 'reference') expect(new Set(dates).size).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('an e-mail alone never links a person whom the names do not tell from another who shares it', async () => {
    await checkProperty(
      fc.property(lists, (list) => {
        const group = list.filter((one) => one.fields['email'] === 'family@example.org');
        const find = (system: SystemName, id: string) => group.find((one) => one.system === system && one.id === id)!;
        for (const link of matchGroup(byEmail, group).links) {
          const left = find('yapla', link.yapla);
          const right = find('yoplanning', link.yoplanning);
          const how = compareNames(nameOf(left), nameOf(right));
          expect(how).not.toBe('different');
          // Nobody else fits as well as the one chosen.
          const fits = (other: Candidate, one: Candidate) => {
            const comparison = compareNames(nameOf(other), nameOf(one));
            return comparison === 'same' || (how === 'compatible' && comparison === 'compatible');
          };
          expect(group.filter((one) => one.system === 'yapla' && fits(one, right))).toEqual([left]);
          expect(group.filter((one) => one.system === 'yoplanning' && fits(one, left))).toEqual([right]);
        }
      }),
      { numRuns: 300 },
    );
  });
});
