/** What all sessions of a router share. */
import type { routing } from '@skerry/proto';
import type { DoorTls } from '@skerry/runtime-door-tls';
import type { ServiceEnvironment } from '@skerry/runtime-host';
import type { DataNodes, Processors } from './callers.ts';
import type { Figures } from './figures.ts';
import type { PassiveHosts } from './passive-hosts.ts';
import type { PassivePorts } from './passive-ports.ts';
import type { Rates } from './rates.ts';
import type { Config } from './settings.ts';
import type { FailedLogins } from './shared/failed-logins.ts';

export type Door = {
  readonly config: Config;
  readonly environment: ServiceEnvironment;
  readonly tls: DoorTls;
  readonly passive: PassivePorts;
  readonly passiveHosts: PassiveHosts;
  readonly processors: Processors;
  readonly nodes: DataNodes;
  readonly figures: Figures;
  /** As all routers together count them. */
  readonly failures: FailedLogins;
  /** All sessions of all routers. */
  readonly sessions: () => readonly routing.SessionSummary[];
  readonly rates: Rates;
};
