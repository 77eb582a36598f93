/** Elements of a multi-cell collection, as writers and readers have them. */
import { sha256, type Part, type RowView } from '@skerry/domain-table';
import { ByteSink, collectionParts, orderedCodec, type OrderedCodec, type ValueType } from '@skerry/domain-values';
import { invalid, type Slot } from '../contract.ts';
import type { Writing } from './writing.ts';

export const nullPart: Part = { bytes: new Uint8Array(0), from: 0, size: -1 };
export const emptyPart: Part = { bytes: new Uint8Array(0), from: 0, size: 0 };
export const partOf = (bytes: Uint8Array): Part => ({ bytes, from: 0, size: bytes.length });

/**
 * Bytes of the path of a set's element or a map's key. What is longer has its first bytes as its path, and a digest: such
 * elements that begin alike stand in no order that is theirs.
 */
export const elementPathMaxBytes = 65_535;
const digestSizeBytes = 32;
/** Of the path of a list's element: a time and a part of the host's id. */
const listPathSizeBytes = 16;

/** The elements of a collection value; of a map keys and values by turns. @throws CqlFault they are none. */
export function elementsOf(kind: 'list' | 'set' | 'map', { bytes, from, size }: Slot): readonly Uint8Array[] {
  // An empty value is an empty collection to nobody but old drivers.
  if (size === 0) return [];
  const parts = collectionParts(kind, bytes.subarray(from, from + size));
  if (!parts.ok) throw invalid(parts.error);
  return parts.value;
}

/** Makes paths of a set's elements or a map's keys. */
export class KeyPaths {
  readonly #codec: OrderedCodec;
  readonly #sink = new ByteSink(64);
  constructor(type: ValueType) {
    this.#codec = orderedCodec(type);
  }
  /** Valid until the next one. */
  path({ bytes, from, size }: Part): Part {
    const sink = this.#sink;
    sink.length = 0;
    this.#codec.append(sink, bytes, from, from + size);
    if (sink.length > elementPathMaxBytes) shorten(sink);
    return { bytes: sink.bytes, from: 0, size: sink.length };
  }
}
function shorten(sink: ByteSink): void {
  const digest = sha256(sink.bytes.subarray(0, sink.length));
  sink.length = elementPathMaxBytes - digestSizeBytes;
  sink.bytes.set(digest, sink.length);
  sink.length = elementPathMaxBytes;
}
export const fieldPath = (field: number): Part => partOf(Uint8Array.of(field >> 8, field));

function listPath({ environment }: Writing): Part {
  const bytes = new Uint8Array(listPathSizeBytes);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, environment.clock.hi);
  view.setInt32(4, environment.clock.lo);
  bytes.set(environment.hostId.subarray(0, 8), 8);
  return partOf(bytes);
}
/** Behind all elements of the list that are there. */
export function nextListPath(writing: Writing): Part {
  writing.environment.clock.append(writing.nowMs);
  return listPath(writing);
}
/** Before all of them: in their order, if they are asked for from the last to the first. */
export function previousListPath(writing: Writing): Part {
  writing.environment.clock.prepend(writing.nowMs, 1);
  return listPath(writing);
}

/** Numbers of the elements of a column of the row, as {@link RowView} counts them. */
export function elementNumbers(row: RowView | undefined, id: number): readonly number[] {
  if (row === undefined) return [];
  row.columns();
  const place = row.layout.placeOf(id);
  const count = row.elementCount[place] ?? 0;
  const first = row.elementFirst[place] ?? 0;
  const numbers = [];
  for (let number = first; number < first + count; number++) if (row.hasElement(number)) numbers.push(number);
  return numbers;
}
export const pathAt = (row: RowView, number: number): Part => ({
  bytes: row.bytes,
  from: row.pathFrom(number),
  size: row.pathSize(number),
});
