/** The text of a listing: messages of the data node in, lines with their ends out. */
import { unreachable } from '@skerry/kernel';
import { data, processing } from '@skerry/proto';
import { compilePattern, formatListLine, formatMachineLine, formatNameLine } from '@skerry/protocol-ftp';

type Entries = readonly data.DirectoryEntry[];

/**
 * Entries of one directory that are put in order of time or size, at most: some 10 MB of memory. A longer one comes in
 * order of names.
 */
export const sortedEntryCountMax = 20_000;

export class ListingText {
  readonly #transfer: processing.Transfer;
  readonly #line: (entry: data.DirectoryEntry) => string;
  /** Waiting to be put in order; undefined: they go as they come. */
  #waiting: data.DirectoryEntry[] | undefined;
  /** In a directory that is not shown. */
  #hidden = false;
  readonly #nowMs: number;

  constructor(transfer: processing.Transfer, nowMs: number) {
    this.#transfer = transfer;
    this.#nowMs = nowMs;
    this.#line = lineOf(transfer, nowMs);
    this.#waiting = this.#ordered() ? [] : undefined;
  }

  /** The first message; the later ones are not wanted for an entry itself. */
  begin({ self, entries }: data.ListResponse): string {
    const { itself, namePrefix } = this.#transfer;
    if (itself && self !== undefined) {
      const line = lineOf({ ...this.#transfer, allNames: true, namePrefix: '' }, this.#nowMs);
      return line({ ...self, name: namePrefix });
    }
    return this.#take(self?.kind === data.EntryKind.FILE ? [self, ...entries] : entries);
  }
  push({ directory, entries }: data.ListResponse): string {
    let text = '';
    if (directory !== undefined && directory !== '') {
      text = this.end();
      this.#hidden = !this.#transfer.allNames && directory.split('/').some((name) => name.startsWith('.'));
      this.#waiting = this.#ordered() ? [] : undefined;
      // As `ls -R` writes it; clients look for the colon.
      if (!this.#hidden) text += `\r\n./${oneLine(directory)}:\r\n`;
    }
    return this.#hidden ? text : text + this.#take(entries);
  }
  end(): string {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    const { order, reverse } = this.#transfer;
    const sorted = order === processing.ListOrder.UNSPECIFIED ? waiting : waiting.toSorted(comparing[order]);
    return this.#text(reverse ? sorted.toReversed() : sorted);
  }

  #ordered(): boolean {
    const { order, reverse, format } = this.#transfer;
    return format !== processing.ListFormat.MLSD && (reverse || order !== processing.ListOrder.UNSPECIFIED);
  }
  #take(entries: Entries): string {
    if (this.#waiting === undefined) return this.#text(entries);
    this.#waiting.push(...entries);
    if (this.#waiting.length <= sortedEntryCountMax) return '';
    const all = this.#waiting;
    this.#waiting = undefined;
    return this.#text(all);
  }
  #text(entries: Entries): string {
    let text = '';
    for (const entry of entries) text += this.#line(entry);
    return text;
  }
}

const byName = (a: data.DirectoryEntry, b: data.DirectoryEntry): number => (a.name < b.name ? -1 : 1);
/** Newest, or largest, first; equal ones by name. */
const comparing = {
  [processing.ListOrder.TIME]: (a, b) => b.modifiedAtMs - a.modifiedAtMs || byName(a, b),
  [processing.ListOrder.SIZE]: (a, b) => b.size - a.size || byName(a, b),
} as const satisfies Record<number, (a: data.DirectoryEntry, b: data.DirectoryEntry) => number>;

// A name with a line break would be two entries to the client.
const oneLine = (text: string): string => text.replace(/[\r\n\0]/g, '?');

/** The line of an entry with its end; empty when it is not to be shown. */
function lineOf(transfer: processing.Transfer, nowMs: number): (entry: data.DirectoryEntry) => string {
  const { format, namePrefix, facts, pattern, allNames, rights } = transfer;
  const matches = compilePattern(pattern);
  const hidden = (name: string): boolean => !allNames && name.startsWith('.') && !pattern.startsWith('.');
  const shown = ({ name }: data.DirectoryEntry): boolean => !hidden(name) && matches(name);
  switch (format) {
    case processing.ListFormat.MLSD:
      return (entry) => `${formatMachineLine(entry, facts, { rights })}\r\n`;
    case processing.ListFormat.NLST:
      return (entry) => (shown(entry) ? `${formatNameLine(entry, namePrefix)}\r\n` : '');
    case processing.ListFormat.LIST:
    case processing.ListFormat.UNSPECIFIED:
      return (entry) => (shown(entry) ? `${formatListLine(entry, nowMs, { prefix: namePrefix })}\r\n` : '');
    default:
      return unreachable(format);
  }
}
