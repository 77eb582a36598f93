/** One client at work in a directory of its own: what it changes is in the model, and what it reads is held against it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Prng } from '@skerry/kernel';
import { bytesOf, contentOf, type Content, joined } from './content.ts';
import { type Change, directory, type Model, nothing, type State } from './model.ts';
import { type Door, type Outcome, Session, Wrong } from './session.ts';
import type { Figures } from './figures.ts';

/** Around inline's end, a frame's end, a step of a stage's length; small ones are most of what servers get. */
const sizes = [0, 1, 700, 700, 4_096, 4_096, 20_000, 65_536, 65_537, 262_144, 1_000_000, 3_000_000];
const large = 9_000_000;
/** Files that a worker keeps, so that a look at all of them does not take long. */
const filesMax = 14;
/** Paths of unknown outcome: with so many it only reads, until all is settled. */
const doubtsMax = 16;
/** After so many operations it goes to another router. */
const stayCount = 25;
/** Tries of a change whose outcome was unknown. */
const retriesMax = 6;
const retryPauseMs = 150;

type Kind = 'store' | 'overwrite' | 'append' | 'rename' | 'delete' | 'directory' | 'read' | 'other' | 'resume';
const weights: readonly (readonly [Kind, number])[] = [
  ['store', 26],
  ['overwrite', 14],
  ['append', 8],
  ['rename', 8],
  ['delete', 10],
  ['directory', 6],
  ['read', 14],
  ['other', 24],
  ['resume', 4],
];
const kinds = weights.flatMap(([kind, weight]) => Array<Kind>(weight).fill(kind));

/** Asked for again, a change may have been done before: then the refusal is as good. */
const unless = (again: boolean): readonly number[] => (again ? [550] : []);

export type WorkerParts = {
  readonly model: Model;
  readonly figures: Figures;
  readonly prng: Prng;
  /** Of all routers, also of those that are down. */
  doors(): readonly Door[];
};

export class Worker {
  readonly home: string;
  readonly #parts: WorkerParts;
  readonly #own = new Set<string>();
  #session: Session | undefined;
  #done = 0;
  #names = 0;

  constructor(index: number, parts: WorkerParts) {
    this.home = `/worker-${index}`;
    this.#parts = parts;
  }
  /** Until `signal` aborts: then what is under way is ended first. */
  async work(signal: AbortSignal): Promise<void> {
    const { model } = this.#parts;
    const home: Change = new Map([[this.home, directory]]);
    while (!signal.aborted && model.stateOf(this.home) !== directory && !model.isDoubtful(this.home))
      await this.#insist('directory', home, (session, again) => session.change(`MKD ${this.home}`, unless(again)));
    while (!signal.aborted) await this.#step();
    this.#session?.close();
    this.#session = undefined;
  }
  /** Paths that were settled away are forgotten. */
  settled(): void {
    for (const path of this.#own) if (this.#state(path) === nothing) this.#own.delete(path);
  }

  #state(path: string): State | undefined {
    return this.#parts.model.stateOf(path);
  }
  #fresh(): string {
    const path = `${this.home}/f${++this.#names}`;
    this.#own.add(path);
    return path;
  }
  get #files(): readonly (readonly [path: string, content: Content])[] {
    return [...this.#own].flatMap((path) => {
      const state = this.#state(path);
      return state?.kind === 'file' ? [[path, state.content] as const] : [];
    });
  }
  /** A session with some router; undefined: none took us. */
  async #open(): Promise<Session | undefined> {
    const { prng, figures } = this.#parts;
    if (this.#session !== undefined && !this.#session.closed && this.#done % stayCount !== 0) return this.#session;
    this.#session?.close();
    const doors = this.#parts.doors();
    this.#session = await figures.timed('login', async () => {
      const session = doors.length === 0 ? undefined : await Session.open(prng.pick(doors));
      return [session, session !== undefined] as const;
    });
    if (this.#session === undefined) await pause(retryPauseMs);
    return this.#session;
  }

  async #step(): Promise<void> {
    const { model, prng } = this.#parts;
    const session = await this.#open();
    if (session === undefined) return;
    this.#done += 1;
    const files = this.#files;
    const doubts = [...this.#own].filter((path) => model.isDoubtful(path)).length;
    const drawn = doubts >= doubtsMax ? prng.pick(['read', 'other'] as const) : prng.pick(kinds);
    const kind = drawn === 'store' && files.length >= filesMax ? prng.pick(['overwrite', 'delete'] as const) : drawn;
    const [path, content] = files.length > 0 ? prng.pick(files) : [undefined, undefined];
    if (kind === 'store') return this.#store(this.#fresh(), this.#content());
    if (kind === 'resume') return this.#resume(session, this.#fresh(), this.#content());
    if (kind === 'directory') return this.#directory();
    if (kind === 'other') return this.#read(session, prng.pick(model.paths));
    if (path === undefined) return undefined;
    switch (kind) {
      case 'overwrite':
        return this.#store(path, this.#content());
      case 'append':
        return this.#append(path, content);
      case 'rename':
        return this.#rename(path, content);
      case 'delete':
        return this.#insist('delete', new Map([[path, nothing]]), (each, again) =>
          each.change(`DELE ${path}`, unless(again)),
        );
      case 'read':
        return this.#read(session, path);
    }
  }
  #content(): Content {
    const { prng } = this.#parts;
    const length = prng.chance(0.03) ? large : prng.pick(sizes);
    return contentOf(length === 0 ? [] : [{ seed: prng.u32(), length }]);
  }
  /** Some uploads take their time, so that faults meet them in the middle. */
  #slowMs(length: number): number {
    const { prng } = this.#parts;
    return length > 200_000 && prng.chance(0.3) ? prng.between(10, 150) : 0;
  }

  /**
   * A change that may be asked for again: what was unknown is, mostly, asked for until it is acknowledged. In doubt it
   * stays, since the first try may still come.
   */
  async #insist(
    kind: string,
    change: Change,
    act: (session: Session, again: boolean) => Promise<Outcome>,
  ): Promise<void> {
    const { model, prng } = this.#parts;
    model.begin(change);
    let unknown = false;
    for (let left = prng.chance(0.7) ? retriesMax : 1; left > 0; left--) {
      const session = await this.#open();
      if (session === undefined) continue;
      const { kind: outcome } = await this.#parts.figures.change(kind, () => act(session, unknown));
      if (outcome === 'done') return model.acknowledged(change, unknown);
      if (outcome === 'unknown') unknown = true;
      if (outcome === 'refused') await pause(retryPauseMs);
    }
    if (!unknown) model.refused(change);
  }
  #store(path: string, content: Content): Promise<void> {
    const change: Change = new Map([[path, { kind: 'file', content }]]);
    const slowMs = this.#slowMs(content.length);
    return this.#insist('store', change, (session) => session.store(`STOR ${path}`, bytesOf(content), 0, slowMs));
  }
  /** Once: a second time it would be appended twice. */
  async #append(path: string, before: Content): Promise<void> {
    const { model, figures } = this.#parts;
    const session = await this.#open();
    // Where an upload was cut, an append goes on with what came of it, not with the file that stands there (ftp.md).
    if (session === undefined || (await session.size(path)) !== before.length) return;
    const more = this.#content();
    const change: Change = new Map([[path, { kind: 'file', content: joined(before, more) }]]);
    model.begin(change);
    const { kind } = await figures.change('append', () => session.store(`APPE ${path}`, bytesOf(more)));
    if (kind === 'done') model.acknowledged(change);
    if (kind === 'refused') model.refused(change);
  }
  #rename(from: string, content: Content): Promise<void> {
    const { prng } = this.#parts;
    const others = this.#files.filter(([path]) => path !== from);
    const to = others.length > 0 && prng.chance(0.3) ? prng.pick(others)[0] : this.#fresh();
    const change: Change = new Map<string, State>([
      [from, nothing],
      [to, { kind: 'file', content }],
    ]);
    return this.#insist('rename', change, async (session, again) => {
      const outcome = await session.rename(from, to);
      if (outcome !== 'missing') return outcome;
      if (!again) throw new Wrong(`RNFR ${from}: 550, though it was acknowledged`);
      return { kind: 'done', code: 550 };
    });
  }
  async #directory(): Promise<void> {
    const made = [...this.#own].find((path) => this.#state(path) === directory);
    if (made !== undefined)
      return this.#insist('directory', new Map([[made, nothing]]), (each, again) =>
        each.change(`RMD ${made}`, unless(again)),
      );
    const path = `${this.home}/d${++this.#names}`;
    this.#own.add(path);
    return this.#insist('directory', new Map([[path, directory]]), (each, again) =>
      each.change(`MKD ${path}`, unless(again)),
    );
  }
  async #read(session: Session, path: string): Promise<void> {
    const { model, figures } = this.#parts;
    const reading = model.reads(path);
    const found = await figures.timed('read', async () => {
      const each = await session.read(path);
      return [each, each !== undefined] as const;
    });
    model.hasRead(path, reading, found, this.home);
  }
  /** An upload that its client breaks off, and goes on with where the server says that it is. */
  async #resume(session: Session, path: string, content: Content): Promise<void> {
    const { figures, prng } = this.#parts;
    const bytes = bytesOf(content);
    if (bytes.length === 0) return;
    const change: Change = new Map([[path, { kind: 'file', content }]]);
    await figures.timed('cut', async () => [
      undefined,
      await session.breakOff(`STOR ${path}`, bytes.subarray(0, prng.below(bytes.length + 1))),
    ]);
    for (let left = retriesMax; left > 0; left--) {
      const next = await this.#open();
      const staged = await next?.size(path);
      if (next === undefined || staged === undefined || staged <= 0) {
        await pause(retryPauseMs);
        continue;
      }
      if (staged > bytes.length) throw new Error(`${path}: SIZE says ${staged} of an upload of ${bytes.length} bytes`);
      return this.#insist('resume', change, async (each) => {
        // Where it is by now: a try before may have brought it on, or to its end.
        const at = await each.size(path);
        if (at === undefined || at < 0) return { kind: 'refused', code: 0 };
        return each.store(`STOR ${path}`, bytes.subarray(at), at);
      });
    }
  }
}
