/** Data connections. Source: RFC 959 §3.2 and §4.1.2, RFC 1123 §4.1.2.6 and §4.1.2.12, RFC 2428, RFC 2577 §3–4. */
import { connect } from 'node:net';
import { group, may, must, put, rule, should, story, type Options } from '../case.ts';
import { DataConnection } from '../data.ts';
import { Mismatch } from '../outcome.ts';

const v4: Options = { family: 4 };
const passive = [
  rule('PASV is 227 with six numbers', must('RFC 959 §5.4'), [['PASV', 227, /\d+,\d+,\d+,\d+,\d+,\d+/]], v4),
  rule(
    'the numbers of PASV stand in parentheses',
    should('RFC 1123 §4.1.2.6'),
    [['PASV', 227, /\((\d{1,3},){5}\d{1,3}\)/]],
    v4,
  ),
  rule(
    'PASV names the address that the client came to',
    should('RFC 1123 §4.1.2.6'),
    [async (ftp, t) => t.equal('address', (await ftp.passiveAddress('PASV')).host, ftp.control.remoteAddress)],
    v4,
  ),
  rule('PASV never names 0.0.0.0', must('RFC 1123 §4.1.2.6'), [['PASV', 227, /\((?!0,0,0,0)/]], v4),
  rule('PASV takes no argument', may('RFC 959 §5.3.1'), [['PASV now', [227, 501]]], v4),
  rule(
    'RETR by PASV',
    must('RFC 959 §4.1.2'),
    [put('f'), async (ftp, t) => t.equal('bytes', (await ftp.retrieve('RETR f', 'PASV')).toString(), 'content')],
    v4,
  ),
  rule('STOR by PASV', must('RFC 959 §4.1.2'), [async (ftp) => ftp.store('STOR f', 'content', 'PASV')], v4),
  rule('EPSV is 229 with a port', must('RFC 2428 §3'), [['EPSV', 229, /\(\|\|\|\d{1,5}\|\)/]]),
  rule('RETR by EPSV', must('RFC 2428 §3'), [
    put('f'),
    async (ftp, t) => t.equal('bytes', (await ftp.retrieve('RETR f', 'EPSV')).toString(), 'content'),
  ]),
  rule('EPSV 1 on IPv4 is 229', must('RFC 2428 §3'), [['EPSV 1', 229]], v4),
  rule(
    "EPSV of a family that is not the connection's is 522, or is done",
    should('RFC 2428 §3'),
    [['EPSV 2', [229, 522]]],
    v4,
  ),
  rule('EPSV of an unknown family is 522', must('RFC 2428 §3'), [['EPSV 9', [501, 522]]]),
  rule('522 names the families that are done', must('RFC 2428 §2'), [['EPSV 9', 522, /\((\d,?)+\)/]]),
  rule('EPSV of what is no number is 501', must('RFC 2428 §3'), [['EPSV x', [501, 522]]]),
  rule('a second EPSV takes another port or the same, and works', must('RFC 959 §3.2'), [
    put('f'),
    ['EPSV', 229],
    ['EPSV', 229],
    async (ftp) => ftp.holds('f', 'content'),
  ]),
  story('the port of the first EPSV is closed at the second', should('RFC 959 §3.2'), async (ftp, t) => {
    const first = await ftp.passivePort();
    const second = await ftp.passivePort();
    if (first === second) return;
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: t.target.host, port: first });
      socket.on('connect', () => {
        // A port that others share may take the connection, and must end it.
        socket
          .on('close', () => resolve(true))
          .on('end', () => resolve(true))
          .resume();
        setTimeout(() => resolve(false), 1_500).unref();
      });
      socket.on('error', () => resolve(true));
      ftp.own(socket);
    });
    t.check(refused, 'the end of the first listener', 'open');
  }),
  story('a port is for one transfer', must('RFC 959 §3.2'), async (ftp) => {
    await ftp.put('f', 'content');
    await ftp.holds('f', 'content');
    await ftp.ask('RETR f', [425, 503]);
  }),
  story('a port of one transfer is not the port of the next', should('RFC 2577 §4'), async (ftp, t) => {
    const ports: number[] = [];
    await ftp.put('f', 'content');
    for (let i = 0; i < 8; i++) {
      const { port } = await ftp.passiveAddress('EPSV');
      ports.push(port);
      const data = ftp.own(await DataConnection.connect(t.target.host, port, ftp.control.localAddress));
      ftp.control.send('RETR f');
      await ftp.answer('RETR f', [125, 150]);
      if (ftp.privateData) await data.secure(ftp.control.session);
      await data.readAll();
      await ftp.answer('RETR f', 226);
    }
    const steps = ports.slice(1).map((port, i) => port - (ports[i] ?? 0));
    t.check(new Set(steps).size > 1, 'ports that cannot be foretold', ports);
  }),
  story(
    'a data connection from another address is not served',
    must('RFC 2577 §4'),
    async (ftp, t) => {
      const address = t.needStranger(40);
      await ftp.put('secret', 'content');
      const { host, port } = await ftp.passiveAddress('PASV');
      const thief = ftp.own(
        await DataConnection.connect(host, port, address).catch(() => {
          throw new Mismatch('a listener that refuses or drops a stranger', 'no listener');
        }),
      );
      ftp.control.send('RETR secret');
      const stolen = await thief.readSome(7).catch(() => Buffer.alloc(0));
      t.equal('bytes that a stranger got', stolen.toString(), '');
      ftp.control.destroy();
    },
    { ...v4, timeoutMs: 20_000 },
  ),
  story(
    'after a stranger came, the client is still awaited',
    should('RFC 2577 §4'),
    async (ftp, t) => {
      const address = t.needStranger(41);
      await ftp.put('f', 'content');
      const { host, port } = await ftp.passiveAddress('PASV');
      ftp.own(await DataConnection.connect(host, port, address));
      const data = ftp.own(await DataConnection.connect(host, port, ftp.control.localAddress));
      await ftp.ask('RETR f', [125, 150]);
      if (ftp.privateData) await data.secure(ftp.control.session);
      t.equal('bytes', (await data.readAll()).toString(), 'content');
      await ftp.answer('RETR f', 226);
    },
    v4,
  ),
  story(
    'the data connection may come after the command',
    must('RFC 959 §3.2'),
    async (ftp, t) => {
      await ftp.put('f', 'content');
      const { host, port } = await ftp.passiveAddress('EPSV');
      ftp.control.send('RETR f');
      await ftp.control.silence(150).catch(() => undefined);
      const data = ftp.own(await DataConnection.connect(host, port, ftp.control.localAddress));
      if (ftp.privateData) await data.secure(ftp.control.session);
      t.equal('bytes', (await data.readAll()).toString(), 'content');
      const first = await ftp.answer('RETR f', 'any');
      if (first.code < 200) await ftp.answer('RETR f', 226);
    },
    { explicit: true },
  ),
  rule('RETR without a data connection is 425', must('RFC 959 §5.4'), [put('f'), ['RETR f', [425, 503]]]),
  rule('STOR without a data connection is 425, and the file stays', must('RFC 959 §5.4'), [
    put('f', 'old'),
    ['STOR f', [425, 503]],
    async (ftp) => ftp.holds('f', 'old'),
  ]),
  story('two sessions transfer at the same time', must('RFC 959 §3.2'), async (ftp, t) => {
    const other = await t.login();
    await Promise.all([ftp.put('a', 'one'), other.put('b', 'two')]);
    await Promise.all([ftp.holds('b', 'two'), other.holds('a', 'one')]);
  }),
];

const all = [
  rule('EPSV ALL is 200', must('RFC 2428 §4'), [['EPSV ALL', 200]]),
  rule('EPSV ALL is read without case', should('RFC 2428 §4'), [['epsv all', 200]]),
  rule('after EPSV ALL, EPSV works', must('RFC 2428 §4'), [
    put('f'),
    ['EPSV ALL', 200],
    async (ftp) => ftp.holds('f', 'content'),
  ]),
  ...['PASV', 'PORT 127,0,0,1,200,1', 'EPRT |1|127.0.0.1|51201|'].map((line) =>
    rule(
      `after EPSV ALL, ${line.split(' ')[0]} is refused`,
      must('RFC 2428 §4'),
      [
        ['EPSV ALL', 200],
        [line, [500, 501, 503, 504, 522, 550]],
      ],
      v4,
    ),
  ),
];

const active = [
  rule(
    'RETR by PORT',
    must('RFC 959 §4.1.2'),
    [put('f'), async (ftp, t) => t.equal('bytes', (await ftp.retrieve('RETR f', 'PORT')).toString(), 'content')],
    v4,
  ),
  rule(
    'STOR by PORT',
    must('RFC 959 §4.1.2'),
    [async (ftp) => ftp.store('STOR f', 'content', 'PORT'), async (ftp) => ftp.holds('f', 'content')],
    v4,
  ),
  rule('LIST by PORT', must('RFC 959 §4.1.2'), [put('f'), async (ftp) => ftp.lines('LIST', 'PORT')], v4),
  rule('RETR by EPRT', must('RFC 2428 §2'), [
    put('f'),
    async (ftp, t) => t.equal('bytes', (await ftp.retrieve('RETR f', 'EPRT')).toString(), 'content'),
  ]),
  rule('STOR by EPRT', must('RFC 2428 §2'), [
    async (ftp) => ftp.store('STOR f', 'content', 'EPRT'),
    async (ftp) => ftp.holds('f', 'content'),
  ]),
  rule('EPRT takes another delimiter', must('RFC 2428 §2'), [['EPRT !1!127.0.0.1!51201!', 200]], v4),
  rule('PORT without argument is 501', must('RFC 959 §5.4'), [['PORT', [500, 501]]], v4),
  rule('PORT of five numbers is 501', must('RFC 959 §5.4'), [['PORT 127,0,0,1,200', [500, 501]]], v4),
  rule('PORT of seven numbers is 501', should('RFC 959 §5.4'), [['PORT 127,0,0,1,200,1,1', [500, 501]]], v4),
  rule('PORT of a number above 255 is 501', must('RFC 959 §5.4'), [['PORT 127,0,0,1,256,1', [500, 501]]], v4),
  rule('PORT of letters is 501', must('RFC 959 §5.4'), [['PORT a,b,c,d,e,f', [500, 501]]], v4),
  rule('PORT to a port below 1024 is refused', should('RFC 2577 §3'), [['PORT 127,0,0,1,0,25', [500, 501, 504]]], v4),
  rule(
    'PORT to another address is refused',
    should('RFC 2577 §3'),
    [['PORT 10,1,2,3,200,1', [425, 500, 501, 504, 530]]],
    v4,
  ),
  rule(
    'EPRT to another address is refused',
    should('RFC 2577 §3'),
    [['EPRT |1|10.1.2.3|51201|', [425, 500, 501, 504, 522, 530]]],
    v4,
  ),
  rule('EPRT to a port below 1024 is refused', should('RFC 2577 §3'), [['EPRT |1|127.0.0.1|25|', [500, 501, 504]]], v4),
  rule('EPRT without argument is 501', must('RFC 2428 §2'), [['EPRT', [500, 501]]]),
  rule('EPRT without its last delimiter is 501', must('RFC 2428 §2'), [['EPRT |1|127.0.0.1|51201', [500, 501]]], v4),
  rule('EPRT of an unknown family is 522', must('RFC 2428 §2'), [['EPRT |9|127.0.0.1|51201|', [501, 522]]]),
  rule('EPRT of a port above 65535 is 501', must('RFC 2428 §2'), [['EPRT |1|127.0.0.1|70000|', [500, 501]]], v4),
  rule('EPRT of port 0 is refused', should('RFC 2428 §2'), [['EPRT |1|127.0.0.1|0|', [500, 501, 504]]], v4),
  story('a client that does not listen gets 425', must('RFC 959 §5.4'), async (ftp) => {
    await ftp.put('f', 'content');
    const listener = await ftp.listen();
    const { port } = listener;
    listener.close();
    await ftp.ask(ftp.portLine('EPRT', port), 200);
    const first = await ftp.ask('RETR f', [150, 425, 426]);
    if (first.code === 150) await ftp.answer('RETR f', [425, 426]);
  }),
  story('a PORT is for one transfer', should('RFC 959 §3.2'), async (ftp) => {
    await ftp.put('f', 'content');
    await ftp.retrieve('RETR f', 'EPRT');
    await ftp.ask('RETR f', [425, 503]);
  }),
  story('PASV after PORT counts', must('RFC 959 §3.2'), async (ftp, t) => {
    await ftp.put('f', 'content');
    const listener = await ftp.listen();
    await ftp.ask(ftp.portLine('EPRT', listener.port), 200);
    await ftp.holds('f', 'content');
    t.equal('connections to the PORT', listener.connections, 0);
  }),
  story('PORT after PASV counts', must('RFC 959 §3.2'), async (ftp, t) => {
    await ftp.put('f', 'content');
    await ftp.passivePort();
    t.equal('bytes', (await ftp.retrieve('RETR f', 'EPRT')).toString(), 'content');
  }),
];

const v6: Options = { family: 6 };
const six = [
  rule('EPSV on IPv6 is 229 and works', must('RFC 2428 §3'), [put('f'), async (ftp) => ftp.holds('f', 'content')], v6),
  rule('EPSV 2 on IPv6 is 229', must('RFC 2428 §3'), [['EPSV 2', 229]], v6),
  rule('EPSV 1 on IPv6 is 522, or is done', should('RFC 2428 §3'), [['EPSV 1', [229, 522]]], v6),
  rule(
    'EPRT with IPv6 works',
    must('RFC 2428 §2'),
    [put('f'), async (ftp, t) => t.equal('bytes', (await ftp.retrieve('RETR f', 'EPRT')).toString(), 'content')],
    v6,
  ),
  rule(
    'EPRT with a longer form of the same address works',
    should('RFC 2428 §2, RFC 4291 §2.2'),
    [['EPRT |2|0:0:0:0:0:0:0:1|51201|', 200]],
    v6,
  ),
  rule(
    'EPRT to another IPv6 address is refused',
    should('RFC 2577 §3'),
    [['EPRT |2|fd00::1|51201|', [425, 500, 501, 504, 522, 530]]],
    v6,
  ),
  rule(
    'EPRT with an IPv6 address that is none is 501',
    must('RFC 2428 §2'),
    [['EPRT |2|::1::2|51201|', [500, 501]]],
    v6,
  ),
  rule(
    'PASV on IPv6 is refused, or names an IPv4 address',
    should('RFC 2428 §1'),
    [['PASV', [227, 425, 500, 501, 502, 503, 522]]],
    v6,
  ),
  rule(
    'STOR, APPE and LIST on IPv6',
    must('RFC 2428'),
    [
      put('f', 'a'),
      async (ftp) => ftp.store('APPE f', 'b'),
      async (ftp) => ftp.holds('f', 'ab'),
      async (ftp, t) => t.equal('names', await ftp.names(), ['f']),
    ],
    v6,
  ),
];

export const connections = [
  ...group('passive', passive),
  ...group('EPSV ALL', all),
  ...group('active', active),
  ...group('IPv6', six),
];
