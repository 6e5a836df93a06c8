/** Yapla's registrations in memory, to one event, in the shape that the configuration assumes. Nothing reads them: a webhook shows each change. */

/** Somebody who takes part: a member by the number, or a name. */
export type Participant = { readonly member: number } | { readonly guest: string };

export interface ModelRegistration {
  readonly id: string;
  status: 'validated' | 'waiting for payment' | 'cancelled';
  participants: readonly Participant[];
  /** Name of the rate. */
  rate: string;
  paid: boolean;
  /** Changes so far. */
  changes: number;
}

/** For each participant. */
export const priceEach = 12;

const hourMs = 3_600_000;

export class ModelYapla {
  readonly event = 'event-1';
  readonly registrations = new Map<string, ModelRegistration>();
  private readonly began = Date.now();

  /** @param tells takes each webhook's body */
  constructor(
    private readonly tellsTimes: boolean,
    private readonly tells: (id: string, body: object) => void,
  ) {}

  register(id: string, participants: readonly Participant[], status: ModelRegistration['status'] = 'validated'): void {
    this.registrations.set(id, { id, status, participants, rate: 'Member', paid: false, changes: 0 });
    this.change(id, {});
  }

  change(id: string, change: Partial<Omit<ModelRegistration, 'id' | 'changes'>>): void {
    const one = this.registrations.get(id);
    if (one === undefined) return;
    Object.assign(one, change);
    one.changes += 1;
    this.tells(id, this.bodyOf(one));
  }

  /** The registration as it is now: what an export shows. */
  bodyOf({ id, status, participants, rate, paid, changes }: ModelRegistration): object {
    const at = (ms: number) => new Date(this.began + ms).toISOString();
    return {
      event: 'registration.updated',
      data: {
        id,
        status,
        event: { id: this.event, title: 'Sailing', start: at(48 * hourMs), end: at(50 * hourMs) },
        rate,
        participants: participants.map((one) =>
          'member' in one
            ? { member_id: `m${one.member}`, first_name: `Prénom${one.member}`, last_name: 'Kermarec' }
            : { member_id: null, first_name: one.guest, last_name: 'Kermarec' },
        ),
        amount: `${priceEach * participants.length}.00`,
        currency: 'EUR',
        paid_at: paid ? at(0) : null,
        ...(this.tellsTimes ? { updated_at: at(changes * 1_000) } : {}),
      },
    };
  }
}
