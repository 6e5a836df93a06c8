/** Documents of GraphQL as far as they can be judged without the account's schema. The language's own parser reads them. */
import {
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  type SelectionSetNode,
} from 'graphql';

export type DocumentKind = 'query' | 'mutation';

const operationTypes = {
  query: OperationTypeNode.QUERY,
  mutation: OperationTypeNode.MUTATION,
} as const satisfies Record<DocumentKind, OperationTypeNode>;

/** Why a text cannot be what a setting wants: exactly one operation, of that kind; null: it can. */
export function problemOfDocument(text: string, kind: DocumentKind): string | null {
  let operations: readonly OperationDefinitionNode[];
  try {
    operations = operationsIn(text);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const at = error.locations?.[0];
    const where = at === undefined ? '' : ` (line ${at.line}, column ${at.column})`;
    return `expected a document of GraphQL: ${error.message}${where}`;
  }
  if (operations.length !== 1) return `expected one operation, not ${operations.length}`;
  const [{ operation }] = operations as [OperationDefinitionNode];
  return operation === operationTypes[kind] ? null : `expected a ${kind}, not a ${operation}`;
}

/** The names of the variables that a document declares. @param text one that has no problem */
export function declaredVariables(text: string): readonly string[] {
  return (operationsIn(text)[0]?.variableDefinitions ?? []).map(({ variable }) => variable.name.value);
}

/**
 * The first step of a path in the answer that the document does not ask for; null: it asks for all of them. Names of fields, or their
 * aliases; fragments are looked into.
 *
 * @param path in the whole answer: it begins with `data`
 */
export function unselected(text: string, path: string): string | null {
  const { definitions } = parse(text);
  const fragments = new Map(
    definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one.selectionSet]] : [])),
  );
  const [data, ...steps] = path.split('.');
  if (data !== 'data') return data ?? '';
  let sets: readonly SelectionSetNode[] = [operationsIn(text)[0]!.selectionSet];
  for (const step of steps) {
    const below = sets.flatMap((set) => selectedIn(set, step, fragments));
    if (below.length === 0) return step;
    sets = below.flatMap((one) => (one === null ? [] : [one]));
  }
  return null;
}

/** What is selected below a field of a set; null: the field has nothing below. None: the set does not ask for it. */
function selectedIn(
  set: SelectionSetNode,
  name: string,
  fragments: ReadonlyMap<string, SelectionSetNode>,
): readonly (SelectionSetNode | null)[] {
  return set.selections.flatMap((one) => {
    if (one.kind === Kind.FIELD) return (one.alias ?? one.name).value === name ? [one.selectionSet ?? null] : [];
    const inner = one.kind === Kind.INLINE_FRAGMENT ? one.selectionSet : fragments.get(one.name.value);
    return inner === undefined ? [] : selectedIn(inner, name, fragments);
  });
}

function operationsIn(text: string): readonly OperationDefinitionNode[] {
  return parse(text).definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION ? [one] : []));
}
