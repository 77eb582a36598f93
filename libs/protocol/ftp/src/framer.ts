/**
 * The control stream: chunks as the socket gives them in, command lines out.
 *
 * Telnet commands are taken out (RFC 959 §4.1.3 and RFC 854: the control connection is a Telnet connection). A line
 * ends with LF; a CR before it belongs to the line end. ABOR may end with its CR: clients that send the line as urgent
 * data (Python's ftplib) make its last byte, the LF, one that never is in the stream.
 *
 * Source: RFC 854, RFC 959 §5.3, RFC 1123 §4.1.2.12.
 * Assumes: chunks are not written to after they were pushed, since lines may be views on them.
 */
import { concatBytes, emptyBytes } from '@skerry/kernel';

/**
 * Bytes of a line without its end. Room for a path of 1,024 bytes and much beside it; so much of our memory may each
 * connection hold.
 */
export const commandLineSizeMaxBytes = 8192;

export type FramedLine =
  | { readonly kind: 'line'; readonly bytes: Uint8Array }
  /** Longer than {@link commandLineSizeMaxBytes}; reported once, the rest of it is skipped. */
  | { readonly kind: 'too_long' }
  /** Held a NUL: a name that ends early elsewhere would be another file's. */
  | { readonly kind: 'nul' };

/**
 * Telnet options refused in one connection; further offers get no answer. More than there are options in use, and no
 * flood of offers makes a flood of answers.
 */
export const telnetRefusalCountMax = 256;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** Interpret As Command: what follows is Telnet's. */
const iac = 0xff;
const will = 0xfb;
const willNot = 0xfc;
const doIt = 0xfd;
const doNot = 0xfe;
/** The lowest Telnet command; what is below it cannot follow IAC. */
const endOfSubnegotiation = 0xf0;
const dataMark = 0xf2;
const interruptProcess = 0xf4;

const abort = [0x41, 0x42, 0x4f, 0x52];
const lowerCaseBit = 0x20;
/** Whether ABOR and its CR are there, in letters of any case. */
const isAbortAt = (bytes: Uint8Array, start: number): boolean =>
  abort.every((letter, i) => ((bytes[start + i] ?? 0) & ~lowerCaseBit) === letter) &&
  bytes[start + abort.length] === carriageReturn;

/**
 * `mark`: after IAC IP a data mark may come, one of whose two bytes was urgent data and so is not in the stream: IAC
 * (Berkeley's clients and those that learned from them) or the mark itself (RFC 959 §4.1.3). `unmarked`: behind an IAC
 * there, whose mark may be the one that is missing.
 */
type TelnetState = 'data' | 'command' | 'option' | 'mark' | 'unmarked';

/** Takes Telnet commands out of a stream, across chunk borders. */
class TelnetFilter {
  #state: TelnetState = 'data';
  /** WILL, WONT, DO or DONT, whose option comes next. */
  #offer = 0;
  #refusals: number[] = [];
  #refusalCount = 0;

  push(chunk: Uint8Array): Uint8Array {
    if (this.#state === 'data' && chunk.indexOf(iac) < 0) return chunk;
    const kept: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) at = this.#take(chunk, at, kept);
    return concatBytes(kept);
  }

  reset(): void {
    this.#state = 'data';
    this.#refusals = [];
  }

  /** No option is supported: WILL gets DONT, DO gets WONT (RFC 1123 §3.2.1, §4.1.2.12). */
  takeRefusals(): Uint8Array {
    if (this.#refusals.length === 0) return emptyBytes;
    const refusals = Uint8Array.from(this.#refusals);
    this.#refusals = [];
    return refusals;
  }

  #refuse(option: number): void {
    const answer = this.#offer === will ? doNot : this.#offer === doIt ? willNot : undefined;
    if (answer === undefined || this.#refusalCount >= telnetRefusalCountMax) return;
    this.#refusalCount += 1;
    this.#refusals.push(iac, answer, option);
  }

  /** Takes one run of data or one byte of a command; returns where the next begins. */
  #take(chunk: Uint8Array, at: number, kept: Uint8Array[]): number {
    switch (this.#state) {
      case 'option':
        this.#state = 'data';
        this.#refuse(chunk[at] ?? 0);
        return at + 1;
      case 'command':
        return this.#command(chunk, at, kept);
      case 'mark':
        if (chunk[at] === iac) {
          this.#state = 'unmarked';
          return at + 1;
        }
        this.#state = 'data';
        return chunk[at] === dataMark ? at + 1 : at;
      case 'unmarked':
        if ((chunk[at] ?? iac) >= endOfSubnegotiation) return this.#command(chunk, at, kept);
        this.#state = 'data';
        return at;
      case 'data': {
        const found = chunk.indexOf(iac, at);
        const end = found < 0 ? chunk.length : found;
        if (end > at) kept.push(chunk.subarray(at, end));
        if (found < 0) return end;
        this.#state = 'command';
        return end + 1;
      }
    }
  }

  #command(chunk: Uint8Array, at: number, kept: Uint8Array[]): number {
    const command = chunk[at] ?? iac;
    if (command === iac) {
      this.#state = 'data';
      kept.push(chunk.subarray(at, at + 1));
      return at + 1;
    }
    // No command: an unescaped byte of some 8-bit character set. It stays, so that the line is refused as no UTF-8;
    // without it the rest would be another name.
    if (command < endOfSubnegotiation) {
      this.#state = 'data';
      kept.push(Uint8Array.of(iac));
      return at;
    }
    this.#offer = command;
    this.#state = command >= will && command <= doNot ? 'option' : command === interruptProcess ? 'mark' : 'data';
    return at + 1;
  }
}

export class CommandFramer {
  readonly #telnet = new TelnetFilter();
  /** The beginning of a line whose end has not come. */
  #parts: Uint8Array[] = [];
  #size = 0;
  /** In a line that was reported as too long. */
  #skipping = false;
  /** Behind ABOR and its CR: an LF belongs to them, if it comes. */
  #aborted = false;

  push(chunk: Uint8Array): readonly FramedLine[] {
    const bytes = this.#withBeginning(this.#telnet.push(chunk));
    const lines: FramedLine[] = [];
    let start = 0;
    for (;;) {
      if (this.#aborted && start < bytes.length) {
        this.#aborted = false;
        if (bytes[start] === lineFeed) start += 1;
      }
      if (this.#parts.length === 0 && !this.#skipping && isAbortAt(bytes, start)) {
        lines.push({ kind: 'line', bytes: bytes.subarray(start, start + abort.length) });
        start += abort.length + 1;
        this.#aborted = true;
        continue;
      }
      const end = bytes.indexOf(lineFeed, start);
      if (end < 0) break;
      this.#finish(bytes.subarray(start, end), lines);
      start = end + 1;
    }
    if (start < bytes.length) this.#keep(bytes.subarray(start), lines);
    return lines;
  }

  /** Answers to Telnet's option offers among what was pushed, as bytes for the control stream; empty when there are none. */
  takeRefusals(): Uint8Array {
    return this.#telnet.takeRefusals();
  }

  /** Drops what was buffered: what came before a TLS handshake must not run after it (CVE-2011-0411's kind). */
  reset(): void {
    this.#telnet.reset();
    this.#parts = [];
    this.#size = 0;
    this.#skipping = false;
    this.#aborted = false;
  }

  /** A line's first bytes stay together, so that ABOR is known in any segmentation. */
  #withBeginning(bytes: Uint8Array): Uint8Array {
    if (this.#parts.length === 0 || this.#size > abort.length) return bytes;
    const joined = concatBytes([...this.#parts, bytes]);
    this.#parts = [];
    this.#size = 0;
    return joined;
  }

  #finish(tail: Uint8Array, lines: FramedLine[]): void {
    const skipped = this.#skipping;
    const whole = this.#parts.length === 0 ? tail : concatBytes([...this.#parts, tail]);
    this.#parts = [];
    this.#size = 0;
    this.#skipping = false;
    if (skipped) return;
    const line = whole.at(-1) === carriageReturn ? whole.subarray(0, -1) : whole;
    if (line.length > commandLineSizeMaxBytes) lines.push({ kind: 'too_long' });
    else if (line.includes(0)) lines.push({ kind: 'nul' });
    else lines.push({ kind: 'line', bytes: line });
  }

  #keep(part: Uint8Array, lines: FramedLine[]): void {
    if (this.#skipping) return;
    this.#parts.push(part);
    this.#size += part.length;
    // A CR at the end may belong to the line end, and is not counted yet.
    const size = this.#size - (part.at(-1) === carriageReturn ? 1 : 0);
    if (size <= commandLineSizeMaxBytes) return;
    this.#parts = [];
    this.#size = 0;
    this.#skipping = true;
    lines.push({ kind: 'too_long' });
  }
}
