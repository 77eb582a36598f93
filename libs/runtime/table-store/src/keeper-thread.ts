/** {@link RunKeeper} on a thread of its own, which starts with the first job. */
import { Worker } from 'node:worker_threads';
import { partsOf, runOf } from '@skerry/domain-table';
import { StatusError } from '@skerry/kernel';
import type { FlushJob, MergeJob, NewRun, RunKeeper } from './keeper.ts';
import type { FromKeeper, KeeperData, NewRunParts, ToKeeper } from './keeper-messages.ts';

type Asked = { resolve(runs: readonly NewRunParts[]): void; reject(error: StatusError): void };
/** A message to the thread without its number. */
type Wish = ToKeeper extends infer One ? (One extends ToKeeper ? Omit<One, 'id'> : never) : never;

/** A bundle has the thread's program beside it; see tools/bundle.mjs. */
const isSource = import.meta.url.endsWith('.ts');
const sourceFlags = ['--conditions=@skerry/source'];
/** Node's own threads do not run TypeScript: the development tool that does is asked first. */
function fromSource(): string {
  const tool = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const program = JSON.stringify(new URL('./keeper-worker.ts', import.meta.url).href);
  return `import(${tool}).then(({ register }) => { register(); return import(${program}); })`;
}
const newRunOf = ({ run, sizes }: NewRunParts): NewRun => ({ run: runOf(run), sizes });

export class KeeperThread implements RunKeeper {
  readonly #data: KeeperData;
  readonly #asked = new Map<number, Asked>();
  #worker: Worker | undefined;
  #lastId = 0;
  #failure: StatusError | undefined;
  /** Memory of the last image, for the next one. */
  #kept: SharedArrayBuffer | undefined;

  constructor(data: KeeperData) {
    this.#data = data;
  }
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }
  /** Memory for an image: the last one's, when that is large enough. One at a time is in use. */
  arena(sizeBytes: number): Uint8Array {
    if (this.#kept === undefined || this.#kept.byteLength < sizeBytes) this.#kept = new SharedArrayBuffer(sizeBytes);
    return new Uint8Array(this.#kept);
  }
  #start(): Worker {
    const worker = isSource
      ? new Worker(fromSource(), { eval: true, workerData: this.#data, execArgv: sourceFlags, env: {} })
      : new Worker(new URL('./table-keeper.mjs', import.meta.url), { workerData: this.#data, execArgv: [], env: {} });
    worker.on('message', (said: FromKeeper) => this.#hear(said));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => this.#fail(undefined));
    worker.unref();
    return worker;
  }
  #hear(said: FromKeeper): void {
    const asked = this.#asked.get(said.id);
    this.#asked.delete(said.id);
    if (this.#asked.size === 0) this.#worker?.unref();
    if (said.kind === 'failed') asked?.reject(new StatusError(said.reason, said.message));
    else asked?.resolve(said.runs);
  }
  #fail(cause: unknown): void {
    this.#worker = undefined;
    this.#failure = new StatusError('unexpected', 'Cannot keep runs: their thread ended', { cause });
    for (const { reject } of this.#asked.values()) reject(this.#failure);
    this.#asked.clear();
  }
  #ask(wish: Wish): Promise<readonly NewRunParts[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const worker = (this.#worker ??= this.#start());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ ...wish, id });
    });
  }
  async flush(job: FlushJob): Promise<readonly NewRun[]> {
    return (await this.#ask({ kind: 'flush', job })).map(newRunOf);
  }
  async merge({ schema, runs, others, number, time }: MergeJob): Promise<NewRun | undefined> {
    const words = others.map((filter) => filter.words);
    const [made] = await this.#ask({ kind: 'merge', schema, runs: runs.map(partsOf), others: words, number, time });
    return made === undefined ? undefined : newRunOf(made);
  }
  async remove(runs: readonly number[]): Promise<void> {
    await this.#ask({ kind: 'remove', runs });
  }
  async close(): Promise<void> {
    if (this.#worker === undefined || this.#failure !== undefined) return;
    const worker = this.#worker;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    await this.#ask({ kind: 'close' });
    await ended;
  }
}
