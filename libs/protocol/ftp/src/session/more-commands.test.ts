/** Stories of the commands that came after RFC 959 and RFC 3659. */
import { describe, expect, test } from '@jest/globals';
import { processing } from '@skerry/proto';
import { digestReply } from '../digest.ts';
import { Conversation, loggedIn } from './conversation.fixture.ts';
import { commands } from './table.ts';

const image = (): Conversation => new Conversation(loggedIn({ type: processing.TransferType.IMAGE }));
const said = (client: Conversation, ...lines: readonly string[]): readonly string[] =>
  lines.map((line) => client.say(line));

describe('ranges and checksums', () => {
  const asked = (client: Conversation) => {
    const { algorithm, start, length, name } = client.digest ?? {};
    return { algorithm, start, length, name };
  };
  test('RANG: RETR sends from its first byte to its last', () => {
    const client = image();
    said(client, 'RANG 5 9', 'PASV', 'RETR notes.txt');
    expect(client.calls).toMatchObject([{ operation: 'retrieve', offset: 5 }]);
    expect(client.transfer?.length).toBe(5);
  });
  test('RANG: an upload is refused, and nothing of the file is lost', () => {
    for (const line of ['STOR notes.txt', 'APPE notes.txt', 'STOU'])
      expect(said(image(), 'RANG 5 9', line)).toEqual(['350', '504']);
  });
  test('REST after RANG has no end', () => {
    const client = image();
    said(client, 'RANG 5 9', 'REST 2', 'RETR notes.txt');
    expect(client.transfer?.length).toBeUndefined();
  });
  test('RANG 1 0 takes the range back', () => {
    const client = image();
    said(client, 'RANG 5 9', 'RANG 1 0', 'HASH notes.txt');
    expect(asked(client)).toEqual({ algorithm: 'SHA-256', start: 0, length: undefined, name: 'notes.txt' });
  });
  test('HASH: the range of RANG, once; REST is none', () => {
    const client = image();
    said(client, 'RANG 5 9', 'HASH notes.txt');
    expect(asked(client)).toEqual({ algorithm: 'SHA-256', start: 5, length: 5, name: 'notes.txt' });
    client.say('HASH notes.txt');
    expect(asked(client)).toMatchObject({ start: 0, length: undefined });
    said(client, 'REST 5', 'HASH notes.txt');
    expect(asked(client)).toMatchObject({ start: 0, length: undefined });
  });
  test('OPTS HASH chooses, FEAT marks, a wrong one changes nothing', () => {
    const client = image();
    said(client, 'OPTS HASH md5', 'OPTS HASH CRC-64', 'OPTS HASH');
    expect(client.replyLines).toEqual(['MD5']);
    client.say('FEAT');
    expect(client.replyLines).toContain(' HASH SHA-256;SHA-512;SHA-1;MD5*;CRC32');
    client.say('HASH notes.txt');
    expect(asked(client).algorithm).toBe('MD5');
  });
  test.each([
    ['XCRC notes.txt', '/notes.txt', 0, undefined],
    ['XCRC notes.txt 5', '/notes.txt', 5, undefined],
    ['XCRC notes.txt 5 9', '/notes.txt', 5, 4],
    ['XCRC part 1', '/part 1', 0, undefined],
    ['XCRC part 1 2 3', '/part 1', 2, 1],
    ['XCRC "part 1"', '/part 1', 0, undefined],
    ['XCRC "a ""b"" c" 0 10', '/a "b" c', 0, 10],
  ])('%s', (line, path, start, length) => {
    const client = image();
    client.say(line);
    expect(client.calls.at(-1)).toMatchObject({ kind: 'prepare', operation: 'digest', path, offset: start });
    expect(asked(client)).toEqual({ algorithm: 'CRC32', start, length, name: '' });
  });
  test('a checksum that may not be read is refused', () => {
    const client = image();
    client.failing = { kind: 'prepare', reason: 'access_denied' };
    expect(client.say('HASH notes.txt')).toBe('550');
  });
  test.each([
    [{ name: 'a b', start: 5 }, 5, '213 SHA-256 5-9 00ff a b'],
    [{ name: 'a', start: 0 }, 0, '213 SHA-256 0-0 00ff a'],
    [{ name: '', start: 0 }, 5, '250 00FF'],
  ])('the reply to %j', (fields, length, wanted) => {
    const directive = processing.Digest.fromPartial({ algorithm: 'SHA-256', ...fields });
    const {
      code,
      lines: [text],
    } = digestReply(directive, Uint8Array.of(0, 255), length);
    expect(`${code} ${text}`).toBe(wanted);
  });
});

describe('facts that are set', () => {
  test('MFF: all of them in one change, told back as they were taken', () => {
    const client = image();
    client.say('MFF modify=20200101000000;unix.MODE=600; a b ');
    expect(client.calls).toEqual([
      { kind: 'setAttributes', path: '/a b ', modifiedAtMs: 1_577_836_800_000, mode: 0o600 },
    ]);
    said(client, 'MFF modify=20200101000000;unix.MODE=600; notes.txt');
    expect(client.replyLines).toEqual(['Modify=20200101000000;UNIX.mode=600; notes.txt']);
  });
  test('MFF with one fact that cannot be changed changes none', () => {
    const client = image();
    client.say('MFF modify=20200101000000;size=5; notes.txt');
    expect(client.calls).toEqual([]);
  });
  test('MFCT', () => {
    const client = image();
    client.say('MFCT 20200101000000 notes.txt');
    expect(client.calls).toEqual([{ kind: 'setAttributes', path: '/notes.txt', createdAtMs: 1_577_836_800_000 }]);
    expect(client.replyLines).toEqual(['Create=20200101000000; notes.txt']);
  });
});

describe('COMB, AVBL, SITE', () => {
  test('COMB: names in quotes may hold blanks and quotes', () => {
    const client = image();
    client.say('COMB "whole file" "part 1" "a""b"');
    expect(client.calls).toEqual([{ kind: 'combine', path: '/whole file', partPaths: ['/part 1', '/a"b'] }]);
  });
  test('AVBL: what the quota leaves, or the disk, whichever is less', () => {
    const client = image();
    client.say('AVBL');
    expect(client.replyLines).toEqual(['5']);
  });
  test('SITE IDLE is remembered, and told', () => {
    const client = image();
    said(client, 'SITE IDLE 60', 'SITE IDLE');
    expect(client.session.idleMs).toBe(60_000);
    expect(client.replyLines[0]).toContain('60 s, 300 at most');
  });
  test('SITE WHO shows others’ sessions to administrators only', () => {
    const client = image();
    client.say('SITE WHO');
    expect(client.directives[0]?.kind).toEqual({ $case: 'who', value: { user: 'ada' } });
  });
  test('HELP names every command, HELP SITE every form', () => {
    const client = image();
    client.say('HELP');
    const words = client.replyLines.join(' ').split(' ');
    for (const verb of commands.keys()) expect(words).toContain(verb);
    client.say('HELP SITE');
    for (const word of ['CHMOD', 'IDLE', 'PASSWD', 'QUOTA', 'UTIME', 'WHO'])
      expect(client.replyLines.some((line) => line.startsWith(` ${word}`))).toBe(true);
  });
  test('FEAT names only what the table does', () => {
    const client = image();
    client.say('FEAT');
    const verbs = client.replyLines.slice(1, -1).map((line) => line.trim().split(/[ ;]/)[0] ?? '');
    const words = new Set(['TVFS', 'UTF8']);
    for (const verb of verbs.filter((each) => !words.has(each))) expect([...commands.keys(), 'REST']).toContain(verb);
  });
});

test('EPRT: the address as the control connection has it, with its zone (RFC 2428, RFC 4007)', () => {
  const host = 'fe80::1%eth0';
  const client = new Conversation(loggedIn({ clientHost: host, serverHost: 'fe80::2%eth0' }));
  expect(client.say('EPRT |2|fe80::1|51201|')).toBe('connectActive 200');
  expect(client.directives[0]?.kind).toEqual({ $case: 'connectActive', value: { host, port: 51_201 } });
});
