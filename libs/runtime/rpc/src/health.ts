/**
 * grpc.health.v1: whether this node takes calls.
 *
 * Source: gRPC health checking protocol (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
 */
import { StatusError } from '@skerry/kernel';
import { health } from '@skerry/proto';
import type { CallContext, Handlers } from './types.ts';

type Status = health.HealthCheckResponse_ServingStatus;
const Serving = health.HealthCheckResponse_ServingStatus;

/** Watchers at once; more are answered `overloaded`. */
export const healthWatchersMax = 256;

export class Health {
  readonly #services: () => readonly string[];
  readonly #watchers = new Set<() => void>();
  #ready = false;

  /** @param services full names of what is served here. */
  constructor(services: () => readonly string[]) {
    this.#services = services;
  }
  setReady(ready: boolean): void {
    if (ready === this.#ready) return;
    this.#ready = ready;
    for (const wake of this.#watchers) wake();
  }
  readonly handlers: Handlers<typeof health.HealthDefinition> = {
    check: async ({ service }) => {
      const status = this.#status(service);
      if (status === Serving.SERVICE_UNKNOWN)
        throw new StatusError('no_such_node', `Cannot check service "${service}": it is not served here`);
      return { status };
    },
    watch: ({ service }, context) => this.#watch(service, context),
  };

  async *#watch(service: string, { signal }: CallContext): AsyncGenerator<{ status: Status }, void> {
    if (this.#watchers.size >= healthWatchersMax)
      throw new StatusError('overloaded', `Cannot watch health: ${healthWatchersMax} watchers are there`);
    let wake: () => void = () => undefined;
    const watcher = (): void => wake();
    this.#watchers.add(watcher);
    signal.addEventListener('abort', watcher);
    try {
      let told: Status | undefined;
      while (!signal.aborted) {
        const status = this.#status(service);
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (status === told) await changed;
        else {
          told = status;
          yield { status };
        }
      }
    } finally {
      this.#watchers.delete(watcher);
      signal.removeEventListener('abort', watcher);
    }
  }
  #status(service: string): Status {
    if (service !== '' && !this.#services().includes(service)) return Serving.SERVICE_UNKNOWN;
    return this.#ready ? Serving.SERVING : Serving.NOT_SERVING;
  }
}
