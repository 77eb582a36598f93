/** Proposals of this node: counted, sent to the machine together, answered when they are applied. */
import { commandSizeMaxBytes, type GroupId, type LogIndex, StatusError, type Term } from '@skerry/kernel';
import { proposalBytesMax, proposalCountMax } from './limits.ts';
import type { Proposal } from './types.ts';

type Placed = { readonly proposal: Proposal; readonly term: Term };

export class Proposals {
  readonly #group: GroupId;
  /** Takes what came together in one turn. */
  readonly #submit: (batch: readonly Proposal[]) => void;
  #waiting: Proposal[] = [];
  /** In the log, by index, until they are applied. */
  readonly #placed = new Map<number, Placed>();
  #count = 0;
  #sizeBytes = 0;
  #idle: (() => void)[] = [];

  constructor(group: GroupId, submit: (batch: readonly Proposal[]) => void) {
    this.#group = group;
    this.#submit = submit;
  }
  get count(): number {
    return this.#count;
  }

  add(proposal: Proposal): void {
    const { command } = proposal;
    const refusal = this.#refusal(command);
    if (refusal !== undefined) return proposal.refused(refusal);
    this.#count += 1;
    this.#sizeBytes += command.length;
    if (this.#waiting.length === 0) queueMicrotask(() => this.#send());
    this.#waiting.push(proposal);
  }
  #over({ command }: Proposal): void {
    this.#count -= 1;
    this.#sizeBytes -= command.length;
    if (this.#count === 0) for (const idle of this.#idle.splice(0)) idle();
  }
  reject(proposals: readonly Proposal[], error: StatusError): void {
    for (const proposal of proposals) {
      this.#over(proposal);
      proposal.refused(error);
    }
  }
  #refusal(command: Uint8Array): StatusError | undefined {
    if (command.length > commandSizeMaxBytes)
      return new StatusError(
        'too_large',
        `Cannot propose ${command.length} bytes to group "${this.#group}": limit ${commandSizeMaxBytes}`,
      );
    if (this.#count < proposalCountMax && this.#sizeBytes + command.length <= proposalBytesMax) return undefined;
    return new StatusError(
      'overloaded',
      `Cannot propose to group "${this.#group}": ${this.#count} proposals with ${this.#sizeBytes} bytes wait`,
    );
  }
  #send(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length > 0) this.#submit(batch);
  }

  /** They have the indexes from `first` on, in the leader's term. */
  place(batch: readonly Proposal[], first: LogIndex, term: Term): void {
    for (const [i, proposal] of batch.entries()) this.#placed.set(first + i, { proposal, term });
  }
  /**
   * The entry at `index` is applied. Another term's there: what was proposed was overwritten, and had no effect
   * (raft.md 58).
   */
  applied(index: LogIndex, term: Term, result: Uint8Array): void {
    const placed = this.#placed.get(index);
    if (placed === undefined) return;
    this.#placed.delete(index);
    const { proposal } = placed;
    if (placed.term !== term) return this.reject([proposal], this.#lost());
    this.#over(proposal);
    proposal.decided(result, index);
  }
  /** This node leads no more: what is in the log may yet be decided, or not. The operation id makes asking again safe. */
  lost(): void {
    this.rejectAll(this.#lost());
  }
  rejectAll(error: StatusError): void {
    const all = [...this.#waiting, ...Array.from(this.#placed.values(), ({ proposal }) => proposal)];
    this.#waiting = [];
    this.#placed.clear();
    this.reject(all, error);
  }
  /** Resolves when none waits. */
  idle(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
  #lost(): StatusError {
    return new StatusError(
      'not_leader',
      `Cannot tell what became of a proposal to group "${this.#group}": this node leads no more; ask again under the same operation id`,
    );
  }
}
