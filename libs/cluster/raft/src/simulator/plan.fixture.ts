/**
 * What one seed does, drawn in full before it runs: parts can be left out, and the rest stays as it was (see
 * `shrink.fixture.ts`).
 */
import { NodeId, Prng } from '@skerry/kernel';

/** Of the network and the disks, at every message and write. Times are in 1/10 ticks. */
export type Rates = {
  readonly loss: number;
  readonly duplicate: number;
  /** Some messages take 30 times as long: they come after what was sent much later. */
  readonly late: number;
  readonly delayMax: number;
  readonly diskDelayMax: number;
  /** Some writes take 20 times as long. */
  readonly slowWrite: number;
  /** Clocks differ by up to this part. */
  readonly drift: number;
};
/** When an armed crash strikes: between that effect and the next. */
export type Moment = 'now' | 'vote' | 'write' | 'send' | 'persisted' | 'snapshot';
export type Action =
  | { readonly kind: 'crash'; readonly node: NodeId; readonly moment: Moment; readonly downTicks: number }
  | { readonly kind: 'pause'; readonly node: NodeId; readonly ticks: number; readonly catchUp: boolean }
  | { readonly kind: 'stall'; readonly node: NodeId; readonly ticks: number }
  | { readonly kind: 'cut'; readonly links: readonly string[]; readonly ticks: number }
  /** Whoever leads then, from all or from some. */
  | { readonly kind: 'isolateLeader'; readonly ticks: number; readonly to: readonly NodeId[]; readonly oneWay: boolean }
  | { readonly kind: 'slow'; readonly link: string; readonly factor: number; readonly ticks: number }
  /** What is sent waits, and comes all at once, in another order. */
  | { readonly kind: 'clog'; readonly links: readonly string[]; readonly ticks: number }
  /** A leader asks `to` to take over; the request is late, and what `to` then sends does not reach the leader. */
  | { readonly kind: 'lateTransfer'; readonly to: NodeId; readonly ticks: number }
  /** `away` has not heard the leader for so long; `restarted` begins a new life; then both do not hear it. */
  | { readonly kind: 'forget'; readonly away: NodeId; readonly restarted: NodeId; readonly ticks: number }
  | { readonly kind: 'compact'; readonly node: NodeId; readonly kept: number }
  | { readonly kind: 'configure'; readonly voters: readonly NodeId[]; readonly learners: readonly NodeId[] }
  | { readonly kind: 'transfer'; readonly to: NodeId }
  | { readonly kind: 'wipe'; readonly node: NodeId };
export type Planned = { readonly tick: number; readonly action: Action };

export type Plan = {
  readonly seed: number;
  readonly size: number;
  /** Nodes that may join. */
  readonly spare: number;
  /** Reads by lease; then clocks tick alike, and no node stands still. */
  readonly lease: boolean;
  readonly appendSizeMaxBytes: number;
  readonly inflightCountMax: number;
  readonly ticks: number;
  readonly rates: Rates;
  readonly actions: readonly Planned[];
};

/** Ticks of faults. */
const troubleTicks = 500;

export const linkOf = (from: NodeId, to: NodeId): string => `${from}>${to}`;
export const idsOf = ({ size, spare }: Pick<Plan, 'size' | 'spare'>): readonly NodeId[] =>
  Array.from({ length: size + spare }, (_, n) => NodeId(`n${n + 1}`));

/** Each seed draws which faults are on, and how often; some lay stress on one kind. */
export function planOf(seed: number): Plan {
  const random = new Prng(seed ^ 0x5eed);
  const size = random.pick([1, 2, 3, 3, 3, 3, 4, 5, 5, 7]);
  const spare = random.below(3);
  const lease = random.chance(0.2);
  const stress = lease ? 'lease' : random.pick(['all', 'all', 'elections', 'log', 'snapshots', 'members'] as const);
  const maybe = (rate: number, ...kinds: readonly (typeof stress)[]): number => {
    const stressed = kinds.includes(stress);
    return stressed || random.chance(0.5) ? rate * random.next() * (stressed ? 3 : 1) : 0;
  };
  const rates: Rates = {
    loss: maybe(0.2),
    duplicate: maybe(0.1),
    late: maybe(0.04, 'lease'),
    delayMax: random.between(2, 40),
    diskDelayMax: random.between(1, 30),
    slowWrite: maybe(0.2, 'elections'),
    drift: lease ? 0 : maybe(0.3),
  };
  const chances: Record<Action['kind'], number> = {
    crash: maybe(0.04, 'elections', 'lease'),
    pause: lease ? 0 : maybe(0.02),
    stall: maybe(0.02),
    cut: maybe(0.04),
    isolateLeader: maybe(0.03, 'elections', 'log', 'lease'),
    slow: maybe(0.03, 'log'),
    clog: maybe(0.03, 'log'),
    lateTransfer: maybe(0.01, 'lease'),
    forget: maybe(0.01, 'lease'),
    compact: maybe(0.1, 'snapshots'),
    configure: maybe(0.15, 'members'),
    transfer: maybe(0.03, 'lease'),
    wipe: maybe(0.01),
  };
  const ids = idsOf({ size, spare });
  const actions: Planned[] = [];
  const kinds = Object.keys(chances) as Action['kind'][];
  for (let tick = 0; tick < troubleTicks; tick++) {
    for (const kind of kinds)
      if (random.chance(chances[kind])) actions.push({ tick, action: actionOf(kind, random, ids) });
  }
  const appendSizeMaxBytes = random.pick([1, 40, 200, 200, 1_000]);
  const inflightCountMax = random.pick([1, 2, 8, 8]);
  return { seed, size, spare, lease, appendSizeMaxBytes, inflightCountMax, ticks: troubleTicks, rates, actions };
}

function actionOf(kind: Action['kind'], random: Prng, ids: readonly NodeId[]): Action {
  const node = random.pick(ids);
  switch (kind) {
    case 'crash':
      return {
        kind,
        node,
        moment: random.pick(['now', 'vote', 'write', 'send', 'persisted', 'snapshot']),
        downTicks: random.pick([1, 3, 15, 60]),
      };
    case 'pause':
      return { kind, node, ticks: random.between(2, 40), catchUp: random.chance(0.3) };
    case 'stall':
      return { kind, node, ticks: random.between(5, 60) };
    case 'cut':
      return { kind, links: cutOf(random, ids), ticks: random.between(3, 60) };
    case 'isolateLeader':
      return {
        kind,
        ticks: random.between(3, 40),
        to: random.chance(0.4) ? ids : ids.filter(() => random.chance(0.6)),
        oneWay: random.chance(0.3),
      };
    case 'slow':
      return {
        kind,
        link: linkOf(node, random.pick(ids)),
        factor: random.between(5, 40),
        ticks: random.between(10, 100),
      };
    case 'clog':
      return { kind, links: cutOf(random, ids).filter(() => random.chance(0.5)), ticks: random.between(3, 40) };
    case 'lateTransfer':
      return { kind, to: node, ticks: random.between(6, 16) };
    case 'forget':
      return { kind, away: node, restarted: random.pick(ids), ticks: random.between(8, 20) };
    case 'compact':
      return { kind, node, kept: random.below(4) };
    case 'configure': {
      const voters = ids.filter(() => random.chance(0.6));
      return { kind, voters, learners: ids.filter((id) => !voters.includes(id) && random.chance(0.7)) };
    }
    case 'transfer':
      return { kind, to: node };
    case 'wipe':
      return { kind, node };
  }
}

/** A side from the rest, both ways or one; or single links, which leaves a network that is not transitive. */
function cutOf(random: Prng, ids: readonly NodeId[]): readonly string[] {
  if (random.chance(0.3)) {
    return ids.flatMap((a) => ids.filter((b) => b !== a && random.chance(0.25)).map((b) => linkOf(a, b)));
  }
  const side = ids.filter(() => random.chance(0.5));
  const oneWay = random.chance(0.3);
  const crossing = side.flatMap((a) => ids.filter((b) => !side.includes(b)).map((b) => [a, b] as const));
  return crossing.flatMap(([a, b]) => (oneWay ? [linkOf(a, b)] : [linkOf(a, b), linkOf(b, a)]));
}
