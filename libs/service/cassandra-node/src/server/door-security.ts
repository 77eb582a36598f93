/** TLS of the CQL door, and its certificate looked after while it is open. */
import { DoorTls, TlsReload } from '@skerry/runtime-door-tls';
import { onHangUp, type ServiceEnvironment } from '@skerry/runtime-host';
import type { TlsContext } from '@skerry/runtime-sockets';
import type { CassandraConfig } from '../settings.ts';

export type DoorSecurity = {
  /** Undefined: no TLS. */
  readonly tls: (() => TlsContext) | undefined;
  /** Whether connections without TLS are taken. */
  readonly plain: boolean;
  close(): void;
};

/** @throws StatusError `malformed`, `no_such_entry` in one line that names the setting or file. */
export async function openDoorSecurity(
  config: CassandraConfig & { readonly host: string },
  { world, identity, telemetry }: Pick<ServiceEnvironment, 'world' | 'identity' | 'telemetry'>,
): Promise<DoorSecurity> {
  const { cqlTls, cqlTlsCert, cqlTlsKey, cqlTlsReloadMs, cqlHost, host } = config;
  if (cqlTls === 'off') return { tls: undefined, plain: true, close: () => undefined };
  const { clock, disk } = world;
  const tls = await DoorTls.open({
    name: 'cql',
    host: cqlHost ?? host,
    certificatePath: cqlTlsCert,
    keyPath: cqlTlsKey,
    flags: '--cql-tls-cert and --cql-tls-key',
    secret: identity.sealingKey,
    disk,
    clock,
  });
  const reload =
    cqlTlsCert === undefined || cqlTlsKey === undefined
      ? undefined
      : new TlsReload({
          certificatePath: cqlTlsCert,
          keyPath: cqlTlsKey,
          everyMs: cqlTlsReloadMs,
          tls,
          clock,
          telemetry,
        });
  const stopHearing = onHangUp(() => void reload?.look());
  const close = (): void => {
    stopHearing();
    reload?.close();
  };
  return { tls: () => tls.context(), plain: cqlTls === 'optional', close };
}
