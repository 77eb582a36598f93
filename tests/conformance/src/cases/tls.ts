/** TLS. Source: RFC 2228 §3, RFC 4217. */
import { group, must, rule, should, story, type Options, type Step } from '../case.ts';
import { Mismatch, Skip } from '../outcome.ts';
import type { Session } from '../session.ts';
import type { Trial } from '../trial.ts';

const options: Options = { needs: ['AUTH TLS'], explicit: true, start: 'connected' };
/** In clear, whatever the run uses. */
const clear = (run: (ftp: Session, trial: Trial) => Promise<void>) => async (_: Session, trial: Trial) =>
  run(await trial.connect({ tls: 'none' }), trial);
/** Logged in under TLS. */
const secured = (run: (ftp: Session, trial: Trial) => Promise<void>) => async (_: Session, trial: Trial) =>
  run(await trial.login({ tls: 'explicit' }), trial);
const dialog =
  (...steps: readonly Step[]) =>
  async (ftp: Session, trial: Trial): Promise<void> => {
    for (const step of steps) {
      if (typeof step === 'function') await step(ftp, trial);
      else await ftp.ask(...step);
    }
  };

const auth = [
  rule(
    'FEAT names AUTH TLS, PBSZ and PROT',
    must('RFC 4217 §6'),
    [
      ['FEAT', 211, /AUTH .*TLS/],
      ['FEAT', 211, /^ ?PBSZ$/m],
      ['FEAT', 211, /^ ?PROT$/m],
    ],
    { needs: ['AUTH TLS'] },
  ),
  story(
    'AUTH TLS is 234, and the handshake follows',
    must('RFC 4217 §4'),
    clear(async (ftp, t) => {
      await t.secure(ftp);
      await ftp.ask('NOOP', [200, 530]);
    }),
    options,
  ),
  story(
    'AUTH reads its mechanism without case',
    must('RFC 2228 §3'),
    clear(async (ftp) => {
      await ftp.ask('auth tls', 234);
      await ftp.control.secure();
      await ftp.ask('SYST', [215, 530]);
    }),
    options,
  ),
  story(
    'AUTH TLS-C is 234 or 504',
    should('RFC 4217 §17'),
    clear(async (ftp) => {
      const { code } = await ftp.ask('AUTH TLS-C', [234, 504]);
      if (code === 234) await ftp.control.secure();
    }),
    options,
  ),
  story(
    'AUTH of an unknown mechanism is 504',
    must('RFC 2228 §3'),
    clear(dialog(['AUTH KERBEROS_V9', [502, 504, 534]])),
    options,
  ),
  story('AUTH without argument is 501', must('RFC 2228 §3'), clear(dialog(['AUTH', [500, 501, 504]])), options),
  story(
    'AUTH under TLS is refused',
    should('RFC 4217 §4.4'),
    clear(async (ftp, t) => {
      await t.secure(ftp);
      await ftp.ask('AUTH TLS', [500, 501, 502, 503, 504, 530, 534]);
    }),
    options,
  ),
  story(
    'a login made in clear does not count under TLS',
    must('RFC 4217 §4.2'),
    clear(async (ftp, t) => {
      const user = await ftp.ask(`USER ${t.target.user}`);
      if (user.code !== 331) throw new Skip('no login in clear');
      const pass = await ftp.ask(`PASS ${t.target.password}`);
      if (pass.code !== 230) throw new Skip('no login in clear');
      const answer = await ftp.ask('AUTH TLS', [234, 500, 501, 503, 534]);
      if (answer.code !== 234) return;
      await ftp.control.secure();
      await ftp.ask('PWD', [503, 530]);
    }),
    options,
  ),
  story(
    'commands sent in clear behind AUTH TLS are not run under TLS',
    must('RFC 4217 §12, CVE-2011-0411'),
    clear(async (ftp) => {
      ftp.control.sendRaw('AUTH TLS\r\nNOOP\r\n');
      await ftp.answer('AUTH TLS', 234);
      try {
        await ftp.control.secure();
      } catch {
        // Ending the connection is as good.
        return;
      }
      await ftp.control.silence(400);
      await ftp.ask('SYST', [215, 530]);
    }),
    options,
  ),
  story(
    'TLS 1.2 is taken',
    must('RFC 4217 §4, RFC 8996'),
    clear(async (ftp, t) => {
      await ftp.ask('AUTH TLS', 234);
      await ftp.control.secure({ maxVersion: 'TLSv1.2' });
      t.equal('version', ftp.control.tlsVersion, 'TLSv1.2');
      await ftp.ask('SYST', [215, 530]);
    }),
    options,
  ),
  story(
    'TLS 1.3 is taken',
    should('RFC 8446'),
    clear(async (ftp, t) => {
      await t.secure(ftp);
      t.equal('version', ftp.control.tlsVersion, 'TLSv1.3');
    }),
    options,
  ),
  story(
    'TLS 1.1 is refused',
    must('RFC 8996 §5'),
    clear(async (ftp, t) => {
      await ftp.ask('AUTH TLS', 234);
      try {
        await ftp.control.secure({ maxVersion: 'TLSv1.1' });
      } catch {
        return;
      }
      t.fail('no handshake', ftp.control.tlsVersion);
    }),
    options,
  ),
  story(
    'what is no handshake ends the connection',
    should('RFC 4217 §4'),
    clear(async (ftp) => {
      await ftp.ask('AUTH TLS', 234);
      ftp.control.sendRaw('this is not a ClientHello, this is a line\r\n');
      try {
        await ftp.control.end(3_000);
      } catch (thrown) {
        // An alert is no reply of FTP's.
        if (!(thrown instanceof Mismatch) || !thrown.expected.includes('grammar')) throw thrown;
      }
      ftp.control.destroy();
    }),
    options,
  ),
];

const protection = [
  story('PBSZ in clear is 503', must('RFC 4217 §9'), clear(dialog(['PBSZ 0', [503, 530]])), options),
  story('PROT in clear is 503', must('RFC 2228 §3'), clear(dialog(['PROT P', [503, 530]])), options),
  story(
    'PROT before PBSZ is 503',
    must('RFC 2228 §3'),
    clear(async (ftp, t) => {
      await t.secure(ftp);
      await ftp.ask(`USER ${t.target.user}`, [230, 331]);
      await ftp.ask(`PASS ${t.target.password}`, 230);
      await ftp.ask('PROT P', 503);
    }),
    options,
  ),
  story('PBSZ 0 is 200', must('RFC 4217 §9'), secured(dialog(['PBSZ 0', 200])), options),
  story(
    'PBSZ of another size is 200 with PBSZ=0',
    should('RFC 4217 §8'),
    secured(dialog(['PBSZ 16384', 200, /PBSZ=0/i])),
    options,
  ),
  story('PBSZ of no number is 501', should('RFC 2228 §3'), secured(dialog(['PBSZ x', 501])), options),
  story(
    'PROT P and PROT C are 200',
    must('RFC 4217 §9'),
    secured(dialog(['PROT C', [200, 534]], ['PROT P', 200])),
    options,
  ),
  story(
    'PROT S and PROT E are 504 or 536',
    must('RFC 4217 §9'),
    secured(dialog(['PROT S', [504, 534, 536]], ['PROT E', [504, 534, 536]])),
    options,
  ),
  story('PROT S and PROT E are 536', should('RFC 2228 §3'), secured(dialog(['PROT S', 536], ['PROT E', 536])), options),
  story('PROT of an unknown level is 504', must('RFC 2228 §3'), secured(dialog(['PROT X', [501, 504]])), options),
  story('PROT without argument is 501', must('RFC 2228 §3'), secured(dialog(['PROT', [500, 501, 504]])), options),
  story(
    'CCC in clear is 533 or another refusal',
    must('RFC 2228 §3'),
    clear(dialog(['CCC', [500, 502, 503, 530, 533, 534]])),
    options,
  ),
  story(
    'CCC under TLS is refused, or leads back to clear',
    must('RFC 4217 §9'),
    secured(async (ftp) => {
      const { code } = await ftp.ask('CCC', [200, 500, 502, 530, 533, 534]);
      if (code === 200) ftp.control.destroy();
    }),
    options,
  ),
  ...['MIC x', 'CONF x', 'ENC x', 'ADAT x'].map((line) =>
    rule(`${line.split(' ')[0]} without a mechanism that has it is refused`, must('RFC 2228 §3'), [
      [line, [500, 501, 502, 503, 504, 530, 533, 535, 536, 537]],
    ]),
  ),
];

export const tls = [...group('AUTH', auth), ...group('PROT', protection)];
