import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHex } from './bytes.ts';
import { StatusError } from './errors.ts';
import { Epoch, GroupId, idFromBytes, LogIndex, OperationId, Term } from './ids.ts';
import { decodeLogRecord, encodeLogRecord, type LogRecord } from './log-record.ts';
import { encodeRecord, logRecordVersion } from './raft-record.ts';

const natural = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(idFromBytes);
const record: fc.Arbitrary<LogRecord> = fc.record({
  kind: fc.constant('command' as const),
  group: fc.string().map(GroupId),
  epoch: id.map(Epoch),
  term: natural.map(Term),
  index: natural.map(LogIndex),
  incarnation: natural,
  operationId: id.map(OperationId),
  time: fc.record({ wallMs: natural, counter: fc.integer({ min: 0, max: 0xffff }) }),
  command: fc.uint8Array({ maxLength: 600 }),
});
const sample: LogRecord = {
  kind: 'command',
  group: GroupId('data'),
  epoch: Epoch('0'.repeat(31) + '1'),
  term: Term(2),
  index: LogIndex(3),
  incarnation: 4,
  operationId: OperationId('f'.repeat(32)),
  time: { wallMs: 5, counter: 6 },
  command: Uint8Array.of(7, 8),
};
const reasonOf = (bytes: Uint8Array): string => {
  try {
    decodeLogRecord(bytes);
    return 'read';
  } catch (thrown) {
    if (thrown instanceof StatusError) return thrown.reason;
    throw thrown;
  }
};

describe('log record', () => {
  test('golden bytes', () =>
    expect(toHex(encodeLogRecord(sample))).toBe(
      [
        '01', // format
        '01', // command
        '0000000464617461', // group "data"
        '00000000000000000000000000000001', // epoch
        '0000000000000002', // term
        '0000000000000003', // index
        '0000000000000004', // incarnation
        'ffffffffffffffffffffffffffffffff', // operation
        '0000000000000005', // milliseconds
        '0006', // counter
        '000000020708', // command
      ].join(''),
    ));
  test('round trip', () =>
    fc.assert(fc.property(record, (each) => expect(decodeLogRecord(encodeLogRecord(each))).toEqual(each))));
  test('a newer format is refused as such', () => {
    const bytes = encodeLogRecord(sample);
    bytes[0] = logRecordVersion + 1;
    expect(reasonOf(bytes)).toBe('format_newer');
  });
  test('an unknown kind is refused', () => {
    const bytes = encodeLogRecord(sample);
    bytes[1] = 99;
    expect(reasonOf(bytes)).toBe('malformed');
  });
  test('a no-op is no command', () => {
    const { group, epoch, term, index } = sample;
    const noop = encodeRecord({ group, epoch }, { term, index, kind: 'noop', body: Uint8Array.of() });
    expect(reasonOf(noop)).toBe('malformed');
  });
  test('a record cut anywhere, or with bytes behind it, is malformed', () => {
    const bytes = encodeLogRecord(sample);
    for (let end = 0; end < bytes.length; end++) expect(reasonOf(bytes.subarray(0, end))).toBe('malformed');
    expect(reasonOf(Uint8Array.of(...bytes, 0))).toBe('malformed');
  });
  test('random bytes never throw anything but StatusError', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 150 }), fc.boolean(), (bytes, plausible) => {
        if (plausible && bytes.length > 6) bytes.set([1, 2, 0, 0, 0, 0]);
        expect(['read', 'malformed', 'format_newer']).toContain(reasonOf(bytes));
      }),
    ));
});
