/** Hashes of files, and ranges. Source: draft-bryan-ftpext-hash, draft-bryan-ftp-range; XCRC and its kin by practice. */
import { createHash } from 'node:crypto';
import { bytesOf } from '../bytes.ts';
import { group, holds, may, must, put, rule, should, story, type Case, type Options } from '../case.ts';
import type { Session } from '../session.ts';
import type { Trial } from '../trial.ts';

const content = bytesOf(100_000);
const digest = (algorithm: string, bytes: Uint8Array = content): string =>
  createHash(algorithm).update(bytes).digest('hex');
/** CRC-32 as of ISO 3309. */
function crc32(bytes: Uint8Array): string {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0');
}
const hash: Options = { needs: ['HASH'] };
const nodeName: Readonly<Record<string, string>> = {
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-512': 'sha512',
  MD5: 'md5',
};
const wanted = (name: string): string =>
  /^CRC-?32$/i.test(name) ? crc32(content) : digest(nodeName[name] ?? 'sha256');
const rows = [
  rule(
    'HASH is 213 with algorithm, range, hash and name',
    must('draft HASH §3.1'),
    [put('f', content), ['HASH f', 213, /^[A-Z0-9-]+ \d+-\d+ [0-9a-fA-F]+ .*f$/m]],
    hash,
  ),
  rule(
    'FEAT lists algorithms and marks the one in use',
    must('draft HASH §3.2'),
    [['FEAT', 211, /^ ?HASH (?:[A-Z0-9-]+;)*[A-Z0-9-]+\*(?:;[A-Z0-9-]+)*;?$/m]],
    hash,
  ),
  ...['SHA-256', 'SHA-512', 'SHA-1', 'MD5', 'CRC32'].map((name) =>
    story(
      `HASH by ${name} is the hash of the bytes`,
      name === 'SHA-256' ? should('draft HASH §3') : may('draft HASH §3'),
      async (ftp, t) => {
        const algorithms = (t.features.get('HASH') ?? '')
          .split(';')
          .map((word) => word.replace('*', '').trim().toUpperCase());
        if (!algorithms.includes(name)) return t.need(`HASH ${name}`);
        await ftp.put('f', content);
        await ftp.ask(`OPTS HASH ${name}`, 200);
        const text = (await ftp.ask('HASH f', 213)).lines.at(-1) ?? '';
        const [algorithm, range, got = ''] = text.split(' ');
        t.equal('algorithm and hash', [algorithm?.toUpperCase(), got.toLowerCase()], [name, wanted(name)]);
        t.check(['0-99999', '0-100000'].includes(range ?? ''), 'the range of all bytes', range);
      },
      hash,
    ),
  ),
  rule('OPTS HASH tells the algorithm in use', must('draft HASH §3.3'), [['OPTS HASH', 200, /[A-Z0-9-]+/]], hash),
  rule(
    'OPTS HASH of an unknown algorithm is 501 or 504',
    must('draft HASH §3.3'),
    [['OPTS HASH XYZZY', [501, 504]]],
    hash,
  ),
  rule('HASH of nothing is 550', must('draft HASH §3.1'), [['HASH none', [550, 551, 553]]], hash),
  rule(
    'HASH of a directory is refused',
    must('draft HASH §3.1'),
    [
      ['MKD d', 257],
      ['HASH d', [550, 553, 556]],
    ],
    hash,
  ),
  rule('HASH without argument is 501', must('draft HASH §3.1'), [['HASH', 501]], hash),
  rule(
    'HASH of an empty file is the hash of nothing',
    should('draft HASH §3.1'),
    [put('f', ''), ['HASH f', 213]],
    hash,
  ),
  story(
    'RANG chooses the bytes of HASH',
    should('draft RANG §3'),
    async (ftp, t) => {
      await ftp.put('f', content);
      await ftp.ask('OPTS HASH SHA-256', 200);
      await ftp.ask('RANG 10 19', 350);
      const text = (await ftp.ask('HASH f', 213)).lines.at(-1) ?? '';
      t.equal('hash', text.split(' ')[2]?.toLowerCase(), digest('sha256', content.subarray(10, 20)));
    },
    { needs: ['HASH', 'RANG'] },
  ),
  story(
    'RANG chooses the bytes of RETR',
    must('draft RANG §3'),
    async (ftp, t) => {
      await ftp.put('f', content);
      await ftp.ask('RANG 10 19', 350);
      t.check((await ftp.get('f')).equals(content.subarray(10, 20)), 'bytes 10 to 19', 'others');
      t.equal('size of the next RETR', (await ftp.get('f')).length, content.length);
    },
    { needs: ['RANG'] },
  ),
  rule('RANG with the end before the start is 501', must('draft RANG §3'), [['RANG 20 10', 501]], { needs: ['RANG'] }),
  rule(
    'RANG 1 0 takes the range back',
    must('draft RANG §3'),
    [put('f'), ['RANG 2 3', 350], ['RANG 1 0', 350], holds('f')],
    { needs: ['RANG'] },
  ),
  ...[
    ['XCRC', ''],
    ['XMD5', 'md5'],
    ['XSHA1', 'sha1'],
    ['XSHA256', 'sha256'],
    ['XSHA512', 'sha512'],
  ].flatMap(([verb = '', algorithm = '']) => {
    const of = (bytes: Uint8Array): string => (algorithm === '' ? crc32(bytes) : digest(algorithm, bytes));
    const needs: Options = { needs: [verb] };
    const check =
      (line: string, value: string, name = 'f') =>
      async (ftp: Session, t: Trial) => {
        await ftp.put(name, content);
        const { text } = await ftp.ask(line, [213, 250]);
        const got = /[0-9a-fA-F]{7,}/.exec(text)?.[0]?.toLowerCase() ?? '';
        t.equal('hash', got.padStart(value.length, '0'), value);
      };
    return [
      story(
        `${verb} is 250 with the hash`,
        should('practice (ProFTPD, FileZilla)'),
        check(`${verb} f`, of(content)),
        needs,
      ),
      story(
        `${verb} takes a range`,
        may('practice (ProFTPD)'),
        check(`${verb} f 10 20`, of(content.subarray(10, 20))),
        needs,
      ),
      story(
        `${verb} takes a name in quotes`,
        may('practice (GlobalSCAPE)'),
        check(`${verb} "a b"`, of(content), 'a b'),
        needs,
      ),
      rule(`${verb} of nothing is 550`, should('practice'), [[`${verb} none`, 550]], needs),
    ];
  }),
];

export const hashes: readonly Case[] = group('hashes', rows);
