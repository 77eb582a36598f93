/**
 * The end of a turn of the event loop: what was written in it goes to the commit log at once, then every connection that
 * has answers sends them in one write.
 *
 * Assumes: an immediate runs after all sockets that had something were read.
 */
export type Flushing = {
  /** What is to be sent, taken out; empty when there is nothing. */
  take(): Uint8Array;
  /** Its turn is over, also when there is nothing left to send. */
  send(bytes: Uint8Array): void;
  /** As `send`, but more comes before the turn is over. */
  write(bytes: Uint8Array): void;
};

export class Turn {
  readonly #endTurn: () => Promise<void> | undefined;
  #waiting: Flushing[] = [];
  #scheduled = false;

  /** @param endTurn of the store: undefined when all may be acknowledged now. */
  constructor(endTurn: () => Promise<void> | undefined) {
    this.#endTurn = endTurn;
  }
  /** Once for each connection and turn is enough, and more does no harm. */
  add(connection: Flushing): void {
    this.#waiting.push(connection);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#end());
  }
  /** Sends what there is now: what was written before it goes to the log first. */
  early(connection: Flushing): void {
    const durable = this.#endTurn();
    const bytes = connection.take();
    if (bytes.length === 0) return;
    if (durable === undefined) connection.write(bytes);
    else void durable.then(() => connection.write(bytes));
  }
  #end(): void {
    this.#scheduled = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    const durable = this.#endTurn();
    if (durable === undefined) {
      for (const connection of waiting) connection.send(connection.take());
      return;
    }
    // Taken now: what comes later waits for its own turn.
    const taken = waiting.map((connection) => connection.take());
    void durable.then(() => waiting.forEach((connection, i) => connection.send(taken[i] ?? none)));
  }
}
const none = new Uint8Array(0);
