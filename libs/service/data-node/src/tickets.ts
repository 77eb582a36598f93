/** What the bearer may do, sealed by the processor (architecture.md, "FTP STOR"). */
import { isHexId, type OperationId, StatusError } from '@skerry/kernel';
import { data } from '@skerry/proto';
import type { Sealer } from '@skerry/runtime-security';
import type { Clock } from '@skerry/runtime-world';
import { usedTicketCountMax } from './limits.ts';

/** One that was opened: of this cluster, not expired, for the operation at hand. */
export type Ticket = data.Ticket & { readonly operationId: OperationId };

export class Tickets {
  readonly #sealer: Sealer;
  readonly #clock: Clock;
  /** Operation id to the time of expiry, oldest use first. */
  readonly #used = new Map<string, number>();

  constructor(sealer: Sealer, clock: Clock) {
    this.#sealer = sealer;
    this.#clock = clock;
  }

  /**
   * @param operations those that the call may serve.
   * @throws StatusError `token_invalid`, `token_expired`, `access_denied` for another operation, `malformed`.
   */
  open(sealed: Uint8Array, ...operations: readonly data.Operation[]): Ticket {
    const payload = this.#sealer.open('ticket', sealed);
    let ticket: data.Ticket;
    try {
      ticket = data.Ticket.decode(payload);
    } catch (cause) {
      throw new StatusError('malformed', 'Cannot read ticket: its bytes are damaged', { cause });
    }
    const nowMs = this.#clock.wallMs();
    if (ticket.expiresAtMs <= nowMs)
      throw new StatusError('token_expired', `Cannot use ticket: it expired ${nowMs - ticket.expiresAtMs} ms ago`);
    if (!operations.includes(ticket.operation))
      throw new StatusError(
        'access_denied',
        `Cannot use ticket: it is for operation ${ticket.operation}, wanted is ${operations.join(' or ')}`,
      );
    if (!isHexId(ticket.operationId))
      throw new StatusError('malformed', 'Cannot use ticket: its operation id must be 32 hexadecimal digits');
    return ticket as Ticket;
  }

  /** Takes note that the ticket opened its stream. @throws StatusError `ticket_used` the second time, `overloaded`. */
  use({ operationId, expiresAtMs }: Ticket): void {
    if (this.#used.has(operationId))
      throw new StatusError('ticket_used', `Cannot use ticket ${operationId}: it opened a stream before`);
    if (this.#used.size >= usedTicketCountMax) this.#dropExpired();
    if (this.#used.size >= usedTicketCountMax)
      throw new StatusError('overloaded', `Cannot take ticket: ${usedTicketCountMax} are in use; try again later`);
    this.#used.set(operationId, expiresAtMs);
  }
  #dropExpired(): void {
    const nowMs = this.#clock.wallMs();
    for (const [id, expiresAtMs] of this.#used) if (expiresAtMs <= nowMs) this.#used.delete(id);
  }
}
