import { describe, expect, test } from '@jest/globals';
import { reasons, type Reason } from '@skerry/kernel';
import { processing } from '@skerry/proto';
import { replyForFailure, type FtpOperation } from './failure-replies.ts';
import { openingReply, transferAbortedReplies, transferDoneReply } from './transfer-replies.ts';

describe('failures', () => {
  test.each([
    ['disk_full', 'store', 452],
    ['read_only_disk', 'store', 451],
    ['quota', 'store', 552],
    ['corrupt', 'retrieve', 551],
    ['no_such_entry', 'retrieve', 550],
    ['access_denied', 'store', 550],
    ['directory_not_empty', 'remove_directory', 550],
    ['path_invalid', 'store', 553],
    ['path_invalid', 'inspect', 501],
    ['not_leader', 'store', 451],
    ['no_node', 'login', 421],
    ['fenced', 'store', 450],
    ['stage_moved', 'append', 450],
    ['offset_past_end', 'retrieve', 554],
    ['credentials', 'login', 530],
    ['account_disabled', 'login', 530],
    ['token_revoked', 'inspect', 421],
  ] as const satisfies readonly (readonly [Reason, FtpOperation, number])[])(
    '%s at %s: %i',
    (reason, operation, code) => {
      expect(replyForFailure(reason, operation).code).toBe(code);
    },
  );

  test('each reason has a 4xx or 5xx reply of one line', () => {
    for (const reason of Object.keys(reasons) as Reason[]) {
      const { code, text } = replyForFailure(reason, 'retrieve');
      expect(code >= 421 && code <= 554).toBe(true);
      expect(text).toMatch(/^[ -~]+\.$/);
    }
  });
});

describe('transfers', () => {
  const transfer = processing.Transfer.fromPartial({
    kind: processing.TransferKind.RETRIEVE,
    type: processing.TransferType.IMAGE,
    path: '/a.bin',
  });
  test('150 names the size', () => {
    const { code, lines } = openingReply(transfer, { sizeBytes: 123, tls: false });
    expect([code, lines[0]]).toEqual([150, 'Opening BINARY mode data connection for /a.bin (123 bytes).']);
  });
  test('150 of a listing under TLS', () => {
    const listing = { ...transfer, kind: processing.TransferKind.LIST, type: processing.TransferType.ASCII };
    expect(openingReply(listing, { tls: true }).lines).toEqual([
      'Opening ASCII mode data connection under TLS for the listing.',
    ]);
  });
  test('150 of STOU names the file, and nothing else (RFC 1123 §4.1.2.9)', () => {
    const unique = { ...transfer, uniqueName: true };
    expect(openingReply(unique, { tls: false, path: '/ftp.1' })).toEqual({ code: 150, lines: ['FILE: /ftp.1'] });
    expect(transferDoneReply(unique, { path: '/ftp.1' }).lines[0]).toContain('/ftp.1');
  });
  test('226', () => {
    expect(transferDoneReply(transfer).code).toBe(226);
  });
  test('ABOR: 426, then 226', () => {
    expect(transferAbortedReplies().map((reply) => reply.code)).toEqual([426, 226]);
  });
});
