/** Pipelines, and what acts while a transfer runs. Source: RFC 959 §4.1.3 and §5.4, RFC 2389 §3, ftp.md. */
import { bytesOf } from '../bytes.ts';
import { group, may, must, put, rule, should, story } from '../case.ts';
import type { Session } from '../session.ts';

/** More than the buffers of a connection hold. */
const large = 12_000_000;
const big = async (ftp: Session): Promise<void> => ftp.put('big', bytesOf(large));
/** 226 of ABOR itself, perhaps with 426 before it. */
async function aborted(ftp: Session): Promise<readonly number[]> {
  const first = await ftp.answer('ABOR', [225, 226, 426, 451]);
  if (first.code === 225) return [225];
  const second = await ftp.answer('ABOR', [225, 226]);
  return [first.code, second.code];
}

const pipelines = [
  story('commands sent at once are answered in order', must('RFC 959 §5.4'), async (ftp) => {
    ftp.control.sendRaw('SYST\r\nPWD\r\nNOOP\r\nXYZZY\r\nTYPE I\r\nMODE S\r\n');
    for (const [verb, code] of [
      ['SYST', 215],
      ['PWD', 257],
      ['NOOP', 200],
      ['XYZZY', [500, 502]],
      ['TYPE I', 200],
      ['MODE S', 200],
    ] as const)
      await ftp.answer(verb, code);
  }),
  story('100 commands sent at once are answered 100 times', should('RFC 959 §5.4'), async (ftp) => {
    ftp.control.sendRaw('NOOP\r\n'.repeat(100));
    for (let i = 0; i < 100; i++) await ftp.answer('NOOP', 200);
  }),
  story('MKD, CWD and PWD sent at once act in order', must('RFC 959 §5.4'), async (ftp) => {
    ftp.control.sendRaw('MKD a\r\nCWD a\r\nMKD b\r\nCWD b\r\nPWD\r\n');
    for (const code of [257, [200, 250], 257, [200, 250]] as const) await ftp.answer('pipeline', code);
    await ftp.answer('PWD', 257, /\/a\/b"/);
  }),
  story(
    'USER and PASS sent at once log in',
    should('RFC 959 §5.4'),
    async (ftp, t) => {
      ftp.control.sendRaw(`USER ${t.target.user}\r\nPASS ${t.target.password}\r\nPWD\r\n`);
      await ftp.answer('USER', 331);
      await ftp.answer('PASS', 230);
      await ftp.answer('PWD', 257);
    },
    { start: 'connected' },
  ),
  story('RNFR and RNTO sent at once rename', must('RFC 959 §5.4'), async (ftp) => {
    await ftp.put('a', 'x');
    ftp.control.sendRaw('RNFR a\r\nRNTO b\r\n');
    await ftp.answer('RNFR', 350);
    await ftp.answer('RNTO', 250);
    await ftp.holds('b', 'x');
  }),
  story(
    'a command sent behind RETR is answered after its 226',
    must('RFC 959 §5.4'),
    async (ftp) => {
      await ftp.put('f', 'content');
      const data = await ftp.passive();
      ftp.control.sendRaw('RETR f\r\nPWD\r\n');
      await ftp.answer('RETR', [125, 150]);
      if (ftp.privateData) await data.secure(ftp.control.session);
      await data.readAll();
      await ftp.answer('RETR', 226);
      await ftp.answer('PWD', 257);
    },
    { explicit: true },
  ),
  story('two RETR over two EPSV sent one behind the other both work', should('RFC 959 §5.4'), async (ftp, t) => {
    await ftp.put('f', 'one');
    await ftp.put('g', 'two');
    t.equal('bytes', [(await ftp.get('f')).toString(), (await ftp.get('g')).toString()], ['one', 'two']);
  }),
  story('pipelined SIZE of 50 names are answered in order', should('RFC 3659 §4'), async (ftp) => {
    for (let i = 1; i <= 5; i++) await ftp.put(`f${i}`, 'x'.repeat(i));
    ftp.control.sendRaw(Array.from({ length: 50 }, (_, i) => `SIZE f${(i % 5) + 1}\r\n`).join(''));
    for (let i = 0; i < 50; i++) await ftp.answer('SIZE', 213, new RegExp(`^${(i % 5) + 1}$`));
  }),
];

const abort = [
  rule('ABOR without a transfer is 225 or 226', must('RFC 959 §5.4'), [['ABOR', [225, 226]]]),
  rule('ABOR takes no argument', may('RFC 959 §5.3.1'), [['ABOR x', [225, 226, 501]]]),
  story('ABOR after PASV without a transfer is 225 or 226', must('RFC 959 §5.4'), async (ftp) => {
    await ftp.passive();
    await ftp.ask('ABOR', [225, 226]);
    await ftp.put('f', 'x');
  }),
  story('ABOR during RETR is 426 and 226', should('RFC 959 §4.1.3'), async (ftp, t) => {
    await big(ftp);
    const { data } = await ftp.begin('RETR big');
    await data.readSome(100_000);
    ftp.control.send('ABOR');
    await data.closed();
    t.equal('replies', await aborted(ftp), [426, 226]);
  }),
  story('ABOR during RETR that the client does not read acts at once', should('RFC 959 §4.1.3'), async (ftp, t) => {
    await big(ftp);
    const { data } = await ftp.begin('RETR big');
    await data.readSome(1);
    ftp.control.send('ABOR');
    t.equal('replies', (await aborted(ftp)).at(-1), 226);
  }),
  story('ABOR during STOR is 426 and 226', should('RFC 959 §4.1.3'), async (ftp, t) => {
    const { data } = await ftp.begin('STOR f');
    await data.write(bytesOf(100_000));
    ftp.control.send('ABOR');
    t.equal('replies', await aborted(ftp), [426, 226]);
  }),
  story('ABOR during STOR that stalls acts at once', should('ftp.md: ABOR while an upload stalls'), async (ftp, t) => {
    const { data } = await ftp.begin('STOR f');
    await data.write('some');
    await ftp.control.silence(150);
    const began = performance.now();
    ftp.control.send('ABOR');
    t.equal('the last reply', (await aborted(ftp)).at(-1), 226);
    t.check(performance.now() - began < 2_000, 'within 2 s', `${performance.now() - began} ms`);
  }),
  story('after ABOR the session goes on', should('RFC 959 §4.1.3'), async (ftp) => {
    const { data } = await ftp.begin('STOR f');
    await data.write('some');
    ftp.control.send('ABOR');
    await aborted(ftp);
    await ftp.put('g', 'content');
    await ftp.holds('g', 'content');
  }),
  story('ABOR ends the data connection', should('RFC 959 §4.1.3'), async (ftp) => {
    const { data } = await ftp.begin('STOR f');
    await data.write('some');
    ftp.control.send('ABOR');
    await data.closed();
    await aborted(ftp);
  }),
  story('an upload that was aborted leaves the old file', should('ftp.md: atomic'), async (ftp) => {
    await ftp.put('f', 'old');
    const { data } = await ftp.begin('STOR f');
    await data.write('new');
    ftp.control.send('ABOR');
    await aborted(ftp);
    await ftp.holds('f', 'old');
  }),
  story('ABOR with Telnet IP and DM during RETR acts', should('RFC 959 §4.1.3'), async (ftp, t) => {
    await big(ftp);
    const { data } = await ftp.begin('RETR big');
    await data.readSome(100_000);
    ftp.control.sendRaw(Buffer.from([0xff, 0xf4, 0xff, 0xf2, ...Buffer.from('ABOR\r\n')]));
    await data.closed();
    t.equal('the last reply', (await aborted(ftp)).at(-1), 226);
  }),
  story('ABOR while the data connection is awaited acts', should('RFC 959 §4.1.3'), async (ftp, t) => {
    await ftp.put('f', 'content');
    await ftp.passivePort();
    ftp.control.send('RETR f');
    await ftp.control.silence(100).catch(() => undefined);
    ftp.control.send('ABOR');
    const codes: number[] = [];
    while (codes.at(-1) !== 226 && codes.at(-1) !== 225)
      codes.push((await ftp.answer('ABOR', [125, 150, 225, 226, 425, 426, 451])).code);
    t.check(codes.length <= 3, 'at most 150, 426 and 226', codes);
  }),
  story('ABOR during LIST does no harm', should('RFC 959 §4.1.3'), async (ftp) => {
    await ftp.put('f', 'x');
    const { data } = await ftp.begin('LIST');
    ftp.control.send('ABOR');
    await data.closed();
    const first = await ftp.answer('LIST or ABOR', [225, 226, 426, 451]);
    await ftp.answer('ABOR', [225, 226]);
    void first;
  }),
];

const meanwhile = [
  story('STAT during a transfer is 211 or 213, at once', should('RFC 959 §4.1.3'), async (ftp) => {
    await big(ftp);
    const { data } = await ftp.begin('RETR big');
    await data.readSome(100_000);
    await ftp.ask('STAT', [211, 212, 213]);
    await data.readAll(15_000);
    await ftp.answer('RETR', 226);
  }),
  story('STAT during an upload that stalls is answered at once', should('RFC 959 §4.1.3'), async (ftp) => {
    const { data } = await ftp.begin('STOR f');
    await data.write('half');
    await ftp.ask('STAT', [211, 212, 213]);
    await data.write(' whole');
    data.end();
    await ftp.answer('STOR', 226);
    await ftp.holds('f', 'half whole');
  }),
  story('NOOP during a transfer is answered at once or after it', should('ftp.md: NOOP passes'), async (ftp) => {
    const { data } = await ftp.begin('STOR f');
    await data.write('half');
    await ftp.ask('NOOP', 200);
    data.end();
    await ftp.answer('STOR', 226);
  }),
  story('QUIT during a transfer lets it end', must('RFC 959 §4.1.1'), async (ftp, t) => {
    const { data } = await ftp.begin('STOR f');
    await data.write('half');
    ftp.control.send('QUIT');
    await ftp.control.silence(100).catch(() => undefined);
    await data.write(' whole');
    data.end();
    const codes = [
      (await ftp.answer('STOR or QUIT', [221, 226])).code,
      (await ftp.answer('STOR or QUIT', [221, 226])).code,
    ];
    t.equal('replies', codes.toSorted(), [221, 226]);
    await ftp.control.end();
    await (await t.login()).holds('f', 'half whole');
  }),
  story('another command during a transfer waits for its end', must('RFC 959 §5.4'), async (ftp) => {
    const { data } = await ftp.begin('STOR f');
    await data.write('half');
    ftp.control.send('PWD');
    await ftp.control.silence(150);
    data.end();
    await ftp.answer('STOR', 226);
    await ftp.answer('PWD', 257);
  }),
  story('a client that closes the data connection of RETR gets 426 or 226', must('RFC 959 §5.4'), async (ftp) => {
    await big(ftp);
    const { data } = await ftp.begin('RETR big');
    await data.readSome(100_000);
    data.destroy();
    await ftp.answer('RETR', [226, 426, 451]);
  }),
  story('a client that closes the data connection of RETR is not told 226', should('RFC 959 §5.4'), async (ftp) => {
    await big(ftp);
    const { data } = await ftp.begin('RETR big');
    await data.readSome(100_000);
    data.destroy();
    await ftp.answer('RETR', [426, 451]);
  }),
  story('150 comes before the bytes end, 226 after all were sent', must('RFC 959 §5.4'), async (ftp, t) => {
    await ftp.put('f', bytesOf(500_000));
    const { data, opening } = await ftp.begin('RETR f');
    t.check([125, 150].includes(opening.code), '125 or 150', opening.code);
    t.equal('size', (await data.readAll()).length, 500_000);
    await ftp.answer('RETR', 226);
  }),
  story('226 of STOR comes when the file can be read by another', must('RFC 959 §5.4'), async (ftp, t) => {
    const other = await t.login();
    for (let i = 0; i < 5; i++) {
      await ftp.put('f', `round ${i}`);
      await other.holds('f', `round ${i}`);
    }
  }),
];

const features = [
  rule('FEAT is 211 with one label to a line', must('RFC 2389 §3.2'), [['FEAT', 211]]),
  story('each line of FEAT begins with one blank', must('RFC 2389 §3.2'), async (ftp, t) => {
    const { lines } = await ftp.ask('FEAT', 211);
    t.check(lines.length >= 3, 'lines between the first and the last', lines);
    for (const line of lines.slice(1, -1)) t.check(/^ [^\s]/.test(line), 'a blank and a label', line);
  }),
  story('FEAT names only what is done', must('RFC 2389 §3.2'), async (ftp, t) => {
    for (const verb of [
      'SIZE',
      'MDTM',
      'MFMT',
      'EPRT',
      'EPSV',
      'HOST',
      'LANG',
      'CLNT',
      'COMB',
      'AVBL',
      'MFCT',
      'MFF',
      'HASH',
      'XCRC',
      'XMD5',
    ])
      if (t.has(verb)) {
        const { code, text } = await ftp.ask(verb);
        t.check(code !== 502 && !/unknown command|not implemented/i.test(text), `${verb} is known`, `${code} ${text}`);
      }
  }),
  story('FEAT names no command of RFC 959', should('RFC 2389 §3.2'), async (_, t) => {
    t.equal(
      'labels',
      ['USER', 'PASS', 'RETR', 'STOR', 'LIST', 'NLST', 'PWD', 'CWD'].filter((verb) => t.has(verb)),
      [],
    );
  }),
  story(
    'FEAT names SIZE, MDTM, MLST, REST STREAM, TVFS, UTF8, EPSV and EPRT',
    should('RFC 3659, RFC 2640, RFC 2428'),
    async (_, t) => {
      t.equal(
        'labels missing',
        ['SIZE', 'MDTM', 'MLST', 'REST', 'TVFS', 'UTF8', 'EPSV', 'EPRT'].filter((label) => !t.has(label)),
        [],
      );
    },
  ),
  rule('FEAT before login is 211 or 530', must('RFC 2389 §3'), [['FEAT', [211, 530]]], { start: 'connected' }),
  rule('FEAT before login is 211, so that AUTH can be found', should('RFC 4217 §6'), [['FEAT', 211]], {
    start: 'connected',
  }),
  rule('FEAT takes no argument', should('RFC 2389 §3.1'), [['FEAT x', [211, 501]]]),
  story('FEAT names each label once', should('RFC 2389 §3.2'), async (ftp, t) => {
    const { lines } = await ftp.ask('FEAT', 211);
    const labels = lines.slice(1, -1).map((line) => line.trim());
    t.equal('labels', labels.length, new Set(labels).size);
  }),
  rule('put and FEAT on one session', must('RFC 2389 §3'), [put('f'), ['FEAT', 211], ['PWD', 257]]),
];

export const during = [
  ...group('pipelines', pipelines),
  ...group('ABOR', abort),
  ...group('meanwhile', meanwhile),
  ...group('FEAT', features),
];
