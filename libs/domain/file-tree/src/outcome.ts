/** What applying a command gave, for whoever proposed it; small, because it is remembered for each operation. */
import { ByteReader, ByteWriter, isReason, StatusError } from '@skerry/kernel';
import { type NamedHead, readNamedHead, writeHead } from './entry.ts';

export type Outcome =
  | {
      readonly ok: true;
      /** What stands at the place afterwards; undefined when nothing does, or nobody asked. */
      readonly entry?: NamedHead;
      /** The fencing token of the stage that was opened. */
      readonly token?: number;
    }
  | { readonly ok: false; readonly error: StatusError };

const outcomeFormat = 1;
const shapes = { nothing: 0, entry: 1, token: 2, failure: 3 } as const;

export function encodeOutcome(outcome: Outcome): Uint8Array {
  const writer = new ByteWriter(160).u8(outcomeFormat);
  if (!outcome.ok) return writer.u8(shapes.failure).text(outcome.error.reason).text(outcome.error.message).finish();
  if (outcome.entry !== undefined) {
    writeHead(writer.u8(shapes.entry).text(outcome.entry.name), outcome.entry);
    return writer.finish();
  }
  if (outcome.token !== undefined) return writer.u8(shapes.token).u64(outcome.token).finish();
  return writer.u8(shapes.nothing).finish();
}

/** @throws StatusError `malformed`, `format_newer`. */
export function decodeOutcome(bytes: Uint8Array): Outcome {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== outcomeFormat)
    throw new StatusError(
      'format_newer',
      `Cannot read outcome: its format is ${format}, this program knows ${outcomeFormat}`,
    );
  const shape = reader.u8();
  const outcome = readShape(shape, reader);
  reader.end();
  return outcome;
}

function readShape(shape: number, reader: ByteReader): Outcome {
  switch (shape) {
    case shapes.nothing:
      return { ok: true };
    case shapes.entry: {
      return { ok: true, entry: readNamedHead(reader, reader.text()) };
    }
    case shapes.token:
      return { ok: true, token: reader.u64() };
    case shapes.failure: {
      const reason = reader.text();
      if (!isReason(reason)) throw new StatusError('malformed', `Cannot read outcome: unknown reason "${reason}"`);
      return { ok: false, error: new StatusError(reason, reader.text()) };
    }
    default:
      throw new StatusError('malformed', `Cannot read outcome: unknown shape ${shape}`);
  }
}
