/** Loss, delay, reorder, duplicates, cut and slow links. Each link has a stream of chance of its own: a fault left out elsewhere leaves it as it was. */
import { Prng } from '@skerry/kernel';
import type { Message } from '../types.ts';
import { linkOf, type Rates } from './plan.fixture.ts';
import type { State } from './state.fixture.ts';

/** `state`: comes with an `installSnapshot`. */
export type Parcel = { readonly message: Message; readonly state: State | undefined };
type Later = (delay: number, run: () => void) => void;

/** In 1/10 ticks: of a snapshot, chunk by chunk. */
const snapshotDelayMax = 300;
const calmDelayMax = 3;
const unclogDelayMax = 10;
/** Messages that a clogged link holds; more are lost. */
const cloggedCountMax = 500;

function hashOf(text: string): number {
  let hash = 0;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return hash;
}

export class Network {
  /** How often each link was cut: cuts overlap, and each is healed by itself. */
  readonly #cuts = new Map<string, number>();
  /** Deliveries that wait, by link. */
  readonly #clogs = new Map<string, (() => void)[]>();
  readonly #factors = new Map<string, number>();
  readonly #streams = new Map<string, Prng>();
  readonly #seed: number;
  readonly #rates: Rates;
  readonly #later: Later;
  readonly #deliver: (parcel: Parcel) => void;
  calm = false;

  constructor(seed: number, rates: Rates, later: Later, deliver: (parcel: Parcel) => void) {
    this.#seed = seed;
    this.#rates = rates;
    this.#later = later;
    this.#deliver = deliver;
  }
  cut(links: readonly string[]): void {
    for (const link of links) this.#cuts.set(link, (this.#cuts.get(link) ?? 0) + 1);
  }
  uncut(links: readonly string[]): void {
    for (const link of links) this.#cuts.set(link, Math.max(0, (this.#cuts.get(link) ?? 0) - 1));
  }
  clog(links: readonly string[]): void {
    for (const link of links) if (!this.#clogs.has(link)) this.#clogs.set(link, []);
  }
  unclog(links: readonly string[]): void {
    for (const link of links) {
      const held = this.#clogs.get(link) ?? [];
      this.#clogs.delete(link);
      for (const run of held) this.#later(this.#streamOf(link).between(1, unclogDelayMax), run);
    }
  }
  slow(link: string, factor: number): void {
    this.#factors.set(link, factor);
  }
  heal(): void {
    this.calm = true;
    this.#cuts.clear();
    this.#clogs.clear();
    this.#factors.clear();
  }

  /** @returns whether it will arrive: false when every copy is lost. */
  post(parcel: Parcel): boolean {
    const { loss, duplicate } = this.#rates;
    const link = linkOf(parcel.message.from, parcel.message.to);
    const random = this.#streamOf(link);
    const copies = !this.calm && random.chance(duplicate) ? 2 : 1;
    let sent = 0;
    const { calm } = this;
    for (let copy = 0; copy < copies; copy++) {
      if (!this.calm && random.chance(loss)) continue;
      sent += 1;
      const arrive = (): void => {
        // What was late when the faults stopped is a fault too.
        if (calm === this.calm && (this.#cuts.get(link) ?? 0) === 0) this.#deliver(parcel);
      };
      const held = this.#clogs.get(link);
      if (held === undefined) this.#later(this.#delay(random, link, parcel), arrive);
      else if (held.length < cloggedCountMax) held.push(arrive);
    }
    return sent > 0;
  }
  #delay(random: Prng, link: string, { state }: Parcel): number {
    if (this.calm) return random.between(1, calmDelayMax);
    if (state !== undefined) return random.between(10, snapshotDelayMax);
    const late = random.chance(this.#rates.late) ? 30 : 1;
    return random.between(1, this.#rates.delayMax) * late * (this.#factors.get(link) ?? 1);
  }
  #streamOf(link: string): Prng {
    const known = this.#streams.get(link);
    if (known !== undefined) return known;
    const stream = new Prng(this.#seed ^ hashOf(link));
    this.#streams.set(link, stream);
    return stream;
  }
}
