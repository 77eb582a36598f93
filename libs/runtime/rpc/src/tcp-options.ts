/** How both ends of a TCP connection are set up. */
import { StatusError } from '@skerry/kernel';
import type { TlsMaterial } from '@skerry/runtime-security';
import { formatAddress, type Address } from '@skerry/runtime-world';
import { credentials, ServerCredentials, type ChannelOptions, type ServerOptions } from './grpc.ts';
import * as limits from './limits.ts';
import { isCertificateOf, type Certificate } from './peer.ts';
import type { Target } from './types.ts';

export const serverOptions: ServerOptions = {
  'grpc.max_receive_message_length': limits.messageSizeMaxBytes,
  'grpc.max_send_message_length': limits.messageSizeMaxBytes,
  'grpc.max_concurrent_streams': limits.callsPerConnectionMax,
  'grpc.keepalive_time_ms': limits.keepaliveTimeMs,
  'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
  'grpc.enable_channelz': 0,
};

export function serverCredentials(tls: TlsMaterial | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = { cert_chain: Buffer.from(tls.certificate), private_key: Buffer.from(tls.privateKey) };
  return ServerCredentials.createSsl(Buffer.from(tls.caCertificate), [pair], true);
}

export function bindError(address: Address, error: Error): StatusError {
  const text = `Cannot listen on ${formatAddress(address)}`;
  const { message } = error;
  if (message.includes('EADDRINUSE'))
    return new StatusError('port_in_use', `${text}: the port is in use`, { cause: error });
  if (message.includes('EACCES'))
    return new StatusError('access_denied', `${text}: this user may not take the port`, { cause: error });
  return new StatusError('malformed', `${text}: ${message}`, { cause: error });
}

export function channelCredentials(
  tls: TlsMaterial | undefined,
  target: Target,
): ReturnType<typeof credentials.createSsl> {
  if (tls === undefined) return credentials.createInsecure();
  const { caCertificate, certificate, privateKey } = tls;
  return credentials.createSsl(Buffer.from(caCertificate), Buffer.from(privateKey), Buffer.from(certificate), {
    checkServerIdentity: (_host: string, found: Certificate) =>
      // An empty id: whichever node of the cluster answers there (see Target).
      target.nodeId === '' || isCertificateOf(target.nodeId, found)
        ? undefined
        : new Error(`wanted node "${target.nodeId}", found the certificate of "${String(found.subject?.CN)}"`),
  });
}

export const channelOptions = (tls: TlsMaterial | undefined, target: Target): ChannelOptions => ({
  'grpc.max_receive_message_length': limits.messageSizeMaxBytes,
  'grpc.max_send_message_length': limits.messageSizeMaxBytes,
  'grpc-node.flow_control_window': limits.flowControlWindowBytes,
  'grpc.keepalive_time_ms': limits.keepaliveTimeMs,
  'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
  'grpc.initial_reconnect_backoff_ms': limits.reconnectPauseMinMs,
  'grpc.min_reconnect_backoff_ms': limits.reconnectPauseMinMs,
  'grpc.max_reconnect_backoff_ms': limits.reconnectPauseMaxMs,
  // Retries are ours: grpc-js would keep a copy of each message for them.
  'grpc.enable_retries': 0,
  'grpc.per_rpc_retry_buffer_size': limits.earlySendBufferMaxBytes,
  // Nodes reach each other directly, never by a proxy of the environment.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_channelz': 0,
  // Each node has its own: nodes of one process must not share connections, which carry an identity.
  'grpc.use_local_subchannel_pool': 1,
  ...(tls !== undefined && {
    'grpc.ssl_target_name_override': target.nodeId || 'any-node',
    'grpc.default_authority': target.nodeId || 'any-node',
  }),
});
