/** Atomic and resumable together, versioned reads, limits. Source: RFC 959, RFC 3659 §5, RFC 2577, ftp.md. */
import { bytesOf } from '../bytes.ts';
import { group, may, must, rule, should, story } from '../case.ts';
import { DataConnection } from '../data.ts';
import type { Session } from '../session.ts';
import type { Trial } from '../trial.ts';

/** An upload of `bytes` whose client vanishes: both connections are reset. */
async function vanish(trial: Trial, line: string, bytes: Uint8Array): Promise<void> {
  const ftp = await trial.login();
  const { data } = await ftp.begin(line);
  await data.write(bytes);
  // The bytes must have come before the reset throws them away.
  await ftp.control.silence(250);
  data.reset();
  ftp.control.destroy();
}
/** Asks SIZE until the server has noticed the cut; gives the length, or undefined for 550. */
async function sizeAfterCut(
  ftp: Session,
  name: string,
  enough: (size: number | undefined) => boolean,
): Promise<number | undefined> {
  let size: number | undefined;
  for (let round = 0; round < 20; round++) {
    const { code, text } = await ftp.ask(`SIZE ${name}`, [213, 550]);
    size = code === 213 ? Number(text) : undefined;
    if (enough(size)) return size;
    await ftp.control.silence(100);
  }
  return size;
}
const content = bytesOf(300_000);
const half = content.subarray(0, 150_000);

const atomic = [
  story('a reader during an overwrite sees the old file', should('ftp.md: atomic'), async (ftp, t) => {
    await ftp.put('f', 'old content');
    const writer = await t.login();
    const { data } = await writer.begin('STOR f');
    await data.write('new');
    await writer.control.silence(100);
    await ftp.holds('f', 'old content');
    data.end();
    await writer.answer('STOR', 226);
    await ftp.holds('f', 'new');
  }),
  story('SIZE and MLST during an overwrite are of the old file', should('ftp.md: atomic'), async (ftp, t) => {
    await ftp.put('f', 'old content');
    const writer = await t.login();
    const { data } = await writer.begin('STOR f');
    await data.write('new');
    await writer.control.silence(100);
    await ftp.ask('SIZE f', 213, /^11$/);
    data.end();
    await writer.answer('STOR', 226);
    await ftp.ask('SIZE f', 213, /^3$/);
  }),
  story('a new file is not seen before its upload ended', should('ftp.md: atomic'), async (ftp, t) => {
    const writer = await t.login();
    const { data } = await writer.begin('STOR f');
    await data.write('half');
    await writer.control.silence(100);
    t.equal('names', await ftp.names(), []);
    data.end();
    await writer.answer('STOR', 226);
    t.equal('names', await ftp.names(), ['f']);
  }),
  story('a slow RETR keeps the version that it began with', should('ftp.md: versioned reads'), async (ftp, t) => {
    const old = bytesOf(12_000_000);
    await ftp.put('f', old);
    const { data } = await ftp.begin('RETR f');
    await data.readSome(100_000);
    const writer = await t.login();
    await writer.put('f', 'new');
    const got = await data.readAll(15_000);
    await ftp.answer('RETR', 226);
    t.check(got.equals(old), 'the old bytes', `${got.length} bytes`);
    await ftp.holds('f', 'new');
  }),
  story('a RETR goes on when its file is deleted', should('ftp.md: versioned reads'), async (ftp, t) => {
    const old = bytesOf(12_000_000);
    await ftp.put('f', old);
    const { data } = await ftp.begin('RETR f');
    await data.readSome(100_000);
    const other = await t.login();
    await other.ask('DELE f', 250);
    t.check((await data.readAll(15_000)).equals(old), 'the old bytes', 'others');
    await ftp.answer('RETR', 226);
  }),
  story('a broken upload leaves what was there', should('ftp.md: atomic'), async (ftp, t) => {
    await ftp.put('f', 'old content');
    await vanish(t, 'STOR f', half);
    await ftp.control.silence(300);
    await ftp.holds('f', 'old content');
  }),
  story('a client killed in mid-upload publishes nothing', should('ftp.md: clean end'), async (ftp, t) => {
    await vanish(t, 'STOR f', half);
    await ftp.control.silence(300);
    t.equal('names', await ftp.names(), []);
  }),
  story(
    'an ordinary FIN on data, then the end of control at once, publishes nothing',
    should('ftp.md: clean end'),
    async (ftp, t) => {
      const writer = await t.login();
      const { data } = await writer.begin('STOR f');
      await data.write(half);
      await writer.control.silence(100);
      // As the system does for a process that is killed: control first, then data, both by FIN.
      writer.control.finish();
      data.end();
      await writer.control.end();
      await ftp.control.silence(200);
      t.equal('names', await ftp.names(), []);
    },
  ),
  story('two writers of one name: one of them, whole', must('ftp.md: exclusion'), async (ftp, t) => {
    const writers = await Promise.all([t.login(), t.login()]);
    const bytes = [Buffer.alloc(400_000, 'a'), Buffer.alloc(300_000, 'b')];
    const codes = await Promise.all(
      writers.map(async (writer, i) => {
        const data = await writer.passive();
        writer.control.send('STOR f');
        const opening = await writer.answer('STOR', 'any');
        if (opening.code >= 400) return data.destroy();
        if (writer.privateData) await data.secure(writer.control.session);
        await data.write(bytes[i] ?? '').catch(() => undefined);
        data.end();
        await writer.answer('STOR', 'any');
      }),
    );
    void codes;
    const got = await ftp.get('f');
    t.check(
      bytes.some((each) => each.equals(got)),
      'one of both, whole',
      `${got.length} bytes`,
    );
  }),
  story('a rename over a file is seen whole by readers', must('RFC 959 §4.1.3'), async (ftp, t) => {
    await ftp.put('f', 'old');
    const other = await t.login();
    for (let round = 0; round < 10; round++) {
      await other.put('g', `round ${round}`);
      await other.ask('RNFR g', 350);
      const { code } = await other.ask('RNTO f', [250, 550, 553]);
      if (code !== 250) return;
      await ftp.holds('f', `round ${round}`);
    }
  }),
];

const resume = [
  story(
    'a broken upload can be continued by SIZE, REST and STOR',
    should('ftp.md: resume; RFC 3659 §5.3'),
    async (ftp, t) => {
      await vanish(t, 'STOR f', half);
      const size = await sizeAfterCut(ftp, 'f', (each) => each !== undefined && each > 0);
      t.check(size !== undefined && size > 0 && size <= half.length, 'SIZE of what arrived', size);
      await ftp.ask(`REST ${size}`, 350);
      await ftp.put('f', content.subarray(size));
      await ftp.holds('f', content);
    },
  ),
  story('a broken upload can be continued by SIZE and APPE', should('ftp.md: resume'), async (ftp, t) => {
    await vanish(t, 'STOR f', half);
    const size = await sizeAfterCut(ftp, 'f', (each) => each !== undefined && each > 0);
    t.check(size !== undefined && size > 0 && size <= half.length, 'SIZE of what arrived', size);
    await ftp.store('APPE f', content.subarray(size));
    await ftp.holds('f', content);
  }),
  story(
    'a broken overwrite can be continued, and readers see the old file until its end',
    should('ftp.md: resume'),
    async (ftp, t) => {
      await ftp.put('f', 'old');
      await vanish(t, 'STOR f', half);
      const size = await sizeAfterCut(ftp, 'f', (each) => each !== undefined && each > 3);
      t.check(size !== undefined && size > 3, 'SIZE of what arrived', size);
      await ftp.holds('f', 'old');
      await ftp.ask(`REST ${size}`, 350);
      await ftp.put('f', content.subarray(size));
      await ftp.holds('f', content);
    },
  ),
  story('STOR without REST after a broken upload begins anew', must('RFC 959 §4.1.3'), async (ftp, t) => {
    await vanish(t, 'STOR f', half);
    await sizeAfterCut(ftp, 'f', (each) => each !== undefined && each > 0);
    await ftp.put('f', 'all new');
    await ftp.holds('f', 'all new');
    await ftp.ask('SIZE f', 213, /^7$/);
  }),
  story('DELE after a broken overwrite drops what arrived', should('ftp.md: stages'), async (ftp, t) => {
    await ftp.put('f', 'old');
    await vanish(t, 'STOR f', half);
    await sizeAfterCut(ftp, 'f', (each) => each !== undefined && each > 3);
    await ftp.ask('DELE f', 250);
    await ftp.ask('SIZE f', 550);
  }),
  story('REST beyond what arrived is refused', should('ftp.md: stages'), async (ftp, t) => {
    await vanish(t, 'STOR f', half);
    await sizeAfterCut(ftp, 'f', (each) => each !== undefined && each > 0);
    await ftp.ask('REST 250000', 350);
    await ftp.refused('STOR f', [450, 451, 501, 550, 553, 554]);
  }),
  story('an upload that ABOR ended can be continued', should('ftp.md: resume'), async (ftp, t) => {
    const { data } = await ftp.begin('STOR f');
    await data.write(half);
    await ftp.control.silence(250);
    ftp.control.send('ABOR');
    const first = await ftp.answer('ABOR', [225, 226, 426, 451]);
    if (first.code !== 225) await ftp.answer('ABOR', [225, 226]);
    const size = await sizeAfterCut(ftp, 'f', (each) => each !== undefined && each > 0);
    t.check(size !== undefined && size > 0, 'SIZE of what arrived', size);
    await ftp.ask(`REST ${size}`, 350);
    await ftp.put('f', content.subarray(size));
    await ftp.holds('f', content);
  }),
  story('a broken download can be continued', must('RFC 3659 §5.3'), async (ftp, t) => {
    await ftp.put('f', content);
    const other = await t.login();
    const { data } = await other.begin('RETR f');
    const got = await data.readSome(100_000);
    data.reset();
    other.control.destroy();
    await ftp.ask(`REST ${got.length}`, 350);
    await ftp.holds('f', content.subarray(got.length));
  }),
  story(
    'APPE after another session made the file longer is 450, where SIZE was told',
    may('ftp.md: APPE carries no offset'),
    async (ftp, t) => {
      await ftp.put('f', '12345');
      await ftp.ask('SIZE f', 213);
      const other = await t.login();
      await other.store('APPE f', '67890');
      await ftp.refused('APPE f', [450, 451, 550]);
      await ftp.holds('f', '1234567890');
    },
  ),
];

const limits = [
  story(
    '20 sessions at once are served',
    must('RFC 959 §2.3'),
    async (_, t) => {
      const sessions = await Promise.all(Array.from({ length: 20 }, () => t.connect()));
      for (const ftp of sessions) await ftp.ask('NOOP', [200, 530]);
    },
    { start: 'connected' },
  ),
  story('a client that leaves without QUIT does no harm', must('RFC 959 §5.4'), async (ftp, t) => {
    for (let i = 0; i < 10; i++) (await t.connect()).control.destroy();
    await ftp.ask('PWD', 257);
  }),
  story('a connection that sends nothing does not hold up others', must('RFC 2577 §6'), async (ftp, t) => {
    for (let i = 0; i < 5; i++) await t.connect();
    await ftp.ask('PWD', 257);
  }),
  story('a passive port that nobody comes to does no harm', must('RFC 959 §3.2'), async (ftp) => {
    for (let i = 0; i < 20; i++) await ftp.passivePort();
    await ftp.put('f', 'content');
    await ftp.holds('f', 'content');
  }),
  story(
    '50 transfers one after the other',
    must('RFC 959 §3.2'),
    async (ftp, t) => {
      for (let i = 0; i < 50; i++) await ftp.put(`f${i}`, String(i));
      t.equal('names', (await ftp.names()).length, 50);
    },
    { timeoutMs: 40_000 },
  ),
  story('8-bit noise does not end the server', must('RFC 2577 §6'), async (ftp, t) => {
    const noisy = await t.connect();
    noisy.control.takeAnyText();
    noisy.control.sendRaw(
      Buffer.concat([bytesOf(3_000).filter((byte) => byte !== 0x0a) as Buffer, Buffer.from('\r\n')]),
    );
    await noisy.control.replyOrEnd();
    noisy.control.destroy();
    await ftp.ask('PWD', 257);
  }),
  story('a client that reads no replies does not hold up others', must('RFC 2577 §6'), async (ftp, t) => {
    const deaf = await t.login();
    deaf.control.pause();
    deaf.control.sendRaw('HELP\r\n'.repeat(500));
    await ftp.ask('PWD', 257);
    await ftp.put('f', 'content');
  }),
  story('half of a line, then the end of the connection, runs nothing', must('RFC 959 §5.3'), async (ftp, t) => {
    const other = await t.login();
    other.control.sendRaw('MKD half');
    other.control.finish();
    await other.control.end();
    await ftp.ask('CWD half', 550);
  }),
  story(
    'a data connection that sends before STOR is asked for loses nothing',
    should('RFC 959 §3.2'),
    async (ftp, t) => {
      if (ftp.privateData) return;
      const { host, port } = await ftp.passiveAddress('EPSV');
      const data = ftp.own(await DataConnection.connect(host, port, ftp.control.localAddress));
      await data.write('early');
      data.end();
      await ftp.ask('STOR f', [125, 150]);
      await ftp.answer('STOR f', [226, 250]);
      await ftp.holds('f', 'early');
      t.equal('names', await ftp.names(), ['f']);
    },
    { explicit: true },
  ),
  rule(
    'the session goes on after 30 errors',
    should('RFC 959 §5.4'),
    Array.from({ length: 30 }, (_, i) => [`XYZZY${i % 9}`, [500, 502, 421]] as const),
  ),
];

export const whole = [...group('atomic', atomic), ...group('resume', resume), ...group('limits', limits)];
