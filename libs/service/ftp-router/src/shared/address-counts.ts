/** How many sessions each client address has at each router: so that one address has one limit, whichever router it comes to. */
import { routing } from '@skerry/proto';
import type { Table } from './tables.ts';

export class AddressCounts {
  readonly #table: Table;
  readonly #router: string;
  /** By address: what was told last. */
  readonly #told = new Map<string, number>();

  /** @param router node id of this one. */
  constructor(table: Table, router: string) {
    this.#table = table;
    this.#router = router;
  }
  /** One of our addresses has so many sessions now; 0: none. */
  tell(host: string, count: number): void {
    if (this.#told.get(host) === count) return;
    if (count > 0) {
      this.#told.set(host, count);
      this.#table.put(host, routing.AddressSessions.encode({ count }).finish());
    } else if (this.#told.delete(host)) this.#table.withdraw(host);
  }
  /** What was not told while nobody listened. */
  look(counts: ReadonlyMap<string, number>): void {
    for (const [host, count] of counts) this.tell(host, count);
    for (const host of [...this.#told.keys()]) if (!counts.has(host)) this.tell(host, 0);
  }
  /** Sessions of the address at the other routers, as they told last. */
  elsewhere(host: string): number {
    let sum = 0;
    for (const { node, value } of this.#table.find(host)) if (node !== this.#router) sum += countOf(value);
    return sum;
  }
}

function countOf(value: Uint8Array): number {
  try {
    return routing.AddressSessions.decode(value).count;
  } catch {
    // Of another version of ours: it counts as having none, as a router that is not heard does.
    return 0;
  }
}
