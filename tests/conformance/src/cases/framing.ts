/** The control stream: lines, Telnet, verbs, replies. Source: RFC 959 §4–5, RFC 854, RFC 1123 §4.1.2.10 and §4.1.2.12. */
import { group, may, must, put, rule, should, story } from '../case.ts';

const iac = (...bytes: number[]): Buffer => Buffer.from([0xff, ...bytes]);
const text = (value: string): Buffer => Buffer.from(value);
const replyLines = must('RFC 959 §4.2');

const lines = [
  story(
    'the greeting is one reply with 220',
    must('RFC 959 §5.4'),
    async (_, t) => {
      const ftp = await t.connect({ greeting: false, ...(t.target.tls === 'explicit' ? { tls: 'none' } : {}) });
      await ftp.answer('the connection', 220);
      await ftp.control.silence(100);
    },
    { start: 'connected' },
  ),
  story(
    'the greeting names no product with a version',
    should('RFC 2577 §6'),
    async (_, t) => {
      const ftp = await t.connect({ greeting: false, ...(t.target.tls === 'explicit' ? { tls: 'none' } : {}) });
      const { text: greeting } = await ftp.answer('the connection', 220);
      t.check(!/\d+\.\d+/.test(greeting), 'a greeting without version', greeting);
    },
    { start: 'connected' },
  ),
  story('a command in two segments is one command', must('RFC 959 §5.3'), async (ftp) => {
    ftp.control.sendRaw('NO');
    await ftp.control.silence(60);
    ftp.control.sendRaw('OP\r\n');
    await ftp.answer('NOOP', 200);
  }),
  story('CR and LF in two segments end one line once', must('RFC 959 §5.3'), async (ftp) => {
    ftp.control.sendRaw('NOOP\r');
    await ftp.control.silence(60);
    ftp.control.sendRaw('\nPWD\r\n');
    await ftp.answer('NOOP', 200);
    await ftp.answer('PWD', 257);
  }),
  story('a command in segments of one byte is one command', must('RFC 959 §5.3'), async (ftp) => {
    for (const letter of 'CWD .\r\n') {
      ftp.control.sendRaw(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ftp.answer('CWD .', [200, 250]);
  }),
  story('a bare LF ends a line too', should('RFC 1123 §1.2.2'), async (ftp) => {
    ftp.control.sendRaw('NOOP\n');
    await ftp.answer('NOOP and LF', 200);
  }),
  rule('verbs are read without case', must('RFC 959 §5.3'), [
    ['noop', 200],
    ['Pwd', 257],
    ['tYPE i', 200],
  ]),
  rule('an argument of a parameter is read without case', must('RFC 959 §5.3.1'), [
    ['TYPE i', 200],
    ['TYPE a', 200],
    ['MODE s', 200],
    ['STRU f', 200],
  ]),
  rule('an unknown verb is 500', must('RFC 959 §5.4'), [
    ['XYZZY', [500, 502]],
    ['FOO bar baz', [500, 502]],
  ]),
  rule('a verb longer than any is 500', must('RFC 959 §5.4'), [['ABCDEFGHIJKLMNOPQRSTUVWXYZ', [500, 502]]]),
  rule('a verb of digits is 500', must('RFC 959 §5.4'), [['12345', [500, 502]]]),
  rule('a verb of punctuation is 500', must('RFC 959 §5.4'), [
    ['!ls', [500, 502]],
    ['../x', [500, 502]],
  ]),
  rule(
    'an unknown verb before login is 500 or 530, and the session goes on',
    must('RFC 959 §5.4'),
    [
      ['XYZZY', [500, 502, 530]],
      ['SYST', 'any'],
    ],
    { start: 'connected' },
  ),
  story('an empty line is answered 500 or passed over', should('RFC 959 §5.3'), async (ftp) => {
    ftp.control.sendRaw('\r\nPWD\r\n');
    const first = await ftp.answer('an empty line', [500, 501, 257]);
    if (first.code !== 257) await ftp.answer('PWD', 257);
  }),
  rule('blanks behind a command without argument do no harm', should('RFC 959 §5.3'), [
    ['NOOP ', 200],
    ['PWD ', 257],
  ]),
  story('a line of 4,000 bytes is read or refused, never cut', must('RFC 2577 §6'), async (ftp, t) => {
    const { code } = await ftp.ask(`CWD ${'x'.repeat(4_000)}`, [421, 500, 501, 550, 553]);
    if (code === 421) return;
    t.equal('replies after it', (await ftp.ask('PWD')).code, 257);
  }),
  story('a line of 100,000 bytes gets one refusal, and its tail is not run', must('RFC 2577 §6'), async (ftp, t) => {
    ftp.control.sendRaw(`NOOP ${'x'.repeat(50_000)} MKD a${'y'.repeat(50_000)}\r\n`);
    const first = await ftp.control.replyOrEnd();
    if (first === undefined || first.code === 421) return;
    t.check([500, 501, 550].includes(first.code), '500 to a line too long', first);
    ftp.control.send('PWD');
    const next = await ftp.control.replyOrEnd();
    t.check(next === undefined || next.code === 257, '257 to PWD, or the end', next);
  }),
  story('a command behind a line too long is run once', must('RFC 2577 §6'), async (ftp, t) => {
    ftp.control.sendRaw(`CWD ${'x'.repeat(20_000)}\r\nMKD after\r\n`);
    const first = await ftp.control.replyOrEnd();
    if (first === undefined || first.code === 421) return;
    t.check(first.code >= 500, '500 to a line too long', first);
    const next = await ftp.control.replyOrEnd();
    t.check(next === undefined || next.code === 257, '257 to MKD, or the end', next);
  }),
  story('a NUL in a name is refused: no other file is meant', must('RFC 959 §5.3.2'), async (ftp, t) => {
    await ftp.put('victim', 'x');
    ftp.control.sendRaw('DELE victim\0.txt\r\n');
    const { code } = await ftp.answer('DELE with NUL', 'any');
    t.check(code >= 500, '5yz to a name with NUL', code);
    await ftp.holds('victim', 'x');
  }),
  story('a CR inside a name does not end the line', must('RFC 959 §5.3.2'), async (ftp, t) => {
    await ftp.put('first', 'x');
    ftp.control.sendRaw('DELE first\rDELE second\r\n');
    const { code } = await ftp.answer('DELE with CR', 'any');
    t.check(code >= 400, 'a refusal of a name with CR', code);
    await ftp.holds('first', 'x');
  }),
  story('the line end of a client that sends CR NUL is not a line end', should('RFC 1123 §4.1.2.12'), async (ftp) => {
    ftp.control.sendRaw('NOOP\r\0');
    await ftp.control.silence(80);
    ftp.control.sendRaw('\r\n');
    await ftp.answer('NOOP with CR NUL', [200, 500, 501]);
  }),
  story(
    'only one blank parts verb and argument: more of them belong to the name',
    should('RFC 959 §5.3.1'),
    async (ftp, t) => {
      await ftp.put(' two', 'blank first');
      t.equal('names', await ftp.names(), [' two']);
    },
  ),
];

const echo = 1;
const options = [
  ['WILL', 0xfb],
  ['WONT', 0xfc],
  ['DO', 0xfd],
  ['DONT', 0xfe],
] as const;
const telnet = [
  story('IAC NOP in front of a command is dropped', must('RFC 959 §5.3, RFC 854'), async (ftp) => {
    ftp.control.sendRaw(Buffer.concat([iac(0xf1), text('NOOP\r\n')]));
    await ftp.answer('IAC NOP NOOP', 200);
  }),
  story('IAC NOP inside a command is dropped', should('RFC 959 §5.3, RFC 854'), async (ftp) => {
    ftp.control.sendRaw(Buffer.concat([text('NO'), iac(0xf1), text('OP\r\n')]));
    await ftp.answer('NO IAC NOP OP', 200);
  }),
  ...options.map(([name, verb]) =>
    story(
      `Telnet's ${name} and its option are no part of the command behind them`,
      must('RFC 1123 §4.1.2.12'),
      async (ftp) => {
        ftp.control.takeTelnet();
        ftp.control.sendRaw(Buffer.concat([iac(verb, echo), text('NOOP\r\n')]));
        await ftp.answer(`IAC ${name} ECHO, NOOP`, 200);
      },
    ),
  ),
  ...(
    [
      ['WILL', 0xfb, 'DONT', 0xfe],
      ['DO', 0xfd, 'WONT', 0xfc],
    ] as const
  ).map(([name, verb, answer, wanted]) =>
    story(`Telnet's ${name} is refused with ${answer}`, must('RFC 1123 §4.1.2.12 and §3.2.1'), async (ftp, t) => {
      const answers = ftp.control.takeTelnet();
      ftp.control.sendRaw(Buffer.concat([iac(verb, echo), text('NOOP\r\n')]));
      await ftp.answer(`IAC ${name} ECHO, NOOP`, 200);
      t.equal('answers', answers, [[wanted, echo]]);
    }),
  ),
  story('IAC at the end of one segment, its command in the next', should('RFC 854'), async (ftp) => {
    ftp.control.sendRaw(iac());
    await ftp.control.silence(60);
    ftp.control.sendRaw(Buffer.concat([Buffer.from([0xf1]), text('NOOP\r\n')]));
    await ftp.answer('IAC | NOP NOOP', 200);
  }),
  story('ABOR behind IAC IP IAC DM is ABOR', must('RFC 959 §4.1.3'), async (ftp) => {
    ftp.control.sendRaw(Buffer.concat([iac(0xf4), iac(0xf2), text('ABOR\r\n')]));
    await ftp.answer('IAC IP IAC DM ABOR', [225, 226]);
  }),
  story('ABOR behind IAC IP and a data mark whose IAC was urgent is ABOR', should('RFC 959 §4.1.3'), async (ftp) => {
    ftp.control.sendRaw(Buffer.concat([iac(0xf4), Buffer.from([0xf2]), text('ABOR\r\n')]));
    await ftp.answer('IAC IP DM ABOR', [225, 226]);
  }),
  story(
    'ABOR behind IAC IP and the IAC of a data mark that was urgent is ABOR',
    should('RFC 959 §4.1.3'),
    async (ftp) => {
      ftp.control.sendRaw(Buffer.concat([iac(0xf4), Buffer.from([0xff]), text('ABOR\r\n')]));
      await ftp.answer('IAC IP IAC ABOR', [225, 226]);
    },
  ),
  story('a doubled IAC is one byte 255 of a name', may('RFC 854'), async (ftp, t) => {
    ftp.control.takeAnyText();
    ftp.control.sendRaw(Buffer.concat([text('MKD a'), iac(0xff), text('b\r\n')]));
    const { code } = await ftp.answer('MKD with IAC IAC', 'any');
    t.check(code === 257 || code >= 500, '257, or a refusal of what is not UTF-8', code);
  }),
];

const replies = [
  rule('SYST is 215 with a system name', must('RFC 959 §5.4, RFC 1123 §4.1.2'), [['SYST', 215, /^[A-Z][A-Z0-9/-]*/]]),
  rule('SYST tells UNIX, so that clients read the listing', should('RFC 943'), [['SYST', 215, /^UNIX Type: L8/]]),
  rule('SYST takes no argument', may('RFC 959 §5.3.1'), [['SYST x', [215, 501]]]),
  rule('NOOP is 200', must('RFC 959 §5.4'), [
    ['NOOP', 200],
    ['NOOP', 200],
  ]),
  rule('NOOP before login is 200 or 530', must('RFC 959 §5.4'), [['NOOP', [200, 530]]], { start: 'connected' }),
  rule('HELP is 211 or 214', must('RFC 959 §5.4, RFC 1123 §4.1.2'), [['HELP', [211, 214]]]),
  rule('HELP before login is 211 or 214', should('RFC 959 §4.1.3'), [['HELP', [211, 214]]], { start: 'connected' }),
  rule('HELP of a command is 211 or 214 and names it', should('RFC 959 §4.1.3'), [['HELP RETR', [211, 214], /RETR/i]]),
  rule('HELP of an unknown command is an error', should('RFC 959 §5.4'), [['HELP XYZZY', [500, 501, 502, 504]]]),
  story('HELP names the commands that RFC 1123 asks of all', should('RFC 1123 §4.1.2.13'), async (ftp, t) => {
    const { text: help } = await ftp.ask('HELP', [211, 214]);
    const words = new Set(help.toUpperCase().match(/[A-Z]{3,4}/g));
    const wanted =
      'USER PASS ACCT CWD CDUP QUIT REIN PORT PASV TYPE STRU MODE RETR STOR APPE RNFR RNTO DELE RMD MKD PWD LIST NLST SYST STAT HELP NOOP'.split(
        ' ',
      );
    t.equal(
      'commands that HELP does not name',
      wanted.filter((word) => !words.has(word) && !['ACCT', 'REIN'].includes(word)),
      [],
    );
  }),
  rule('HELP SITE lists what SITE takes', should('RFC 959 §4.1.3'), [['HELP SITE', [211, 214]]]),
  rule('STAT without argument is 211', must('RFC 959 §5.4'), [['STAT', 211]]),
  rule('STAT tells the type, the structure and the mode', may('RFC 959 §4.1.3'), [
    ['TYPE I', 200],
    ['STAT', 211, /image|binary|TYPE/i],
  ]),
  rule('STAT never tells the password', must('RFC 2577 §6'), [
    async (ftp, t) => {
      const { text: status } = await ftp.ask('STAT', 211);
      t.check(!status.includes(t.target.password), 'no password in STAT', status);
    },
  ]),
  rule('each reply of many lines ends with its code and a blank', replyLines, [
    ['FEAT', 211],
    ['HELP', [211, 214]],
    ['STAT', 211],
    ['NOOP', 200],
  ]),
  rule('a name that looks like a code is no reply of its own', replyLines, [
    put('226 done'),
    ['STAT {dir}', [211, 212, 213, 502]],
    ['NOOP', 200],
  ]),
  rule('MODE S is 200', must('RFC 1123 §4.1.2.13'), [['MODE S', 200]]),
  rule('MODE B is 200 or 504', must('RFC 959 §5.4'), [
    ['MODE B', [200, 504]],
    ['MODE S', 200],
  ]),
  rule('MODE C is 200 or 504', must('RFC 959 §5.4'), [
    ['MODE C', [200, 504]],
    ['MODE S', 200],
  ]),
  rule('an unknown MODE is 501 or 504', must('RFC 959 §5.4'), [['MODE X', [501, 504]]]),
  rule('MODE without argument is 501', must('RFC 959 §5.4'), [['MODE', [500, 501, 504]]]),
  rule('STRU F is 200', must('RFC 1123 §4.1.2.13'), [['STRU F', 200]]),
  rule('STRU R is 200 or 504', must('RFC 959 §5.4'), [
    ['STRU R', [200, 504]],
    ['STRU F', 200],
  ]),
  rule('STRU P is 200 or 504', must('RFC 1123 §4.1.2.3'), [
    ['STRU P', [200, 504]],
    ['STRU F', 200],
  ]),
  rule('an unknown STRU is 501 or 504', must('RFC 959 §5.4'), [['STRU X', [501, 504]]]),
  rule('STRU without argument is 501', must('RFC 959 §5.4'), [['STRU', [500, 501, 504]]]),
  rule('ALLO is 200 or 202', must('RFC 959 §5.4'), [['ALLO 100', [200, 202]]]),
  rule('ALLO with a record size is 200 or 202', must('RFC 959 §4.1.3'), [['ALLO 100 R 10', [200, 202]]]),
  rule('ALLO of no number is 501', should('RFC 959 §5.4'), [['ALLO many', [501, 504]]], { optional: ['ALLO'] }),
  rule('ALLO without argument is 501', should('RFC 959 §5.4'), [['ALLO', 501]], { optional: ['ALLO'] }),
  rule('ACCT is answered by one of its codes', must('RFC 959 §5.4'), [['ACCT x', [202, 230, 500, 501, 502, 503, 530]]]),
  rule('SMNT is answered by one of its codes', must('RFC 959 §5.4'), [
    ['SMNT /x', [202, 250, 500, 501, 502, 530, 550]],
  ]),
  rule('SITE without argument is 501', should('RFC 959 §5.4'), [['SITE', [500, 501, 214]]]),
  rule('SITE of an unknown word is 500, 501, 502 or 504', must('RFC 959 §5.4'), [['SITE XYZZY', [500, 501, 502, 504]]]),
  rule('SITE HELP is 211 or 214', should('RFC 1123 §4.1.2.8'), [['SITE HELP', [200, 211, 214]]]),
];

export const framing = [...group('lines', lines), ...group('telnet', telnet), ...group('replies', replies)];
