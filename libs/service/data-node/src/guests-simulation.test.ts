/**
 * Uploads of one user to one path, side by side, with cuts, take-overs, power cuts and kills between: the path always
 * holds the whole of one of them, what can be resumed is of the newest of them, and the books are right.
 */
import { expect, test } from '@jest/globals';
import { concatBytes, equalBytes, type Prng, StatusError, utf8 } from '@skerry/kernel';
import { Simulation } from '@skerry/runtime-simulation';
import { pause } from '@skerry/runtime-world';
import { CrashableStore, seeds } from '@skerry/testing';
import { extendStepBytes } from './limits.ts';
import { Life, machine } from './simulation-fixture.ts';
import type { TestClient } from './test-client.ts';
import { content } from './test-doubles.ts';

const path = '/f';
const lifeCount = 6;
const roundsMax = 4;

class Writers {
  readonly #prng: Prng;
  /** What was acknowledged last, by its version. */
  #published: { readonly version: number; readonly whole: Uint8Array } = { version: 0, whole: new Uint8Array(0) };
  /** Commits that were asked for and not answered. */
  #perhaps: Uint8Array[] = [];
  /** Uploads that began, oldest first. */
  #begun: Uint8Array[] = [];
  #seed = 0;
  counts = { commits: 0, cuts: 0, fenced: 0, resumed: 0, overlaps: 0 };
  #running = 0;
  /** This round has one who takes over. */
  #mayFence = false;

  constructor(prng: Prng) {
    this.#prng = prng;
  }
  #size(): number {
    const prng = this.#prng;
    if (prng.chance(0.05)) return extendStepBytes + 70_000;
    return prng.pick([() => prng.between(1, 3_000), () => prng.between(66_000, 400_000)])();
  }
  async #upload(life: Life, client: TestClient): Promise<void> {
    const prng = this.#prng;
    const rest = (): Promise<void> => pause(life.world.clock, prng.between(0, 40));
    await rest();
    const whole = content(this.#size(), ++this.#seed);
    const upload = client.store(path);
    await upload.ready();
    this.#begun.push(whole);
    this.counts.overlaps += this.#running > 0 ? 1 : 0;
    this.#running += 1;
    try {
      await rest();
      const meant = prng.chance(0.6);
      const sent = meant ? whole : whole.subarray(0, prng.between(0, whole.length));
      await upload.bytes(sent, 262_144).finish();
      await rest();
      if (!meant) {
        this.counts.cuts += 1;
        return await upload.cut();
      }
      this.#perhaps.push(whole);
      const { version } = await upload.commit();
      this.counts.commits += 1;
      this.#perhaps = this.#perhaps.filter((each) => each !== whole);
      if (version > this.#published.version) this.#published = { version, whole };
    } catch (thrown) {
      // Taken over by a resumption.
      const fenced = thrown instanceof StatusError && thrown.reason === 'fenced';
      if (life.ending || !fenced || !this.#mayFence) throw thrown;
      this.#perhaps = this.#perhaps.filter((each) => each !== whole);
      this.counts.fenced += 1;
    } finally {
      this.#running -= 1;
    }
  }
  /** Takes over whatever is at work, adds nothing, and goes away. */
  async #takeOver(life: Life, client: TestClient): Promise<void> {
    await pause(life.world.clock, this.#prng.between(0, 120));
    const { entry } = await client.stat(path);
    if (entry === undefined || entry.size === 0) return;
    const upload = client.store(path, { offset: 1 });
    try {
      await upload.ready();
      await upload.cut();
    } catch (thrown) {
      if (life.ending || !(thrown instanceof StatusError)) throw thrown;
      // A newer one, or an upload that was published or left meanwhile.
      if (!['fenced', 'stage_moved', 'offset_past_end'].includes(thrown.reason)) throw thrown;
    }
  }
  async round(life: Life): Promise<void> {
    const client = life.client('ada');
    const work = Array.from({ length: this.#prng.between(1, 4) }, () => this.#upload(life, client));
    this.#mayFence = this.#prng.chance(0.3);
    if (this.#mayFence) work.push(this.#takeOver(life, client));
    await Promise.all(work);
  }

  async check(life: Life): Promise<void> {
    const client = life.client('ada');
    const { entry, stageLength } = await client.stat(path);
    const found = entry === undefined ? new Uint8Array(0) : await client.get(path);
    const allowed = [this.#published.whole, ...this.#perhaps];
    const which = allowed.find((whole) => equalBytes(whole, found));
    if (which === undefined)
      throw new Error(`${path} holds ${found.length} bytes; wanted is one of ${allowed.map(({ length }) => length)}`);
    this.#published = { version: entry?.version ?? 0, whole: which };
    this.#perhaps = [];
    const { told, there } = life.usageOf('ada');
    expect(told).toEqual(there);
    expect(await client.usage()).toMatchObject({ bytes: found.length, files: entry === undefined ? 0 : 1 });
    if (stageLength !== undefined) await this.#resume(client, stageLength);
    this.#begun = [];
  }
  /** What is there to resume is a beginning of the newest upload, or of the version. */
  async #resume(client: TestClient, length: number): Promise<void> {
    const tail = utf8(`tail ${++this.#seed}`);
    const { version } = await client.put(path, tail, { offset: length });
    const whole = await client.get(path);
    const head = whole.subarray(0, length);
    const beginnings = [...this.#begun.slice(-1), this.#published.whole];
    if (!beginnings.some((each) => equalBytes(each.subarray(0, length), head)))
      throw new Error(`a stage of ${length} bytes is not of the newest upload`);
    expect(equalBytes(whole, concatBytes([head, tail]))).toBe(true);
    this.counts.resumed += 1;
    this.#published = { version, whole };
  }
}

async function play(seed: number): Promise<Writers['counts']> {
  const simulation = new Simulation(seed);
  const { prng } = simulation;
  const writers = new Writers(prng.fork());
  let store = new CrashableStore();
  for (let count = 1; count <= lifeCount; count++) {
    const last = count === lifeCount;
    const life = new Life(simulation);
    const rounds = prng.between(1, roundsMax);
    let left = last ? Infinity : prng.between(20, 3_000);
    let over = false;
    const lived = (async () => {
      await life.start(store, {});
      await writers.check(life);
      for (let round = 0; round < rounds; round++) {
        await writers.round(life);
        await writers.check(life);
      }
      if (last) expect(await life.tidy()).toEqual({ stages: 0, orphans: 0, damaged: 0 });
      await life.stop();
    })().finally(() => (over = true));
    // A life that is cut off never ends; one that fails does so in the `await` below.
    lived.catch(() => undefined);
    await simulation.run(() => over || left-- <= 0);
    if (over) await lived;
    life.requireNoTrouble();
    if (prng.chance(0.7)) simulation.crash(machine);
    else simulation.kill(machine);
    store = store.crash();
  }
  return writers.counts;
}

const total = { commits: 0, cuts: 0, fenced: 0, resumed: 0, overlaps: 0 };
for (const seed of seeds(6))
  test(`whatever the order of holders, guests, cuts and crashes, one whole upload stands (seed ${seed})`, async () => {
    const counts = await play(seed).catch((cause: unknown) => {
      throw new Error(`Seed ${seed} fails: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    });
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
    expect(counts.commits + counts.cuts).toBeGreaterThan(0);
  });
test('the seeds reach what they are for', () => {
  if (process.env['SKERRY_SEED'] !== undefined) return;
  for (const [what, count] of Object.entries(total)) expect([what, count > 0]).toEqual([what, true]);
});
