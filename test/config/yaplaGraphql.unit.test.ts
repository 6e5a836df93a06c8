/** What the configuration of GraphQL can say wrong by itself, and where it is told. */
import { describe, expect, test } from '@jest/globals';
import { connectionSchema } from '../../src/config/schema.js';
import { unselected } from '../../src/config/graphqlDocuments.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';

const nowhere = 'https://yapla.example';
const addresses = { yapla: nowhere, yoplanning: nowhere, control: nowhere };
type Write = Extract<ReturnType<typeof sandboxConnection>['yapla']['write'], { mode: 'graphql' }>;

function refusals(change: (write: Write) => unknown) {
  const input = structuredClone(sandboxConnection(addresses, { write: 'graphql' }));
  change(input.yapla.write as Write);
  const { error } = connectionSchema.safeParse(input);
  return (error?.issues ?? []).map(({ path, message }) => `${path.slice(2).join('.')}: ${message}`);
}

test('what fits has nothing to be said', () => {
  expect(refusals(() => undefined)).toEqual([]);
});

test.each([
  [
    'text that is none',
    (write: Write) => (write.update.document = 'mutation {'),
    /^update\.document: .*Syntax Error.*line 1/,
  ],
  [
    'a query in the place of a mutation',
    (write: Write) => (write.create.document = '{ a }'),
    /^create\.document: expected a mutation, not a query/,
  ],
  [
    'two operations',
    (write: Write) => (write.read!.document = 'query A { a } query B { b }'),
    /^read\.document: expected one operation, not 2/,
  ],
  [
    'a variable that is not declared',
    (write: Write) => (write.update.input = 'input.member'),
    /^update\.input: .*\$id, \$patch/,
  ],
  [
    'a place in the answer that is not asked for',
    (write: Write) => (write.create.id = 'data.createMember.node.number'),
    /^create\.id: .*"number"/,
  ],
  [
    'a path that does not begin with data',
    (write: Write) => (write.read!.record = 'member'),
    /^read\.record: .*begins with data/,
  ],
  [
    'a whole update of what no query reads',
    (write: Write) => ((write.read = null), (write.update.shape = 'whole')),
    /^update\.shape: expected "partial"/,
  ],
  [
    'a field that is not mapped',
    (write: Write) => (write.member!.fields!['shoeSize'] = 'shoe'),
    /^member\.fields\.shoeSize: /,
  ],
  [
    'an entry of a list',
    (write: Write) => (write.member!.fields!['city'] = 'places[kind=home].city'),
    /^member\.fields\.city: .*list/,
  ],
  [
    'a key that is too short',
    (write: Write) => (write.oauth.keys = [{ id: 'a', key: 'short' }]),
    /^oauth\.keys\.0\.key: expected 32 bytes/,
  ],
  [
    'two keys of one name',
    (write: Write) => write.oauth.keys.push(write.oauth.keys[0]!),
    /^oauth\.keys: expected keys with different ids/,
  ],
  [
    'a redirect over the open network',
    (write: Write) => (write.oauth.redirectUri = 'http://club.example/oauth'),
    /^oauth\.redirectUri: .*https/,
  ],
])('%s is refused, at its place', (_, change, expected) => {
  const told = refusals(change);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(expected);
});

describe('what a document asks for', () => {
  const document = `
    query ($id: ID!) { found: member(id: $id) { ...Parts ... on Member { contact { email } } } }
    fragment Parts on Member { id names { first } }`;

  test.each([
    ['data.found.id', null],
    ['data.found.names.first', null],
    ['data.found.contact.email', null],
    ['data.member.id', 'member'],
    ['data.found.contact.phone', 'phone'],
    ['data.found.id.first', 'first'],
    ['found.id', 'found'],
  ])('is found by its alias and through fragments: %s', (path, missing) => {
    expect(unselected(document, path)).toBe(missing);
  });
});
