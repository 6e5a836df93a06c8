/** Random histories of single people, as the in-memory model makes them (liveModel/history.ts), for a house with real servers. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { systemNames, type SystemName } from '../../../src/core/record.js';
import type { SandboxRecord } from '../../../src/sandbox/control.js';
import type { NewPerson, PersonField } from '../../../src/sandbox/person.js';
import type { TestPasserelle } from '../passerelle.js';
import { deed, type Deed } from '../liveModel/history.js';
import { people, valuesOf } from '../liveModel/setting.js';
import type { Ledger } from './ledger.js';

export interface Life {
  /** In both systems and linked before anything else happens; or entered in one of them, or in both at once. */
  readonly begins: 'linked' | SystemName | 'twice';
  readonly deeds: readonly (Deed & { readonly afterMs: number })[];
}

/** Fields that lives are about, by the model's names. The sandbox has no clubs: the same texts are streets. */
const canonical = {
  firstName: 'firstName',
  lastName: 'lastName',
  email: 'email',
  city: 'city',
  club: 'street',
} as const;
export const livedFields: readonly PersonField[] = Object.values(canonical);

export const lives: fc.Arbitrary<Life> = fc
  .record({
    begins: fc.constantFrom('linked', 'linked', 'linked', ...systemNames, 'twice'),
    // Somebody who is there twice is a question, and much of what happens to them waits for its answer.
    entersAgain: fc.constantFrom(false, false, false, true),
    deeds: fc.array(
      // Within one gathering, within the work on the deed before, and after it: what happens at once is what is hard.
      fc.tuple(deed, fc.constantFrom(0, 0, 15, 60, 250, 900)).map(([done, afterMs]) => ({ ...done, afterMs })),
      { minLength: 2, maxLength: 10 },
    ),
  })
  .map(({ begins, entersAgain, deeds }) => ({
    begins,
    deeds: entersAgain ? deeds : deeds.filter((one) => one.do !== 'enter'),
  }));

/** A word of letters for each number: names and addresses of different lives have nothing in common. */
function wordOf(life: number): string {
  return [...String(life + 1_000)]
    .map((digit) => 'bcdfghjklm'.charAt(Number(digit)) + 'aeiou'.charAt(life % 5))
    .join('');
}

/** What may be typed into a field of this life's person; the first is what they are entered with. */
function typedInto(life: number, field: keyof typeof canonical): readonly (string | null)[] {
  const word = wordOf(life);
  const values = valuesOf(life % people.length, field);
  if (field === 'email') return values.map((value) => value?.replace('@', `.${word}@`) ?? null);
  if (field === 'lastName') return values.map((value) => `${value} ${word}`);
  return values;
}

function newPerson(life: number): NewPerson {
  const first = (field: keyof typeof canonical) => typedInto(life, field)[0]!;
  return {
    firstName: first('firstName'),
    lastName: first('lastName'),
    email: first('email'),
    city: first('city'),
    street: first('club'),
  };
}

const notes = ['as new', 'called back', null] as const;

function noteIn(system: SystemName, nth: number) {
  const note = notes[nth % notes.length]!;
  return system === 'yapla' ? { custom: { remark: note } } : { note };
}

/** Which life a record belongs to. Nobody's last name loses its word. */
export function lifeOf({ person }: SandboxRecord): number {
  const word = person.lastName.split(' ').at(-1)!.toLowerCase();
  const digits = [...word].filter((_, at) => at % 2 === 0).map((letter) => 'bcdfghjklm'.indexOf(letter));
  return Number(digits.join('')) - 1_000;
}

/** Lives one's life in the sandbox; what it is about may have been created by us. */
export class Living {
  constructor(
    private readonly house: TestPasserelle,
    private readonly ledger: Ledger,
    private readonly nth: number,
    private readonly life: Life,
  ) {}

  /** Before the first bulk run, and before anybody is told of anything. */
  async begin(): Promise<void> {
    if (this.life.begins === 'linked') for (const system of systemNames) await this.enter(system);
  }

  async goOn(): Promise<void> {
    const { begins, deeds } = this.life;
    if (begins === 'twice') await Promise.all(systemNames.map((system) => this.enter(system)));
    else if (begins !== 'linked') await this.enter(begins);
    for (const { afterMs, ...done } of deeds) {
      await sleep(afterMs);
      await this.act(done);
    }
  }

  private async act(done: Deed): Promise<void> {
    const { control } = this.house.sandbox;
    if (done.do === 'enter') return await this.enter(done.system);
    const system = done.do === 'remove' ? 'yoplanning' : done.system;
    const record = this.ledger.present(system, (one) => lifeOf(one) === this.nth)[0];
    if (record === undefined) return;
    if (done.do === 'remove') return await control.remove(system, record.id);
    if (done.do === 'note') return await control.edit(system, record.id, {}, noteIn(system, done.nth));
    const field = done.field as keyof typeof canonical;
    const values = typedInto(this.nth, field);
    await control.edit(system, record.id, { [canonical[field]]: values[done.nth % values.length]! });
  }

  private async enter(system: SystemName): Promise<void> {
    await this.house.sandbox.control.add(system, newPerson(this.nth), { unmapped: noteIn(system, 0) });
  }
}
