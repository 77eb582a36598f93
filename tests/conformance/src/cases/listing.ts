/** LIST, NLST, STAT. Source: RFC 959 §4.1.3, RFC 1123 §4.1.2.7. */
import { group, may, must, put, refused, rule, should } from '../case.ts';

/** As `ls -l` writes it: mode, links, owner, group, size, month, day, time or year, name. */
const listLine =
  /^([-dl])([-r][-w][-xsS]){2}[-r][-w][-xtT]\+? +\d+ +\S+ +\S+ +(\d+) +(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(\d{1,2}) +(\d{4}|\d\d:\d\d) (.+)$/;
const tree = [put('b.txt', '12345'), put('a.txt', ''), ['MKD sub', 257] as const, put('sub/in', 'x')];

const list = [
  rule('LIST of an empty directory is empty and 226', must('RFC 959 §5.4'), [
    async (ftp, t) =>
      t.equal(
        'lines',
        (await ftp.lines('LIST')).filter((line) => !line.startsWith('total')),
        [],
      ),
  ]),
  rule('each line of LIST is as ls -l writes it', should('RFC 959 §4.1.3, what clients parse'), [
    ...tree,
    async (ftp, t) => {
      for (const line of (await ftp.lines('LIST')).filter((each) => !each.startsWith('total')))
        t.check(listLine.test(line), String(listLine), line);
    },
  ]),
  rule('LIST shows size and kind', should('RFC 959 §4.1.3'), [
    ...tree,
    async (ftp, t) => {
      const found = (await ftp.lines('LIST'))
        .map((line) => listLine.exec(line))
        .filter((each) => each !== null)
        .map((each) => [each[1], each[7], each[1] === 'd' ? '' : each[3]]);
      t.equal(
        'kinds, names and sizes',
        found.toSorted((a, b) => (String(a[1]) < String(b[1]) ? -1 : 1)),
        [
          ['-', 'a.txt', '0'],
          ['-', 'b.txt', '5'],
          ['d', 'sub', ''],
        ],
      );
    },
  ]),
  rule('LIST of a file is its line', must('RFC 959 §4.1.3'), [
    ...tree,
    async (ftp, t) => {
      const lines = await ftp.lines('LIST b.txt');
      t.check(lines.length === 1 && lines[0]?.endsWith('b.txt') === true, 'one line of b.txt', lines);
    },
  ]),
  rule('LIST of a directory lists what is in it', must('RFC 959 §4.1.3'), [
    ...tree,
    async (ftp, t) =>
      t.check(
        (await ftp.lines('LIST sub')).some((line) => line.endsWith(' in')),
        'a line of in',
        '',
      ),
  ]),
  rule('LIST of nothing is 450 or 550, or empty', should('RFC 959 §5.4'), [
    async (ftp, t) => {
      const data = await ftp.passive();
      const first = await ftp.ask('LIST none');
      if (first.code >= 400) return t.check([450, 550].includes(first.code), '450 or 550', first.code);
      if (ftp.privateData) await data.secure(ftp.control.session);
      t.equal('bytes', (await data.readAll()).length, 0);
      await ftp.answer('LIST none', [226, 250, 450, 550]);
    },
  ]),
  rule('LIST of nothing is 450 or 550', may('RFC 959 §5.4'), [refused('LIST none', [450, 550])]),
  rule('LIST in TYPE I is readable too', must('RFC 959 §4.1.3'), [
    put('f'),
    ['TYPE I', 200],
    async (ftp) => ftp.lines('LIST'),
  ]),
  rule('LIST in TYPE A is readable', must('RFC 959 §4.1.3'), [
    put('f'),
    ['TYPE A', 200],
    async (ftp, t) => t.check((await ftp.lines('LIST')).length >= 1, 'a line', 'none'),
  ]),
  rule('LIST -a shows names that begin with a dot', should('what clients send'), [
    put('.dot'),
    async (ftp, t) =>
      t.check(
        (await ftp.lines('LIST -a')).some((line) => line.endsWith(' .dot')),
        '.dot',
        'not there',
      ),
  ]),
  rule('LIST -la is LIST of the directory', should('what clients send'), [
    put('f'),
    async (ftp, t) =>
      t.check(
        (await ftp.lines('LIST -la')).some((line) => line.endsWith(' f')),
        'f',
        'not there',
      ),
  ]),
  rule('LIST -l sub is LIST of sub', should('what clients send'), [
    ...tree,
    async (ftp, t) =>
      t.check(
        (await ftp.lines('LIST -l sub')).some((line) => line.endsWith(' in')),
        'in',
        'not there',
      ),
  ]),
  rule('LIST takes a pattern', should('what clients send'), [
    ...tree,
    async (ftp, t) =>
      t.equal('names', (await ftp.lines('LIST *.txt')).map((line) => line.split(' ').at(-1)).toSorted(), [
        'a.txt',
        'b.txt',
      ]),
  ]),
  rule(
    'a file older than half a year is listed with its year',
    should('what clients parse, POSIX ls'),
    [
      put('f'),
      ['MFMT 20010203040506 f', 213],
      async (ftp, t) => {
        const line = (await ftp.lines('LIST')).find((each) => each.endsWith(' f')) ?? '';
        t.check(/Feb +3 +2001 f$/.test(line), 'Feb 3 2001', line);
      },
    ],
    { optional: ['MFMT'] },
  ),
  rule('a new file is listed with its time of day', should('what clients parse, POSIX ls'), [
    put('f'),
    async (ftp, t) => {
      const line = (await ftp.lines('LIST')).find((each) => each.endsWith(' f')) ?? '';
      t.check(/\d\d:\d\d f$/.test(line), 'a time of day', line);
    },
  ]),
  rule('LIST of a path with blanks works', must('RFC 959 §5.3.2'), [
    ['MKD a b', 257],
    put('a b/f'),
    async (ftp, t) => t.check((await ftp.lines('LIST a b')).length >= 1, 'a line', 'none'),
  ]),
  rule('LIST without a data connection is 425', must('RFC 959 §5.4'), [['LIST', [425, 503]]]),
  rule(
    'a directory of 500 entries is listed whole',
    must('RFC 959 §4.1.3'),
    [
      async (ftp, t) => {
        for (let i = 0; i < 500; i += 50) {
          ftp.control.sendRaw(Array.from({ length: 50 }, (_, j) => `MKD d${i + j}\r\n`).join(''));
          for (let j = 0; j < 50; j++) await ftp.answer('MKD', 257);
        }
        t.equal('names', (await ftp.names()).length, 500);
      },
    ],
    { timeoutMs: 40_000 },
  ),
];

const nlst = [
  rule('NLST of an empty directory is empty', should('RFC 959 §5.4'), [
    async (ftp, t) => {
      const data = await ftp.passive();
      const first = await ftp.ask('NLST', [125, 150, 450, 550]);
      if (first.code >= 400) return;
      if (ftp.privateData) await data.secure(ftp.control.session);
      t.equal('bytes', (await data.readAll()).length, 0);
      await ftp.answer('NLST', [226, 250, 450, 550]);
    },
  ]),
  rule('NLST gives names alone, one to a line', must('RFC 1123 §4.1.2.7'), [
    ...tree,
    async (ftp, t) => t.equal('names', await ftp.names(), ['a.txt', 'b.txt', 'sub']),
  ]),
  rule('NLST never gives . and ..', should('RFC 1123 §4.1.2.7'), [
    put('f'),
    async (ftp, t) => t.equal('names', await ftp.lines('NLST'), ['f']),
  ]),
  rule('names of NLST of a directory can be given to RETR', should('RFC 1123 §4.1.2.7'), [
    ...tree,
    async (ftp, t) => {
      const [name = ''] = await ftp.names('sub');
      t.check(['in', 'sub/in'].includes(name), 'in or sub/in', name);
      await ftp.holds(name.includes('/') ? name : `sub/${name}`, 'x');
    },
  ]),
  rule('names of NLST of a directory have its path before them', may('RFC 1123 §4.1.2.7'), [
    ...tree,
    async (ftp, t) => t.equal('names', await ftp.names('sub'), ['sub/in']),
  ]),
  rule('NLST of a pattern gives what fits', should('what mget sends'), [
    ...tree,
    async (ftp, t) => t.equal('names', await ftp.names('*.txt'), ['a.txt', 'b.txt']),
  ]),
  rule('NLST of ? fits one character', should('what mget sends'), [
    ...tree,
    async (ftp, t) => t.equal('names', await ftp.names('?.txt'), ['a.txt', 'b.txt']),
  ]),
  rule('NLST of a set in brackets fits one of it', should('what mget sends'), [
    ...tree,
    async (ftp, t) => t.equal('names', await ftp.names('[a]*'), ['a.txt']),
  ]),
  rule('NLST of a pattern below a directory gives paths', should('what mget sends'), [
    ...tree,
    async (ftp, t) => t.equal('names', await ftp.names('sub/*'), ['sub/in']),
  ]),
  rule('NLST of a pattern that nothing fits is empty, 450 or 550', should('RFC 959 §5.4'), [
    async (ftp, t) => {
      const data = await ftp.passive();
      const first = await ftp.ask('NLST none*', [125, 150, 450, 550]);
      if (first.code >= 400) return;
      if (ftp.privateData) await data.secure(ftp.control.session);
      t.equal('bytes', (await data.readAll()).length, 0);
      await ftp.answer('NLST none*', [226, 250, 450, 550]);
    },
  ]),
  rule('NLST of nothing is 450 or 550', may('RFC 959 §5.4'), [refused('NLST none', [450, 550])]),
  rule('NLST of a file is its name', should('RFC 959 §4.1.3'), [
    put('f'),
    async (ftp, t) => t.equal('names', await ftp.names('f'), ['f']),
  ]),
  rule('a pattern of many asterisks is answered soon', must('RFC 2577 §6'), [
    put('a'.repeat(60)),
    async (ftp) => {
      const data = await ftp.passive();
      const first = await ftp.ask(`NLST ${'*a'.repeat(30)}b`, [125, 150, 450, 550, 501]);
      if (first.code >= 400) return;
      if (ftp.privateData) await data.secure(ftp.control.session);
      await data.closed();
      await ftp.answer('NLST', 'any');
    },
  ]),
  rule('NLST without a data connection is 425', must('RFC 959 §5.4'), [['NLST', [425, 503]]]),
];

const stat = [
  rule(
    'STAT of a directory lists it over the control connection',
    must('RFC 959 §4.1.3'),
    [put('f'), ['STAT {dir}', [211, 212, 213], /\bf$/m]],
    { optional: ['STAT'] },
  ),
  rule('STAT of a file tells of it', must('RFC 959 §4.1.3'), [put('f'), ['STAT f', [211, 212, 213], /\bf$/m]], {
    optional: ['STAT'],
  }),
  rule('STAT of nothing is 450 or 550', should('RFC 959 §5.4'), [['STAT none', [450, 550]]], { optional: ['STAT'] }),
  rule(
    'STAT -l of a directory is STAT of it',
    may('what clients send'),
    [put('f'), ['STAT -l {dir}', [211, 212, 213], /\bf$/m]],
    { optional: ['STAT'] },
  ),
];

export const listing = [...group('LIST', list), ...group('NLST', nlst), ...group('STAT', stat)];
