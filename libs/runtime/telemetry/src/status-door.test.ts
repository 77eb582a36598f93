import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { request } from 'node:http';
import { startStatusDoor, statusHeaderSizeMaxBytes, type StatusDoor } from './status-door.ts';
import { createTelemetry } from './telemetry.ts';
import type { Telemetry } from './types.ts';

let telemetry: Telemetry;
let door: StatusDoor;
let ready: boolean;
let status: () => unknown;
beforeEach(async () => {
  telemetry = createTelemetry({ nodeId: 'data_1', role: 'data', output: 'silent', processMetrics: false });
  ready = false;
  status = () => ({ sessions: 3, big: 5n, password: 'pencil' });
  door = await startStatusDoor(
    telemetry,
    { host: '127.0.0.1', port: 0 },
    { ready: () => ready, status: () => status() },
  );
});
afterEach(() => door.close());

type Reply = { status: number; headers: Readonly<Record<string, unknown>>; body: string };
const ask = (method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const call = request({ ...door.address, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    call.on('error', reject).end(body);
  });
const raw = (bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(door.address.port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('error', reject).on('close', () => resolve(text));
  });

describe('the status door', () => {
  test('/livez: the process answers', async () => {
    expect(await ask('GET', '/livez')).toMatchObject({ status: 200, body: 'ok\n' });
  });
  test('/readyz flips', async () => {
    expect(await ask('GET', '/readyz')).toMatchObject({ status: 503 });
    ready = true;
    expect(await ask('GET', '/readyz?from=here')).toMatchObject({ status: 200 });
    ready = false;
    expect(await ask('GET', '/readyz')).toMatchObject({ status: 503 });
  });
  test('/metrics: text format 0.0.4', async () => {
    telemetry.counter('calls_total', 'Calls.').add(4);
    const { headers, body } = await ask('GET', '/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(body).toContain('skerry_calls_total{node="data_1"} 4');
  });
  test('/status: JSON without secrets', async () => {
    const { headers, body } = await ask('GET', '/status');
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual({ sessions: 3, big: '5', password: '[redacted]' });
  });
  test('/status that fails answers 500 and is told of, without its words', async () => {
    const heard: string[] = [];
    telemetry.listen(({ event }) => heard.push(event));
    status = () => {
      throw new Error('inner words');
    };
    expect(await ask('GET', '/status')).toMatchObject({ status: 500, body: 'failed\n' });
    expect(heard).toEqual(['status_failed']);
  });
  test('HEAD answers as GET, without a body', async () => {
    expect(await ask('HEAD', '/livez')).toMatchObject({ status: 200, body: '', headers: { 'content-length': '3' } });
  });
  test.each([
    ['GET', '/', 404, undefined],
    ['GET', '/livez/', 404, undefined],
    ['GET', '/../livez', 404, undefined],
    ['POST', '/livez', 405, 'GET, HEAD'],
    ['DELETE', '/metrics', 405, 'GET, HEAD'],
    ['GET', '/log-level', 405, 'PUT'],
  ])('%s %s: %d', async (method, path, wanted, allow) => {
    const reply = await ask(method, path);
    expect(reply.status).toBe(wanted);
    expect(reply.headers['allow']).toBe(allow);
  });
});

describe('PUT /log-level', () => {
  test('changes the level, and tells the one before', async () => {
    const { status: code, body } = await ask('PUT', '/log-level', 'debug\n');
    expect(code).toBe(200);
    expect(JSON.parse(body)).toEqual({ previous: 'info', level: 'debug' });
    expect(telemetry.level).toBe('debug');
  });
  test.each([
    ['no level', 'loud', 400],
    ['nothing', '', 400],
    ['too much', 'x'.repeat(10_000), 413],
  ])('%s: refused', async (_, body, wanted) => {
    expect(await ask('PUT', '/log-level', body)).toMatchObject({ status: wanted });
    expect(telemetry.level).toBe('info');
  });
  test('from a web page whose name was pointed here: forbidden', async () => {
    const reply = await ask('PUT', '/log-level', 'debug', { host: 'evil.example:9100' });
    expect(reply.status).toBe(403);
    expect(telemetry.level).toBe('info');
  });
});

describe('bad clients', () => {
  test('no HTTP: 400, closed', async () => {
    expect(await raw('hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
  });
  test('headers too long: 431, closed', async () => {
    const long = 'x'.repeat(statusHeaderSizeMaxBytes);
    expect(await raw(`GET /livez HTTP/1.1\r\nhost: a\r\nx: ${long}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
  });
  test('a port in use is told so', async () => {
    const second = startStatusDoor(telemetry, door.address, { ready: () => true, status: () => 1 });
    await expect(second).rejects.toMatchObject({ reason: 'port_in_use' });
  });
  test('close cuts connections that are kept', async () => {
    const kept = raw('GET /livez HTTP/1.1\r\nhost: a\r\n\r\n');
    await ask('GET', '/livez');
    await door.close();
    await kept;
    await expect(ask('GET', '/livez')).rejects.toThrow(/ECONNREFUSED/);
  });
});
