/**
 * What an answer of GraphQL says. Errors stand inside answers of status 200, and are told by their code (`yapla.write.errors`); partial
 * data beside an error is no success. The server's own words can quote values: they go to the case in Postgres and nowhere else.
 */
import { getProperty } from 'dot-prop';
import { isJsonObject } from '../../core/document.js';
import { commonErrorCodes, type GraphqlErrorKind, type YaplaGraphqlConfig } from '../../config/yaplaGraphql.js';
import type { Answer } from '../../http/client.js';
import {
  AccessRefused,
  type AnyFailure,
  effectOf,
  InvalidRecord,
  RecordMissing,
  RequestRefused,
  stopRefused,
  ServerFailed,
  Throttled,
  throttleMs,
  UnexpectedResponse,
  withJitter,
} from '../../http/failures.js';
import type { Budget } from '../../store/budget.js';
import type { Json, JsonObject } from '../system.js';
import { contentAt } from './dataApi.js';
import type { Operation } from './graphqlRequest.js';
import { ifReadOnly } from './ways.js';

export interface GraphqlJudge {
  /** Whether the answer says that the token is not known. */
  unauthorised(answer: Answer): boolean;
  /** Stops the credential, whatever was asked. @throws {AccessRefused} always */
  refuseToken(answer: Answer): Promise<never>;
  /**
   * Passes on an answer without an error.
   * @returns null: there is no such record, where the operation reads one
   * @throws {AnyFailure} for any error, by its code
   */
  judge(answer: Answer, operation: Operation): Promise<Answer | null>;
}

export interface JudgeOptions {
  readonly errors: YaplaGraphqlConfig['errors'];
  /** Where the answer to a read holds the record (`yapla.write.read.record`); null: nothing is read by GraphQL. */
  readonly record: string | null;
  readonly maxRetryAfterMs: number;
  readonly budget: Pick<Budget, 'stop' | 'close' | 'failed'>;
}

/** Of several errors the first of these counts: what concerns everybody comes before what concerns the record. */
const order: readonly GraphqlErrorKind[] = [
  'notAuthenticated',
  'forbidden',
  'throttled',
  'failed',
  'refused',
  'notFound',
  'invalid',
];

/** What a code looks like. Anything else could quote a value. */
const codeForm = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
const fieldForm = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_0-9][A-Za-z0-9_]*){0,8}$/;
/** Of the server's own words, so much is kept for the case. */
const mostWords = 4_096;

export function graphqlJudge({ errors: settings, record, maxRetryAfterMs, budget }: JudgeOptions): GraphqlJudge {
  const codes: Readonly<Record<string, GraphqlErrorKind>> = { ...commonErrorCodes, ...settings.codes };
  const kindOf = (error: JsonObject): GraphqlErrorKind | undefined => {
    const code = codeOf(error);
    return code !== null && Object.hasOwn(codes, code) ? codes[code] : undefined;
  };
  const codeOf = (error: JsonObject): string | null => {
    const code: unknown = getProperty(error, settings.code);
    return typeof code === 'string' && codeForm.test(code) ? code : null;
  };

  /** The code that decides, and what it means. Undefined: none of the codes is known. */
  function worst(errors: readonly JsonObject[]): {
    readonly kind: GraphqlErrorKind | undefined;
    readonly code: string;
  } {
    const found = order.find((kind) => errors.some((error) => kindOf(error) === kind));
    const decisive = errors.find((error) => kindOf(error) === found);
    return { kind: found, code: (decisive && codeOf(decisive)) ?? 'no code' };
  }

  /** An error about something within the record, or beside one that is shown, is no proof that the record is gone. */
  function saysMissing(answer: Answer, errors: readonly JsonObject[]): boolean {
    if (record === null || (contentAt(answer, record) ?? null) !== null) return false;
    const place = record.split('.').slice(1).join('.');
    return errors.some((error) => {
      const path = pathOf(error);
      return kindOf(error) === 'notFound' && (path === null || path.join('.') === place);
    });
  }

  async function failureOf(
    answer: Answer,
    operation: Operation,
    errors: readonly JsonObject[],
  ): Promise<AnyFailure | null> {
    const { context, status } = answer;
    const { kind, code } = worst(errors);
    const own = `an error (${code})`;
    const setting = `yapla.write.${operation}.document`;
    if (wasCarriedOut(answer) && context.access !== 'read')
      return new UnexpectedResponse(context, 'unknown', `the answer holds data, and ${own} beside it`);
    switch (kind) {
      case 'notAuthenticated':
        return new AccessRefused(context, 401);
      case 'forbidden':
        return forbidden(answer);
      case 'throttled': {
        const waitMs = throttleMs({ ...answer, text: '' }, maxRetryAfterMs);
        await budget.close(waitMs, code);
        return new Throttled(context, withJitter(waitMs));
      }
      case 'failed': {
        const failure = new ServerFailed(context, effectOf({ context }), status);
        const retryAtMs = await budget.failed(context.record);
        if (retryAtMs !== null) failure.retryAtMs = retryAtMs;
        return failure;
      }
      case 'notFound':
        if (operation === 'read' && !saysMissing(answer, errors))
          return new UnexpectedResponse(
            context,
            'none',
            `the answer holds ${own} about something else than the record`,
          );
        if (operation === 'read') return null;
        if (operation === 'update') return new RecordMissing(context);
        return new RequestRefused(
          context,
          status,
          `the server does not find what the document names (${code})`,
          check(setting),
        );
      case 'invalid':
        if (context.access !== 'read') return invalid(answer, errors);
        return new RequestRefused(context, status, `the server refuses the variables (${code})`, check(setting));
      case 'refused':
        return new RequestRefused(context, status, `the server does not take the document (${code})`, check(setting));
      case undefined:
        return new UnexpectedResponse(
          context,
          effectOf({ context }),
          `the answer holds ${own}, which yapla.write.errors.codes does not name`,
        );
    }
  }

  return {
    // A query can be sent again whatever it showed, a mutation only if it was not carried out.
    unauthorised: (answer) =>
      worst(errorsIn(answer)).kind === 'notAuthenticated' &&
      (answer.context.access === 'read' || !wasCarriedOut(answer)),

    async refuseToken(answer) {
      const failure = new AccessRefused(answer.context, 401);
      await budget.stop(failure.reason);
      throw failure;
    },

    async judge(answer, operation) {
      const errors = errorsIn(answer);
      if (errors.length === 0) {
        if (answer.status >= 400) throw await unsaid(answer, budget);
        if (!isJsonObject(contentAt(answer, 'data')))
          throw new UnexpectedResponse(answer.context, effectOf(answer), 'the answer has neither data nor errors');
        return answer;
      }
      const failure = await failureOf(answer, operation, errors);
      if (failure === null) return null;
      if (failure.type === 'AccessRefused') await stopRefused(budget, failure);
      throw failure;
    },
  };
}

const check = (setting: string) => `Run \`passerelle doctor\`: ${setting} does not fit the account`;

/** Complaints within the payload, where the schema tells them so (`complaints`). @throws {InvalidRecord} */
export function withoutComplaints(answer: Answer, path: string | null): void {
  if (path === null) return;
  const complaints = contentAt(answer, path);
  if (Array.isArray(complaints) && complaints.length > 0) throw invalid(answer, complaints.filter(isJsonObject));
}

function forbidden({ context }: Answer): AccessRefused {
  return new AccessRefused(context, 403, context.access === 'read' ? undefined : ifReadOnly('graphql'));
}

/** A refusal by status alone. */
async function unsaid(answer: Answer, budget: Pick<Budget, 'stop'>): Promise<AnyFailure> {
  const { context, status } = answer;
  if (status === 403 || (status === 405 && context.access !== 'read')) {
    const failure = forbidden(answer);
    await stopRefused(budget, failure);
    return failure;
  }
  const what =
    status === 404
      ? 'there is no GraphQL at this address (404)'
      : `the server refused the request (${status}), and says no error`;
  return new RequestRefused(context, status, what, 'Correct yapla.write.address, or run `passerelle doctor`');
}

/** The errors of an answer; of what is none, none. */
function errorsIn(answer: Answer): readonly JsonObject[] {
  const errors = isJsonObject(answer.body as Json) ? contentAt(answer, 'errors') : undefined;
  if (!Array.isArray(errors) || errors.length === 0) return [];
  // Something stands there, and it is no error as we know one: an error without a code.
  return errors.map((error) => (isJsonObject(error) ? error : {}));
}

/**
 * A mutation was carried out, whatever could not be shown of its result: there is data of a field of the root, or an error below one. That
 * stands in the place of the data, up to all of it, where what cannot be shown is never null by the schema.
 */
function wasCarriedOut(answer: Answer): boolean {
  const data = isJsonObject(answer.body as Json) ? contentAt(answer, 'data') : undefined;
  if (isJsonObject(data) && Object.values(data).some((value) => value !== null)) return true;
  // Without data nothing was begun.
  if (data === undefined) return false;
  return errorsIn(answer).some((error) => {
    const [root, ...below] = pathOf(error) ?? [];
    return below.length > 0 && (!isJsonObject(data) || Object.hasOwn(data, root!));
  });
}

/** Which field of the answer an error is about, from the root on (GraphQL, section 7.1.6); null: it does not say. */
function pathOf({ path }: JsonObject): readonly (string | number)[] | null {
  return Array.isArray(path) && path.length > 0 ? (path as (string | number)[]) : null;
}

function invalid({ context, status, body }: Answer, errors: readonly JsonObject[]): InvalidRecord {
  const fields = [...new Set(errors.flatMap(fieldsNamed))].filter((name) => fieldForm.test(name));
  return new InvalidRecord(context, status, fields, JSON.stringify(body).slice(0, mostWords));
}

/** Fields that an error or a complaint names, at the places where servers commonly do. */
function fieldsNamed(error: JsonObject): string[] {
  const extensions = isJsonObject(error['extensions']) ? error['extensions'] : {};
  const lists = ['field', 'fields', 'argumentName'].flatMap((key) => [error[key], extensions[key]]);
  const keyed = ['validation', 'invalidArgs'].flatMap((key) =>
    isJsonObject(extensions[key]) ? Object.keys(extensions[key]) : [],
  );
  const texts = lists.flatMap((value) =>
    Array.isArray(value) ? [value.every((one) => typeof one === 'string') ? value.join('.') : ''] : [value],
  );
  return [...texts, ...keyed].filter((one): one is string => typeof one === 'string');
}
