/**
 * A network cut between nodes, made inside them (`skerry cluster isolate`): what goes to or comes from a node that is cut
 * is dropped without a word. Given to `rpc` and `discovery` only by who may make cuts; nobody else has one.
 */
export type Cut = {
  /** Node ids. */
  readonly nodes: readonly string[];
  /** Their gRPC doors, `host:port`: some are known by nothing else. */
  readonly addresses: readonly string[];
};

export class LinkFilter {
  #nodes: ReadonlySet<string> = new Set();
  #addresses: ReadonlySet<string> = new Set();
  readonly #listeners = new Set<() => void>();

  isCut({ nodeId, address }: { readonly nodeId?: string; readonly address?: string }): boolean {
    return (nodeId !== undefined && this.#nodes.has(nodeId)) || (address !== undefined && this.#addresses.has(address));
  }
  /** In place of the cut before; of nobody, all is mended. */
  set({ nodes, addresses }: Cut): void {
    this.#nodes = new Set(nodes);
    this.#addresses = new Set(addresses);
    for (const listener of this.#listeners) listener();
  }
  /** Called at every change. Returns the way to stop. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
