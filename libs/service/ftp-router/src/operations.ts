/** What an operator may change while the router runs, and what SIGHUP does: certificates, names, log files, secrets. */
import { toStatusError } from '@skerry/kernel';
import { DoorTls, TlsReload } from '@skerry/runtime-door-tls';
import { onHangUp, type ServiceEnvironment } from '@skerry/runtime-host';
import { PassiveHosts } from './passive-hosts.ts';
import { Records } from './records.ts';
import { doorHost, type Config } from './settings.ts';

export type Reload = { close(): void };
export type Operations = {
  readonly tls: DoorTls;
  readonly passiveHosts: PassiveHosts;
  readonly records: Records;
  readonly reload: Reload;
};

/** @throws StatusError `malformed`, `no_such_entry` in one line that names the setting or file. */
export async function openOperations(config: Config, environment: ServiceEnvironment): Promise<Operations> {
  const { telemetry, world } = environment;
  const tls = await openTls(config, environment);
  const passiveHosts = await PassiveHosts.open(config);
  const records = await Records.open(config, environment);
  const { tlsCert, tlsKey, tlsReloadMs } = config;
  const files =
    tlsCert === undefined || tlsKey === undefined
      ? undefined
      : new TlsReload({
          certificatePath: tlsCert,
          keyPath: tlsKey,
          everyMs: tlsReloadMs,
          tls,
          clock: world.clock,
          telemetry,
        });
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      const error = toStatusError(thrown);
      telemetry.emit({ event: 'reload_failed', level: 'error', what, message: `${what}: ${error.message}`, error });
    }
  };
  const stopHearing = onHangUp(() => {
    telemetry.emit({ event: 'reloading' });
    void files?.look();
    void attempt('passive hosts', () => passiveHosts.refresh());
    void attempt('logs and webhooks', () => records.reopen());
  });
  const close = (): void => {
    stopHearing();
    files?.close();
  };
  return { tls, passiveHosts, records, reload: { close } };
}

function openTls(config: Config, { world, identity }: ServiceEnvironment): Promise<DoorTls> {
  return DoorTls.open({
    name: 'ftp',
    host: doorHost(config),
    certificatePath: config.tlsCert,
    keyPath: config.tlsKey,
    flags: '--tls-cert and --tls-key',
    // Under 1.3 the tickets come behind the handshake. A client that never reads its upload's connection closes it with
    // them unread, so that its system resets it and forgets what it had not sent yet: no end, and bytes lost.
    maxVersion: config.tlsCloseNotify === 'optional' ? 'TLSv1.2' : undefined,
    secret: identity.sealingKey,
    disk: world.disk,
    clock: world.clock,
  });
}
