/**
 * TYPE A: lines end with CR LF on the wire and with LF in the file.
 *
 * Both directions take chunks and look for line ends with `indexOf`, never byte by byte. A chunk in which nothing
 * changes comes back as the same memory.
 *
 * Source: RFC 959 §3.1.1.1.
 */

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** File to wire: LF → CR LF. A LF that has its CR, also in the chunk before, stays as it is. */
export class AsciiEncoder {
  #endedWithReturn = false;

  push(chunk: Uint8Array): Uint8Array[] {
    if (chunk.length === 0) return [];
    const lineEnds: number[] = [];
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) {
      const hasReturn = at === 0 ? this.#endedWithReturn : chunk[at - 1] === carriageReturn;
      if (!hasReturn) lineEnds.push(at);
    }
    this.#endedWithReturn = chunk.at(-1) === carriageReturn;
    if (lineEnds.length === 0) return [chunk];
    const out = new Uint8Array(chunk.length + lineEnds.length);
    let from = 0;
    let to = 0;
    for (const at of lineEnds) {
      out.set(chunk.subarray(from, at), to);
      to += at - from;
      out[to++] = carriageReturn;
      from = at;
    }
    out.set(chunk.subarray(from), to);
    return [out];
  }
}

/** Wire to file: CR LF → LF, also when they come in two chunks. A CR alone stays. */
export class AsciiDecoder {
  /** A CR that ended the last chunk: the next one tells what it is. */
  #held = false;

  push(chunk: Uint8Array): Uint8Array[] {
    if (chunk.length === 0) return [];
    if (!this.#held && !chunk.includes(carriageReturn)) return [chunk];
    const out = new Uint8Array(chunk.length + 1);
    let to = 0;
    if (this.#held && chunk[0] !== lineFeed) out[to++] = carriageReturn;
    this.#held = chunk.at(-1) === carriageReturn;
    const end = this.#held ? chunk.length - 1 : chunk.length;
    let from = 0;
    for (let at = chunk.indexOf(carriageReturn); at >= 0 && at < end; at = chunk.indexOf(carriageReturn, at + 1)) {
      if (chunk[at + 1] !== lineFeed) continue;
      out.set(chunk.subarray(from, at), to);
      to += at - from;
      from = at + 1;
    }
    out.set(chunk.subarray(from, end), to);
    to += end - from;
    return to === 0 ? [] : [out.subarray(0, to)];
  }

  /** At the end of the stream: a CR that was held back. */
  end(): Uint8Array[] {
    const held = this.#held;
    this.#held = false;
    return held ? [Uint8Array.of(carriageReturn)] : [];
  }
}
