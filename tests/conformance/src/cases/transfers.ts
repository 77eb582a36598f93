/** Types and ASCII. Source: RFC 959 §3 and §4.1.3, RFC 1123 §4.1.2, RFC 3659 §5. */
import { group, holds, may, must, put, rule, should, store, story } from '../case.ts';
import { bytesOf } from '../bytes.ts';

const types = [
  rule('TYPE A is 200', must('RFC 1123 §4.1.2.13'), [['TYPE A', 200]]),
  rule('TYPE A N is 200', must('RFC 1123 §4.1.2.13'), [['TYPE A N', 200]]),
  rule('TYPE I is 200', must('RFC 1123 §4.1.2.13'), [['TYPE I', 200]]),
  rule('TYPE L 8 is 200', must('RFC 1123 §4.1.2.1'), [['TYPE L 8', 200]]),
  rule('TYPE E is 200 or 504', must('RFC 959 §5.4'), [['TYPE E', [200, 500, 504]]]),
  rule('TYPE A T is 200 or 504', must('RFC 959 §5.4'), [['TYPE A T', [200, 500, 501, 504]]]),
  rule('TYPE A C is 200 or 504', must('RFC 959 §5.4'), [['TYPE A C', [200, 500, 501, 504]]]),
  rule('TYPE L 7 is 504', must('RFC 959 §5.4'), [['TYPE L 7', [500, 501, 504]]]),
  rule('an unknown TYPE is 501 or 504', must('RFC 959 §5.4'), [
    ['TYPE X', [500, 501, 504]],
    ['TYPE IMAGE', [500, 501, 504]],
  ]),
  rule('TYPE without argument is 501', must('RFC 959 §5.4'), [['TYPE', [500, 501, 504]]]),
  rule('a refused TYPE leaves the old one', must('RFC 959 §5.4'), [
    put('f', 'a\nb'),
    ['TYPE X', [500, 501, 504]],
    holds('f', 'a\nb'),
  ]),
  story('the type at the beginning is ASCII', must('RFC 959 §3.1.1.5'), async (ftp, t) => {
    const other = await t.connect();
    await t.signIn(other);
    await ftp.put('f', 'a\nb\n');
    await other.ask(`CWD ${t.directory}`, 250);
    await other.holds('f', 'a\r\nb\r\n');
  }),
  story('all 256 bytes go up and come down in TYPE I', must('RFC 959 §3.1.1.3'), async (ftp) => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await ftp.put('f', Buffer.concat([all, all]));
    await ftp.holds('f', Buffer.concat([all, all]));
  }),
  rule('an empty file goes up and comes down', must('RFC 959 §4.1.3'), [
    put('f', ''),
    ['SIZE f', 213, /^0$/],
    holds('f', ''),
  ]),
  rule('a file of one byte goes up and comes down', must('RFC 959 §4.1.3'), [put('f', 'x'), holds('f', 'x')]),
  ...[65_535, 65_536, 65_537, 262_144, 1_048_577, 5_000_000].map((size) =>
    story(`a file of ${size} bytes goes up and comes down`, must('RFC 959 §4.1.3'), async (ftp) => {
      await ftp.put('f', bytesOf(size));
      await ftp.ask('SIZE f', 213, new RegExp(`^${size}$`));
      await ftp.holds('f', bytesOf(size));
    }),
  ),
  rule('STOR over a file replaces it', must('RFC 959 §4.1.3'), [
    put('f', 'a longer text'),
    put('f', 'short'),
    holds('f', 'short'),
  ]),
  rule('RETR twice on one control connection gives the same', must('RFC 959 §4.1.3'), [
    put('f'),
    holds('f'),
    holds('f'),
  ]),
  rule('150 of RETR tells the size where it tells one', may('RFC 959 §4.2'), [
    put('f', '12345'),
    async (ftp, t) => {
      const { data, opening } = await ftp.begin('RETR f');
      await data.readAll();
      await ftp.answer('RETR', 226);
      const told = /\((\d+) bytes\)/.exec(opening.text)?.[1];
      t.check(told === undefined || told === '5', '(5 bytes)', opening.text);
    },
  ]),
  rule('REST 0 and RETR is the whole', must('RFC 3659 §5.3'), [put('f'), ['REST 0', 350], holds('f')]),
];

/** What is sent, and what is stored on a system whose line end is LF. */
const texts: readonly (readonly [what: string, sent: string, stored: string])[] = [
  ['CR LF', 'a\r\nb\r\n', 'a\nb\n'],
  ['no line end at the end', 'a\r\nb', 'a\nb'],
  ['empty lines', '\r\n\r\n\r\n', '\n\n\n'],
  ['a lone CR', 'a\rb\r\n', 'a\rb\n'],
  ['a CR before CR LF', 'a\r\r\nb', 'a\r\nb'],
  ['a CR as the last byte', 'a\r', 'a\r'],
];
const ascii = [
  ...texts.map(([what, sent, stored]) =>
    rule(`text with ${what} is stored with the server's line ends`, must('RFC 959 §3.1.1.1'), [
      ['TYPE A', 200],
      store('STOR f', sent),
      ['TYPE I', 200],
      holds('f', stored),
    ]),
  ),
  rule('text with a lone LF is stored', should('RFC 959 §3.1.1.1'), [
    ['TYPE A', 200],
    store('STOR f', 'a\nb\r\n'),
    ['TYPE I', 200],
    holds('f', 'a\nb\n'),
  ]),
  story('CR and LF in two segments are one line end', must('RFC 959 §3.1.1.1'), async (ftp) => {
    await ftp.ask('TYPE A', 200);
    const { data } = await ftp.begin('STOR f');
    for (const part of ['a\r', '\nb\r', '\n']) {
      await data.write(part);
      await ftp.control.silence(60);
    }
    data.end();
    await ftp.answer('STOR', [226, 250]);
    await ftp.ask('TYPE I', 200);
    await ftp.holds('f', 'a\nb\n');
  }),
  rule('LF goes out as CR LF in TYPE A', must('RFC 959 §3.1.1.1'), [
    put('f', 'a\nb\n\nc'),
    ['TYPE A', 200],
    holds('f', 'a\r\nb\r\n\r\nc'),
  ]),
  rule('what came in TYPE A comes down the same in TYPE A', must('RFC 959 §3.1.1.1'), [
    ['TYPE A', 200],
    put('f', 'a\r\n\r\nb\r\n'),
    holds('f', 'a\r\n\r\nb\r\n'),
  ]),
  story('a long text comes down in TYPE A with every line end', must('RFC 959 §3.1.1.1'), async (ftp) => {
    const line = 'x'.repeat(1_021);
    await ftp.put('f', `${line}\n`.repeat(700));
    await ftp.ask('TYPE A', 200);
    await ftp.holds('f', `${line}\r\n`.repeat(700));
  }),
  rule('8-bit text passes TYPE A unchanged', should('RFC 2640 §2'), [
    ['TYPE A', 200],
    put('f', 'grün\r\n'),
    holds('f', 'grün\r\n'),
  ]),
  rule('APPE in TYPE A appends text', must('RFC 959 §4.1.3'), [
    ['TYPE A', 200],
    store('STOR f', 'a\r\n'),
    store('APPE f', 'b\r\n'),
    ['TYPE I', 200],
    holds('f', 'a\nb\n'),
  ]),
  rule('REST with an offset in TYPE A is refused or exact', should('RFC 3659 §5.1'), [
    put('f', 'abcdef'),
    ['TYPE A', 200],
    async (ftp, t) => {
      const rest = await ftp.ask('REST 3', [350, 501, 504, 550, 554]);
      if (rest.code !== 350) return;
      const data = await ftp.passive();
      const reply = await ftp.ask('RETR f', [125, 150, 501, 550, 551, 554]);
      if (reply.code >= 400) return;
      if (ftp.privateData) await data.secure(ftp.control.session);
      t.equal('bytes', (await data.readAll()).toString(), 'def');
      await ftp.answer('RETR', 226);
    },
  ]),
];

export const transfers = [...group('types', types), ...group('ASCII', ascii)];
