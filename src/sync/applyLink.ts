/**
 * Carries out what a plan's item needs of one link: decides, writes or creates or proves a removal, and decides again, until
 * nothing is left but questions.
 */
import { systemNames, type FieldName, type SystemName } from '../core/record.js';
import type { Decision } from '../core/decide.js';
import type { Agreement, LinkedPair } from '../store/links.js';
import { decideLink, pairHashes, type PairHashes } from './decideLink.js';
import { withoutFields } from './heldBack.js';
import { LinkWork, type Applying } from './linkWork.js';
import type { LinkResult } from './results.js';
import { valuesToWrite } from './valuesToWrite.js';

/** A record that changes faster than we decide is left for the next run. */
const maxDecisions = 5;

/**
 * Something failed on the way. What was done and read before it must be recorded all the same: a creation that took effect, or a
 * first of two writes, would else be repeated.
 */
export class LinkInterrupted extends Error {
  override readonly name = 'LinkInterrupted';
  constructor(
    linkId: string,
    override readonly cause: unknown,
    /** What was done; null: nothing that has to be recorded. */
    readonly done: LinkResult | null,
    /** Both sides as they were seen last. */
    readonly saw: PairHashes,
    /** What both sides agree on all the same: the two are linked, whatever becomes of the write. Null: one side is missing. */
    readonly agreement: Agreement | null,
  ) {
    super(`applying link ${linkId} was interrupted`);
  }
}

/**
 * @param frozen fields that are left alone until a person answers
 * @throws {LinkInterrupted} with a `Failure` of http/failures.ts or `ClaimLost` as its cause; the attempt can be repeated.
 */
export async function applyLink(
  applying: Applying,
  pair: LinkedPair,
  frozen: ReadonlySet<FieldName> = new Set(),
): Promise<LinkResult> {
  return await new LinkApplication(applying, pair, frozen).run();
}

class LinkApplication {
  private readonly work: LinkWork;

  constructor(
    private readonly applying: Applying,
    pair: LinkedPair,
    private readonly frozen: ReadonlySet<FieldName>,
  ) {
    this.work = new LinkWork(applying, pair);
  }

  async run(): Promise<LinkResult> {
    try {
      return await this.carryOut();
    } catch (error) {
      const { pair } = this.work;
      const { agreement } = this.work.result();
      throw new LinkInterrupted(pair.linkId, error, this.doneSoFar(), pairHashes(pair), agreement);
    }
  }

  private doneSoFar(): LinkResult | null {
    if (!this.work.hasNews) return null;
    this.work.askAbout(this.decide().conflicts);
    return this.work.result();
  }

  private async carryOut(): Promise<LinkResult> {
    const { work } = this;
    for (let nth = 1; nth <= maxDecisions; nth++) {
      const decision = this.decide();
      const { reasons } = decision;
      if (decision.gone !== null) {
        if (await work.proveRemoval(decision.gone)) return work.result();
      } else if (decision.create !== null) {
        if (
          (await work.create(decision.create, { set: this.valuesFor(decision.create, decision), reasons })) ===
          'unsettled'
        ) {
          return unsettled(work);
        }
      } else {
        const system = systemNames.find((name) => decision.write[name].length > 0);
        if (system === undefined) {
          work.askAbout(decision.conflicts);
          return work.result();
        }
        await work.write(system, { set: this.valuesFor(system, decision), reasons }, nth);
      }
    }
    return work.result();
  }

  private valuesFor(system: SystemName, decision: Decision) {
    return valuesToWrite(this.applying.connection, this.work.pair, system, decision.write[system]);
  }

  private decide(): Decision {
    const { connection } = this.applying;
    const decision = withoutFields(connection.allowed(decideLink(this.work.pair, connection.fields)), this.frozen);
    const taken = (system: SystemName) =>
      decision.write[system].filter((field) => !this.work.wasNotTaken(system, field));
    return { ...decision, write: { yapla: taken('yapla'), yoplanning: taken('yoplanning') } };
  }
}

/** A creation whose effect nobody knows: the link must outlive its plan, because the record is recognised by it later. */
export function unsettled(work: LinkWork): LinkResult {
  return { ...work.result(), outcome: 'unsettled', agreement: { linkId: work.pair.linkId, base: {}, baseFields: {} } };
}
