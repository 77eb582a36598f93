/** Any conversation, any bytes. */
import { expect, test } from '@jest/globals';
import { concatBytes, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { Conversation, loggedIn } from './conversation.fixture.ts';
import { commands } from './table.ts';
import type { BackendCall } from './types.ts';

/** Absolute, without empty, `.` and `..` segments. */
const normal = /^(\/|(\/(?!\.{1,2}(\/|$))[^/\0\r\n]+)+)$/;
const pathsOf = (call: BackendCall): readonly string[] => [
  ...('path' in call ? [call.path] : []),
  ...('targetPath' in call ? [call.targetPath] : []),
  ...('partPaths' in call ? call.partPaths : []),
];

const word = fc.oneof(
  fc.constantFrom(...commands.keys()),
  fc.constantFrom('/', '..', '*', '[', '-la', 'sub', 'notes.txt', 'TLS', 'I', '0', '20200101000000', 'CHMOD', '644'),
  fc.string({ maxLength: 6 }),
);
const lines = fc.array(
  fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' ')),
  { maxLength: 12 },
);
test('any conversation: each line has exactly one outcome, and no path leaves the home', () => {
  fc.assert(
    fc.property(lines, fc.boolean(), (conversation, busy) => {
      const client = new Conversation(loggedIn({ transferring: busy }));
      for (const line of conversation) {
        const outcome = client.say(line);
        expect(outcome).toMatch(
          /^(\d{3}( closeControl)?|234 startTls|connectActive 200|openPassive|transfer|abortTransfer|digest|who)$/,
        );
        for (const path of client.calls.flatMap(pathsOf)) expect(path).toMatch(normal);
        expect(client.session.workingDirectory.startsWith('/')).toBe(true);
      }
    }),
  );
});
const verbBytes = fc.constantFrom(...commands.keys(), 'SITE CHMOD 644', 'SITE UTIME 20200101000000').map(utf8);
const junk = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .array(fc.constantFrom('..', '.', '', '/', '"', '%2e%2e', '\\..', '..\0', 'sub', ' ', '~', '*', '-la'), {
      maxLength: 10,
    })
    .map((parts) => utf8(parts.join('/'))),
  fc
    .array(fc.constantFrom('../', '"..', '.."', '""', ' ', '0', 'a'), { maxLength: 10 })
    .map((parts) => utf8(parts.join(''))),
);
test('no path leaves the home, for any bytes behind any verb', () => {
  fc.assert(
    fc.property(verbBytes, junk, fc.constantFrom('/', '/sub', '/sub/deep'), (verb, bytes, workingDirectory) => {
      const client = new Conversation(loggedIn({ workingDirectory, renameFrom: '/notes.txt' }));
      expect(client.say(concatBytes([verb, utf8(' '), bytes]))).not.toBe('');
      for (const path of client.calls.flatMap(pathsOf)) expect(path).toMatch(normal);
      expect(client.session.workingDirectory).toMatch(normal);
    }),
    { numRuns: 2_000 },
  );
});
test('any bytes: a reply, never a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (line) => {
      expect(new Conversation(loggedIn()).say(line)).not.toBe('');
    }),
  );
});
