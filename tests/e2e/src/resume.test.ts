/**
 * Atomic and resumable together (ftp.md): each rule under its own name, with the raw protocol; and with the real lftp
 * and curl where they are named there.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { bytesOf, RawFtp } from './raw-ftp-fixture.ts';
import { adminPassword, removeFolder, run, System, temporaryFolder } from './system.ts';
import { sha256 } from './tree.ts';

const folder = temporaryFolder('resume');
let system: System;
let ftp: RawFtp;
beforeAll(async () => {
  system = await System.embedded(join(folder, 'data'));
}, 60_000);
afterAll(async () => {
  await system.stop();
  removeFolder(folder);
}, 60_000);
const login = (): Promise<RawFtp> => RawFtp.login(system, 'admin', adminPassword);
beforeEach(async () => {
  ftp = await login();
});
afterEach(() => void ftp.socket.destroy());

let files = 0;
const fresh = (): string => `f${++files}`;
const whole = randomBytes(1_000_000);
const older = randomBytes(700_001);
const half = whole.subarray(0, 400_000);
const rest = whole.subarray(half.length);
const got = async (name: string, line = `RETR ${name}`): Promise<Buffer> => (await ftp.download(line)).bytes;
const same = async (name: string, wanted: Uint8Array): Promise<void> => {
  expect(sha256(await got(name))).toBe(sha256(wanted));
};
const size = async (name: string): Promise<number> => Number((await ftp.ask(`SIZE ${name}`)).lines[0]?.slice(4));
/** Until a client that was killed is noticed; what arrived is the stage. */
async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 15_000;
  while (!(await condition())) if (performance.now() > endMs) throw new Error(`not within 15 s: ${what}`);
}
const stageOf = (name: string, length: number): Promise<void> =>
  until(`SIZE ${name} is ${length}`, async () => (await size(name)) === length);

/** An upload that was cut, over an older version or over none; ends with the stage in place. */
async function cut(version?: Uint8Array): Promise<string> {
  const name = fresh();
  if (version !== undefined) await ftp.upload(`STOR ${name}`, version);
  const client = await login();
  await client.killDuring(`STOR ${name}`, half);
  await stageOf(name, half.length);
  return name;
}

describe('atomic', () => {
  it('a reader during an overwrite sees the old file, then the new one, and never a mixture', async () => {
    const name = fresh();
    await ftp.upload(`STOR ${name}`, older);
    const writer = await login();
    const data = await writer.data();
    await writer.ask(`STOR ${name}`);
    await new Promise<void>((resolve) => data.write(half, () => resolve()));
    await same(name, older);
    data.end(rest);
    expect((await writer.reply()).code).toBe(226);
    await same(name, whole);
    writer.socket.destroy();
  });
  it('a slow RETR keeps the version that it began with, also when that is replaced, renamed over and removed', async () => {
    const name = fresh();
    const large = randomBytes(30_000_000);
    await ftp.upload(`STOR ${name}`, large);
    const reader = await login();
    const data = await reader.data();
    data.pause();
    expect((await reader.ask(`RETR ${name}`)).code).toBe(150);
    await ftp.upload(`STOR ${name}`, whole);
    await ftp.upload(`STOR ${name}.2`, half);
    expect(await ftp.codes(`RNFR ${name}.2`, `RNTO ${name}`, `DELE ${name}`)).toEqual([350, 250, 250]);
    expect(sha256(await bytesOf(data))).toBe(sha256(large));
    expect((await reader.reply()).code).toBe(226);
    reader.socket.destroy();
  }, 30_000);
  it('two writers: the last commit wins whole', async () => {
    const name = fresh();
    const other = await login();
    const [first, second] = [await ftp.data(), await other.data()];
    await ftp.ask(`STOR ${name}`);
    first.write(older.subarray(0, 400_000));
    // Of the same user too: the second is taken beside the first.
    expect((await other.ask(`STOR ${name}`)).code).toBe(150);
    second.end(whole);
    expect((await other.reply()).code).toBe(226);
    expect(sha256((await other.download(`RETR ${name}`)).bytes)).toBe(sha256(whole));
    first.end(older.subarray(400_000));
    expect((await ftp.reply()).code).toBe(226);
    await same(name, older);
    other.socket.destroy();
  });
  it('a client killed in mid-upload publishes nothing, though its data connection ended well', async () => {
    const name = await cut();
    expect(await ftp.lines('NLST')).not.toContain(name);
    expect((await ftp.ask(`MLST ${name}`)).code).toBe(550);
    expect((await ftp.upload(`RNFR ${name}`, '')).code).toBe(550);
  });
  it('a broken upload leaves what was there', async () => {
    const name = await cut(older);
    await same(name, older);
  });
  it('ABOR leaves what was there, and all that had arrived as a stage', async () => {
    const name = fresh();
    await ftp.upload(`STOR ${name}`, older);
    const data = await ftp.data();
    data.on('error', () => undefined);
    await ftp.ask(`STOR ${name}`);
    data.write(half);
    await until('all arrived', async () => (await ftp.ask('STAT')).lines.join().includes(`${half.length} bytes`));
    expect([(await ftp.ask('ABOR')).code, (await ftp.reply()).code]).toEqual([426, 226]);
    // At once, and not the older version's: a client would take that for "already uploaded".
    expect(await size(name)).toBe(half.length);
    await same(name, older);
  });
  it('an end with another size than ALLO announced publishes nothing', async () => {
    const name = fresh();
    expect(await ftp.code(`ALLO ${whole.length}`)).toBe(200);
    expect((await ftp.upload(`STOR ${name}`, half)).code).toBeGreaterThanOrEqual(400);
    expect((await ftp.ask(`MLST ${name}`)).code).toBe(550);
    await stageOf(name, half.length);
    await ftp.code(`ALLO ${whole.length}`);
    expect((await ftp.upload(`STOR ${name}`, whole)).code).toBe(226);
  });
  it('QUIT during an upload lets it end, and its end counts', async () => {
    const name = fresh();
    const writer = await login();
    const data = await writer.data();
    await writer.ask(`STOR ${name}`);
    data.write(half);
    writer.send('QUIT\r\n');
    data.end(rest);
    expect([(await writer.reply()).code, (await writer.reply()).code]).toEqual([226, 221]);
    await same(name, whole);
  });
});

describe('resumable: while a stage that a cut left behind lives', () => {
  it.each([
    ['without a version', undefined],
    ['with an older version visible', older],
  ])('SIZE and APPE of its user mean the stage, %s', async (_, version) => {
    const name = await cut(version);
    expect((await ftp.upload(`APPE ${name}`, rest)).code).toBe(226);
    await same(name, whole);
    expect(await size(name)).toBe(whole.length);
  });
  it.each([
    ['without a version', undefined],
    ['with an older version visible', older],
  ])('REST and STOR go on with it, %s', async (_, version) => {
    const name = await cut(version);
    expect(await ftp.code(`REST ${half.length}`)).toBe(350);
    expect((await ftp.upload(`STOR ${name}`, rest)).code).toBe(226);
    await same(name, whole);
  });
  it('REST in the middle of it: what came behind is sent again', async () => {
    const name = await cut(older);
    await ftp.code('REST 100000');
    expect((await ftp.upload(`STOR ${name}`, whole.subarray(100_000))).code).toBe(226);
    await same(name, whole);
  });
  it('REST beyond its length is refused, and it stays', async () => {
    const name = await cut(older);
    await ftp.code(`REST ${half.length + 1}`);
    expect((await ftp.upload(`STOR ${name}`, rest)).code).toBe(554);
    await stageOf(name, half.length);
  });
  it('LIST, MLSD, MLST and RETR show the committed version, and RETR’s 150 names its size', async () => {
    const name = await cut(older);
    const { begun, bytes } = await ftp.download(`RETR ${name}`);
    expect(begun.lines[0]).toContain(`(${older.length} bytes)`);
    expect(bytes.equals(older)).toBe(true);
    const of = (lines: readonly string[]): string => lines.find((line) => line.endsWith(` ${name}`)) ?? '';
    expect(of(await ftp.lines('LIST'))).toContain(` ${older.length} `);
    expect(of(await ftp.lines('MLSD'))).toContain(`size=${older.length};`);
    expect((await ftp.ask(`MLST ${name}`)).lines[1]).toContain(`size=${older.length};`);
  });
  it.each([
    ['STOR without REST', (name: string) => ftp.upload(`STOR ${name}`, older)],
    ['DELE', (name: string) => ftp.ask(`DELE ${name}`)],
    [
      'RNTO',
      async (name: string) => {
        await ftp.upload('STOR moved', older);
        await ftp.ask('RNFR moved');
        return ftp.ask(`RNTO ${name}`);
      },
    ],
  ])('%s drops it', async (verb, act) => {
    const name = await cut(verb === 'DELE' ? undefined : older);
    expect((await act(name)).code).toBeLessThan(300);
    if (verb === 'DELE') expect((await ftp.ask(`SIZE ${name}`)).code).toBe(550);
    else expect(await size(name)).toBe(older.length);
  });
  it('APPE onto another length than SIZE told gets 450', async () => {
    const name = await cut();
    const other = await login();
    expect(await size(name)).toBe(half.length);
    await other.ask(`REST ${half.length}`);
    await other.killDuring(`STOR ${name}`, rest.subarray(0, 1_000));
    const watcher = await login();
    await until(
      'the stage grew',
      async () => (await watcher.ask(`SIZE ${name}`)).lines[0] === `213 ${half.length + 1_000}`,
    );
    watcher.socket.destroy();
    expect((await ftp.upload(`APPE ${name}`, rest)).code).toBe(450);
    expect(await size(name)).toBe(half.length + 1_000);
    expect((await ftp.upload(`APPE ${name}`, rest.subarray(1_000))).code).toBe(226);
    await same(name, whole);
  });
  /** An upload of another session that has sent half of it and says no more. */
  async function stalled(name: string): Promise<{ readonly client: RawFtp; readonly data: Socket }> {
    const client = await login();
    const data = await client.data();
    data.on('error', () => undefined);
    await client.ask(`STOR ${name}`);
    data.write(half);
    await until('half arrived', async () => (await client.ask('STAT')).lines.join().includes(`${half.length} bytes`));
    return { client, data };
  }
  it.each([
    ['APPE', []],
    ['STOR', [`REST ${half.length}`]],
  ])('a new session goes on with a live upload by %s: it takes over and fences the old one', async (verb, before) => {
    const name = fresh();
    const { client, data } = await stalled(name);
    await ftp.codes(...before);
    expect((await ftp.upload(`${verb} ${name}`, rest)).code).toBe(226);
    data.end();
    expect((await client.reply()).code).toBe(450);
    await same(name, whole);
    client.socket.destroy();
  });
  it('a client that is gone and not yet missed blocks no STOR, and what it left neither spoils nor hides that', async () => {
    const name = fresh();
    const { client, data } = await stalled(name);
    expect((await ftp.upload(`STOR ${name}`, whole)).code).toBe(226);
    expect(await size(name)).toBe(whole.length);
    // As when it is found out at last: an ordinary end, and nobody there.
    data.end();
    client.socket.destroy();
    await until('it is gone', async () =>
      (await ftp.ask('SITE WHO')).lines.every((line) => !line.includes('transferring')),
    );
    expect(await size(name)).toBe(whole.length);
    expect((await ftp.upload(`APPE ${name}`, 'more')).code).toBe(226);
    await same(name, Buffer.concat([whole, Buffer.from('more')]));
  });
  it('it outlives the server: SIGKILL, start, and on', async () => {
    const data = join(folder, 'second');
    const first = await System.embedded(data);
    const writer = await RawFtp.login(first, 'admin', adminPassword);
    const watcher = await RawFtp.login(first, 'admin', adminPassword);
    await writer.killDuring('STOR f', half);
    await until('the stage is there', async () => (await watcher.ask('SIZE f')).lines[0] === `213 ${half.length}`);
    await first.kill();
    const second = await System.embedded(data);
    const client = await RawFtp.login(second, 'admin', adminPassword);
    expect((await client.ask('SIZE f')).lines).toEqual([`213 ${half.length}`]);
    expect((await client.upload('APPE f', rest)).code).toBe(226);
    expect(sha256((await client.download('RETR f')).bytes)).toBe(sha256(whole));
    client.socket.destroy();
    await second.stop();
  }, 60_000);
});

describe('markers', () => {
  it('REST is cleared by every command but the named ones: a marker left over spoils no upload', async () => {
    const name = fresh();
    await ftp.upload(`STOR ${name}`, older);
    for (const between of ['PWD', 'CWD /', `SIZE ${name}`, 'NOWT', 'FEAT']) {
      await ftp.codes('REST 5', between);
      expect((await ftp.upload(`STOR ${name}`, whole)).code).toBe(226);
      await same(name, whole);
    }
  });
  it('REST and STOR in the middle of a version: its beginning stays, all behind is what was sent', async () => {
    const name = fresh();
    await ftp.upload(`STOR ${name}`, '0123456789');
    await ftp.code('REST 4');
    expect((await ftp.upload(`STOR ${name}`, 'abc')).code).toBe(226);
    expect((await got(name)).toString()).toBe('0123abc');
  });
  it('REST and RETR; past the end is 554', async () => {
    const name = fresh();
    await ftp.upload(`STOR ${name}`, '0123456789');
    await ftp.code('REST 4');
    expect((await got(name)).toString()).toBe('456789');
    await ftp.code('REST 10');
    expect((await got(name)).length).toBe(0);
    await ftp.code('REST 11');
    expect((await ftp.download(`RETR ${name}`)).ended.code).toBe(554);
  });
  it('APPE to a missing file makes it; ten bytes onto a large one cost ten', async () => {
    const name = fresh();
    expect((await ftp.upload(`APPE ${name}`, '01234')).code).toBe(226);
    expect((await ftp.upload(`APPE ${name}`, '56789')).code).toBe(226);
    expect((await got(name)).toString()).toBe('0123456789');
  });
});

describe('the real clients', () => {
  const local = join(folder, 'local');
  const url = (name: string): string =>
    `ftp://admin:${encodeURIComponent(adminPassword)}@127.0.0.1:${system.ftp.port}/${name}`;
  const large = randomBytes(40_000_000);
  beforeAll(() => writeFileSync(local, large));
  /** Runs a client that is slowed down, and kills it when so many bytes are on the server. */
  async function killed(command: string, args: readonly string[], name: string): Promise<number> {
    const child = spawn(command, args, { stdio: 'ignore' });
    const closed = once(child, 'close');
    const watcher = await login();
    await until(`${command} sent 2 MB`, async () => {
      if (child.exitCode !== null) throw new Error(`${command} ended by itself`);
      const { lines } = await watcher.ask('SITE WHO');
      return lines.some((line) => Number(/transferring \((\d+) bytes\)/.exec(line)?.[1] ?? 0) >= 2_000_000);
    });
    child.kill('SIGKILL');
    await closed;
    let staged = 0;
    await until(`what ${command} sent is a stage`, async () => {
      staged = Number((await watcher.ask(`SIZE ${name}`)).lines[0]?.slice(4)) || 0;
      return staged >= 2_000_000;
    });
    watcher.socket.destroy();
    expect(staged).toBeLessThan(large.length);
    return staged;
  }
  const lftpSet = 'set net:max-retries 1; set net:timeout 15; set cmd:fail-exit yes; set ftp:ssl-allow no';
  const lftp = (command: string): string[] => ['-c', `${lftpSet}; open ${url('')}; ${command}`];

  it.each([
    ['put -c', undefined],
    ['put -c', older],
    ['reput', undefined],
    ['reput', older],
  ])(
    'lftp: %s goes on after a kill, an older version visible or not',
    async (command, version) => {
      const name = fresh();
      if (version !== undefined) await ftp.upload(`STOR ${name}`, version);
      const slow = `set net:limit-rate 0:8000000; put ${local} -o ${name}`;
      await killed('lftp', lftp(slow), name);
      const verb = command === 'put -c' ? `put -c ${local} -o ${name}` : `reput ${local} -o ${name}`;
      const { code, stderr } = await run('lftp', lftp(verb), { timeoutMs: 30_000 });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      await same(name, large);
    },
    60_000,
  );
  it.each([
    ['an older version visible', older],
    ['no version', undefined],
  ])(
    'curl: -C - goes on after a cut, with %s',
    async (_, version) => {
      const name = fresh();
      if (version !== undefined) await ftp.upload(`STOR ${name}`, version);
      const args = ['-sS', '--max-time', '30', '-T', local, url(name)];
      await killed('curl', ['--limit-rate', '8M', ...args], name);
      const { code, stderr } = await run('curl', ['-C', '-', ...args], { timeoutMs: 40_000 });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      await same(name, large);
    },
    60_000,
  );
  it('curl: -C - of a download goes on, -r takes a range, and both end quickly', async () => {
    const name = fresh();
    await ftp.upload(`STOR ${name}`, large);
    const out = join(folder, 'out');
    writeFileSync(out, large.subarray(0, 1_000_000));
    expect((await run('curl', ['-sS', '--max-time', '20', '-C', '-', '-o', out, url(name)])).code).toBe(0);
    expect(sha256(readFileSync(out))).toBe(sha256(large));
    const ranged = join(folder, 'ranged');
    const { code } = await run('curl', ['-sS', '--max-time', '10', '-r', '100-199', '-o', ranged, url(name)]);
    expect(code).toBe(0);
    expect(readFileSync(ranged).equals(large.subarray(100, 200))).toBe(true);
  }, 40_000);
  it('lftp: pget reads ranges in parallel', async () => {
    const name = fresh();
    await ftp.upload(`STOR ${name}`, large);
    const out = join(folder, 'pget');
    const { code, stderr } = await run('lftp', lftp(`pget -n 4 ${name} -o ${out}`), { timeoutMs: 30_000 });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(sha256(readFileSync(out))).toBe(sha256(large));
  }, 40_000);
});
