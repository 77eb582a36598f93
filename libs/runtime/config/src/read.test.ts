import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { flagOf, readSettings, variableOf } from './read.ts';
import { addressPattern, flag, integer, list, oneOf, optionalInteger, optionalText, text } from './setting.ts';

const settings = {
  ftpPort: integer({ default: 2121, min: 0, max: 65_535, help: 'Port.' }),
  bind: text({ default: '127.0.0.1', pattern: /^[0-9.]+$/, wanted: 'an IPv4 address', help: 'Address.' }),
  level: oneOf({ default: 'info', choices: ['debug', 'info'], help: 'Level.' }),
  join: list({ default: [], pattern: addressPattern, wanted: 'HOST:PORT,…', help: 'Nodes.' }),
  insecure: flag({ help: 'Plaintext.' }),
  quota: optionalInteger({ min: 1, max: 10, help: 'Quota.' }),
  password: optionalText({ pattern: /^.{8,}$/, wanted: 'at least 8 characters', secret: true, help: 'Secret.' }),
};

describe('sources, from the weakest to the strongest', () => {
  const rows: [name: string, sources: Parameters<typeof readSettings>[1], port: number][] = [
    ['the default', {}, 2121],
    ['the file beats the default', { file: { ftpPort: 1 } }, 1],
    ['the environment beats the file', { file: { ftpPort: 1 }, environment: { SKERRY_FTP_PORT: '2' } }, 2],
    ['a flag beats the environment', { environment: { SKERRY_FTP_PORT: '2' }, flags: { ftpPort: '3' } }, 3],
  ];
  it.each(rows)('%s', (_, sources, port) => {
    expect(readSettings(settings, sources).ftpPort).toBe(port);
  });
});

describe('values', () => {
  it('are typed', () => {
    const flags = { ftpPort: '0', level: 'debug', join: 'a:1,[::1]:2', insecure: true, quota: '7' };
    expect(readSettings(settings, { flags })).toEqual({
      ftpPort: 0,
      bind: '127.0.0.1',
      level: 'debug',
      join: ['a:1', '[::1]:2'],
      insecure: true,
      quota: 7,
      password: undefined,
    });
  });
  it.each([
    ['1', true],
    ['on', true],
    ['TRUE', true],
    ['0', false],
    ['no', false],
  ])('a switch reads %s in the environment', (word, expected) => {
    expect(readSettings(settings, { environment: { SKERRY_INSECURE: word } }).insecure).toBe(expected);
  });
});

describe('faults name the place, what is wanted and what was given', () => {
  const rows: [sources: Parameters<typeof readSettings>[1], message: string][] = [
    [{ flags: { ftpPort: 'x' } }, 'Cannot read --ftp-port: must be an integer in [0, 65535]: got "x"'],
    [{ flags: { ftpPort: '65536' } }, 'Cannot read --ftp-port: must be an integer in [0, 65535]: got "65536"'],
    [{ flags: { ftpPort: '1.5' } }, 'Cannot read --ftp-port: must be an integer in [0, 65535]: got "1.5"'],
    [{ flags: { ftpPort: '' } }, 'Cannot read --ftp-port: must be an integer in [0, 65535]: got ""'],
    [{ environment: { SKERRY_LEVEL: 'loud' } }, 'Cannot read SKERRY_LEVEL: must be one of debug, info: got "loud"'],
    [{ file: { join: 'nowhere' } }, 'Cannot read "join" in the configuration file: must be HOST:PORT,…: got "nowhere"'],
    [{ file: { prot: 1 } }, 'Cannot read configuration file: no setting "prot"'],
    [
      { environment: { SKERRY_INSECURE: 'perhaps' } },
      'Cannot read SKERRY_INSECURE: must be true or false: got "perhaps"',
    ],
    [
      { flags: { password: 'short' } },
      'Cannot read --password: must be at least 8 characters: got a value of another form',
    ],
  ];
  it.each(rows)('%j', (sources, message) => {
    expect(() => readSettings(settings, sources)).toThrow(message);
  });
});

it('an integer is read exactly, or refused', () => {
  const given = fc.oneof(
    fc.string(),
    fc.integer({ min: -10, max: 70_000 }).map(String),
    fc.constantFrom('0x10', '1e3', ' 5', '+5', '-0'),
  );
  fc.assert(
    fc.property(given, (word) => {
      const read = (): number => readSettings(settings, { flags: { ftpPort: word } }).ftpPort;
      if (/^\d{1,16}$/.test(word) && Number(word) <= 65_535) expect(read()).toBe(Number(word));
      else if (word !== '-0') expect(read).toThrow('Cannot read --ftp-port');
    }),
  );
});

it('a key names its flag and its variable', () => {
  expect(flagOf('adminPassword')).toBe('--admin-password');
  expect(variableOf('adminPassword')).toBe('SKERRY_ADMIN_PASSWORD');
});
