/** For tests: a user with a folder, who knows what must be in it, and what may be there instead. */
import { concatBytes, equalBytes, Prng, StatusError, toStatusError } from '@skerry/kernel';
import type { Life } from './simulation-fixture.ts';
import type { TestClient } from './test-client.ts';

type Files = ReadonlyMap<string, Uint8Array>;
const names = ['a', 'b', 'c'];
/** Appends in one go: beyond what makes a version ragged (`compactAboveExtentCount`). */
const dripCount = 70;

/** A prime of random bytes: no two chunks hold the same. */
const tile = new Prng(1).bytes(10_007);
/** Content that tells uploads and places apart: the tile over and over, from another byte for each number. */
function content(size: number, number: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const first = tile.subarray((number * 61) % tile.length);
  bytes.set(first.subarray(0, size));
  for (let at = first.length; at < size; at += tile.length) bytes.set(tile.subarray(0, size - at), at);
  return bytes;
}

const withFile = (files: Files, name: string, bytes: Uint8Array): Files => new Map(files).set(name, bytes);
function without(files: Files, name: string): Files {
  const next = new Map(files);
  next.delete(name);
  return next;
}

export class Owner {
  readonly user: string;
  readonly folder: string;
  readonly #prng: Prng;
  #files: Files = new Map();
  /** What may be there instead, while a change is under way. */
  #may: readonly Files[] = [];
  /** By name: the wholes of which a stage may hold a beginning. */
  readonly #sent = new Map<string, readonly Uint8Array[]>();
  #seed = 0;
  /** Changes that were acknowledged, and refused. */
  done = 0;
  refused = 0;

  constructor(user: string, prng: Prng) {
    this.user = user;
    this.folder = `/${user}`;
    this.#prng = prng;
  }
  get fileCount(): number {
    return this.#files.size;
  }

  /** After a start. */
  async enter(life: Life): Promise<void> {
    await life.client(this.user).mkdir(this.folder, true);
    await this.check(life);
  }
  /** All that was acknowledged is there and whole; of what was under way, old or new. */
  async check(life: Life): Promise<void> {
    const client = life.client(this.user);
    const found = new Map<string, Uint8Array>();
    for (const name of await client.names(this.folder)) found.set(name, await client.get(this.#path(name)));
    const wanted = [this.#files, ...this.#may];
    const which = wanted.find((files) => sameFiles(files, found));
    if (which === undefined)
      throw new Error(
        `${this.folder} holds ${shown(found)}; wanted is ${wanted.map(shown).join(' or ')}; sent ${this.#seed}`,
      );
    this.#files = which;
    this.#may = [];
    const bytes = [...found.values()].reduce((sum, { length }) => sum + length, 0);
    const { told, there } = life.usageOf(this.user);
    const usage = { ...(await client.usage()), told };
    const counted = { bytes, files: found.size, told: there };
    if (JSON.stringify(usage) !== JSON.stringify(counted))
      throw new Error(`Usage of ${this.user} is ${JSON.stringify(usage)}, counted is ${JSON.stringify(counted)}`);
  }

  /** Changes the folder, one thing after the other. */
  async work(life: Life, rounds: number): Promise<void> {
    const client = life.client(this.user);
    for (let round = 0; round < rounds && !life.ending; round++) {
      const refused = await this.#unlessRefused(life, () => this.#act(client));
      if (life.ending) return;
      if (refused === undefined) {
        this.done += 1;
        continue;
      }
      this.refused += 1;
      // A full disk has done nothing. One that failed may also have failed to read what was stored before.
      if (refused.reason === 'disk_full') this.#may = [];
      // What was on its way when the log ended may yet be decided, also after a look: the next life shows it.
      if (refused.reason === 'not_leader') return;
      // Where it cannot be read what is there, it is seen in the next life.
      if ((await this.#unlessRefused(life, () => this.check(life))) !== undefined) return;
    }
  }
  /** What the faults of this life may bring about is given; all else is thrown. */
  async #unlessRefused(life: Life, body: () => Promise<void>): Promise<StatusError | undefined> {
    try {
      await body();
      return undefined;
    } catch (thrown) {
      const error = toStatusError(thrown);
      if (life.ending || (thrown instanceof StatusError && life.mayRefuse(error))) return error;
      throw thrown;
    }
  }

  async #act(client: TestClient): Promise<void> {
    const prng = this.#prng;
    const name = prng.pick(names);
    const path = this.#path(name);
    const kind = prng.pick(['put', 'put', 'append', 'cut', 'resume', 'resume', 'remove', 'rename'] as const);
    if (kind === 'put') return this.#put(client, name, this.#content());
    if (kind === 'append') return this.#append(client, name, prng.chance(0.05) ? dripCount : 1);
    if (kind === 'cut') {
      const bytes = this.#content();
      this.#mayBeStaged(name, bytes);
      await client.putCut(path, bytes);
      this.#sent.set(name, [bytes]);
      return;
    }
    if (kind === 'resume') return this.#resume(client, name);
    const there = this.#files.get(name);
    const to = prng.pick(names.filter((other) => other !== name));
    const after = there === undefined || kind === 'remove' ? without(this.#files, name) : undefined;
    const change = after ?? withFile(without(this.#files, name), to, there ?? new Uint8Array(0));
    await this.#change([change], async () => {
      try {
        await (kind === 'remove' ? client.remove(path) : client.rename(path, this.#path(to)));
      } catch (thrown) {
        if (there !== undefined || toStatusError(thrown).reason !== 'no_such_entry') throw thrown;
      }
    });
  }
  async #put(client: TestClient, name: string, bytes: Uint8Array): Promise<void> {
    this.#mayBeStaged(name, bytes);
    await this.#change([withFile(this.#files, name, bytes)], () => client.put(this.#path(name), bytes));
    this.#sent.delete(name);
  }
  async #append(client: TestClient, name: string, times: number): Promise<void> {
    // To the file, not to the stage that a cut left: an upload from the beginning drops that.
    await client.putCut(this.#path(name), new Uint8Array(0));
    for (let i = 0; i < times; i++) {
      const more = times === 1 ? this.#content() : content(this.#prng.between(1, 300), ++this.#seed);
      const whole = concatBytes([this.#files.get(name) ?? new Uint8Array(0), more]);
      this.#mayBeStaged(name, whole);
      await this.#change([withFile(this.#files, name, whole)], () => client.append(this.#path(name), more));
      this.#sent.delete(name);
    }
  }
  /** What a cut left is the beginning of what was sent; with the rest it becomes the file. */
  async #resume(client: TestClient, name: string): Promise<void> {
    const { stageLength: length } = await client.stat(this.#path(name));
    if (length === undefined || length === 0) return;
    const sent = (this.#sent.get(name) ?? []).filter((bytes) => bytes.length >= length);
    const rest = sent.at(-1)?.slice(length);
    if (rest === undefined) throw new Error(`${this.#path(name)} has a stage of ${length} bytes that nobody sent`);
    const wholes = sent.map((bytes) => concatBytes([bytes.subarray(0, length), rest]));
    for (const whole of wholes) this.#mayBeStaged(name, whole);
    const may = wholes.map((whole) => withFile(this.#files, name, whole));
    this.#may = may;
    await client.put(this.#path(name), rest, { offset: length });
    const found = await client.get(this.#path(name));
    const which = may.find((files) => equalBytes(files.get(name) ?? new Uint8Array(0), found));
    if (which === undefined) throw new Error(`${this.#path(name)} was resumed at ${length} with other bytes`);
    this.#files = which;
    this.#may = [];
    this.#sent.delete(name);
  }
  async #change(may: readonly [Files], body: () => Promise<unknown>): Promise<void> {
    this.#may = may;
    await body();
    [this.#files] = may;
    this.#may = [];
  }
  #mayBeStaged(name: string, whole: Uint8Array): void {
    this.#sent.set(name, [...(this.#sent.get(name) ?? []), whole]);
  }
  #content(): Uint8Array {
    const prng = this.#prng;
    const size = prng.pick([
      () => prng.between(0, 3_000),
      () => prng.between(60_000, 70_000),
      () => prng.between(66_000, 600_000),
      () => 262_144 * prng.between(1, 2),
    ])();
    return content(size, ++this.#seed);
  }
  #path(name: string): string {
    return `${this.folder}/${name}`;
  }
}

const sameFiles = (a: Files, b: Files): boolean =>
  a.size === b.size &&
  [...a].every(([name, bytes]) => equalBytes(bytes, b.get(name) ?? new Uint8Array(0)) && b.has(name));
const shown = (files: Files): string =>
  `{${[...files].map(([name, bytes]) => `${name}: ${bytes.length} bytes beginning ${bytes.subarray(0, 4)}`).join(', ')}}`;
