/** CPU-heavy work off the event loop (P11). */
export interface WorkerPool {
  /** Runs a task of the closed list below on a worker thread. Rejects with StatusError `overloaded`: the queue is full. */
  run<Name extends keyof WorkerTasks>(
    name: Name,
    input: WorkerTasks[Name]['input'],
  ): Promise<WorkerTasks[Name]['output']>;
  close(): Promise<void>;
}
export type WorkerTasks = {
  /** scrypt (RFC 7914): cost, blockSize, parallelization as in node:crypto. */
  readonly scrypt: {
    readonly input: {
      readonly password: Uint8Array;
      readonly salt: Uint8Array;
      readonly cost: number;
      readonly blockSize: number;
      readonly parallelization: number;
      readonly lengthBytes: number;
    };
    readonly output: Uint8Array;
  };
};
