/** Commands as clients meet them, byte by byte, against the embedded system. */
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { RawFtp } from './raw-ftp-fixture.ts';
import { adminPassword, removeFolder, skerry, System, temporaryFolder } from './system.ts';

const folder = temporaryFolder('verbs');
let system: System;
let ftp: RawFtp;
let admin: RawFtp;
beforeAll(async () => {
  system = await System.embedded(folder);
  const added = await skerry(['user', 'add', 'ada', '--password', 'pw ada', '--home', '/home/ada', '--data', folder]);
  expect(added.code).toBe(0);
  admin = await RawFtp.login(system, 'admin', adminPassword);
}, 60_000);
afterAll(async () => {
  await system.stop();
  removeFolder(folder);
}, 60_000);
let count = 0;
/** Each test has a directory of its own. */
beforeEach(async () => {
  ftp = await RawFtp.login(system, 'ada', 'pw ada');
  count += 1;
  expect(await ftp.codes(`MKD /t${count}`, `CWD /t${count}`)).toEqual([257, 250]);
});
afterEach(() => void ftp.socket.destroy());
const put = async (name: string, bytes: Uint8Array | string): Promise<void> => {
  expect((await ftp.upload(`STOR ${name}`, bytes)).code).toBe(226);
};
const get = async (name: string): Promise<string> => (await ftp.download(`RETR ${name}`)).bytes.toString();

describe('checksums', () => {
  const bytes = randomBytes(3_000_001);
  const hex = (name: string, part: Uint8Array = bytes): string => createHash(name).update(part).digest('hex');
  it('of all kinds, of the whole and of ranges', async () => {
    await put('f 1', bytes);
    expect((await ftp.ask('HASH f 1')).lines).toEqual([`213 SHA-256 0-3000000 ${hex('sha256')} f 1`]);
    await ftp.ask('RANG 10 19');
    expect((await ftp.ask('HASH f 1')).lines).toEqual([
      `213 SHA-256 10-19 ${hex('sha256', bytes.subarray(10, 20))} f 1`,
    ]);
    await ftp.ask('OPTS HASH SHA-512');
    expect((await ftp.ask('HASH f 1')).lines).toEqual([`213 SHA-512 0-3000000 ${hex('sha512')} f 1`]);
    for (const [verb, name] of [
      ['XMD5', 'md5'],
      ['XSHA', 'sha1'],
      ['XSHA1', 'sha1'],
      ['XSHA256', 'sha256'],
      ['XSHA512', 'sha512'],
    ] as const)
      expect((await ftp.ask(`${verb} "f 1"`)).lines).toEqual([`250 ${hex(name).toUpperCase()}`]);
    const sum = crc32(bytes.subarray(5, 1_000_000)).toString(16).padStart(8, '0').toUpperCase();
    expect((await ftp.ask('XCRC "f 1" 5 1000000')).lines).toEqual([`250 ${sum}`]);
    expect(await ftp.codes('XCRC "f 1" 5 3000002', 'HASH nowhere', 'HASH /')).toEqual([554, 550, 550]);
  });
  it('of nothing', async () => {
    await put('empty', '');
    expect((await ftp.ask('HASH empty')).lines).toEqual([`213 SHA-256 0-0 ${hex('sha256', Buffer.alloc(0))} empty`]);
  });
  it('of a large file: others are served meanwhile, and commands behind it come after it', async () => {
    const large = Buffer.alloc(200_000_000, 'seal');
    await put('large', large);
    const other = await RawFtp.login(system, 'ada', 'pw ada');
    ftp.send('HASH large\r\nNOOP\r\n');
    let hashed = false;
    const [first] = await Promise.all([
      ftp.reply().then((reply) => {
        hashed = true;
        return reply;
      }),
      (async () => {
        for (let worstMs = 0; !hashed;) {
          const startMs = performance.now();
          await other.ask('SIZE /nowhere');
          worstMs = Math.max(worstMs, performance.now() - startMs);
          expect(worstMs).toBeLessThan(1_000);
        }
      })(),
    ]);
    expect(first.lines).toEqual([`213 SHA-256 0-199999999 ${hex('sha256', large)} large`]);
    expect((await ftp.reply()).code).toBe(200);
    other.socket.destroy();
  }, 60_000);
  it('RANG: RETR sends the range, to its last byte', async () => {
    await put('f', '0123456789');
    expect(await ftp.code('RANG 2 5')).toBe(350);
    expect(await get('f')).toBe('2345');
    expect(await get('f')).toBe('0123456789');
    expect(await ftp.codes('RANG 2 5', 'STOR f')).toEqual([350, 504]);
    expect(await get('f')).toBe('0123456789');
  });
});

describe('facts, parts, room', () => {
  it('MFMT, MFCT and MFF change what MLST tells', async () => {
    await put('f', 'x');
    expect(await ftp.codes('MFMT 20200102030405 f', 'MFCT 20190102030405 f')).toEqual([213, 213]);
    expect((await ftp.ask('MLST f')).lines[1]).toMatch(/modify=20200102030405;create=20190102030405;/);
    const { lines } = await ftp.ask('MFF Modify=20180101000000;UNIX.mode=0600; f');
    expect(lines).toEqual(['213 Modify=20180101000000;UNIX.mode=0600; f']);
    expect((await ftp.ask('MLST f')).lines[1]).toMatch(/modify=20180101000000;.*UNIX\.mode=0600;/);
  });
  it('COMB: the parts become one, in their order, and are gone', async () => {
    const parts = [randomBytes(100_000), randomBytes(10), randomBytes(300_000)];
    for (const [i, part] of parts.entries()) await put(`part ${i}`, part);
    expect(await ftp.code('COMB "whole" "part 0" "part 1" "part 2"')).toBe(250);
    const { bytes } = await ftp.download('RETR whole');
    expect(bytes.equals(Buffer.concat(parts))).toBe(true);
    expect(await ftp.lines('NLST')).toEqual(['whole']);
    await put('more', 'more');
    expect(await ftp.codes('COMB "whole" "more" "missing"', 'COMB "whole" "more"')).toEqual([550, 250]);
    expect((await ftp.ask('SIZE whole')).lines).toEqual(['213 400014']);
  });
  it('AVBL tells what is left', async () => {
    const { code, lines } = await ftp.ask('AVBL');
    expect(code).toBe(213);
    expect(Number(lines[0]?.slice(4))).toBeGreaterThan(0);
    expect((await ftp.ask('SITE QUOTA')).code).toBe(200);
  });
  it('STOU names the file as the user sees it, in 150 and as RFC 1123 wants it', async () => {
    const data = await ftp.data();
    const { code, lines } = await ftp.ask('STOU');
    const name = /^150 FILE: (\/t\d+\/upload-[0-9a-f]{8})$/.exec(lines[0] ?? '')?.[1] ?? '';
    expect([code, name === '']).toEqual([150, false]);
    data.end('unique');
    expect((await ftp.reply()).code).toBe(226);
    expect(await get(name)).toBe('unique');
  });
  it('150 names the path as the user sees it', async () => {
    const data = await ftp.data();
    const { lines } = await ftp.ask('STOR seen');
    expect(lines[0]).toContain(`/t${count}/seen`);
    expect(lines[0]).not.toContain('/home/ada');
    data.end();
    await ftp.reply();
  });
});

describe('listings', () => {
  it('-d, -t, -r, -S, -R', async () => {
    await put('a', 'x');
    await put('b', 'xxx');
    await put('.hidden', 'x');
    await ftp.codes('MKD sub', 'MKD sub/deep', 'MFMT 20200101000000 b');
    await put('sub/c', 'x');
    const names = async (line: string): Promise<string[]> =>
      (await ftp.lines(line)).map((each) => each.replace(/^[-d]r\S+ .*(\d\d:\d\d| \d{4}) /, ''));
    expect(await names('LIST -d')).toEqual(['.']);
    expect(await names('LIST -ld sub')).toEqual(['sub']);
    expect(await names('LIST -r')).toEqual(['sub', 'b', 'a']);
    expect((await names('LIST -t')).at(-1)).toBe('b');
    expect((await names('LIST -S'))[0]).toBe('b');
    expect(await names('LIST -R')).toEqual(['a', 'b', 'sub', '', './sub:', 'c', 'deep', '', './sub/deep:']);
    expect(await names('LIST -la')).toContain('.hidden');
  });
  it('a date older than six months shows its year, a newer one its time', async () => {
    await put('old', '');
    await put('new', '');
    await ftp.ask('MFMT 20011231235959 old');
    const lines = await ftp.lines('LIST');
    expect(lines.find((line) => line.endsWith(' old'))).toContain('Dec 31  2001 old');
    expect(lines.find((line) => line.endsWith(' new'))).toMatch(/ \d\d:\d\d new$/);
  });
  it('STAT of a path: the same lines over the control connection, a blank before none of them', async () => {
    await put('f', 'x');
    const { code, lines } = await ftp.ask(`STAT /t${count}`);
    expect(code).toBe(212);
    expect(lines.slice(1, -1)).toEqual(await ftp.lines('LIST'));
    expect((await ftp.ask('STAT f')).code).toBe(213);
  });
});

describe('names', () => {
  it.each([' leading', 'trailing ', 'a "quoted" one', '-la', 'ünïcode 🦭', '#;=%\\', 'x'.repeat(255)])(
    'as they are: %j',
    async (name) => {
      await put(name.startsWith('-') ? `./${name}` : name, 'x');
      expect(await get(name)).toBe('x');
      expect(await ftp.lines('NLST')).toEqual([name]);
      expect((await ftp.lines('MLSD')).map((line) => line.slice(line.indexOf(' ') + 1))).toEqual([name]);
      expect(await ftp.codes(`MKD d${name}`, `CWD d${name}`)).toEqual(name.length === 255 ? [550, 550] : [257, 250]);
      if (name.length === 255) return;
      const { lines } = await ftp.ask('PWD');
      expect(lines[0]).toContain(`"/t${count}/d${name.replaceAll('"', '""')}"`);
    },
  );
  it('that are no UTF-8, hold NUL or a line end, or are too long are refused, and nothing is made', async () => {
    const line = (verb: string, ...bytes: number[]): Uint8Array =>
      Uint8Array.from([...Buffer.from(`${verb} a`), ...bytes, 0x0d, 0x0a]);
    for (const [bytes, code] of [
      [line('STOR', 0xe9), 501],
      [line('MKD', 0xc3, 0x28), 501],
      [line('DELE', 0x00, 0x62), 501],
      [line('STOR', 0x0d, 0x62), 553],
    ] as const) {
      ftp.send(bytes);
      expect((await ftp.reply()).code).toBe(code);
    }
    const long = 'x'.repeat(256);
    expect(await ftp.codes(`STOR ${long}`, `MKD ${long}`, `RNFR ${long}`)).toEqual([553, 550, 550]);
    const deep = Array.from({ length: 300 }, () => 'd').join('/');
    expect([(await ftp.upload(`STOR ${deep}`, '')).code, await ftp.code(`MKD ${deep}`)]).toEqual([553, 550]);
    expect(await ftp.code(`MKD /${'y'.repeat(200)}/${'z'.repeat(200)}/`.repeat(3))).toBe(550);
    expect(await ftp.lines('NLST')).toEqual([]);
  });
  it('RNFR and RNTO: across directories, onto a file, onto itself, never onto or into a directory', async () => {
    await ftp.codes('MKD d', 'MKD e');
    await put('a', 'a');
    await put('d/b', 'b');
    const rename = (from: string, to: string): Promise<number[]> => ftp.codes(`RNFR ${from}`, `RNTO ${to}`);
    expect(await rename('a', 'd/b')).toEqual([350, 250]);
    expect(await get('d/b')).toBe('a');
    expect(await rename('d/b', 'd/b')).toEqual([350, 250]);
    expect(await rename('d', 'e')).toEqual([350, 553]);
    expect(await rename('d', 'd/in')).toEqual([350, 553]);
    expect(await rename('d/b', 'e')).toEqual([350, 553]);
    expect(await rename('d', 'e/d')).toEqual([350, 250]);
    expect(await get('e/d/b')).toBe('a');
  });
});

describe('bytes', () => {
  it('ASCII: LF becomes CR LF on the wire, and back, across every border', async () => {
    const lines = `first\nsecond\r\n\nlone\rend\n${'x'.repeat(70_000)}\n`;
    await put('f', lines);
    await ftp.ask('TYPE A');
    expect(await ftp.code('SIZE f')).toBe(550);
    const wire = await get('f');
    expect(wire).toBe(lines.replaceAll('\r\n', '\n').replaceAll('\n', '\r\n'));
    const data = await ftp.data();
    await ftp.ask('STOR g');
    for (const piece of ['a\r', '\nb\r', 'c\r\r', '\n', '\n', '\r']) {
      data.write(piece);
      await ftp.ask('NOOP');
    }
    data.end();
    expect((await ftp.reply()).code).toBe(226);
    await ftp.ask('TYPE I');
    expect(await get('g')).toBe('a\nb\rc\r\n\n\r');
  });
  it('Telnet: the urgent ABOR of old clients, at once, during a transfer that stalls', async () => {
    const data = await ftp.data();
    // The server resets what is still on its way.
    data.on('error', () => undefined);
    expect(await ftp.code('STOR f')).toBe(150);
    data.write('some');
    // IAC IP, then what is left of IAC DM when its IAC was urgent.
    ftp.send(Uint8Array.of(0xff, 0xf4, 0xf2));
    ftp.send('ABOR\r\n');
    expect([(await ftp.reply()).code, (await ftp.reply()).code]).toEqual([426, 226]);
    expect(await ftp.code('NOOP')).toBe(200);
  });
  it('commands in one segment, and one command in many, in order', async () => {
    ftp.send('NOOP\r\nPWD\r\nTYPE A\nNOWT\r\nMKD x\r\nRMD x\r\n');
    const codes = [];
    for (let i = 0; i < 6; i++) codes.push((await ftp.reply()).code);
    expect(codes).toEqual([200, 257, 200, 500, 257, 250]);
    for (const character of 'NOOP\r\n') ftp.send(character);
    expect((await ftp.reply()).code).toBe(200);
  });
  it('STAT during a transfer tells the bytes so far; NOOP answers; QUIT lets it end', async () => {
    const data = await ftp.data();
    await ftp.ask('STOR f');
    await new Promise<void>((resolve) => data.write('0123456789', () => resolve()));
    let text = '';
    while (!text.includes('10 bytes')) text = (await ftp.ask('STAT')).lines.join('\n');
    expect(await ftp.code('NOOP')).toBe(200);
    ftp.send('QUIT\r\n');
    data.end('more');
    expect([(await ftp.reply()).code, (await ftp.reply()).code]).toEqual([226, 221]);
    const again = await RawFtp.login(system, 'ada', 'pw ada');
    expect((await again.ask(`SIZE /t${count}/f`)).lines).toEqual(['213 14']);
    again.socket.destroy();
  });
});

describe('SITE', () => {
  it('WHO: the own sessions; an administrator sees all', async () => {
    const own = (await ftp.ask('SITE WHO')).lines;
    expect(own.some((line) => line.includes('ada from 127.0.0.1'))).toBe(true);
    expect(own.some((line) => line.includes('admin'))).toBe(false);
    const all = (await admin.ask('SITE WHO')).lines;
    expect(all.some((line) => line.startsWith(' ada'))).toBe(true);
    expect(all.some((line) => line.startsWith(' admin'))).toBe(true);
  });
  it('PASSWD: a wrong old one is refused; afterwards only the new one counts', async () => {
    await skerry(['user', 'add', 'bob', '--password', 'old', '--data', folder]);
    const bob = await RawFtp.login(system, 'bob', 'old');
    expect(await bob.codes('SITE PASSWD wrong new', 'SITE PASSWD old "new one"', 'PWD')).toEqual([550, 200, 530]);
    expect(await bob.codes('USER bob', 'PASS new one', 'PWD')).toEqual([331, 230, 257]);
    expect(await bob.codes('USER bob', 'PASS old')).toEqual([331, 530]);
    bob.socket.destroy();
  }, 30_000);
  it('IDLE: told and chosen; UTIME in both forms; links refused', async () => {
    await put('f', 'x');
    expect(
      await ftp.codes(
        'SITE IDLE',
        'SITE IDLE 120',
        'SITE IDLE 99999999',
        'SITE UTIME 20200101000000 f',
        'SITE UTIME f 20210101000000 20210102000000 20210101000000 UTC',
        'SITE SYMLINK f g',
        'SITE CHMOD 600 f',
      ),
    ).toEqual([200, 200, 501, 200, 200, 504, 200]);
    expect((await ftp.ask('MDTM f')).lines).toEqual(['213 20210102000000']);
  });
});
