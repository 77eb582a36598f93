/**
 * Two subjects compared on a machine that is busy with other things.
 *
 * They take turns in short rounds, A B B A A B B A …, so what disturbs one soon disturbs the other, and a drift of the
 * machine or of the heap falls on both. Each round of one is divided by the round of the other beside it; the figure is
 * the median of these ratios. CPU time of the whole process (both ends live in it) says the same with less noise.
 */
export type Load = {
  /** Works until `endMs` of performance.now(); returns how much was done. */
  readonly work: (endMs: number) => Promise<number>;
};
/** `rate`: done each second. `cpuMicros`: of the whole process, for each thing done. */
export type Round = { readonly rate: number; readonly cpuMicros: number };
export type Comparison = {
  readonly rounds: number;
  /** Medians of all rounds. */
  readonly ours: Round;
  readonly theirs: Round;
  /** Medians of the ratios of neighbouring rounds; above 1, ours is better. */
  readonly rateRatio: number;
  readonly cpuRatio: number;
  /** The middle half of the ratios by rate. */
  readonly rateQuartiles: readonly [number, number];
};

const quantile = (values: readonly number[], at: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * at))] ?? NaN;
export const median = (values: readonly number[]): number => quantile(values, 0.5);

export async function round({ work }: Load, durationMs: number): Promise<Round> {
  const startCpu = process.cpuUsage();
  const startMs = performance.now();
  const done = await work(startMs + durationMs);
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(startCpu);
  return { rate: (done / elapsedMs) * 1_000, cpuMicros: (user + system) / done };
}

const medians = (all: readonly Round[]): Round => ({
  rate: median(all.map(({ rate }) => rate)),
  cpuMicros: median(all.map(({ cpuMicros }) => cpuMicros)),
});

/** One subject alone, after a warm-up of a quarter of the rounds. */
export async function alone(load: Load, rounds: number, durationMs: number): Promise<Round> {
  await round(load, (rounds * durationMs) / 4);
  const all: Round[] = [];
  while (all.length < rounds) all.push(await round(load, durationMs));
  return medians(all);
}

/** `rounds` of each, after a warm-up of both for a quarter as long, turn and turn about. */
export async function compare(ours: Load, theirs: Load, rounds: number, durationMs: number): Promise<Comparison> {
  const mine: Round[] = [];
  const others: Round[] = [];
  for (let i = -Math.ceil(rounds / 4); i < rounds; i++) {
    const oursFirst = i % 2 === 0;
    const first = await round(oursFirst ? ours : theirs, durationMs);
    const second = await round(oursFirst ? theirs : ours, durationMs);
    if (i < 0) continue;
    mine.push(oursFirst ? first : second);
    others.push(oursFirst ? second : first);
  }
  const ratios = mine.map(({ rate }, i) => rate / (others[i]?.rate ?? NaN));
  return {
    rounds,
    ours: medians(mine),
    theirs: medians(others),
    rateRatio: median(ratios),
    cpuRatio: median(mine.map(({ cpuMicros }, i) => (others[i]?.cpuMicros ?? NaN) / cpuMicros)),
    rateQuartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
  };
}
