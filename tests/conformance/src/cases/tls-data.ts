/** Data connections under TLS. Source: RFC 4217 §7–10. */
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { group, may, must, should, story, type Case, type Options } from '../case.ts';
import { DataConnection } from '../data.ts';
import { Mismatch, Skip } from '../outcome.ts';
import type { Session } from '../session.ts';
import type { Trial } from '../trial.ts';

const options: Options = { needs: ['AUTH TLS'], explicit: true, start: 'connected' };
/** Logged in under TLS. */
const secured = (run: (ftp: Session, trial: Trial) => Promise<void>) => async (_: Session, trial: Trial) =>
  run(await trial.login({ tls: 'explicit' }), trial);

/** A stream that looks at what the server sends. */
function watched(port: number, host: string, seen: (chunk: Buffer) => void): Duplex {
  const socket = connect({ host, port });
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    seen(chunk);
    if (!stream.push(chunk)) socket.pause();
  });
  socket.on('end', () => stream.push(null)).on('error', () => stream.destroy());
  return stream;
}

const rows = [
  story(
    'under PROT P a file goes up and comes down',
    must('RFC 4217 §10'),
    secured(async (ftp) => {
      await ftp.put('f', 'content');
      await ftp.holds('f', 'content');
    }),
    options,
  ),
  story(
    'under PROT P a listing comes down',
    must('RFC 4217 §10'),
    secured(async (ftp, t) => {
      await ftp.put('f', 'content');
      t.equal('names', await ftp.names(), ['f']);
    }),
    options,
  ),
  story(
    'under PROT P by active connections, the client is the TLS client',
    must('RFC 4217 §7'),
    secured(async (ftp, t) => {
      await ftp.put('f', 'content');
      t.equal('bytes', (await ftp.retrieve('RETR f', 'EPRT')).toString(), 'content');
    }),
    options,
  ),
  story(
    'under PROT C data goes in clear',
    must('RFC 4217 §9'),
    secured(async (ftp) => {
      const { code } = await ftp.ask('PROT C', [200, 534]);
      if (code === 534) throw new Skip('data must be under TLS here');
      ftp.privateData = false;
      await ftp.put('f', 'content');
      await ftp.holds('f', 'content');
    }),
    options,
  ),
  story(
    'the end of data under TLS comes with close_notify',
    must('RFC 4217 §10, RFC 5246 §7.2.1'),
    async (_, t) => {
      // TLS 1.2 shows the type of each record, alerts too.
      const ftp = await t.connect({ tls: 'none' });
      await ftp.ask('AUTH TLS', 234);
      await ftp.control.secure({ maxVersion: 'TLSv1.2' });
      await t.signIn(ftp);
      await t.enter(ftp);
      await ftp.put('f', 'content');
      const { host, port } = await ftp.passiveAddress('EPSV');
      let records = Buffer.alloc(0);
      const stream = watched(port, host, (chunk) => (records = Buffer.concat([records, chunk])));
      ftp.own(stream);
      ftp.control.send('RETR f');
      const socket = connectTls({
        socket: stream,
        rejectUnauthorized: false,
        maxVersion: 'TLSv1.2',
        ...(ftp.control.session === undefined ? {} : { session: ftp.control.session }),
      });
      const ended = new Promise<void>(
        (resolve) =>
          void socket
            .on('end', resolve)
            .on('error', () => resolve())
            .resume(),
      );
      await ftp.answer('RETR f', [125, 150]);
      await ended;
      await ftp.answer('RETR f', 226);
      const types: number[] = [];
      for (let at = 0; at + 5 <= records.length; at += 5 + records.readUInt16BE(at + 3)) types.push(records[at] ?? 0);
      t.check(types.at(-1) === 21, 'an alert (21) as the last record', types);
    },
    options,
  ),
  story(
    'a data connection may resume the session of the control connection',
    should('RFC 4217 §10.2'),
    async (_, t) => {
      const ftp = await t.connect({ tls: 'none' });
      await ftp.ask('AUTH TLS', 234);
      await ftp.control.secure({ maxVersion: 'TLSv1.2' });
      await t.signIn(ftp);
      await t.enter(ftp);
      await ftp.put('f', 'content');
      if (ftp.control.session === undefined) throw new Mismatch('a session to resume', 'none');
      const { host, port } = await ftp.passiveAddress('EPSV');
      const raw = connect({ host, port });
      ftp.own(raw);
      ftp.control.send('RETR f');
      const socket = connectTls({
        socket: raw,
        rejectUnauthorized: false,
        session: ftp.control.session,
        maxVersion: 'TLSv1.2',
      });
      const resumed = new Promise<boolean>(
        (resolve, reject) =>
          void socket.on('secureConnect', () => resolve(socket.isSessionReused())).on('error', reject),
      );
      socket.resume();
      t.check(await resumed, 'a resumed session', 'a new one');
      await ftp.answer('RETR f', [125, 150]);
      await ftp.answer('RETR f', 226);
    },
    options,
  ),
  story(
    'under PROT P a client that speaks no TLS gets no data',
    must('RFC 4217 §10'),
    secured(async (ftp, t) => {
      await ftp.put('f', 'content');
      const { host, port } = await ftp.passiveAddress('EPSV');
      const plain = ftp.own(await DataConnection.connect(host, port));
      ftp.control.send('RETR f');
      await plain.write('GET / HTTP/1.0\r\n\r\n');
      const got = await plain.readAll().catch(() => Buffer.alloc(0));
      t.check(!got.includes('content'), 'no bytes of the file', got.toString('latin1'));
      let reply = await ftp.control.replyOrEnd();
      if (reply !== undefined && reply.code < 200) reply = await ftp.control.replyOrEnd();
      t.check(reply === undefined || reply.code >= 400, 'a refusal, or the end', reply);
    }),
    options,
  ),
  story(
    'an upload under TLS that ends without close_notify is not published',
    may('ftp.md: clean end'),
    secured(async (ftp, t) => {
      const { host, port } = await ftp.passiveAddress('EPSV');
      const raw = connect({ host, port });
      ftp.own(raw);
      ftp.control.send('STOR cut');
      const socket = connectTls({
        socket: raw,
        rejectUnauthorized: false,
        ...(ftp.control.session === undefined ? {} : { session: ftp.control.session }),
      });
      socket.on('error', () => undefined);
      await new Promise<void>(
        (resolve, reject) => void socket.once('secureConnect', () => resolve()).once('error', reject),
      );
      await ftp.answer('STOR cut', [125, 150]);
      await new Promise<void>((resolve) => void socket.write('half', () => resolve()));
      // A FIN of the bare connection, as of a process that was killed.
      raw.end();
      await ftp.answer('STOR cut', [226, 425, 426, 451]);
      t.equal('names', await ftp.names(), []);
    }),
    options,
  ),
  story(
    'REST and STOR under TLS',
    must('RFC 4217 §10'),
    secured(async (ftp) => {
      await ftp.put('f', '01234');
      await ftp.ask('REST 5', 350);
      await ftp.put('f', '56789');
      await ftp.holds('f', '0123456789');
    }),
    options,
  ),
  story(
    'five transfers one after the other under TLS',
    must('RFC 4217 §10'),
    secured(async (ftp) => {
      for (let i = 0; i < 5; i++) {
        await ftp.put(`f${i}`, `content ${i}`);
        await ftp.holds(`f${i}`, `content ${i}`);
      }
    }),
    options,
  ),
  story(
    'an upload of 3,000,000 bytes under TLS is whole',
    must('RFC 4217 §10'),
    secured(async (ftp, t) => {
      const bytes = Buffer.alloc(3_000_000, 'abcdefghijklm');
      await ftp.put('f', bytes);
      t.equal('size', (await ftp.ask('SIZE f', 213)).text, '3000000');
      await ftp.holds('f', bytes);
    }),
    options,
  ),
  story(
    'PROT outlives a transfer',
    must('RFC 2228 §3'),
    secured(async (ftp) => {
      await ftp.put('f', 'a');
      await ftp.put('g', 'b');
      await ftp.holds('g', 'b');
    }),
    options,
  ),
  story(
    'REIN under TLS is refused and changes nothing, or 220',
    must('RFC 4217 §13, RFC 959 §5.4'),
    secured(async (ftp) => {
      const { code } = await ftp.ask('REIN', [220, 421, 500, 502, 504, 534]);
      // After 220 the connection would go on in clear, and few servers do that.
      if (code === 220 || code === 421) return ftp.control.destroy();
      await ftp.ask('PWD', 257);
    }),
    options,
  ),
];

export const tlsData: readonly Case[] = group('data under TLS', rows);
