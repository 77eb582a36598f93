/** What a client said and was not answered yet, in order; but for what passes the queue while a transfer runs. */
import { assert, unreachable } from '@skerry/kernel';
import { lineTooLongReply, nulInLineReply, type FramedLine, type Reply } from '@skerry/protocol-ftp';
import { labelCommand, type CommandLabel } from './command-label.ts';

export type Command = { readonly kind: 'command'; readonly line: Uint8Array; readonly label: CommandLabel };
/** A line that is no command has its answer already, and waits for its turn to give it. */
export type Answered = { readonly kind: 'answered'; readonly reply: Reply };
export type Queued = Command | Answered;

/** A line as it came, for its turn. */
export function queued(line: FramedLine): Queued {
  switch (line.kind) {
    case 'line':
      return { kind: 'command', line: line.bytes, label: labelCommand(line.bytes) };
    case 'too_long':
      return { kind: 'answered', reply: lineTooLongReply() };
    case 'nul':
      return { kind: 'answered', reply: nulInLineReply() };
    default:
      return unreachable(line);
  }
}

/** Answered at once during a transfer when nothing is queued before them: else their replies would come out of order. */
const passing: ReadonlySet<string> = new Set(['STAT', 'NOOP']);

export class CommandQueue {
  readonly #capacity: number;
  #items: Queued[] = [];

  constructor(capacity: number) {
    assert(capacity > 0, `capacity must be > 0: got ${capacity}`);
    this.#capacity = capacity;
  }
  get length(): number {
    return this.#items.length;
  }
  /** False when it is full. */
  offer(item: Queued): boolean {
    if (this.#items.length >= this.#capacity) return false;
    this.#items.push(item);
    return true;
  }
  poll(): Queued | undefined {
    return this.#items.shift();
  }
  /**
   * What does not wait for the running transfer to end: ABOR wherever it stands (it is about the transfer, RFC 959
   * §4.1.3), STAT and NOOP at the head. QUIT waits: a transfer ends before it (RFC 959 §4.1.1); unless `quitToo`.
   */
  pollPassing(quitToo = false): Command | undefined {
    const isCommand = (item: Queued | undefined, test: (verb: string) => boolean): item is Command =>
      item?.kind === 'command' && test(item.label.verb);
    const head = this.#items[0];
    if (isCommand(head, (verb) => passing.has(verb) || (quitToo && verb === 'QUIT'))) {
      this.#items.shift();
      return head;
    }
    const at = this.#items.findIndex((item) => isCommand(item, (verb) => verb === 'ABOR'));
    const abort = this.#items[at];
    if (abort?.kind !== 'command') return undefined;
    this.#items.splice(at, 1);
    return abort;
  }
  /** What comes next is this verb. */
  headIs(verb: string): boolean {
    const [head] = this.#items;
    return head?.kind === 'command' && head.label.verb === verb;
  }
  clear(): void {
    this.#items = [];
  }
}
