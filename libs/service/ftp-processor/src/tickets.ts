/** Rights for one operation, sealed for the data nodes. */
import { data } from '@skerry/proto';
import type { Sealer } from '@skerry/runtime-security';
import type { Clock } from '@skerry/runtime-world';
import type { Account } from './account.ts';
import { ticketLifeMs } from './limits.ts';

/**
 * What an operation is within its line. A line that is repeated, here or at another processor, gives each of its
 * operations the same id again, whichever of them were done before.
 */
const purposes = { line: 0, home: 1, look: 2, lookHome: 3 } as const;
export type Purpose = keyof typeof purposes;

/** The line's own id, changed in its last 32 bits: as far from any other line's ids as that one is. */
export function operationIdOf(lineId: string, purpose: Purpose): string {
  const tail = (Number.parseInt(lineId.slice(24), 16) ^ purposes[purpose]) >>> 0;
  return lineId.slice(0, 24) + tail.toString(16).padStart(8, '0');
}

export type TicketFields = Pick<data.Ticket, 'operation' | 'path'> &
  Partial<
    Pick<data.Ticket, 'targetPath' | 'offset' | 'expectedLength' | 'announcedLength' | 'parents' | 'uniqueName'>
  > & {
    readonly partPaths?: readonly string[];
    readonly hiddenPaths?: readonly string[];
  };

export class TicketOffice {
  readonly #sealer: Sealer;
  readonly #clock: Clock;
  readonly #lineId: string;

  constructor(sealer: Sealer, clock: Clock, lineId: string) {
    this.#sealer = sealer;
    this.#clock = clock;
    this.#lineId = lineId;
  }

  /** @param fields paths are those of the file tree. */
  seal({ grant }: Account, purpose: Purpose, fields: TicketFields): Uint8Array {
    const ticket: data.Ticket = {
      operationId: operationIdOf(this.#lineId, purpose),
      user: grant.user,
      group: grant.groups[0] ?? grant.user,
      operation: fields.operation,
      path: fields.path,
      targetPath: fields.targetPath ?? '',
      offset: fields.offset ?? 0,
      quotaBytes: grant.quotaBytes,
      quotaFiles: grant.quotaFiles,
      expiresAtMs: this.#clock.wallMs() + ticketLifeMs,
      expectedLength: fields.expectedLength,
      parents: fields.parents ?? false,
      announcedLength: fields.announcedLength,
      uniqueName: fields.uniqueName ?? false,
      partPaths: [...(fields.partPaths ?? [])],
      hiddenPaths: [...(fields.hiddenPaths ?? [])],
    };
    return this.#sealer.seal('ticket', data.Ticket.encode(ticket).finish());
  }
}
