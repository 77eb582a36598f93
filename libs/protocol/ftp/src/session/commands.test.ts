/** State × command: what each line is answered in each state. */
import { describe, expect, test } from '@jest/globals';
import { Conversation, connected, loggedIn } from './conversation.fixture.ts';
import { commands } from './table.ts';

const plain = connected();
const secured = connected({ controlTls: true });
const inside = loggedIn();
const busy = loggedIn({ transferring: true, transferredBytes: 42 });
const image = loggedIn({ type: 2 });

describe('before login', () => {
  test.each([
    ['USER ada', '331'],
    ['USER', '501'],
    ['PASS x', '503'],
    ['ACCT x', '202'],
    ['QUIT', '221 closeControl'],
    ['QUIT now', '221 closeControl'],
    ['NOOP', '200'],
    ['SYST', '215'],
    ['FEAT', '211'],
    ['FEAT x', '501'],
    ['HELP', '214'],
    ['HELP RETR', '214'],
    ['HELP SITE', '214'],
    ['HELP NOWT', '502'],
    ['HELP constructor', '502'],
    ['OPTS UTF8 ON', '200'],
    ['opts utf8 on', '200'],
    ['STAT', '211'],
    ['STAT /', '530'],
    ['ABOR', '226'],
    ['REIN', '220'],
    ['HOST ftp.example.org', '220'],
    ['LANG', '200'],
    ['LANG en-GB', '200'],
    ['LANG fr', '504'],
    ['CLNT lftp', '200'],
    ['AUTH TLS', '234 startTls'],
    ['AUTH TLS-C', '234 startTls'],
    ['auth tls', '234 startTls'],
    ['AUTH SSL', '234 startTls'],
    ['AUTH TLS-P', '234 startTls'],
    ['ADAT x', '503'],
    ['MIC x', '502'],
    ['CONF x', '502'],
    ['ENC x', '502'],
    ['HOST [2001:db8::1]', '220'],
    ['HOST 192.0.2.1', '220'],
    ['HOST', '501'],
    ['HOST a b', '501'],
    ['HOST -x.example.org', '501'],
    ['HOST ftp.example.org:21', '501'],
    ['HOST 2001:db8::1', '501'],
    ['HASH x', '530'],
    ['COMB x y', '530'],
    ['AUTH GSSAPI', '504'],
    ['AUTH', '501'],
    ['PBSZ 0', '503'],
    ['PROT P', '503'],
    ['CCC', '533'],
    ['RETR x', '530'],
    ['RETR', '530'],
    ['STOR x', '530'],
    ['LIST', '530'],
    ['PASV', '530'],
    ['EPSV', '530'],
    ['PWD', '530'],
    ['CWD /', '530'],
    ['TYPE I', '530'],
    ['REST 0', '530'],
    ['SITE HELP', '530'],
    ['NOWT', '500'],
    ['SMNT /', '502'],
    ['XSHA256 x', '530'],
    ['LPRT x', '502'],
    ['DSIZ', '502'],
    ['', '500'],
    [' NOOP', '500'],
    ['__proto__ x', '500'],
  ])('%s: %s', (line, outcome) => {
    expect(new Conversation(plain).say(line)).toBe(outcome);
  });

  test('every command that needs a login says so', () => {
    for (const [verb, row] of commands)
      if (row.anytime !== true) expect(`${verb} ${new Conversation(plain).say(`${verb} x`)}`).toBe(`${verb} 530`);
  });
});

describe('logged in', () => {
  test.each([
    ['PWD', '257'],
    ['XPWD', '257'],
    ['PWD x', '501'],
    ['CWD /sub', '250'],
    ['CWD /sub/', '250'],
    ['XCWD sub', '250'],
    ['CWD', '501'],
    ['CWD /nowhere', '550'],
    ['CWD /notes.txt', '550'],
    ['CDUP', '250'],
    ['XCUP', '250'],
    ['CDUP x', '501'],
    ['MKD new', '257'],
    ['XMKD new', '257'],
    ['MKD sub', '550'],
    ['MKD /', '550'],
    ['MKD', '501'],
    ['RMD sub', '550'],
    ['RMD a"b', '250'],
    ['XRMD a"b', '250'],
    ['RMD /', '550'],
    ['DELE notes.txt', '250'],
    ['DELE nowhere', '550'],
    ['DELE', '501'],
    ['DELE a\rb', '501'],
    ['DELE /', '550'],
    ['RNFR nowhere', '550'],
    ['RNFR notes.txt', '350'],
    ['RNFR /', '550'],
    ['RNTO x', '503'],
    ['SIZE notes.txt', '550'],
    ['MDTM notes.txt', '213'],
    ['MDTM nowhere', '550'],
    ['MLST', '250'],
    ['MLST notes.txt', '250'],
    ['MLST nowhere', '550'],
    ['STAT', '211'],
    ['STAT /', '212'],
    ['STAT -la /sub', '212'],
    ['STAT notes.txt', '213'],
    ['STAT nowhere', '550'],
    ['TYPE A', '200'],
    ['TYPE A N', '200'],
    ['type i', '200'],
    ['TYPE L 8', '200'],
    ['TYPE L 7', '504'],
    ['TYPE E', '504'],
    ['TYPE A T', '504'],
    ['TYPE A C', '504'],
    ['TYPE Z', '501'],
    ['TYPE', '501'],
    ['MODE S', '200'],
    ['MODE B', '504'],
    ['MODE C', '504'],
    ['MODE X', '501'],
    ['STRU F', '200'],
    ['STRU R', '504'],
    ['STRU P', '504'],
    ['STRU X', '501'],
    ['REST 10', '350'],
    ['REST -1', '501'],
    ['REST 1x', '501'],
    ['REST 99999999999999999', '501'],
    ['REST 9007199254740993', '501'],
    ['ALLO 100', '200'],
    ['ALLO 100 R 80', '200'],
    ['ALLO x', '501'],
    ['OPTS MLST type;size;', '200'],
    ['OPTS MLST', '200'],
    ['OPTS UTF8', '200'],
    ['OPTS UTF-8 NLST', '200'],
    ['OPTS UTF8 OFF', '504'],
    ['OPTS UTF8 X', '501'],
    ['OPTS RETR x', '501'],
    ['PASV', 'openPassive'],
    ['PASV x', '501'],
    ['EPSV', 'openPassive'],
    ['EPSV 1', 'openPassive'],
    ['EPSV 2', '522'],
    ['EPSV 3', '522'],
    ['EPSV ALL', '200'],
    ['EPSV x', '501'],
    ['PORT 127,0,0,1,200,1', 'connectActive 200'],
    ['PORT 127,0,0,1,3,255', '504'],
    ['PORT 10,0,0,1,200,1', '504'],
    ['PORT 127,0,0,1,200', '501'],
    ['PORT 127,0,0,1,200,256', '501'],
    ['EPRT |1|127.0.0.1|51201|', 'connectActive 200'],
    ['EPRT |1|127.0.0.1|80|', '504'],
    ['EPRT |1|127.0.0.2|51201|', '504'],
    ['EPRT |2|::1|51201|', '504'],
    ['EPRT |3|x|51201|', '522'],
    ['EPRT x', '501'],
    ['RETR notes.txt', 'transfer'],
    ['RETR', '501'],
    ['STOR new.txt', 'transfer'],
    ['STOR', '501'],
    ['STOR /', '553'],
    ['STOR a\rb', '553'],
    ['APPE new.txt', 'transfer'],
    ['APPE', '501'],
    ['STOU', 'transfer'],
    ['STOU x', '501'],
    ['LIST', 'transfer'],
    ['LIST -la', 'transfer'],
    ['LIST nowhere', 'transfer'],
    ['NLST', 'transfer'],
    ['NLST sub', 'transfer'],
    ['NLST nowhere', '550'],
    ['MLSD', 'transfer'],
    ['MLSD sub', 'transfer'],
    ['MLSD notes.txt', '501'],
    ['MLSD nowhere', '550'],
    ['ABOR', '226'],
    ['MFMT 20200101000000 notes.txt', '213'],
    ['MFMT 20200101000000 nowhere', '550'],
    ['MFMT 2020 notes.txt', '501'],
    ['MFMT 20200101000000', '501'],
    ['SITE HELP', '214'],
    ['SITE CHMOD 644 notes.txt', '200'],
    ['SITE CHMOD 0644 notes.txt', '200'],
    ['SITE CHMOD 999 notes.txt', '501'],
    ['SITE CHMOD 644', '501'],
    ['SITE CHMOD 644 nowhere', '550'],
    ['SITE UTIME 20200101000000 notes.txt', '200'],
    ['SITE UTIME 202001010000 notes.txt', '200'],
    ['SITE UTIME notes.txt 20200101000000 20200102000000 20200103000000 UTC', '200'],
    ['SITE UTIME notes.txt', '501'],
    ['SITE QUOTA', '200'],
    ['SITE EXEC ls', '504'],
    ['SITE SYMLINK a b', '504'],
    ['SITE NOWT', '504'],
    ['SITE WHO', 'who'],
    ['SITE IDLE', '200'],
    ['SITE IDLE 60', '200'],
    ['SITE IDLE 300', '200'],
    ['SITE IDLE 29', '501'],
    ['SITE IDLE 301', '501'],
    ['SITE IDLE x', '501'],
    ['SITE PASSWD right new', '200'],
    ['SITE PASSWD "right" "new one"', '200'],
    ['SITE PASSWD wrong new', '550'],
    ['SITE PASSWD right', '501'],
    ['SITE PASSWD right new more', '501'],
    ['SITE PASSWD right "new', '501'],
    ['MFCT 20200101000000 notes.txt', '213'],
    ['MFCT 20200101000000', '501'],
    ['MFF modify=20200101000000;UNIX.mode=0600; notes.txt', '213'],
    ['MFF Create=20200101000000; notes.txt', '213'],
    ['MFF UNIX.owner=bob; notes.txt', '504'],
    ['MFF modify=2020; notes.txt', '501'],
    ['MFF UNIX.mode=999; notes.txt', '501'],
    ['MFF modify=20200101000000 notes.txt', '501'],
    ['MFF modify=20200101000000; nowhere', '550'],
    ['AVBL', '213'],
    ['AVBL /sub', '213'],
    ['AVBL notes.txt', '550'],
    ['AVBL nowhere', '550'],
    ['COMB "whole.bin" "notes.txt" "cut.bin"', '250'],
    ['COMB whole.bin notes.txt', '250'],
    ['COMB whole.bin', '501'],
    ['COMB whole.bin notes.txt notes.txt', '501'],
    ['COMB notes.txt notes.txt', '501'],
    ['COMB "whole.bin notes.txt', '501'],
    ['COMB / notes.txt', '553'],
    ['COMB whole.bin nowhere', '550'],
    ['HASH notes.txt', 'digest'],
    ['HASH', '501'],
    ['HASH a\rb', '501'],
    ['RANG 0 9', '350'],
    ['RANG 5 5', '350'],
    ['RANG 1 0', '350'],
    ['RANG 9 5', '501'],
    ['RANG 5', '501'],
    ['RANG 0 99999999999999999', '501'],
    ['RANG 0 5 9', '501'],
    ['OPTS HASH', '200'],
    ['OPTS HASH sha-1', '200'],
    ['OPTS HASH CRC-64', '501'],
    ['XCRC notes.txt', 'digest'],
    ['XCRC notes.txt 5', 'digest'],
    ['XCRC notes.txt 5 10', 'digest'],
    ['XCRC "notes.txt" 5 10', 'digest'],
    ['XCRC "notes.txt" 10 5', '501'],
    ['XCRC "notes.txt" x', '501'],
    ['XCRC "notes.txt" 1 2 3', '501'],
    ['XCRC "notes.txt', '501'],
    ['XMD5 notes.txt', 'digest'],
    ['XSHA notes.txt', 'digest'],
    ['XSHA1 notes.txt', 'digest'],
    ['XSHA256 notes.txt', 'digest'],
    ['XSHA512 notes.txt', 'digest'],
    ['XCRC', '501'],
    ['SITE', '501'],
    ['HOST x', '503'],
    ['PASS x', '503'],
    ['USER bob', '331'],
    ['REIN', '220'],
    ['REIN x', '501'],
    ['SMNT /', '502'],
    ['NOWT', '500'],
  ])('%s: %s', (line, outcome) => {
    expect(new Conversation(inside).say(line)).toBe(outcome);
  });

  test('a missing argument is 501, for every command that needs one', () => {
    for (const [verb, row] of commands)
      if (row.argument === 'required')
        for (const line of [verb, `${verb} `, `${verb}  `]) expect(new Conversation(inside).say(line)).toBe('501');
  });
});

describe('TYPE I', () => {
  test.each([
    ['SIZE notes.txt', '213'],
    ['SIZE nowhere', '550'],
    ['SIZE sub', '550'],
    ['SIZE', '501'],
  ])('%s: %s', (line, outcome) => {
    expect(new Conversation(image).say(line)).toBe(outcome);
  });
});

describe('under TLS', () => {
  test.each([
    [['AUTH TLS'], '503'],
    [['PBSZ 0'], '200'],
    [['PBSZ x'], '501'],
    [['PROT P'], '503'],
    [['PBSZ 0', 'PROT P'], '200'],
    [['PBSZ 0', 'PROT C'], '200'],
    [['PBSZ 0', 'PROT S'], '536'],
    [['PBSZ 0', 'PROT E'], '536'],
    [['PBSZ 0', 'PROT X'], '504'],
    [['PBSZ 0', 'PROT'], '501'],
    [['CCC'], '534'],
    [['REIN'], '502'],
  ])('%j: %s', (lines, outcome) => {
    const client = new Conversation(secured);
    expect(lines.map((line) => client.say(line)).at(-1)).toBe(outcome);
  });
});

describe('while a transfer runs', () => {
  test.each([
    ['ABOR', 'abortTransfer'],
    ['STAT', '211'],
    ['NOOP', '200'],
    ['QUIT', '221 closeControl'],
    ['RETR x', '503'],
    ['CWD /', '503'],
    ['USER x', '503'],
    ['NOWT', '500'],
  ])('%s: %s', (line, outcome) => {
    expect(new Conversation(busy).say(line)).toBe(outcome);
  });
  test.each([
    ['HASH x', '503'],
    ['COMB a b', '503'],
  ])('%s: %s', (line, outcome) => {
    expect(new Conversation(busy).say(line)).toBe(outcome);
  });
  test('STAT tells how far it is', () => {
    const client = new Conversation(busy);
    client.say('STAT');
    expect(client.replyLines).toContain(' Transfer under way: 42 bytes');
  });
});

test('no TLS: AUTH is 502, and FEAT does not show it', () => {
  const client = new Conversation(connected({ tlsAvailable: false }));
  expect(client.say('AUTH TLS')).toBe('502');
  client.say('FEAT');
  expect(client.replyLines).not.toContain(' AUTH TLS');
});

describe('hosts that are served', () => {
  test.each([
    ['HOST ftp.example.org', '220'],
    ['host FTP.Example.ORG', '220'],
    ['HOST other.example.org', '504'],
  ])('%s: %s', (line, outcome) => {
    expect(new Conversation(plain, { hosts: ['ftp.example.org'] }).say(line)).toBe(outcome);
  });
});

describe('TLS required', () => {
  test.each([
    ['login', connected(), 'USER ada', '530'],
    ['login', secured, 'USER ada', '331'],
    ['login', loggedIn({ controlTls: true }), 'LIST', 'transfer'],
    ['data', connected(), 'USER ada', '530'],
    ['data', loggedIn({ controlTls: true }), 'LIST', '521'],
    ['data', loggedIn({ controlTls: true }), 'RETR notes.txt', '521'],
    ['data', loggedIn({ controlTls: true, dataTls: true }), 'RETR notes.txt', 'transfer'],
    ['data', loggedIn({ controlTls: true, protectionBuffer: true, dataTls: true }), 'PROT C', '534'],
  ] as const)('for %s: %j', (tlsRequired, session, line, outcome) => {
    expect(new Conversation(session, { tlsRequired }).say(line)).toBe(outcome);
  });
});

describe('an argument that is no UTF-8', () => {
  const line = (verb: string): Uint8Array => Uint8Array.from([...new TextEncoder().encode(`${verb} `), 0xe9]);
  test.each([
    ['CWD', inside, '501'],
    ['CWD', plain, '530'],
    ['USER', plain, '501'],
    ['NOWT', inside, '500'],
  ])('%s', (verb, session, outcome) => {
    expect(new Conversation(session).say(line(verb))).toBe(outcome);
  });
});
