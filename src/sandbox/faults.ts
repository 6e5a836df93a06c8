/**
 * Faults on demand. A fault says which requests it strikes, how often, and what it does to them.
 *
 * Faults are looked for after authentication, the ones that change access before the throttle and all others after it, so a
 * request that the throttle refuses uses up no fault of the second kind.
 */
import { z } from 'zod';
import { systemNames, type SystemName } from '../core/record.js';
import { personFieldSchema } from './person.js';
import { Random } from './random.js';

/** What a request asks for, whatever its system and shape. A `PUT` is a `write`, also where it creates; a `check` changes nothing. */
export const requestKinds = [
  'session',
  'schema',
  'team',
  'list',
  'read',
  'check',
  'create',
  'write',
  'delete',
] as const;
export type RequestKind = (typeof requestKinds)[number];

/** What a request is about. */
export const requestResources = [
  'person',
  'product',
  'session',
  'availability',
  'order',
  'payment',
  'category',
] as const;
export type RequestResource = (typeof requestResources)[number];

const effect = z.enum(['none', 'applied']).default('none').describe('Whether the request takes effect all the same.');
const json = z.json();

const actionSchema = z.discriminatedUnion('do', [
  /** 429 in the system's own words, asking for so many seconds. Nothing takes effect. */
  z.strictObject({ do: z.literal('refuse'), seconds: z.number().int().nonnegative() }),
  /** Answers with a status; the body defaults to what such a server or its proxy sends (HTML for 5xx). */
  z.strictObject({
    do: z.literal('status'),
    status: z.number().int().min(400).max(599),
    body: json.optional(),
    effect,
  }),
  /** 400 with the system's form of a field error. */
  z.strictObject({ do: z.literal('invalid'), field: z.string(), message: z.string().default('Enter a valid value.') }),
  /** Status 200 and an error inside, as APIs with a `result` flag answer. Nothing takes effect. */
  z.strictObject({ do: z.literal('errorInside'), body: json.default({ result: false, message: 'Internal error.' }) }),
  /** Never answers. */
  z.strictObject({ do: z.literal('timeout'), effect }),
  /** Cuts the connection (TCP reset) instead of answering. */
  z.strictObject({ do: z.literal('reset'), effect }),
  /** Answers so much later. */
  z.strictObject({ do: z.literal('slow'), ms: z.number().nonnegative() }),
  /** Takes effect; the answer is cut off in the middle of its JSON. */
  z.strictObject({ do: z.literal('malformed') }),
  /** Takes effect; the answer is well-formed JSON of a shape that nobody announced. */
  z.strictObject({ do: z.literal('wrongShape'), body: json.default({ results: 'maintenance', data: 'maintenance' }) }),
  /** 401, as after the token was revoked. Costs nothing, as in DRF. */
  z.strictObject({ do: z.literal('revoke') }),
  /** 403. Costs nothing, as in DRF. */
  z.strictObject({ do: z.literal('forbid') }),
  /** The list changes before it is answered: strangers come, people go. */
  z.strictObject({
    do: z.literal('drift'),
    insert: z.number().int().nonnegative().default(0),
    remove: z.number().int().nonnegative().default(0),
    at: z.enum(['start', 'end', 'random']).default('random'),
  }),
  /** Records are changed before the list is answered, in nothing that it shows but their modification: the first ones, or any. */
  z.strictObject({
    do: z.literal('touch'),
    records: z.number().int().positive(),
    at: z.enum(['start', 'end', 'random']).default('random'),
  }),
  /** The list is answered as though it ended after so many records. */
  z.strictObject({ do: z.literal('shorten'), to: z.number().int().nonnegative() }),
  /** What is written is stored in the server's own form. */
  z.strictObject({
    do: z.literal('rewrite'),
    fields: z.partialRecord(
      personFieldSchema,
      z.enum(['upper', 'lower', 'internationalPhone', 'nationalPhone', 'digits']),
    ),
  }),
  /** What is written to these fields is dropped: they keep the values they had. */
  z.strictObject({ do: z.literal('ignore'), fields: z.array(personFieldSchema).min(1) }),
  /** Somebody else takes the last places of each session that the request names, just before it is looked at. Yoplanning's orders only. */
  z.strictObject({ do: z.literal('takePlaces') }),
]);

export const faultSchema = z.strictObject({
  system: z.enum(systemNames).optional(),
  method: z.union([z.string(), z.array(z.string())]).optional(),
  kind: z.union([z.enum(requestKinds), z.array(z.enum(requestKinds))]).optional(),
  /** Left out: whatever it is about. */
  resource: z.union([z.enum(requestResources), z.array(z.enum(requestResources))]).optional(),
  /** Id of the record that the request names. */
  record: z.string().optional(),
  /** Lets so many matching requests pass first: `skip: 4, times: 1` is "the fifth request". */
  skip: z.number().int().nonnegative().default(0),
  /** Strikes so often; left out: until it is removed. */
  times: z.number().int().positive().optional(),
  /** Strikes a matching request with this probability, drawn from `seed`. */
  probability: z.number().min(0).max(1).default(1),
  seed: z.number().int().default(1),
  action: actionSchema,
});

export type Fault = z.input<typeof faultSchema>;
export type FaultAction = z.output<typeof actionSchema>;

/** A fault as the control API shows it. */
export interface FaultState {
  readonly id: string;
  readonly fault: z.output<typeof faultSchema>;
  /** Requests that it matched, those it let pass included. */
  readonly matched: number;
  /** Requests that it struck. */
  readonly struck: number;
}

/** What the matchers look at. */
export interface FaultTarget {
  readonly system: SystemName;
  readonly method: string;
  readonly kind: RequestKind;
  /** Left out: a person. */
  readonly resource?: RequestResource;
  readonly record: string | null;
}

/** When a fault is looked for: `access` before the throttle, `request` after it. */
export type FaultStage = 'access' | 'request';

const none: readonly FaultAction[] = [];

interface Armed {
  readonly id: string;
  readonly fault: z.output<typeof faultSchema>;
  readonly stage: FaultStage;
  readonly random: Random;
  matched: number;
  struck: number;
}

/** The faults of one sandbox, in the order in which they were added. */
export class Faults {
  readonly #armed = new Map<string, Armed>();
  #added = 0;

  /** @returns the fault's id, for `remove`. */
  add(fault: Fault): string {
    const parsed = faultSchema.parse(fault);
    const id = `fault-${++this.#added}`;
    const stage = parsed.action.do === 'revoke' || parsed.action.do === 'forbid' ? 'access' : 'request';
    this.#armed.set(id, { id, fault: parsed, stage, random: new Random(parsed.seed), matched: 0, struck: 0 });
    return id;
  }

  remove(id: string): boolean {
    return this.#armed.delete(id);
  }

  clear(): void {
    this.#armed.clear();
  }

  states(): FaultState[] {
    return [...this.#armed.values()].map(({ id, fault, matched, struck }) => ({ id, fault, matched, struck }));
  }

  /** The actions that strike this request, oldest fault first. Counts it as a match of each fault it fits. */
  strike(target: FaultTarget, stage: FaultStage): readonly FaultAction[] {
    if (this.#armed.size === 0) return none;
    const actions: FaultAction[] = [];
    for (const armed of this.#armed.values()) {
      if (armed.stage !== stage || !fits(armed.fault, target)) continue;
      armed.matched += 1;
      const { skip, times, probability, action } = armed.fault;
      if (armed.matched <= skip) continue;
      if (times !== undefined && armed.struck >= times) continue;
      if (probability < 1 && !armed.random.chance(probability)) continue;
      armed.struck += 1;
      actions.push(action);
    }
    return actions;
  }
}

function fits(fault: z.output<typeof faultSchema>, target: FaultTarget): boolean {
  return (
    (fault.system === undefined || fault.system === target.system) &&
    (fault.record === undefined || fault.record === target.record) &&
    within(fault.method, target.method) &&
    within(fault.kind, target.kind) &&
    within(fault.resource, target.resource ?? 'person')
  );
}

function within(wanted: string | readonly string[] | undefined, value: string): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === 'string' ? wanted === value : wanted.includes(value);
}
