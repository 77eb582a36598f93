/** Restart, append, unique names, rename. Source: RFC 959 §4.1.3, RFC 1123 §4.1.2.9, RFC 3659 §5. */
import { bytesOf } from '../bytes.ts';
import { absent, group, holds, may, must, put, refused, rule, should, store, story, type Options } from '../case.ts';

const rest: Options = { needs: ['REST'] };
const restart = [
  rule('FEAT has REST STREAM', must('RFC 3659 §5.2'), [['FEAT', 211, /^ ?REST STREAM$/m]]),
  rule('REST is 350', must('RFC 959 §5.4'), [['REST 5', 350]]),
  rule('REST without argument is 501', must('RFC 959 §5.4'), [['REST', [500, 501]]]),
  rule('REST of no number is 501', must('RFC 3659 §5.3'), [
    ['REST x', 501],
    ['REST -1', 501],
    ['REST 1x', 501],
  ]),
  rule('REST beyond 64 bits is 501', should('RFC 3659 §5.3'), [['REST 99999999999999999999999999', [501, 554]]]),
  rule('REST takes an offset beyond 32 bits', must('RFC 3659 §5.3'), [['REST 5000000000', 350]]),
  rule('REST and RETR begin at the offset', must('RFC 3659 §5.3'), [
    put('f', '0123456789'),
    ['REST 4', 350],
    holds('f', '456789'),
  ]),
  rule('REST at the end and RETR give nothing', must('RFC 3659 §5.3'), [
    put('f', '0123'),
    ['REST 4', 350],
    holds('f', ''),
  ]),
  rule('REST beyond the end and RETR are refused', should('RFC 3659 §5.3'), [
    put('f', '0123'),
    ['REST 5', 350],
    refused('RETR f', [451, 501, 550, 551, 554]),
  ]),
  rule('REST holds for one transfer', must('RFC 3659 §5.3'), [
    put('f', '0123456789'),
    ['REST 4', 350],
    holds('f', '456789'),
    holds('f', '0123456789'),
  ]),
  rule('PASV, EPSV, PORT and TYPE leave the marker', must('RFC 3659 §5.3'), [
    put('f', '0123456789'),
    ['REST 4', 350],
    ['TYPE I', 200],
    ['EPSV', 229],
    holds('f', '456789'),
  ]),
  ...['PWD', 'CWD .', 'SYST', 'STAT', 'SIZE f', 'MKD x', 'DELE none', 'XYZZY'].map((line) =>
    rule(`${line.split(' ')[0]} clears the marker`, should('RFC 959 §4.1.3: "immediately followed"'), [
      put('f', '0123456789'),
      ['REST 4', 350],
      [line, 'any'],
      holds('f', '0123456789'),
    ]),
  ),
  rule('LIST clears the marker', should('RFC 959 §4.1.3'), [
    put('f', '0123456789'),
    ['REST 4', 350],
    async (ftp) => ftp.lines('LIST'),
    holds('f', '0123456789'),
  ]),
  rule('a refused RETR clears the marker', should('RFC 959 §4.1.3'), [
    put('f', '0123456789'),
    ['REST 4', 350],
    refused('RETR none', 550),
    holds('f', '0123456789'),
  ]),
  rule('a marker left over does not harm the next STOR', should('RFC 959 §4.1.3'), [
    put('f', '0123456789'),
    ['REST 4', 350],
    ['NOOP', 200],
    ['PWD', 257],
    put('f', 'new'),
    holds('f', 'new'),
  ]),
  rule('the last REST counts', must('RFC 3659 §5.3'), [
    put('f', '0123456789'),
    ['REST 2', 350],
    ['REST 4', 350],
    holds('f', '456789'),
  ]),
  rule('REST and STOR at the end go on there', must('RFC 3659 §5.3'), [
    put('f', '01234'),
    ['REST 5', 350],
    put('f', '56789'),
    holds('f', '0123456789'),
  ]),
  rule('REST and STOR in the middle write there, and what was before stays', must('RFC 3659 §5.3'), [
    put('f', '0123456789'),
    ['REST 4', 350],
    put('f', 'abcdef'),
    holds('f', '0123abcdef'),
  ]),
  rule('REST and STOR with less than the rest end the file or leave the tail', may('RFC 3659 §5.3'), [
    put('f', '0123456789'),
    ['REST 4', 350],
    put('f', 'ab'),
    async (ftp, t) => {
      const got = (await ftp.get('f')).toString();
      t.check(['0123ab', '0123ab6789'].includes(got), '0123ab or 0123ab6789', got);
    },
  ]),
  rule('REST beyond the end and STOR are refused: no hole', should('RFC 3659 §5.3'), [
    put('f', '0123'),
    ['REST 10', 350],
    refused('STOR f', [450, 451, 501, 550, 553, 554]),
    holds('f', '0123'),
  ]),
  rule('REST and STOR to nothing are refused', should('RFC 3659 §5.3'), [
    ['REST 10', 350],
    refused('STOR f', [450, 451, 501, 550, 553, 554]),
  ]),
  story('ranges read at the same time are right', must('RFC 3659 §5.3'), async (ftp, t) => {
    const all = bytesOf(900_000);
    await ftp.put('f', all);
    const parts = await Promise.all(
      [0, 300_000, 600_000].map(async (offset) => {
        const other = await t.login();
        await other.ask(`REST ${offset}`, 350);
        const { data } = await other.begin('RETR f');
        const bytes = await data.readSome(300_000);
        data.destroy();
        await other.answer('RETR cut', 'any');
        return bytes.subarray(0, 300_000);
      }),
    );
    t.check(Buffer.concat(parts).equals(all), 'the same bytes', 'others');
  }),
];

const append = [
  rule('APPE to a file adds at its end', must('RFC 959 §4.1.3'), [
    put('f', 'one'),
    store('APPE f', 'two'),
    holds('f', 'onetwo'),
  ]),
  rule('APPE to nothing makes it', must('RFC 959 §4.1.3'), [store('APPE f', 'two'), holds('f', 'two')]),
  rule('APPE of nothing leaves the file', must('RFC 959 §4.1.3'), [
    put('f', 'one'),
    store('APPE f', ''),
    holds('f', 'one'),
  ]),
  rule('APPE to a directory is refused', must('RFC 959 §5.4'), [['MKD d', 257], refused('APPE d', [550, 553])]),
  rule('APPE without argument is 501', must('RFC 959 §5.4'), [['APPE', [500, 501]]]),
  rule('APPE below nothing is 550 or 553', must('RFC 959 §5.4'), [refused('APPE none/f', [550, 553])]),
  rule('APPE many times keeps the order', must('RFC 959 §4.1.3'), [
    async (ftp) => {
      for (let i = 0; i < 10; i++) await ftp.store('APPE log', `line ${i}\n`);
    },
    holds('log', Array.from({ length: 10 }, (_, i) => `line ${i}\n`).join('')),
  ]),
  story('APPE to a large file adds at its end', must('RFC 959 §4.1.3'), async (ftp) => {
    await ftp.put('f', bytesOf(1_000_000));
    await ftp.store('APPE f', 'tail');
    await ftp.holds('f', Buffer.concat([bytesOf(1_000_000), Buffer.from('tail')]));
  }),
];

const unique = [
  story(
    'STOU makes a file of a new name',
    must('RFC 959 §4.1.3'),
    async (ftp, t) => {
      await ftp.store('STOU', 'unique');
      const [name = '', ...more] = await ftp.names();
      t.equal('more names', more, []);
      await ftp.holds(name, 'unique');
    },
    { optional: ['STOU'] },
  ),
  story(
    '150 or 250 of STOU names the file as "FILE: name"',
    must('RFC 1123 §4.1.2.9'),
    async (ftp, t) => {
      const { data, opening } = await ftp.begin('STOU');
      await data.write('x');
      data.end();
      await ftp.answer('STOU', [226, 250]);
      const [name = ''] = await ftp.names();
      const told = /^FILE: (.+)$/.exec(opening.text)?.[1];
      t.check(told !== undefined && told.split('/').at(-1) === name, `FILE: ${name}`, opening.text);
    },
    { optional: ['STOU'] },
  ),
  story(
    'STOU twice makes two files',
    must('RFC 959 §4.1.3'),
    async (ftp, t) => {
      await ftp.store('STOU', 'one');
      await ftp.store('STOU', 'two');
      t.equal('files', (await ftp.names()).length, 2);
    },
    { optional: ['STOU'] },
  ),
];

const allo = [
  rule('STOR after ALLO of the same length is whole', must('RFC 959 §4.1.3'), [
    ['ALLO 7', [200, 202]],
    put('f', 'content'),
    holds('f'),
  ]),
  story(
    'an upload shorter than ALLO announced is not published',
    may('ftp.md: clean end'),
    async (ftp, t) => {
      const { code } = await ftp.ask('ALLO 100', [200, 202]);
      t.check(code === 200, '200: ALLO is done', code);
      const { data } = await ftp.begin('STOR f');
      await data.write('short');
      data.end();
      await ftp.answer('STOR', [426, 450, 451, 452, 550, 551, 552]);
      t.equal('names', await ftp.names(), []);
    },
    { optional: ['ALLO'] },
  ),
  rule('ALLO holds for one upload', should('RFC 959 §4.1.3'), [
    ['ALLO 7', [200, 202]],
    put('f', 'content'),
    put('g', 'x'),
    holds('g', 'x'),
  ]),
];

const rename = [
  rule('RNFR is 350, RNTO 250', must('RFC 959 §5.4'), [
    put('a'),
    ['RNFR a', 350],
    ['RNTO b', 250],
    holds('b'),
    absent('a'),
  ]),
  rule('RNFR of nothing is 550', must('RFC 959 §5.4'), [['RNFR none', 550]]),
  rule('RNTO without RNFR is 503', must('RFC 959 §5.4'), [['RNTO b', 503]]),
  rule('RNTO after a refused RNFR is 503', must('RFC 959 §5.4'), [
    ['RNFR none', 550],
    ['RNTO b', 503],
  ]),
  rule('a second RNTO is 503', must('RFC 959 §5.4'), [put('a'), ['RNFR a', 350], ['RNTO b', 250], ['RNTO c', 503]]),
  rule('RNFR without argument is 501', must('RFC 959 §5.4'), [['RNFR', [500, 501]]]),
  rule('RNTO without argument is 501', must('RFC 959 §5.4'), [
    put('a'),
    ['RNFR a', 350],
    ['RNTO', [500, 501]],
    holds('a'),
  ]),
  rule('another command between RNFR and RNTO cancels the rename', should('RFC 959 §4.1.3: "immediately followed"'), [
    put('a'),
    ['RNFR a', 350],
    ['PWD', 'any'],
    ['RNTO b', 503],
    holds('a'),
  ]),
  rule('the second RNFR counts', should('RFC 959 §4.1.3'), [
    put('a', '1'),
    put('b', '2'),
    ['RNFR a', 350],
    ['RNFR b', 350],
    ['RNTO c', 250],
    holds('a', '1'),
    holds('c', '2'),
  ]),
  rule('a file moves into another directory', must('RFC 959 §4.1.3'), [
    put('a'),
    ['MKD d', 257],
    ['RNFR a', 350],
    ['RNTO d/a', 250],
    holds('d/a'),
    absent('a'),
  ]),
  rule('a directory moves with what is in it', should('RFC 959 §4.1.3'), [
    ['MKD d', 257],
    put('d/f'),
    ['MKD e', 257],
    ['RNFR d', 350],
    ['RNTO e/d', 250],
    holds('e/d/f'),
  ]),
  rule('a directory does not move into itself', must('RFC 959 §5.4'), [
    ['MKD d', 257],
    ['RNFR d', 350],
    ['RNTO d/d', [501, 550, 553]],
    ['CWD d', [200, 250]],
  ]),
  rule('RNTO below nothing is 550 or 553', must('RFC 959 §5.4'), [
    put('a'),
    ['RNFR a', 350],
    ['RNTO none/a', [550, 553]],
    holds('a'),
  ]),
  rule('RNTO onto a directory with entries is refused', must('RFC 959 §5.4'), [
    put('a'),
    ['MKD d', 257],
    put('d/f'),
    ['RNFR a', 350],
    ['RNTO d', [550, 553]],
    holds('a'),
    holds('d/f'),
  ]),
  rule('RNTO onto a file replaces it whole or is refused', should('RFC 959 §4.1.3'), [
    put('a', 'new'),
    put('b', 'old'),
    ['RNFR a', 350],
    async (ftp, t) => {
      const { code } = await ftp.ask('RNTO b', [250, 450, 550, 553]);
      await ftp.holds('b', code === 250 ? 'new' : 'old');
      if (code !== 250) await ftp.holds('a', 'new');
      else t.equal('names', await ftp.names(), ['b']);
    },
  ]),
  rule('RNTO to the same name does no harm', must('RFC 959 §4.1.3'), [
    put('a'),
    ['RNFR a', 350],
    ['RNTO a', [250, 550, 553]],
    holds('a'),
  ]),
  rule(
    'the time of a file survives a rename',
    should('RFC 3659 §3'),
    [put('a'), ['MFMT 20010203040506 a', 213], ['RNFR a', 350], ['RNTO b', 250], ['MDTM b', 213, /^20010203040506/]],
    { optional: ['MFMT'] },
  ),
];

export const restarts = [
  ...group('REST', restart, rest),
  ...group('APPE', append),
  ...group('STOU', unique),
  ...group('ALLO', allo),
  ...group('rename', rename),
];
