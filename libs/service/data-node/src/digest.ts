/** Checksums of files: read as RETR reads, digested off the event loop, with a sign of life now and then. */
import { StatusError } from '@skerry/kernel';
import { data } from '@skerry/proto';
import { DigestThread, type DigestName } from '@skerry/runtime-workers';
import { readAhead } from './cuttable.ts';
import { digestCountMax, digestStepBytes } from './limits.ts';
import type { Parts } from './parts.ts';
import { entryOf } from './places.ts';
import { pinAll, readExtents, reportDamage } from './reads.ts';
import type { Ticket } from './tickets.ts';

const { DigestAlgorithm } = data;
const names: ReadonlyMap<data.DigestAlgorithm, DigestName> = new Map([
  [DigestAlgorithm.CRC32, 'crc32'],
  [DigestAlgorithm.MD5, 'md5'],
  [DigestAlgorithm.SHA1, 'sha1'],
  [DigestAlgorithm.SHA256, 'sha256'],
  [DigestAlgorithm.SHA512, 'sha512'],
]);

type Wanted = Pick<data.DigestRequest, 'algorithm' | 'length'>;
type Message = Partial<data.DigestResponse>;

export class DigestDesk {
  readonly #parts: Parts;
  readonly #thread = new DigestThread();
  #count = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Of the version that is current now. @throws StatusError `overloaded`, `is_a_directory`, `offset_past_end`, `corrupt`,
   * `malformed` for an algorithm that this node does not know.
   */
  async *digest(ticket: Ticket, { algorithm, length }: Wanted): AsyncGenerator<Message, void, undefined> {
    const name = names.get(algorithm);
    if (name === undefined) throw new StatusError('malformed', `Cannot digest: algorithm ${algorithm} is not known`);
    if (this.#count >= digestCountMax)
      throw new StatusError('overloaded', `Cannot digest: ${digestCountMax} checksums are under way; try again later`);
    this.#count += 1;
    try {
      yield* this.#run(name, ticket, length);
    } finally {
      this.#count -= 1;
    }
  }
  close(): Promise<void> {
    return this.#thread.close();
  }

  async *#run(
    name: DigestName,
    ticket: Ticket,
    lengthWanted: number | undefined,
  ): AsyncGenerator<Message, void, undefined> {
    const parts = this.#parts;
    await parts.replica.readBarrier();
    const { entry } = entryOf(parts.replica.state, ticket.path);
    const quoted = JSON.stringify(ticket.path);
    if (entry.kind === 'directory')
      throw new StatusError('is_a_directory', `Cannot digest ${quoted}: it is a directory`);
    const length = lengthWanted ?? entry.size - ticket.offset;
    if (length < 0 || ticket.offset + length > entry.size)
      throw new StatusError(
        'offset_past_end',
        `Cannot digest ${length} bytes of ${quoted} from byte ${ticket.offset}: it has ${entry.size}`,
      );
    const release = pinAll(parts, entry.extents);
    const digest = this.#thread.open(name);
    let doneBytes = 0;
    let toldBytes = 0;
    try {
      for await (const bytes of readAhead(readExtents(parts, entry.extents, ticket.offset, length))) {
        await digest.update(bytes);
        doneBytes += bytes.length;
        if (doneBytes - toldBytes < digestStepBytes) continue;
        toldBytes = doneBytes;
        yield { doneBytes };
      }
      yield { doneBytes, digest: await digest.finish() };
    } catch (thrown) {
      reportDamage(parts, ticket.path, entry, ticket.offset + doneBytes, thrown);
      throw thrown;
    } finally {
      digest.abandon();
      release();
    }
  }
}
