/** Messages on their way out: an append gets the records of its range, from memory or from disk, in order for each node. */
import type { OutgoingMessage } from '@skerry/cluster-raft';
import type { NodeId, RecordEntry } from '@skerry/kernel';
import type { LinkMessage, RaftLinks } from '@skerry/runtime-raft-links';
import type { RaftLog } from '@skerry/runtime-raft-log';

/** The machine has chosen the range by its own limit; the log's overhead comes on top. */
const noLimit = Number.MAX_SAFE_INTEGER;

export class Sender {
  readonly #links: RaftLinks;
  readonly #log: () => RaftLog;
  readonly #fail: (thrown: unknown) => void;
  /** Of nodes whose appends wait for the disk: later ones must not overtake. */
  readonly #reading = new Map<NodeId, Promise<void>>();

  constructor(links: RaftLinks, log: () => RaftLog, fail: (thrown: unknown) => void) {
    this.#links = links;
    this.#log = log;
    this.#fail = fail;
  }
  send(message: OutgoingMessage): void {
    const { body } = message;
    if (body.kind !== 'appendRange') {
      // What is dropped, Raft sends again.
      this.#links.send({ ...message, body });
      return;
    }
    const before = this.#reading.get(message.to);
    const log = this.#log();
    const cached = before === undefined ? log.readCached(body.previous, body.last, noLimit) : undefined;
    if (cached !== undefined) this.#sendAppend(message, cached);
    else this.#queue(message, before);
  }
  #queue(message: OutgoingMessage, before: Promise<void> | undefined): void {
    const turn = (before ?? Promise.resolve())
      .then(() => this.#readAndSend(message))
      .catch((thrown: unknown) => this.#fail(thrown))
      .finally(() => {
        if (this.#reading.get(message.to) === turn) this.#reading.delete(message.to);
      });
    this.#reading.set(message.to, turn);
  }
  async #readAndSend(message: OutgoingMessage): Promise<void> {
    const { body } = message;
    if (body.kind !== 'appendRange') return;
    const log = this.#log();
    const entries = await log.read(body.previous, body.last, noLimit);
    // The log changed under it: the message is of the past.
    if (entries !== undefined && log === this.#log()) this.#sendAppend(message, entries);
  }
  #sendAppend(message: OutgoingMessage, entries: readonly RecordEntry[]): void {
    const { body } = message;
    if (body.kind !== 'appendRange') return;
    const { previous, commit } = body;
    const append: LinkMessage = { ...message, body: { kind: 'append', previous, entries, commit } };
    this.#links.send(append);
  }
}
