/** Who the client is. Source: RFC 959 §4.1.1 and §6 (diagrams), RFC 2577 (guessing), RFC 7151 (HOST), RFC 2640 (LANG). */
import { group, may, must, rule, should, story, type Options } from '../case.ts';
import type { Session } from '../session.ts';
import type { Trial } from '../trial.ts';

const connected: Options = { start: 'connected' };
/** From an address of its own, so that no lock-out reaches the other cases. */
const guess =
  (run: (ftp: Session, trial: Trial) => Promise<void>, last: number) => async (_: Session, trial: Trial) => {
    const address = trial.needStranger(last);
    await run(await trial.connect({ localAddress: address }), trial);
  };
const late: Options = { start: 'connected', late: true };

const login = [
  rule(
    'USER is answered 331, or 230 where no password is wanted',
    must('RFC 959 §5.4'),
    [[`USER nobody-${process.pid}`, [230, 331, 332, 530]]],
    connected,
  ),
  story(
    'USER and PASS log in with 230',
    must('RFC 959 §5.4'),
    async (ftp, t) => {
      await ftp.ask(`USER ${t.target.user}`, 331);
      await ftp.ask(`PASS ${t.target.password}`, 230);
      await ftp.ask('PWD', 257);
    },
    connected,
  ),
  rule('USER without argument is 501', must('RFC 959 §5.4'), [['USER', [500, 501]]], connected),
  rule('PASS before USER is 503', must('RFC 959 §5.4'), [['PASS x', 503]], connected),
  story(
    'a second USER begins anew',
    should('RFC 959 §4.1.1'),
    async (ftp, t) => {
      await ftp.ask('USER someone-else', [331, 530]);
      await ftp.ask(`USER ${t.target.user}`, 331);
      await ftp.ask(`PASS ${t.target.password}`, 230);
    },
    connected,
  ),
  story(
    'another command between USER and PASS is 503 or leaves the order',
    must('RFC 959 §5.4'),
    async (ftp, t) => {
      await ftp.ask(`USER ${t.target.user}`, 331);
      await ftp.ask('NOOP', [200, 503, 530]);
      await ftp.ask(`PASS ${t.target.password}`, [230, 503]);
    },
    connected,
  ),
  ...(
    [
      'PWD',
      'CWD /',
      'MKD x',
      'RMD x',
      'DELE x',
      'RNFR x',
      'RETR x',
      'STOR x',
      'LIST',
      'NLST',
      'SIZE x',
      'MDTM x',
      'REST 1',
      'PASV',
      'EPSV',
      'SITE CHMOD 600 x',
    ] as const
  ).map((line) =>
    rule(`${line.split(' ')[0]} before login is 530`, must('RFC 959 §5.4'), [[line, [530, 500, 502, 503]]], connected),
  ),
  rule('PORT before login is 530', must('RFC 959 §5.4'), [['PORT 127,0,0,1,200,1', [530, 500, 503, 504]]], connected),
  rule('STAT of a path before login is 530', must('RFC 2577 §7'), [['STAT /', [530, 500, 502, 503]]], connected),
  rule('MLST before login is 530', must('RFC 3659 §7'), [['MLST /', [530, 500, 502, 503]]], connected),
  rule('SYST before login does no harm', should('RFC 959 §5.4'), [['SYST', [215, 530]]], connected),
  rule(
    'QUIT before login is 221, and the connection ends',
    must('RFC 959 §5.4'),
    [['QUIT', 221], (ftp) => ftp.control.end()],
    connected,
  ),
  rule('QUIT is 221, and the connection ends', must('RFC 959 §5.4'), [['QUIT', 221], (ftp) => ftp.control.end()]),
  story('commands behind QUIT are not run', should('RFC 959 §4.1.1'), async (ftp, t) => {
    ftp.control.sendRaw(`QUIT\r\nMKD ${t.directory}/after\r\n`);
    await ftp.answer('QUIT', 221);
    await ftp.control.end();
    const other = await t.login();
    await other.ask('CWD after', 550);
  }),
  story(
    'USER after login is answered by one of its codes',
    must('RFC 959 §5.4'),
    async (ftp, t) => {
      await ftp.ask(`USER ${t.target.user}`, [230, 331, 500, 501, 503, 530]);
    },
    { start: 'connected' },
  ),
  story('USER of another name after login gives that name no rights', must('RFC 959 §4.1.1'), async (ftp, t) => {
    const { code } = await ftp.ask('USER someone-else', [230, 331, 500, 501, 503, 530]);
    if (code === 331) await ftp.ask('MKD by-nobody', [503, 530]);
    t.check(code !== 230, 'no login without password', code);
    ftp.control.destroy();
  }),
  rule(
    'a user name of 255 letters is refused without harm',
    must('RFC 2577 §6'),
    [[`USER ${'u'.repeat(255)}`, [331, 500, 501, 530, 550]]],
    connected,
  ),
  story(
    'a wrong password is 530',
    must('RFC 959 §5.4'),
    guess(async (ftp, t) => {
      await ftp.ask(`USER ${t.target.user}`, 331);
      await ftp.ask('PASS no-such-password', [530, 421]);
    }, 11),
    late,
  ),
  story(
    'an unknown user is answered as a known one: 331, then 530',
    should('RFC 2577 §7'),
    guess(async (ftp) => {
      await ftp.ask(`USER no-such-user-${process.pid}`, 331);
      await ftp.ask('PASS no-such-password', [530, 421]);
    }, 12),
    late,
  ),
  story(
    'the refusal is the same for a wrong password and an unknown user',
    should('RFC 2577 §7'),
    guess(async (ftp, t) => {
      await ftp.ask(`USER ${t.target.user}`, 331);
      const known = await ftp.ask('PASS no-such-password', [530, 421]);
      const other = await t.connect({ localAddress: t.needStranger(14) });
      await other.ask(`USER no-such-user-${process.pid}`, [331, 530]);
      const unknown = await other.ask('PASS no-such-password', [530, 421, 503]);
      t.equal('replies', known.text, unknown.text);
    }, 13),
    late,
  ),
  story(
    'an empty password is not a login',
    must('RFC 959 §5.4'),
    guess(async (ftp, t) => {
      await ftp.ask(`USER ${t.target.user}`, 331);
      await ftp.ask('PASS', [530, 501, 421]);
    }, 15),
    late,
  ),
  story(
    'after a failed login nothing is allowed',
    must('RFC 959 §5.4'),
    guess(async (ftp, t) => {
      await ftp.ask(`USER ${t.target.user}`, 331);
      const { code } = await ftp.ask('PASS no-such-password', [530, 421]);
      if (code === 421) return;
      await ftp.ask('PWD', [530, 503]);
    }, 16),
    late,
  ),
  story(
    'after a failed login PASS alone is 503',
    must('RFC 959 §5.4'),
    guess(async (ftp, t) => {
      await ftp.ask(`USER ${t.target.user}`, 331);
      const { code } = await ftp.ask('PASS no-such-password', [530, 421]);
      if (code === 421) return;
      await ftp.ask(`PASS ${t.target.password}`, 503);
    }, 17),
    late,
  ),
  story(
    'guesses end the connection after some',
    should('RFC 2577 §5'),
    guess(async (ftp, t) => {
      for (let guesses = 0; guesses < 10; guesses++) {
        ftp.control.send(`USER no-such-user-${process.pid}`);
        const user = await ftp.control.replyOrEnd();
        if (user === undefined || user.code === 421) return;
        ftp.control.send('PASS no-such-password');
        const pass = await ftp.control.replyOrEnd(20_000);
        if (pass === undefined || pass.code === 421) return;
      }
      t.fail('the end of the connection within 10 guesses', 'none');
    }, 18),
    { ...late, timeoutMs: 60_000 },
  ),
];

const rein = [
  rule(
    'REIN is 220, and the login is gone',
    must('RFC 959 §5.4'),
    [
      ['REIN', 220],
      ['PWD', [530, 503]],
    ],
    { optional: ['REIN'] },
  ),
  story(
    'after REIN the parameters are the defaults again',
    must('RFC 959 §4.1.1'),
    async (ftp, t) => {
      await ftp.put('f', 'a\r\nb');
      await ftp.ask('REIN', 220);
      await t.signIn(ftp);
      await ftp.ask(`CWD ${t.directory}`, 250);
      await ftp.ask('SIZE f', [213, 550]);
      await ftp.ask('STAT', 211, /ASCII|TYPE: A/i);
    },
    { optional: ['REIN'], explicit: true },
  ),
  rule(
    'REIN clears RNFR and REST',
    must('RFC 959 §4.1.1'),
    [
      ['REST 5', 'any'],
      ['REIN', 220],
      ['RNTO x', [503, 530]],
    ],
    { optional: ['REIN'] },
  ),
  rule('REIN takes no argument', may('RFC 959 §5.3.1'), [['REIN now', [501, 220, 502]]], {}),
];

const host = [
  rule('HOST before USER is 220', must('RFC 7151 §3.1'), [['HOST ftp.example.com', [220, 504]]], {
    start: 'connected',
    needs: ['HOST'],
  }),
  rule('HOST after the login is 503', must('RFC 7151 §3.2'), [['HOST ftp.example.com', 503]], { needs: ['HOST'] }),
  rule(
    'HOST between USER and PASS is 503',
    must('RFC 7151 §3.2'),
    [
      ['USER someone', 331],
      ['HOST ftp.example.com', 503],
    ],
    { start: 'connected', needs: ['HOST'] },
  ),
  rule('HOST without argument is 501', must('RFC 7151 §3.1'), [['HOST', 501]], {
    start: 'connected',
    needs: ['HOST'],
  }),
  rule('HOST takes an address in brackets', must('RFC 7151 §3.1'), [['HOST [::1]', [220, 504]]], {
    start: 'connected',
    needs: ['HOST'],
  }),
  rule('HOST of what is no host name is 501 or 504', should('RFC 7151 §3.1'), [['HOST a/b', [501, 504]]], {
    start: 'connected',
    needs: ['HOST'],
  }),
  rule('HOST is in FEAT where it is done', must('RFC 7151 §3.3'), [['FEAT', 211, /^ ?HOST\b/m]], { needs: ['HOST'] }),
];

const lang = [
  rule('LANG without argument is 200', must('RFC 2640 §4.1'), [['LANG', 200]], { needs: ['LANG'] }),
  rule('LANG EN is 200', must('RFC 2640 §4.1'), [['LANG EN', 200]], { needs: ['LANG'] }),
  rule(
    'LANG reads its tag without case',
    must('RFC 2640 §4.1'),
    [
      ['LANG en', 200],
      ['LANG En', 200],
    ],
    { needs: ['LANG'] },
  ),
  rule('LANG of an unknown language is 504', must('RFC 2640 §4.1'), [['LANG XX', 504]], { needs: ['LANG'] }),
  rule('LANG of what is no tag is 501 or 504', must('RFC 2640 §4.1'), [['LANG !!', [501, 504]]], { needs: ['LANG'] }),
  rule('LANG before login is 200', should('RFC 2640 §4.1'), [['LANG EN', 200]], {
    needs: ['LANG'],
    start: 'connected',
  }),
  rule(
    'FEAT lists languages and marks the one in use',
    must('RFC 2640 §4.3'),
    [['FEAT', 211, /^ ?LANG (?:[A-Za-z-]+;)*[A-Za-z-]+\*(?:;[A-Za-z-]+)*;?$/m]],
    { needs: ['LANG'] },
  ),
];

const client = [
  rule('CLNT is 200', should('draft CLNT'), [['CLNT conformance', 200]], { needs: ['CLNT'] }),
  rule('CLNT before login is 200', should('draft CLNT'), [['CLNT conformance', [200, 530]]], {
    needs: ['CLNT'],
    start: 'connected',
  }),
  rule('CLNT without argument is 501', may('draft CLNT'), [['CLNT', [200, 501]]], { needs: ['CLNT'] }),
];

export const logins = [
  ...group('login', login),
  ...group('REIN', rein),
  ...group('HOST', host),
  ...group('LANG', lang),
  ...group('CLNT', client),
];
