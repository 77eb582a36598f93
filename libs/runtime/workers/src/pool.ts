/** Worker threads: started when there is work, ended when there was none for a while, replaced when one dies. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { BoundedQueue, present, StatusError } from '@skerry/kernel';
import { workerSource } from './scrypt-worker.ts';
import { transferable, type OwnInput } from './tasks.ts';
import type { WorkerPool, WorkerTasks } from './types.ts';

/**
 * Tasks waiting, by default. One scrypt takes some 80 ms: the last of 128 on two threads waits 5 s, as long as a call
 * may last at all; a later one would be computed for nobody.
 */
export const tasksWaitingMax = 128;
/** A thread without work is ended after this many ms: it holds some 10 MB, and starting one takes 30 ms. */
export const workerIdleMaxMs = 10_000;
/** JavaScript heap of one thread, in MiB; scrypt's own memory is outside of it. */
const workerHeapMaxMib = 32;

export type WorkerPoolOptions = {
  /** Threads at most. Default: one for each core, 4 at most (each scrypt under way takes 32 MiB). */
  readonly size?: number;
  /** Tasks waiting at most. Default: {@link tasksWaitingMax}. */
  readonly queueMax?: number;
  /** Default: {@link workerIdleMaxMs}. */
  readonly idleMaxMs?: number;
};

type Name = keyof WorkerTasks;
type Output = WorkerTasks[Name]['output'];
type Job = {
  readonly name: Name;
  readonly input: OwnInput;
  resolve(output: Output): void;
  reject(error: StatusError): void;
};
type Reply = { readonly id: number; readonly output?: Output; readonly failure?: string };
type Thread = { readonly worker: Worker; job: Job | undefined; idleTimer: NodeJS.Timeout | undefined };

const coresUsedMax = 4;

export const createWorkerPool = (options: WorkerPoolOptions = {}): WorkerPool => new Pool(options, workerSource);

/** `source` is the worker's text: tests give others. */
export class Pool implements WorkerPool {
  readonly #source: string;
  readonly #size: number;
  readonly #idleMaxMs: number;
  readonly #waiting: BoundedQueue<Job>;
  readonly #threads = new Set<Thread>();
  #closed = false;
  #jobs = 0;

  constructor(options: WorkerPoolOptions, source: string) {
    this.#size = options.size ?? Math.min(coresUsedMax, availableParallelism());
    this.#idleMaxMs = options.idleMaxMs ?? workerIdleMaxMs;
    this.#waiting = new BoundedQueue(options.queueMax ?? tasksWaitingMax);
    this.#source = source;
  }

  /** Threads that are there now, for tests and status. */
  get threadCount(): number {
    return this.#threads.size;
  }

  run<N extends Name>(name: N, input: WorkerTasks[N]['input']): Promise<WorkerTasks[N]['output']> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closed();
      const job: Job = { name, input: transferable(name, input), resolve, reject };
      const thread = this.#idleThread() ?? (this.#threads.size < this.#size ? this.#start() : undefined);
      if (thread !== undefined) this.#give(thread, job);
      else if (!this.#waiting.offer(job)) {
        const wanted = `at most ${this.#waiting.capacity} tasks wait`;
        reject(new StatusError('overloaded', `Cannot run "${name}" on a worker thread: ${wanted}`));
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (let job = this.#waiting.poll(); job !== undefined; job = this.#waiting.poll()) job.reject(closed());
    const threads = [...this.#threads];
    this.#threads.clear();
    for (const { job, idleTimer } of threads) {
      clearTimeout(idleTimer);
      job?.reject(closed());
    }
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #idleThread(): Thread | undefined {
    for (const thread of this.#threads) if (thread.job === undefined) return thread;
    return undefined;
  }

  #start(): Thread {
    // No arguments or environment of the parent: its loaders cost 100 ms, and its secrets are not needed there.
    const worker = new Worker(this.#source, {
      eval: true,
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: workerHeapMaxMib },
    });
    const thread: Thread = { worker, job: undefined, idleTimer: undefined };
    let cause: unknown;
    worker.on('message', (reply: Reply) => this.#finish(thread, reply));
    worker.on('error', (error: unknown) => (cause = error));
    worker.on('exit', (exitCode: number) => this.#lose(thread, cause ?? new Error(`exit code ${exitCode}`)));
    this.#threads.add(thread);
    return thread;
  }

  #give(thread: Thread, job: Job): void {
    clearTimeout(thread.idleTimer);
    thread.job = job;
    this.#jobs += 1;
    // Whoever waits for a result keeps the process; an idle thread does not.
    thread.worker.ref();
    const message = { id: this.#jobs, name: job.name, input: job.input };
    thread.worker.postMessage(message, [job.input.password.buffer, job.input.salt.buffer]);
  }

  #finish(thread: Thread, { output, failure }: Reply): void {
    const job = present(thread.job, 'job of a thread that answers');
    thread.job = undefined;
    if (output !== undefined) job.resolve(output);
    else job.reject(new StatusError('unexpected', `Worker task "${job.name}" failed: ${failure}`));
    if (this.#closed) return;
    const next = this.#waiting.poll();
    if (next !== undefined) return this.#give(thread, next);
    thread.worker.unref();
    thread.idleTimer = setTimeout(() => this.#end(thread), this.#idleMaxMs).unref();
  }

  #end(thread: Thread): void {
    this.#threads.delete(thread);
    void thread.worker.terminate();
  }

  #lose(thread: Thread, cause: unknown): void {
    clearTimeout(thread.idleTimer);
    // Ended by us: it had no task, and its place may be taken already.
    if (!this.#threads.delete(thread)) return;
    const { job } = thread;
    thread.job = undefined;
    job?.reject(new StatusError('unexpected', `Worker thread died while it ran "${job.name}"`, { cause }));
    const next = this.#waiting.poll();
    if (next !== undefined) this.#give(this.#start(), next);
  }
}

const closed = (): StatusError => new StatusError('shutting_down', 'Cannot run a task: the worker pool is closed');
