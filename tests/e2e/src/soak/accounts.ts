/** Users that are added while nodes are hurt: what the auth nodes must not lose. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../cluster-fixture.ts';
import type { Figures } from './figures.ts';

/** Between two users, in milliseconds: each is a command of its own, which is a process. */
const everyMs = 6_000;

export class Accounts {
  readonly #cluster: () => Cluster;
  readonly #faults: string[];
  readonly #figures: Figures;
  readonly #there = new Set<string>();
  readonly #unknown = new Set<string>();
  #made = 0;

  constructor(cluster: () => Cluster, faults: string[], figures: Figures) {
    this.#cluster = cluster;
    this.#faults = faults;
    this.#figures = figures;
  }
  get count(): number {
    return this.#there.size;
  }
  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const name = `user-${++this.#made}`;
      await this.#figures.change('user', async () => {
        const { code } = await this.#cluster().command('user', 'add', name, '--password', `long enough for ${name}`);
        (code === 0 ? this.#there : this.#unknown).add(name);
        return { kind: code === 0 ? 'done' : 'unknown', code: code ?? 0 };
      });
      await pause(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }
  async verify(): Promise<void> {
    const listed = JSON.parse(await this.#cluster().done('user', 'list', '--json')) as readonly {
      readonly name: string;
    }[];
    const names = new Set(listed.map(({ name }) => name));
    for (const name of this.#there)
      if (!names.has(name)) this.#faults.push(`user ${name} was acknowledged, and is lost`);
    for (const name of names)
      if (name !== 'admin' && !this.#there.has(name) && !this.#unknown.has(name))
        this.#faults.push(`nobody added user ${name}`);
    for (const name of this.#unknown) if (names.has(name)) this.#there.add(name);
    this.#unknown.clear();
  }
}
