/** A disk that cannot be written to: at the start, and from one moment to the next. Linux, root, a loop device. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { adminPassword, removeFolder, run, skerry, System, temporaryFolder, type Run } from './system.ts';
import { WireClient } from './wire-client.ts';

const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
const imageSize = '600M';

/** A file system of its own, which a fault turns read-only as a failing disk would (ext4(5), `errors=remount-ro`). */
class TestDisk {
  readonly folder: string;
  readonly #image: string;
  private constructor(place: string) {
    this.folder = join(place, 'mounted');
    this.#image = join(place, 'image');
  }
  /** Undefined where none can be made; the reason is written for whoever reads the log. */
  static async make(place: string): Promise<TestDisk | undefined> {
    const disk = new TestDisk(place);
    mkdirSync(disk.folder);
    await run('truncate', ['-s', imageSize, disk.#image]);
    for (const [command, ...args] of [['mkfs.ext4', '-q', '-F', disk.#image], disk.#mounting()]) {
      const { code, stderr } = await run(command ?? '', args).catch((error: Error) => ({
        code: 1,
        stderr: error.message,
      }));
      if (code === 0) continue;
      process.stderr.write(`no disk can be made here, a read-only one not tried: ${stderr}\n`);
      return undefined;
    }
    return disk;
  }
  #mounting(): readonly string[] {
    return ['mount', '-o', 'loop,errors=remount-ro', this.#image, this.folder];
  }
  /** The next write to it, and all others, fail with EROFS; files that are open stay so. */
  async fail(): Promise<void> {
    const { stdout } = await run('findmnt', ['-no', 'SOURCE', this.folder]);
    writeFileSync(`/sys/fs/ext4/${basename(stdout.trim())}/trigger_fs_error`, 'a test');
  }
  /** As an operator does after such a fault. */
  async repair(): Promise<void> {
    await run('umount', [this.folder]);
    await run('e2fsck', ['-fy', this.#image]);
    const [command = '', ...args] = this.#mounting();
    expect((await run(command, args)).code).toBe(0);
  }
  async dispose(): Promise<void> {
    await run('umount', ['-l', this.folder]);
  }
}

(isRoot ? describe : describe.skip)('a read-only disk', () => {
  const place = temporaryFolder('read-only');
  let disk: TestDisk | undefined;
  afterAll(async () => {
    await disk?.dispose();
    removeFolder(place);
  });
  const start = (data: string): Promise<Run> =>
    skerry(['up', '--ftp-port', '0', '--data', data, '--log-level', 'error'], {
      env: { SKERRY_ADMIN_PASSWORD: adminPassword },
    });

  it('while running: reads go on, writes are answered 451, and nothing acknowledged is lost', async () => {
    disk = await TestDisk.make(place);
    if (disk === undefined) return;
    const data = join(disk.folder, 'data');
    let system = await System.embedded(data);
    let client = await WireClient.login(system.ftp);
    const contents = [10, 200_000, 5_000_000].map((size) => Buffer.alloc(size, size % 251));
    for (const [i, content] of contents.entries()) expect(await client.store(`/${i}`, content)).toEqual([150, 226]);
    const cut = await client.data();
    await client.ask('STOR /cut', 150);
    cut.write(Buffer.alloc(3_000_000));
    await disk.fail();
    cut.end(Buffer.alloc(3_000_000));
    await client.expect(451);
    for (const size of [1, 3_000_000]) expect((await client.store('/late', Buffer.alloc(size)))[1]).toBe(451);
    for (const line of ['MKD /late', 'DELE /0', 'RMD /late']) {
      await client.write(`${line}\r\n`);
      expect(['451', '550']).toContain((await client.reply())?.slice(0, 3));
    }
    const other = await WireClient.login(system.ftp);
    for (const [i, content] of contents.entries()) expect((await other.retrieve(`/${i}`)).equals(content)).toBe(true);
    expect(await other.names('/')).toEqual(['0', '1', '2']);
    for (const each of [client, other]) each.destroy();
    // What the log has, the stores need not have: it drains as ever.
    expect(await system.stop()).toBe(0);
    await disk.repair();
    system = await System.embedded(data);
    client = await WireClient.login(system.ftp);
    expect(await client.names('/')).toEqual(['0', '1', '2']);
    for (const [i, content] of contents.entries()) expect((await client.retrieve(`/${i}`)).equals(content)).toBe(true);
    expect(await client.store('/after', Buffer.from('after'))).toEqual([150, 226]);
    client.destroy();
    expect(await system.stop()).toBe(0);
  }, 60_000);

  it('at the start: exits 1 with one line that names the folder', async () => {
    const mounted = join(place, 'at-start');
    mkdirSync(mounted);
    const tmpfs = await run('mount', ['-t', 'tmpfs', '-o', `size=${imageSize}`, 'tmpfs', mounted]);
    if (tmpfs.code !== 0) {
      process.stderr.write(`no tmpfs here, a start on a read-only disk not tried: ${tmpfs.stderr}`);
      return;
    }
    try {
      const system = await System.embedded(join(mounted, 'data'));
      expect(await system.stop()).toBe(0);
      mkdirSync(join(mounted, 'empty'));
      expect(await run('mount', ['-o', 'remount,ro', mounted])).toMatchObject({ code: 0, stderr: '' });
      for (const name of ['data', 'empty', 'missing', 'missing/deep']) {
        const { code, stdout, stderr } = await start(join(mounted, name));
        expect({ name, code, stdout }).toEqual({ name, code: 1, stdout: '' });
        expect(stderr.trimEnd().split('\n')).toHaveLength(1);
        expect(stderr).toContain(join(mounted, name));
        expect(stderr).toMatch(/read-only/i);
      }
    } finally {
      await run('umount', ['-l', mounted]);
    }
  }, 60_000);
});
