/** The header of requirement P9: made for what goes out, checked and learned from on what comes in. */
import { StatusError, type NodeId } from '@skerry/kernel';
import { common } from '@skerry/proto';
import { scanHeader, type ScannedHeader } from './header-scan.ts';
import { headerEveryMessages } from './limits.ts';
import { asBuffer, type Message } from './method.ts';
import type { VectorClock } from './vector-clock.ts';

export const headerKey = 'skerry-header-bin';
/** In bytes, encoded: 64 clocks of 63 letters and the names. */
export const headerSizeMaxBytes = 8 * 1024;

/** Tag and length of a field, in bytes. */
const fieldPrefixMaxBytes = 6;
/** An encoded entry of the vector clock: three tags, two lengths, 63 letters, and a count below 2^53. In bytes. */
const entryMaxBytes = 5 + 63 + 8;
/** Pairs of destination and operation whose encoded names are kept; all are forgotten for one more. */
const namesMax = 4_096;

export type HeaderBase = { readonly messageId: string; readonly destination: string; readonly operation: string };

export class Headers {
  readonly #nodeId: NodeId;
  readonly #clock: VectorClock;
  // By operation, then destination: keys that are there already, where a joined one would be made for each call.
  readonly #names = new Map<string, Map<string, Buffer>>();
  #namesCount = 0;
  constructor(nodeId: NodeId, clock: VectorClock) {
    this.#nodeId = nodeId;
    this.#clock = clock;
  }
  /** For metadata: common.Header as the generated code encodes it, in a fifth of the time. */
  encode({ messageId, destination, operation }: HeaderBase): Buffer {
    const counts = this.#clock.tick();
    const names = this.#namesOf(destination, operation);
    const idBytes = Buffer.byteLength(messageId);
    const out = Buffer.allocUnsafe(2 * fieldPrefixMaxBytes + idBytes + names.length + this.#clock.size * entryMaxBytes);
    out[0] = 0x0a;
    let at = putVarint(out, idBytes, 1);
    at += out.write(messageId, at);
    at += names.copy(out, at);
    for (const node in counts) at = putEntry(out, node, counts[node] ?? 0, at);
    return out.subarray(0, at);
  }
  // Source, destination and operation: fields 2 to 4.
  #namesOf(destination: string, operation: string): Buffer {
    let ofOperation = this.#names.get(operation);
    const known = ofOperation?.get(destination);
    if (known !== undefined) return known;
    if (this.#namesCount >= namesMax) {
      this.#names.clear();
      this.#namesCount = 0;
      ofOperation = undefined;
    }
    const header = common.Header.fromPartial({ source: this.#nodeId, destination, operation });
    const made = asBuffer(common.Header.encode(header).finish());
    if (ofOperation === undefined) this.#names.set(operation, new Map([[destination, made]]));
    else ofOperation.set(destination, made);
    this.#namesCount += 1;
    return made;
  }
  /** For a field; keeps its clock. */
  make({ messageId, destination, operation }: HeaderBase): common.Header {
    return { messageId, source: this.#nodeId, destination, operation, vectorClock: { ...this.#clock.tick() } };
  }
  /** @throws StatusError `malformed`; `no_such_node` when it is for another node. */
  read(bytes: Buffer): ScannedHeader {
    const header = bytes.length > headerSizeMaxBytes ? undefined : (scanHeader(bytes) ?? decode(bytes));
    if (header === undefined)
      throw new StatusError('malformed', `Cannot read message header of ${bytes.length} bytes: it is no Header`);
    this.accept(header);
    return header;
  }
  /** @throws StatusError `no_such_node` when it is for another node. */
  accept(header: ScannedHeader): void {
    // An empty one is for whoever answers at the address (see Target).
    if (header.destination !== '' && header.destination !== this.#nodeId)
      throw new StatusError(
        'no_such_node',
        `Cannot take message for node "${header.destination}": this is node "${this.#nodeId}"`,
      );
    this.#clock.merge(header.vectorClock);
  }
  /** Puts a header into the first message of a stream and one of each batch after it; the message must be ours to change. */
  stamper(base: HeaderBase): (message: Message) => void {
    let count = 0;
    return (message) => {
      if (count % headerEveryMessages === 0) Object.assign(message, { header: this.make(base) });
      count += 1;
    };
  }
  /** A direct call from a neighbour in the process: both clocks as after a message. */
  meet(caller: Headers): void {
    this.#clock.meet(caller.#clock);
  }
  /** Learns from the header of a message, when it has one. @throws StatusError `no_such_node`. */
  learn(message: Message): void {
    const { header } = message as { readonly header?: common.Header | undefined };
    if (header !== undefined) this.accept(header);
  }
}

// Field 5, an entry: key (field 1) and count (field 2). Node ids have at most 63 bytes, all ASCII, so each length but
// that of the entry fits one byte, and that one too: 2 + 63 + 1 + 8 < 128.
function putEntry(out: Buffer, node: string, count: number, start: number): number {
  out[start] = 0x2a;
  out[start + 2] = 0x0a;
  out[start + 3] = node.length;
  let at = start + 4 + out.write(node, start + 4, 'latin1');
  out[at] = 0x10;
  at = putVarint(out, count, at + 1);
  out[start + 1] = at - start - 2;
  return at;
}

function putVarint(out: Buffer, value: number, start: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out[at++] = (rest % 0x80) | 0x80;
  out[at] = rest;
  return at + 1;
}

function decode(bytes: Uint8Array): common.Header | undefined {
  try {
    return common.Header.decode(bytes);
  } catch {
    return undefined;
  }
}
