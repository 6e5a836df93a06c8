/** Of whom a person said that they are two, matching does not make one again, whatever ties them; and it does not ask either. */
import { describe, expect, test } from '@jest/globals';
import { knowingApart, match, type Candidate, type MatchRule } from '../../../src/core/match.js';
import type { SystemName } from '../../../src/core/record.js';

const rules: readonly MatchRule[] = [{ all: ['email', 'name'] }, { all: ['email'] }];
const settings = { nameAlone: 'ask', duplicates: 'ask' } as const;

interface About {
  readonly name?: string;
  readonly email?: string | null;
  readonly reference?: string;
}

function person(
  system: SystemName,
  id: string,
  { name = 'Marie Dupont', email = 'm@example.org', reference }: About = {},
): Candidate {
  const [firstName = null, lastName = null] = name.split(' ');
  return {
    system,
    id,
    fields: { firstName, lastName, email, birthDate: null, phone: null },
    externalReference: reference ?? null,
  };
}

/** Matches them, where 1 and a were said to be two people; or nothing was said. */
function matched(people: readonly Candidate[], said: 'two' | 'nothing' = 'two') {
  const pairs = said === 'two' ? [{ yapla: '1', yoplanning: 'a' }] : [];
  const { links, doubts, unmatched } = match(knowingApart(pairs)(people), rules, settings);
  return { links, doubts: doubts.map(({ yapla, yoplanning }) => ({ yapla, yoplanning })), unmatched };
}

const two = { links: [], doubts: [], unmatched: { yapla: ['1'], yoplanning: ['a'] } };

describe('two who were taken apart', () => {
  test.each<[string, readonly [About, About]]>([
    ['name and e-mail', [{}, {}]],
    ['an e-mail, with names that fit', [{ name: 'M. Dupont' }, {}]],
    ['an e-mail, with other names', [{ name: 'Zoé Martin' }, {}]],
    ['the name alone', [{ email: null }, {}]],
    [
      'the id that one of them carries',
      [
        { email: null, reference: 'a' },
        { name: 'Zoé Martin', email: null },
      ],
    ],
  ])('are two unknown people though they share %s', (_, [one, other]) => {
    const people = [person('yapla', '1', one), person('yoplanning', 'a', other)];
    // Were nothing said, they would be linked, or asked about.
    expect(matched(people, 'nothing')).not.toEqual(two);
    expect(matched(people)).toEqual(two);
  });

  test('get the counterparts that belong to them, which their ids say', () => {
    const people = [
      person('yapla', '1', { email: null, reference: 'b' }),
      // Carries the id of the wrong one still.
      person('yoplanning', 'a', { email: null, name: 'Zoé Martin', reference: '1' }),
      person('yoplanning', 'b', { email: null }),
    ];
    expect(matched(people, 'nothing').links).toEqual([]);
    expect(matched(people)).toEqual({
      links: [{ yapla: '1', yoplanning: 'b', by: 'reference' }],
      doubts: [],
      unmatched: { yapla: [], yoplanning: ['a'] },
    });
  });

  test('are a question with a third, who may be either', () => {
    const people = [person('yapla', '1'), person('yoplanning', 'a'), person('yoplanning', 'b')];
    expect(matched(people)).toMatchObject({ links: [], doubts: [{ yapla: ['1'], yoplanning: ['a', 'b'] }] });
  });
});
