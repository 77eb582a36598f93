import { describe, expect, test } from '@jest/globals';
import { concatBytes, emptyBytes, utf8 } from '@skerry/kernel';
import type { Disk, DiskFile } from '@skerry/runtime-world';
import { expectReason, withSubject, type MakeSubject } from './subject.ts';

type Row = (rule: string, body: (disk: Disk) => Promise<void>) => void;

/** What every {@link Disk} must do, crashes apart: an empty disk for each test. */
export function diskContract(make: MakeSubject<Disk>): void {
  const row: Row = (rule, body) => test(rule, withSubject(make, body));
  describe('disk contract', () => {
    names(row);
    contents(row);
    limits(row);
  });
}

async function create(disk: Disk, path: string, content: Uint8Array = emptyBytes): Promise<DiskFile> {
  const file = await disk.open(path, 'create');
  await file.write([content], 0);
  return file;
}

/** The whole content of a file. */
export async function readDiskFile(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, 'read');
  try {
    const bytes = new Uint8Array(await file.sizeBytes());
    expect(await file.read(bytes, 0)).toBe(bytes.length);
    return bytes;
  } finally {
    await file.close();
  }
}

function names(row: Row): void {
  row('a file that is there cannot be created', async (disk) => {
    await (await create(disk, 'a', utf8('first'))).close();
    await expectReason(disk.open('a', 'create'), 'entry_exists');
    expect(await readDiskFile(disk, 'a')).toEqual(utf8('first'));
  });
  row('a file that is not there cannot be opened', async (disk) => {
    await expectReason(disk.open('a', 'read'), 'no_such_entry');
    await expectReason(disk.open('a', 'write'), 'no_such_entry');
    await expectReason(disk.open('no/a', 'create'), 'no_such_entry');
  });
  row('open to write keeps the content', async (disk) => {
    await (await create(disk, 'a', utf8('first'))).close();
    const file = await disk.open('a', 'write');
    await file.write([utf8('F')], 0);
    await file.close();
    expect(await readDiskFile(disk, 'a')).toEqual(utf8('First'));
  });
  row('rename replaces the target', async (disk) => {
    await (await create(disk, 'old', utf8('old'))).close();
    await (await create(disk, 'new', utf8('new'))).close();
    await disk.rename('new', 'old');
    await disk.syncDirectory('');
    expect(await disk.list('')).toEqual(['old']);
    expect(await readDiskFile(disk, 'old')).toEqual(utf8('new'));
    await expectReason(disk.rename('new', 'old'), 'no_such_entry');
  });
  row('an open file is still there for its holder when its name is removed', async (disk) => {
    const file = await create(disk, 'a', utf8('kept'));
    await disk.remove('a');
    const bytes = new Uint8Array(4);
    expect(await file.read(bytes, 0)).toBe(4);
    expect(bytes).toEqual(utf8('kept'));
    await file.close();
    expect(await disk.sizeBytes('a')).toBeUndefined();
    await expectReason(disk.remove('a'), 'no_such_entry');
  });
  row('names are listed sorted, directories too', async (disk) => {
    await disk.makeDirectory('d/e');
    for (const name of ['b', 'a', 'c']) await (await create(disk, `d/${name}`)).close();
    await disk.makeDirectory('d/e');
    await disk.syncDirectory('d');
    expect(await disk.list('d')).toEqual(['a', 'b', 'c', 'e']);
    expect(await disk.list('')).toEqual(['d']);
    await expectReason(disk.list('x'), 'no_such_entry');
    await expectReason(disk.syncDirectory('x'), 'no_such_entry');
  });
  row('an empty directory can be removed, one with names in it cannot', async (disk) => {
    await disk.makeDirectory('d/e');
    await expectReason(disk.remove('d'), 'disk_failed');
    await disk.remove('d/e');
    await disk.remove('d');
    expect(await disk.list('')).toEqual([]);
  });
  for (const path of ['/etc/passwd', '../x', 'a/../../x', 'a//b', 'a/./b', 'a\0b', 'a/', '..\\x'])
    row(`nothing outside the root can be named: ${JSON.stringify(path)}`, async (disk) => {
      await expectReason(disk.open(path, 'read'), 'path_invalid');
      await expectReason(disk.makeDirectory(path), 'path_invalid');
      await expectReason(disk.list(path), 'path_invalid');
      await expectReason(disk.remove(path), 'path_invalid');
      await expectReason(disk.rename(path, 'a'), 'path_invalid');
      await expectReason(disk.rename('a', path), 'path_invalid');
      await expectReason(disk.syncDirectory(path), 'path_invalid');
      await expectReason(disk.sizeBytes(path), 'path_invalid');
    });
}

function contents(row: Row): void {
  row('parts are written one behind the other', async (disk) => {
    const file = await create(disk, 'a', utf8('0123456789'));
    await file.write([utf8('ab'), emptyBytes, utf8('c')], 2);
    file.writeNow([utf8('x'), utf8('yz')], 7);
    await file.sync();
    await file.close();
    expect(await readDiskFile(disk, 'a')).toEqual(utf8('01abc56xyz'));
  });
  row('more parts than one system call takes are all written', async (disk) => {
    const parts = Array.from({ length: 3_000 }, (_, i) => Uint8Array.of(i & 0xff, i >> 8));
    const file = await create(disk, 'a');
    await file.write(parts, 0);
    file.writeNow(parts, 6_000);
    await file.close();
    const bytes = await readDiskFile(disk, 'a');
    expect(bytes).toHaveLength(12_000);
    for (const i of [0, 1, 1_023, 1_024, 2_999]) {
      expect(bytes.subarray(2 * i, 2 * i + 2)).toEqual(parts[i]);
      expect(bytes.subarray(6_000 + 2 * i, 6_000 + 2 * i + 2)).toEqual(parts[i]);
    }
  });
  row('parts are read one behind the other, short only at the end of the file', async (disk) => {
    const content = Uint8Array.from({ length: 5_000 }, (_, i) => i % 251);
    const file = await create(disk, 'a', content);
    const parts = Array.from({ length: 1_600 }, (_, i) => new Uint8Array(i % 5));
    expect(await file.readParts(parts, 100)).toBe(3_200);
    expect(concatBytes(parts)).toEqual(content.subarray(100, 3_300));
    const [first, second] = [new Uint8Array(30), new Uint8Array(30)];
    expect(await file.readParts([first, second], 4_960)).toBe(40);
    expect(concatBytes([first, second]).subarray(0, 40)).toEqual(content.subarray(4_960));
    expect(await file.readParts([first], 5_000)).toBe(0);
    await file.close();
  });
  row('a read is short only at the end of the file', async (disk) => {
    const file = await create(disk, 'a', utf8('0123456789'));
    const into = new Uint8Array(6);
    expect(await file.read(into, 0)).toBe(6);
    expect(await file.read(into, 7)).toBe(3);
    expect(into.subarray(0, 3)).toEqual(utf8('789'));
    expect(await file.read(into, 10)).toBe(0);
    expect(await file.read(into, 99)).toBe(0);
    await file.close();
  });
  row('a gap before what is written reads as zeros', async (disk) => {
    const file = await create(disk, 'a');
    await file.write([utf8('x')], 5_000);
    await file.close();
    const bytes = await readDiskFile(disk, 'a');
    expect(bytes).toHaveLength(5_001);
    expect(bytes.every((byte, i) => byte === (i === 5_000 ? 0x78 : 0))).toBe(true);
  });
  row('allocate makes a file longer with zeros, never shorter, and keeps its content', async (disk) => {
    const file = await create(disk, 'a', utf8('head'));
    await file.allocate(100_003);
    expect(await file.sizeBytes()).toBe(100_003);
    await file.allocate(10);
    expect(await disk.sizeBytes('a')).toBe(100_003);
    await file.close();
    const bytes = await readDiskFile(disk, 'a');
    expect(bytes.subarray(0, 4)).toEqual(utf8('head'));
    expect(bytes.subarray(4).every((byte) => byte === 0)).toBe(true);
  });
  row('truncate cuts, and what is behind does not come back', async (disk) => {
    const file = await create(disk, 'a', utf8('0123456789'));
    await file.truncate(3);
    await file.truncate(6);
    await file.sync();
    await file.close();
    expect(await readDiskFile(disk, 'a')).toEqual(Uint8Array.of(0x30, 0x31, 0x32, 0, 0, 0));
  });
}

function limits(row: Row): void {
  row('a file opened to read cannot be written', async (disk) => {
    await (await create(disk, 'a', utf8('kept'))).close();
    const file = await disk.open('a', 'read');
    await expectReason(file.write([utf8('x')], 0), 'disk_failed');
    await file.close();
    expect(await readDiskFile(disk, 'a')).toEqual(utf8('kept'));
  });
  row('a closed file is refused, and close may be repeated', async (disk) => {
    const file = await create(disk, 'a', utf8('x'));
    await file.close();
    await file.close();
    await expectReason(file.read(new Uint8Array(1), 0), 'cancelled');
    await expectReason(file.write([utf8('y')], 0), 'cancelled');
    await expectReason(file.sync(), 'cancelled');
    expect(() => file.writeNow([utf8('y')], 0)).toThrow();
  });
  row('close waits for what is still being written', async (disk) => {
    const file = await create(disk, 'a');
    const written = Array.from({ length: 20 }, (_, i) => file.write([utf8('x').slice()], i));
    await file.close();
    await Promise.all(written);
    expect(await disk.sizeBytes('a')).toBe(20);
  });
}
