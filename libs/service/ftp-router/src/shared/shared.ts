/** What this router knows of all routers' sessions and logins (F13), and how the others hear of ours. */
import type { Effect } from '@skerry/cluster-soft-state';
import type { routing } from '@skerry/proto';
import type { ServiceEnvironment } from '@skerry/runtime-host';
import type { Caller } from '@skerry/runtime-rpc';
import type { Clock, Timer } from '@skerry/runtime-world';
import { AddressCounts } from './address-counts.ts';
import { EndedLogins, endsLogins } from './ended-logins.ts';
import { Exchange } from './exchange.ts';
import { FailedLogins } from './failed-logins.ts';
import { lookMs, SessionRows } from './session-rows.ts';
import { Table, type TableName, type Tables } from './tables.ts';

/** Between two looks for rows that are too old to count, in ms. */
export const sweepMs = 60_000;

export type SharedParts = {
  readonly environment: ServiceEnvironment;
  /** Of this router, now. */
  sessions(): Iterable<routing.SessionSummary>;
  /** Of this router, now: sessions by client address. */
  addresses(): ReadonlyMap<string, number>;
  /** Time to look whose login is over. */
  endLogins(): void;
};

export class Shared {
  readonly failures: FailedLogins;
  readonly ended: EndedLogins;
  readonly #parts: SharedParts;
  readonly #clock: Clock;
  readonly #tables: Tables;
  readonly #rows: SessionRows;
  readonly #counts: AddressCounts;
  readonly #exchange: Exchange;
  #lookTimer: Timer | undefined;
  #sweptMs: number;
  /** As of the last look. Told to nobody, rows would cost for nothing. */
  #alone = true;

  constructor(parts: SharedParts) {
    const { world, rpc, directory, telemetry, incarnation } = parts.environment;
    const { clock, random } = world;
    const self = { node: rpc.nodeId, incarnation };
    const table = (name: TableName): Table => new Table(name, self, clock, () => this.#exchange.poke());
    this.#parts = parts;
    this.#clock = clock;
    this.#tables = {
      sessions: table('sessions'),
      addresses: table('addresses'),
      failures: table('failures'),
      logins: table('logins'),
    };
    this.failures = new FailedLogins(this.#tables);
    this.ended = new EndedLogins(this.#tables.logins);
    this.#rows = new SessionRows(this.#tables.sessions, self.node);
    this.#counts = new AddressCounts(this.#tables.addresses, self.node);
    const changed = (name: TableName, effects: readonly Effect[]): void => this.#changed(name, effects);
    this.#exchange = new Exchange({ clock, rpc, directory, telemetry, random, tables: this.#tables, changed });
    this.#sweptMs = clock.monotonicMs();
  }
  start(): void {
    this.#exchange.start();
    this.#lookAgain();
  }
  close(): void {
    this.#lookTimer?.cancel();
    this.#lookTimer = undefined;
    this.#exchange.close();
  }
  /** @throws StatusError `malformed`. */
  answer(request: routing.ExchangeRequest, caller: Pick<Caller, 'nodeId'>): routing.ExchangeResponse {
    return this.#exchange.answer(request, caller);
  }
  /** Sessions of the other routers. */
  others(): readonly routing.SessionSummary[] {
    return this.#rows.others();
  }
  /** Sessions of a client address at the other routers. */
  sessionsElsewhere(host: string): number {
    return this.#counts.elsewhere(host);
  }
  /** The address has so many sessions here now. */
  counted(host: string, count: number): void {
    if (!this.#alone) this.#counts.tell(host, count);
  }
  status(): Readonly<Record<string, unknown>> {
    const { sessions, addresses, failures, logins } = this.#tables;
    return {
      routers: sessions.othersCount,
      sessions: sessions.rowCount,
      addresses: addresses.rowCount,
      failures: failures.rowCount,
      logins: logins.rowCount,
      dropped: sessions.dropped + addresses.dropped + failures.dropped + logins.dropped,
    };
  }

  #lookAgain(): void {
    this.#lookTimer = this.#clock.setTimer(lookMs, () => {
      this.#look();
      this.#lookAgain();
    });
  }
  #look(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#parts.endLogins();
    this.#alone = this.#parts.environment.directory.nodes('routing').length <= 1;
    if (!this.#alone) {
      this.#rows.look(this.#parts.sessions(), nowMs);
      this.#counts.look(this.#parts.addresses());
    }
    if (nowMs - this.#sweptMs < sweepMs) return;
    this.#sweptMs = nowMs;
    this.failures.dropOld();
    this.ended.dropOld();
  }
  #changed(name: TableName, effects: readonly Effect[]): void {
    const { telemetry } = this.#parts.environment;
    for (const effect of effects)
      if (effect.kind === 'gone' && name === 'sessions')
        telemetry.emit({ event: 'router_silent', router: effect.owner.node, sessions: effect.rowCount });
    const isEnd = (effect: Effect): boolean => effect.kind === 'changed' && endsLogins(effect.key);
    if (name === 'logins' && effects.some(isEnd)) this.#parts.endLogins();
  }
}
