/** Directories and names. Source: RFC 959 §4.1.3 and appendix II, RFC 1123 §4.1.2.2, RFC 3659 §6, RFC 2640. */
import { absent, group, holds, may, must, put, refused, rule, should, story, type Options } from '../case.ts';

const directories = [
  rule('PWD is 257 with the path in quotes', must('RFC 959 appendix II'), [['PWD', 257, /^"\/.*"/]]),
  rule('XPWD, XMKD, XRMD, XCWD and XCUP are the older names', should('RFC 1123 §4.1.3.1'), [
    ['XPWD', 257],
    ['XMKD a', 257],
    ['XCWD a', [200, 250]],
    ['XCUP', [200, 250]],
    ['XRMD a', 250],
  ]),
  story('CWD enters, CDUP leaves', must('RFC 959 §4.1.1'), async (ftp, t) => {
    await ftp.ask('MKD sub', 257);
    await ftp.ask('CWD sub', [200, 250]);
    t.check((await ftp.ask('PWD', 257)).text.startsWith(`"${t.directory}/sub"`), 'the directory below', '');
    await ftp.ask('CDUP', [200, 250]);
    t.check((await ftp.ask('PWD', 257)).text.startsWith(`"${t.directory}"`), 'the directory again', '');
  }),
  rule('CDUP is answered as CWD is', must('RFC 1123 §4.1.2.13 errata of 959'), [['CDUP', [200, 250]]]),
  rule('CDUP at the top stays there', should('RFC 3659 §6'), [
    ['CWD /', [200, 250]],
    ['CDUP', [200, 250, 550]],
    ['PWD', 257, /^"\/"/],
  ]),
  rule('CWD .. at the top stays there', must('RFC 3659 §6'), [
    ['CWD /', [200, 250]],
    ['CWD ..', [200, 250, 550]],
    ['PWD', 257, /^"\/"/],
  ]),
  rule('CWD to nothing is 550, and the directory stays', must('RFC 959 §5.4'), [
    ['CWD none', 550],
    ['PWD', 257, /case-/],
  ]),
  rule('CWD to a file is 550', must('RFC 959 §5.4'), [put('f'), ['CWD f', 550]]),
  rule('CWD without argument is 501', must('RFC 959 §5.4'), [['CWD', [500, 501]]]),
  rule('CWD takes an absolute path', must('RFC 959 §4.1.1'), [
    ['MKD a', 257],
    ['CWD {dir}/a', [200, 250]],
    ['PWD', 257, /\/a"/],
  ]),
  rule('CWD takes a slash at the end', should('RFC 3659 §6'), [
    ['MKD a', 257],
    ['CWD a/', [200, 250]],
    ['PWD', 257, /\/a"/],
  ]),
  rule('CWD takes . and ..', must('RFC 3659 §6'), [
    ['MKD a', 257],
    ['CWD a/../a/.', [200, 250]],
    ['PWD', 257, /\/a"/],
  ]),
  rule('slashes that repeat are one', should('RFC 3659 §6'), [
    ['MKD a', 257],
    ['CWD {dir}//a', [200, 250]],
    ['PWD', 257, /[^/]\/a"/],
  ]),
  rule('CWD with a line of ../ does not leave the home', must('RFC 2577 §6'), [
    ['CWD ../../../../../../../../../../etc', 550],
    ['PWD', 257, /case-/],
  ]),
  rule('RETR of a path above the home is 550', must('RFC 2577 §6'), [
    refused('RETR ../../../../../../../../etc/passwd', [501, 550, 553]),
  ]),
  rule('~ is no home of another user', should('RFC 2577 §6'), [['CWD ~root', 550]]),
  rule('MKD is 257 with the path in quotes', must('RFC 959 appendix II'), [['MKD a', 257, /^"[^"]*a"/]]),
  rule('the path of MKD is absolute', should('RFC 959 appendix II'), [['MKD a', 257, /^"\/.*\/a"/]]),
  rule('MKD of what is there is 550 or 521', must('RFC 959 §5.4'), [
    ['MKD a', 257],
    ['MKD a', [521, 550]],
  ]),
  rule('MKD of a file that is there is 550 or 521', must('RFC 959 §5.4'), [
    put('a'),
    ['MKD a', [521, 550]],
    holds('a'),
  ]),
  rule('MKD below nothing is 550', must('RFC 959 §5.4'), [['MKD none/a', 550]]),
  rule('MKD without argument is 501', must('RFC 959 §5.4'), [['MKD', [500, 501]]]),
  rule('MKD takes an absolute path', must('RFC 959 §4.1.3'), [
    ['MKD {dir}/a', 257],
    ['CWD a', [200, 250]],
  ]),
  rule('MKD with a slash at the end makes it', may('RFC 3659 §6'), [
    ['MKD a/', 257],
    ['CWD a', [200, 250]],
  ]),
  rule('MKD of / is 550', must('RFC 959 §5.4'), [['MKD /', [521, 550]]]),
  rule('RMD is 250', must('RFC 959 §5.4'), [
    ['MKD a', 257],
    ['RMD a', 250],
    ['CWD a', 550],
  ]),
  rule('RMD of nothing is 550', must('RFC 959 §5.4'), [['RMD none', 550]]),
  rule('RMD of a file is 550', must('RFC 959 §5.4'), [put('f'), ['RMD f', 550], holds('f')]),
  rule('RMD of a directory with entries is 550', must('RFC 959 §5.4'), [
    ['MKD a', 257],
    put('a/f'),
    ['RMD a', 550],
    holds('a/f'),
  ]),
  rule('RMD without argument is 501', must('RFC 959 §5.4'), [['RMD', [500, 501]]]),
  rule('RMD of / is 550', must('RFC 959 §5.4'), [['RMD /', 550]]),
  rule('DELE is 250', must('RFC 959 §5.4'), [put('f'), ['DELE f', 250], absent('f')]),
  rule('DELE of nothing is 550', must('RFC 959 §5.4'), [['DELE none', 550]]),
  rule('DELE of a directory is 550', must('RFC 959 §5.4'), [
    ['MKD a', 257],
    ['DELE a', 550],
    ['CWD a', [200, 250]],
  ]),
  rule('DELE without argument is 501', must('RFC 959 §5.4'), [['DELE', [500, 501]]]),
  rule('DELE does not expand *', must('RFC 959 §4.1.3'), [
    put('f1'),
    put('f2'),
    ['DELE f*', 550],
    holds('f1'),
    holds('f2'),
  ]),
  rule('a path through a file is 550', must('RFC 959 §5.4'), [
    put('f'),
    refused('RETR f/x', 550),
    refused('STOR f/x', [550, 553]),
    ['CWD f/x', 550],
  ]),
  rule('the directory that a session is in may be removed, and the session goes on', should('RFC 959 §5.4'), [
    ['MKD a', 257],
    ['CWD a', [200, 250]],
    ['RMD {dir}/a', [250, 550]],
    ['PWD', [257, 550]],
    ['CWD {dir}', [200, 250]],
  ]),
];

/** Names that are made, listed, read and removed as they are. */
const oddNames: readonly (readonly [what: string, name: string])[] = [
  ['a blank inside', 'two words'],
  ['a blank at the end', 'ends '],
  ['a blank at the beginning', ' begins'],
  ['two blanks inside', 'two  blanks'],
  ['a hyphen at the beginning', '-dash'],
  ['two hyphens at the beginning', '--option'],
  ['a quote', 'a"b'],
  ['an apostrophe', "it's"],
  ['a backslash', 'back\\slash'],
  ['an asterisk', 'a*b'],
  ['a question mark', 'a?b'],
  ['brackets', 'a[b]c'],
  ['braces', '{a,b}'],
  ['a semicolon', 'a;b'],
  ['an equals sign', 'a=b'],
  ['a percent sign', '100%s%n'],
  ['a dollar and backquotes', '$HOME`id`'],
  ['a pipe', '|ls'],
  ['an ampersand and a number sign', '#a&b'],
  ['a tilde', '~tilde'],
  ['a dot at the beginning', '.hidden'],
  ['a dot at the end', 'dot.'],
  ['three dots', '...'],
  ['a colon', 'c:d'],
  ['a tab', 'a\tb'],
  ['255 bytes', 'n'.repeat(255)],
  ['a letter with umlaut', 'größe'],
  ['a letter and a combining mark', 'e\u0301'],
  ['Chinese characters', '文件'],
  ['Arabic letters', 'ملف'],
  ['a character beyond the first plane', '🦭'],
];
const names = oddNames.flatMap(([what, name]) => [
  story(
    `a file whose name has ${what} goes up, is listed and comes down`,
    must('RFC 959 §5.3.2, RFC 2640 §2.2'),
    async (ftp, t) => {
      await ftp.put(name, what);
      const listed = (await ftp.names(name.startsWith('.') ? '-a' : '')).filter(
        (each) => each !== '.' && each !== '..',
      );
      t.equal('names', listed, [name]);
      await ftp.holds(name, what);
      await ftp.ask(`DELE ${name}`, 250);
      await ftp.absent(name);
    },
  ),
]);

const more = [
  rule('quotes in PWD are doubled', must('RFC 959 appendix II'), [
    ['MKD say "hi"', 257, /say ""hi""/],
    ['CWD say "hi"', [200, 250]],
    ['PWD', 257, /say ""hi""/],
  ]),
  rule('composed and decomposed letters are two names, or refused', should('RFC 2640 §2.2'), [
    put('\u00e9', 'one'),
    put('e\u0301', 'two'),
    holds('\u00e9', 'one'),
    holds('e\u0301', 'two'),
  ]),
  rule('names differ by case', should('RFC 959 §5.3.2'), [
    put('Name', 'one'),
    put('name', 'two'),
    holds('Name', 'one'),
    holds('name', 'two'),
  ]),
  story(
    'a name that is no UTF-8 is kept as it is, or refused with 501 or 553',
    should('RFC 2640 §2.2'),
    async (ftp, t) => {
      ftp.control.takeAnyText();
      const name = Buffer.from([0x66, 0xe9, 0x66]);
      const data = await ftp.passive();
      const { code } = await ftp.ask(Buffer.concat([Buffer.from('STOR '), name]));
      if (code >= 400) return t.check([501, 550, 553].includes(code), '501, 550 or 553', code);
      data.destroy();
      await ftp.answer('STOR', 'any');
    },
    { explicit: true },
  ),
  story('an overlong form of / in a name leads nowhere', must('RFC 2640 §2.2, RFC 3629 §10'), async (ftp) => {
    ftp.control.takeAnyText();
    await ftp.ask(
      Buffer.concat([Buffer.from('CWD ..'), Buffer.from([0xc0, 0xaf]), Buffer.from('etc')]),
      [500, 501, 550, 553],
    );
  }),
  rule('a name of 256 bytes is refused', should('RFC 959 §5.4'), [refused(`STOR ${'n'.repeat(256)}`, [501, 550, 553])]),
  rule('a name of 255 bytes in UTF-8 of three bytes each is taken', should('RFC 2640 §2.2'), [
    put('文'.repeat(85)),
    holds('文'.repeat(85)),
  ]),
  rule('a path of many segments is taken', should('RFC 3659 §6'), [
    ['MKD a', 257],
    ['MKD a/b', 257],
    ['MKD a/b/c', 257],
    ['MKD a/b/c/d', 257],
    put('a/b/c/d/e', 'deep'),
    holds('a/b/../b/c/./d/e', 'deep'),
  ]),
  rule('STOR to a directory is refused', must('RFC 959 §5.4'), [['MKD a', 257], refused('STOR a', [550, 553])]),
  rule('STOR below nothing is 550 or 553', must('RFC 959 §5.4'), [refused('STOR none/f', [550, 553])]),
  rule('RETR of a directory is 550', must('RFC 959 §5.4'), [['MKD a', 257], refused('RETR a', 550)]),
  rule('RETR of nothing is 550', must('RFC 959 §5.4'), [refused('RETR none', 550)]),
  rule('RETR without argument is 501', must('RFC 959 §5.4'), [['RETR', [500, 501]]]),
  rule('STOR without argument is 501', must('RFC 959 §5.4'), [['STOR', [500, 501]]]),
  rule('a blank at the end of MKD belongs to the name', should('RFC 959 §5.3.2'), [
    ['MKD a ', 257],
    ['CWD a', 550],
    ['CWD a ', [200, 250]],
  ]),
];

const utf8: Options = { needs: ['UTF8'] };
const encodings = [
  rule('OPTS UTF8 ON is 200', must('RFC 2640, draft-ietf-ftpext-utf-8-option'), [['OPTS UTF8 ON', 200]], utf8),
  rule(
    'opts utf8 on before login is 200, as Windows sends it',
    should('draft-ietf-ftpext-utf-8-option'),
    [['opts utf8 on', [200, 202]]],
    { ...utf8, start: 'connected' },
  ),
  rule('OPTS UTF8 of something else is 501', should('RFC 2389 §4.1'), [['OPTS UTF8 MAYBE', [501, 504]]], utf8),
  rule('FEAT has UTF8 without a parameter', must('RFC 2640 §3.2'), [['FEAT', 211, /^ ?UTF8$/m]], utf8),
  rule('OPTS of an unknown command is 501', must('RFC 2389 §4.1'), [['OPTS XYZZY', [500, 501, 502, 504]]]),
  rule('OPTS without argument is 501', must('RFC 2389 §4.1'), [['OPTS', [500, 501]]], { optional: ['OPTS'] }),
];

export const paths = [
  ...group('directories', directories),
  ...group('names', [...names, ...more]),
  ...group('encodings', encodings),
];
