/**
 * A node's door for monitors: `/metrics`, `/livez`, `/readyz`, `/status`, and `/log-level` from this machine.
 *
 * Assumes: five fixed paths and no bodies worth the name, so plain node:http is enough.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StatusError } from '@skerry/kernel';
import { formatAddress, type Address } from '@skerry/runtime-world';
import { redact } from './redact.ts';
import { isLevel, levels } from './telemetry.ts';
import type { Level, Telemetry } from './types.ts';

/** Request line and headers together, in bytes: a monitor's have some 500. */
export const statusHeaderSizeMaxBytes = 8 * 1024;
/** The only body that is read is the name of a level. */
export const statusBodySizeMaxBytes = 64;
/** Connections at once; a scraper keeps one. The next is closed at once. */
export const statusConnectionsMax = 64;
/** From the first byte of a request to its last, in ms: a slow client gives its place back. */
export const statusRequestMaxMs = 5_000;
/** A kept connection without a request, in ms: longer than the 15 s between scrapes, so that they keep theirs. */
export const statusIdleMaxMs = 20_000;

export type StatusReaders = {
  ready(): boolean;
  /** The role's own figures; anything that JSON can say. */
  status(): unknown;
  /** Instead of the telemetry's own, where several nodes share one door. */
  metrics?(): Promise<string>;
  setLevel?(level: Level): Level;
};
export type StatusDoor = { readonly address: Address; close(): Promise<void> };

type Answer = { readonly status: number; readonly type: string; readonly body: string; readonly allow?: string };
type Route = {
  readonly method: 'GET' | 'PUT';
  answer(request: IncomingMessage): Answer | Promise<Answer>;
};

const plain = (status: number, body: string): Answer => ({ status, type: 'text/plain; charset=utf-8', body });
const json = (value: unknown): Answer => ({ status: 200, type: 'application/json', body: JSON.stringify(value) });

/** @throws StatusError `port_in_use`. */
export async function startStatusDoor(
  telemetry: Telemetry,
  address: Address,
  readers: StatusReaders,
): Promise<StatusDoor> {
  const routes = createRoutes(telemetry, readers);
  const server = createServer(
    {
      maxHeaderSize: statusHeaderSizeMaxBytes,
      headersTimeout: statusRequestMaxMs,
      requestTimeout: statusRequestMaxMs,
      connectionsCheckingInterval: statusRequestMaxMs,
      keepAliveTimeout: statusIdleMaxMs,
    },
    (request, response) => void respond(telemetry, routes, request, response),
  );
  server.maxConnections = statusConnectionsMax;
  await listen(server, address);
  const bound = server.address() as AddressInfo;
  return {
    address: { host: address.host, port: bound.port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function createRoutes(telemetry: Telemetry, readers: StatusReaders): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    [
      '/metrics',
      {
        method: 'GET',
        answer: async () => ({
          status: 200,
          type: 'text/plain; version=0.0.4; charset=utf-8',
          body: await (readers.metrics?.() ?? telemetry.metricsText()),
        }),
      },
    ],
    ['/livez', { method: 'GET', answer: () => plain(200, 'ok\n') }],
    ['/readyz', { method: 'GET', answer: () => (readers.ready() ? plain(200, 'ok\n') : plain(503, 'not ready\n')) }],
    ['/status', { method: 'GET', answer: () => json(redact(readers.status())) }],
    ['/log-level', { method: 'PUT', answer: (request) => changeLevel(telemetry, readers, request) }],
  ]);
}

async function respond(
  telemetry: Telemetry,
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await decide(telemetry, routes, request);
  // The client may be gone by now; what cannot be sent is dropped with its connection.
  if (response.destroyed) return;
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(answer.allow !== undefined && { allow: answer.allow }),
    // A body that was not read would be taken for the next request.
    ...(!request.complete && { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function decide(
  telemetry: Telemetry,
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
): Promise<Answer> {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const route = routes.get(path);
  if (route === undefined) return plain(404, 'not found\n');
  const allowed = route.method === 'GET' ? ['GET', 'HEAD'] : [route.method];
  if (!allowed.includes(request.method ?? ''))
    return { ...plain(405, 'method not allowed\n'), allow: allowed.join(', ') };
  try {
    return await route.answer(request);
  } catch (error) {
    telemetry.emit({ event: 'status_failed', level: 'error', path, error });
    return plain(500, 'failed\n');
  }
}

async function changeLevel(telemetry: Telemetry, readers: StatusReaders, request: IncomingMessage): Promise<Answer> {
  if (!isLocal(request)) return plain(403, 'only from this machine\n');
  const body = await readBody(request);
  if (body === undefined) return plain(413, `at most ${statusBodySizeMaxBytes} bytes\n`);
  const level = body.trim();
  if (!isLevel(level)) return plain(400, `level must be one of ${levels.join(', ')}\n`);
  const previous = readers.setLevel?.(level) ?? telemetry.setLevel(level);
  telemetry.emit({
    event: 'log_level_changed',
    message: `log level ${previous} -> ${level}`,
    previous,
    current: level,
  });
  return json({ previous, level });
}

const loopbackAddress = /^(::ffff:)?127\.|^::1$/;
const loopbackHost = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;
// The host too: a web page whose name was pointed at 127.0.0.1 sends its own name there (DNS rebinding).
const isLocal = (request: IncomingMessage): boolean =>
  loopbackAddress.test(request.socket.remoteAddress ?? '') && loopbackHost.test(request.headers.host ?? '');

/** Undefined when it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) {
    body += chunk;
    if (body.length > statusBodySizeMaxBytes) return undefined;
  }
  return body;
}

function listen(server: Server, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'port_in_use' : 'unexpected';
      const wanted = `Cannot open the status door on "${formatAddress(address)}"`;
      reject(
        new StatusError(reason, `${wanted}: ${reason === 'port_in_use' ? 'port in use' : cause.message}`, { cause }),
      );
    });
    server.listen(address.port, address.host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}
