/** Facts of a file asked for and set. Source: RFC 3659 §3–4, draft-somers-ftp-mfxx, AVBL's draft. */
import { group, holds, may, must, put, rule, should, type Options } from '../case.ts';
import { timePattern } from '../facts.ts';

const size = [
  rule('SIZE is 213 with the bytes', must('RFC 3659 §4'), [put('f', '12345'), ['SIZE f', 213, /^5$/]]),
  rule('SIZE of an empty file is 0', must('RFC 3659 §4'), [put('f', ''), ['SIZE f', 213, /^0$/]]),
  rule('SIZE of nothing is 550', must('RFC 3659 §4'), [['SIZE none', 550]]),
  rule('SIZE of a directory is 550', must('RFC 3659 §4'), [
    ['MKD d', 257],
    ['SIZE d', 550],
  ]),
  rule('SIZE without argument is 501', must('RFC 3659 §4'), [['SIZE', [500, 501]]]),
  rule('SIZE in TYPE A is what RETR in TYPE A sends, or 550', must('RFC 3659 §4'), [
    put('f', 'a\nb\n'),
    ['TYPE A', 200],
    async (ftp, t) => {
      const reply = await ftp.ask('SIZE f', [213, 550]);
      if (reply.code === 213) t.equal('size', reply.text, String((await ftp.get('f')).length));
    },
  ]),
  rule('SIZE takes a path with blanks', must('RFC 3659 §4'), [put('a b', '123'), ['SIZE a b', 213, /^3$/]]),
  rule('SIZE of a name with a blank at its end means that name', should('RFC 959 §5.3.2'), [
    put('f '),
    ['SIZE f', 550],
    ['SIZE f ', 213],
  ]),
  rule('SIZE follows APPE', must('RFC 3659 §4'), [
    put('f', '12'),
    ['SIZE f', 213, /^2$/],
    async (ftp) => ftp.store('APPE f', '345'),
    ['SIZE f', 213, /^5$/],
  ]),
];

const near = (text: string): boolean =>
  Math.abs(Date.now() - Date.parse(text.replace(/^(....)(..)(..)(..)(..)(..).*/, '$1-$2-$3T$4:$5:$6Z'))) < 120_000;
const times = [
  rule('MDTM is 213 with a time in UTC', must('RFC 3659 §3'), [
    put('f'),
    async (ftp, t) => {
      const { text } = await ftp.ask('MDTM f', 213);
      t.check(timePattern.test(text), 'YYYYMMDDHHMMSS', text);
      t.check(near(text), 'the time of now in UTC', text);
    },
  ]),
  rule('MDTM of nothing is 550', must('RFC 3659 §3'), [['MDTM none', 550]]),
  rule('MDTM without argument is 501', must('RFC 3659 §3'), [['MDTM', [500, 501]]]),
  rule('MDTM takes a path with blanks', must('RFC 3659 §3'), [put('a b'), ['MDTM a b', 213]]),
  rule('MDTM of a name that begins with a time is of that name', must('RFC 3659 §3.1'), [
    put('20010203040506 f'),
    ['MDTM 20010203040506 f', 213, /^20(?!01)/],
  ]),
  rule(
    'MFMT is 213 with the new time and the name',
    must('draft MFMT §3.1'),
    [put('f'), ['MFMT 20010203040506 f', 213, /^[Mm]odify=20010203040506(\.\d+)?; .*f$/]],
    { needs: ['MFMT'] },
  ),
  rule(
    'MDTM tells what MFMT set',
    must('draft MFMT §3.1'),
    [put('f'), ['MFMT 20010203040506 f', 213], ['MDTM f', 213, /^20010203040506/]],
    { needs: ['MFMT'] },
  ),
  rule('MFMT keeps the bytes', must('draft MFMT §3.1'), [put('f'), ['MFMT 20010203040506 f', 213], holds('f')], {
    needs: ['MFMT'],
  }),
  rule(
    'MFMT takes a name with blanks',
    must('draft MFMT §3.1'),
    [put('a b '), ['MFMT 20010203040506 a b ', 213], ['MDTM a b ', 213, /^20010203040506/]],
    { needs: ['MFMT'] },
  ),
  rule('MFMT of nothing is 550', must('draft MFMT §3.1'), [['MFMT 20010203040506 none', 550]], { needs: ['MFMT'] }),
  rule('MFMT without name is 501', must('draft MFMT §3.1'), [['MFMT 20010203040506', 501]], { needs: ['MFMT'] }),
  rule('MFMT without argument is 501', must('draft MFMT §3.1'), [['MFMT', [500, 501]]], { needs: ['MFMT'] }),
  rule(
    'MFMT of a time that is none is 501',
    must('draft MFMT §3.1'),
    [put('f'), ['MFMT 20011303040506 f', [501, 504]], ['MFMT 2001 f', [501, 504]]],
    { needs: ['MFMT'] },
  ),
  rule('MFMT of 30 February is 501', should('draft MFMT §3.1'), [put('f'), ['MFMT 20010230000000 f', [501, 504]]], {
    needs: ['MFMT'],
  }),
  rule(
    'MFMT takes 29 February of a leap year',
    must('draft MFMT §3.1'),
    [put('f'), ['MFMT 20240229120000 f', 213], ['MDTM f', 213, /^20240229120000/]],
    { needs: ['MFMT'] },
  ),
  rule(
    'MFMT takes fractions of a second',
    should('RFC 3659 §2.3'),
    [put('f'), ['MFMT 20010203040506.789 f', 213], ['MDTM f', 213, /^20010203040506/]],
    { needs: ['MFMT'] },
  ),
  rule(
    'MFMT takes a time before 1970 or says that it does not',
    may('draft MFMT §3.1'),
    [put('f'), ['MFMT 19600101000000 f', [213, 501, 504, 550]]],
    { needs: ['MFMT'] },
  ),
  rule(
    'MFMT takes a time beyond 2038',
    should('draft MFMT §3.1'),
    [put('f'), ['MFMT 20500101000000 f', 213], ['MDTM f', 213, /^20500101000000/]],
    { needs: ['MFMT'] },
  ),
  rule(
    'MFMT of a directory is 213, or refused',
    should('draft MFMT §3.1'),
    [
      ['MKD d', 257],
      ['MFMT 20010203040506 d', [213, 501, 550]],
    ],
    { needs: ['MFMT'] },
  ),
  rule(
    'a write moves the time on',
    must('RFC 3659 §3'),
    [put('f'), ['MFMT 20010203040506 f', 213], put('f', 'new'), ['MDTM f', 213, /^20(?!01)/]],
    { needs: ['MFMT'] },
  ),
  rule(
    'MFCT sets the fact create',
    must('draft MFCT §4.1'),
    [
      put('f'),
      ['MFCT 20010203040506 f', 213, /^[Cc]reate=20010203040506(\.\d+)?; .*f$/],
      async (ftp, t) => t.equal('create', (await t.facts(ftp, 'f')).facts['create']?.slice(0, 14), '20010203040506'),
    ],
    { needs: ['MFCT'] },
  ),
  rule('MFCT of nothing is 550', must('draft MFCT §4.1'), [['MFCT 20010203040506 none', 550]], { needs: ['MFCT'] }),
  rule('MFCT without name is 501', must('draft MFCT §4.1'), [['MFCT 20010203040506', 501]], { needs: ['MFCT'] }),
  rule(
    'MFF sets the facts that it is given',
    must('draft MFF §5.1'),
    [
      put('f'),
      ['MFF Modify=20010203040506; f', 213, /^[Mm]odify=20010203040506(\.\d+)?; .*f$/],
      ['MDTM f', 213, /^20010203040506/],
    ],
    { needs: ['MFF'] },
  ),
  rule(
    'MFF of an unknown fact is 501 or 504, and sets none',
    must('draft MFF §5.1'),
    [put('f'), ['MFF Modify=20010203040506;Xyzzy=1; f', [501, 504, 550]], ['MDTM f', 213, /^20(?!01)/]],
    { needs: ['MFF'] },
  ),
  rule('MFF of nothing is 550', must('draft MFF §5.1'), [['MFF Modify=20010203040506; none', 550]], { needs: ['MFF'] }),
  rule('MFF without name is 501', must('draft MFF §5.1'), [['MFF Modify=20010203040506;', 501]], { needs: ['MFF'] }),
];

const chmod: Options = { optional: ['SITE CHMOD'] };
const utime: Options = { optional: ['SITE UTIME'] };
const site = [
  rule(
    'SITE CHMOD sets the mode that LIST shows',
    should('RFC 959 §4.1.3, what clients send'),
    [
      put('f'),
      ['SITE CHMOD 640 f', [200, 250]],
      async (ftp, t) =>
        t.check(
          (await ftp.lines('LIST f')).some((line) => line.startsWith('-rw-r-----')),
          '-rw-r-----',
          await ftp.lines('LIST f'),
        ),
    ],
    chmod,
  ),
  rule(
    'SITE CHMOD takes a name with blanks',
    should('what clients send'),
    [put('a b'), ['SITE CHMOD 600 a b', [200, 250]]],
    chmod,
  ),
  rule('SITE CHMOD of nothing is 550', should('RFC 959 §5.4'), [['SITE CHMOD 600 none', 550]], chmod),
  rule(
    'SITE CHMOD of what is no mode is 501',
    should('RFC 959 §5.4'),
    [put('f'), ['SITE CHMOD 999 f', [500, 501, 550]]],
    chmod,
  ),
  rule('SITE CHMOD without name is 501', should('RFC 959 §5.4'), [['SITE CHMOD 600', [500, 501]]], chmod),
  rule('site chmod is read without case', must('RFC 959 §5.3'), [put('f'), ['site chmod 600 f', [200, 250]]], {
    optional: ['SITE CHMOD'],
  }),
  rule(
    'SITE UTIME with three times sets the second',
    may('what ncftp sends'),
    [
      put('f'),
      ['SITE UTIME f 20020203040506 20010203040506 20030203040506 UTC', [200, 213, 250]],
      ['MDTM f', 213, /^20010203040506/],
    ],
    utime,
  ),
  rule(
    'SITE UTIME with one time sets it',
    may('what ncftp sends'),
    [put('f'), ['SITE UTIME 20010203040506 f', [200, 213, 250]], ['MDTM f', 213, /^20010203040506/]],
    utime,
  ),
  rule('SITE UTIME of nothing is 550', may('RFC 959 §5.4'), [['SITE UTIME 20010203040506 none', 550]], utime),
  rule('SITE SYMLINK makes no way out of the home', must('RFC 2577 §6'), [
    ['SITE SYMLINK /etc/passwd link', 'any'],
    async (ftp, t) => {
      const { code } = await ftp.ask('SIZE link', [213, 550]);
      t.equal('SIZE of the link', code, 550);
    },
  ]),
  rule('SITE EXEC runs nothing', must('RFC 2577 §6'), [['SITE EXEC ls', [202, 500, 501, 502, 504, 550]]]),
  rule('SITE QUOTA is 200, or not done', may('RFC 959 §4.1.3'), [['SITE QUOTA', [200, 211, 214]]], {
    optional: ['SITE QUOTA'],
  }),
  rule('SITE WHO is 200, or not done', may('RFC 959 §4.1.3'), [['SITE WHO', [200, 211, 214]]], {
    optional: ['SITE WHO'],
  }),
  rule(
    'SITE PASSWD with a wrong old password is refused',
    must('RFC 2577 §5'),
    [['SITE PASSWD wrong-password another-password', [501, 530, 550]]],
    { optional: ['SITE PASSWD'], late: true },
  ),
];

const avbl: Options = { needs: ['AVBL'] };
const comb: Options = { needs: ['COMB'] };
const others = [
  rule('AVBL is 213 with bytes', must('draft AVBL §4'), [['AVBL', [213, 550], /^\d+$|not|unknown/i]], avbl),
  rule('AVBL of a directory is 213 with bytes', must('draft AVBL §4'), [['AVBL {dir}', [213, 550]]], avbl),
  rule('AVBL of nothing is 550', must('draft AVBL §4'), [['AVBL none', [450, 550]]], avbl),
  rule('AVBL of a file is 550', should('draft AVBL §4'), [put('f'), ['AVBL f', [450, 501, 550]]], avbl),
  rule(
    'COMB joins parts in order',
    should('practice (GlobalSCAPE)'),
    [put('a', '1'), put('b', '2'), put('c', '3'), ['COMB "whole" "a" "b" "c"', [200, 250]], holds('whole', '123')],
    comb,
  ),
  rule(
    'COMB appends to a file that is there',
    may('practice (GlobalSCAPE)'),
    [put('whole', '0'), put('a', '1'), ['COMB "whole" "a"', [200, 250]], holds('whole', '01')],
    comb,
  ),
  rule(
    'COMB with a part that is missing is 550, and joins none',
    should('practice'),
    [put('a', '1'), ['COMB "whole" "a" "none"', 550], holds('a', '1'), ['SIZE whole', 550]],
    comb,
  ),
  rule('COMB without parts is 501', should('practice'), [['COMB "whole"', 501]], comb),
];

export const attributes = [
  ...group('SIZE', size, { needs: ['SIZE'] }),
  ...group('times', times, { optional: ['MDTM'] }),
  ...group('SITE', site),
  ...group('AVBL and COMB', others),
];
