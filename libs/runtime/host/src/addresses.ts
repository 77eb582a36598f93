/** Where a node listens, and what others are told. */
import { hostname, networkInterfaces } from 'node:os';
import { StatusError } from '@skerry/kernel';
import { startStatusDoor, type StatusDoor, type StatusReaders, type Telemetry } from '@skerry/runtime-telemetry';
import { metricsPortFirst, type NodeConfig } from './settings.ts';

type Hosts = Pick<NodeConfig, 'host' | 'advertise'>;

const everyInterface = new Set(['0.0.0.0', '::']);
/** Ports tried for the status door when none was named. */
const statusPortsMax = 100;

export const isLoopback = (host: string): boolean => /^127\.|^::1$|^localhost$/i.test(host);

/** The host that other nodes are told. */
export function advertisedHost({ host, advertise }: Hosts): string {
  if (advertise !== undefined) return advertise;
  return everyInterface.has(host) ? (outwardAddress() ?? hostname()) : host;
}

/** What a certificate must name besides the node and this machine. */
export function hostsOf(settings: Hosts): readonly string[] {
  const { host } = settings;
  const named = everyInterface.has(host) ? [advertisedHost(settings), hostname()] : [advertisedHost(settings), host];
  // A machine may be called what no certificate can say.
  return [...new Set(named)].filter((name) => /^[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?$|:/.test(name));
}

const outwardAddress = (): string | undefined =>
  Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

/** On the port named, else on the first free one from {@link metricsPortFirst}. @throws StatusError `port_in_use`. */
export async function openStatusDoor(
  telemetry: Telemetry,
  { host, metricsPort }: Pick<NodeConfig, 'host' | 'metricsPort'>,
  readers: StatusReaders,
): Promise<StatusDoor> {
  if (metricsPort !== undefined) return startStatusDoor(telemetry, { host, port: metricsPort }, readers);
  for (let port = metricsPortFirst; port < metricsPortFirst + statusPortsMax; port++) {
    try {
      return await startStatusDoor(telemetry, { host, port }, readers);
    } catch (error) {
      if (!(error instanceof StatusError) || error.reason !== 'port_in_use') throw error;
    }
  }
  return startStatusDoor(telemetry, { host, port: 0 }, readers);
}
