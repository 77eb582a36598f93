/** What the nodes take of the machine's memory, over time. */
import { readFileSync } from 'node:fs';
import type { ClusterNode } from '../cluster-fixture.ts';

export type MemoryReport = Readonly<
  Record<string, { readonly firstMb: number; readonly lastMb: number; readonly maxMb: number }>
>;

/** Anonymous memory of a process, in megabytes: without the pages of files, which stay as long as the system likes. */
function anonymousMb(pid: number): number | undefined {
  try {
    const kilobytes = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    // One that was killed a moment ago has none.
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1_024);
  } catch {
    return undefined;
  }
}

export class Memory {
  readonly #looks: Readonly<Record<string, number>>[] = [];
  look(nodes: readonly ClusterNode[]): void {
    const byRole: Record<string, number> = {};
    for (const { role, pid } of nodes) byRole[role] = Math.max(byRole[role] ?? 0, anonymousMb(pid) ?? 0);
    this.#looks.push(byRole);
  }
  /** Of the largest node of each role. */
  report(): MemoryReport {
    const first = this.#looks[0] ?? {};
    const last = this.#looks.at(-1) ?? {};
    return Object.fromEntries(
      Object.keys(first).map((role) => [
        role,
        {
          firstMb: first[role] ?? 0,
          lastMb: last[role] ?? 0,
          maxMb: Math.max(...this.#looks.map((look) => look[role] ?? 0)),
        },
      ]),
    );
  }
  line(): string {
    return Object.entries(this.report())
      .map(([role, { lastMb }]) => `${role} ${lastMb} MB`)
      .join(', ');
  }
}
