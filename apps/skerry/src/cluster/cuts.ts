/** Which nodes are cut off from the others, and how each node is told whom to hear no more. */
import type { ChildProcess } from 'node:child_process';
import type { CutMessage, CutTaken } from '@skerry/runtime-host';
import type { ClusterNode } from './cluster-file.ts';

/** How long a node may take to say that it has made its cut, in milliseconds: one that is paused does so later. */
const cutTakenTimeoutMs = 2_000;

export class Cuts {
  /** One side; all other nodes are the other. Empty: nobody is cut off. */
  #isolated: ReadonlySet<string> = new Set();
  #number = 0;

  isIsolated(name: string): boolean {
    return this.#isolated.has(name);
  }
  /** In place of the cut before. */
  set(names: readonly string[]): void {
    this.#isolated = new Set(names);
    this.#number += 1;
  }
  /** A node that begins must know before it has heard anybody. */
  greet(child: ChildProcess, node: ClusterNode, others: readonly ClusterNode[]): void {
    if (this.#isolated.size > 0) child.send(this.#messageFor(node, others), () => undefined);
  }
  /** Resolves when the node has made its cut, or does not answer: it has the word, and takes it when it goes on. */
  async tell(child: ChildProcess, node: ClusterNode, others: readonly ClusterNode[]): Promise<void> {
    const message = this.#messageFor(node, others);
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        child.off('message', heard);
        child.off('exit', settle);
        resolve();
      };
      const heard = (answer: unknown): void => {
        if ((answer as Partial<CutTaken>).cutTaken === message.cut.number) settle();
      };
      const timer = setTimeout(settle, cutTakenTimeoutMs);
      child.on('message', heard);
      child.once('exit', settle);
      child.send(message, (error) => error !== null && settle());
    });
  }
  #messageFor(node: ClusterNode, others: readonly ClusterNode[]): CutMessage {
    const isIsolated = this.isIsolated(node.name);
    const cut = this.#isolated.size === 0 ? [] : others.filter(({ name }) => this.isIsolated(name) !== isIsolated);
    return {
      cut: {
        number: this.#number,
        nodes: cut.map(({ name }) => name),
        addresses: cut.map(({ grpc }) => grpc).filter((address) => address !== ''),
      },
    };
  }
}
