import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHex } from './bytes.ts';
import { StatusError } from './errors.ts';
import { Epoch, GroupId, idFromBytes, LogIndex, OperationId, Term } from './ids.ts';
import { decodeLogRecord, encodeLogRecord } from './log-record.ts';
import {
  decodeProposal,
  decodeRecord,
  encodeProposal,
  encodeRecord,
  logRecordVersion,
  peekRecord,
  type Proposal,
  proposalOverheadBytes,
  type RecordBody,
  RecordCodec,
  type RecordIdentity,
} from './raft-record.ts';

const natural = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(idFromBytes);
const identity: fc.Arbitrary<RecordIdentity> = fc.record({ group: fc.string().map(GroupId), epoch: id.map(Epoch) });
const body: fc.Arbitrary<RecordBody> = fc.record({
  kind: fc.constantFrom('command' as const, 'noop' as const, 'configuration' as const),
  term: natural.map(Term),
  index: natural.map(LogIndex),
  body: fc.uint8Array({ maxLength: 300 }),
});
const proposal: fc.Arbitrary<Proposal> = fc.record({
  incarnation: natural,
  operationId: id.map(OperationId),
  time: fc.record({ wallMs: natural, counter: fc.integer({ min: 0, max: 0xffff }) }),
  command: fc.uint8Array({ maxLength: 300 }),
});
const ours: RecordIdentity = { group: GroupId('data'), epoch: Epoch('0'.repeat(31) + '1') };
const noop: RecordBody = { kind: 'noop', term: Term(2), index: LogIndex(3), body: Uint8Array.of(7, 8) };
const reasonOf = (bytes: Uint8Array, as = ours): string => {
  try {
    decodeRecord(bytes, as);
    return 'read';
  } catch (thrown) {
    if (thrown instanceof StatusError) return thrown.reason;
    throw thrown;
  }
};

describe('raft record', () => {
  test('golden bytes', () => {
    const head = [
      '0000000464617461', // group "data"
      '00000000000000000000000000000001', // epoch
      '0000000000000002', // term
      '0000000000000003', // index
    ].join('');
    const tail = '000000020708';
    expect(toHex(encodeRecord(ours, noop))).toBe(`0102${head}${tail}`);
    expect(toHex(encodeRecord(ours, { ...noop, kind: 'configuration' }))).toBe(`0103${head}${tail}`);
    expect(toHex(encodeRecord(ours, { ...noop, kind: 'command' }))).toBe(`0101${head}0708`);
  });
  test('round trip; the body is a view on the record', () =>
    fc.assert(
      fc.property(identity, body, (as, entry) => {
        const bytes = encodeRecord(as, entry);
        const read = decodeRecord(bytes, as);
        expect(read).toEqual({ ...entry, record: bytes });
        expect(read.record).toBe(bytes);
        expect(read.body.buffer).toBe(bytes.buffer);
        expect(peekRecord(bytes)).toEqual({ identity: as, kind: entry.kind });
      }),
    ));
  test('many in one buffer are the same bytes as each alone, and do not touch each other', () =>
    fc.assert(
      fc.property(identity, fc.array(body, { maxLength: 6 }), (as, entries) => {
        const codec = new RecordCodec(as);
        const into = new Uint8Array(
          entries.reduce((sum, each) => sum + codec.sizeBytes(each.kind, each.body.length), 0),
        );
        let at = 0;
        const records = entries.map((entry) => {
          const encoded = codec.encodeInto(into, at, entry);
          at += encoded.record.length;
          return encoded;
        });
        expect(at).toBe(into.length);
        records.forEach(({ record }, i) => expect(record).toEqual(codec.encode(entries[i] as RecordBody).record));
      }),
    ));
  test('a command is, byte by byte, the log record of a replica without others', () =>
    fc.assert(
      fc.property(identity, natural, natural, proposal, (as, term, index, proposed) => {
        const entry = { term: Term(term), index: LogIndex(index), kind: 'command' as const };
        const record = encodeRecord(as, { ...entry, body: encodeProposal(proposed) });
        expect(record).toEqual(encodeLogRecord({ ...as, ...entry, ...proposed }));
        expect(decodeLogRecord(record)).toEqual({ ...as, ...entry, ...proposed });
      }),
    ));
  test('a record of another group or epoch is refused as damage', () => {
    const bytes = encodeRecord(ours, noop);
    expect(reasonOf(bytes, { ...ours, group: GroupId('auth') })).toBe('corrupt');
    expect(reasonOf(bytes, { ...ours, epoch: Epoch('f'.repeat(32)) })).toBe('corrupt');
    expect(() => decodeRecord(bytes, { ...ours, group: GroupId('auth') })).toThrow(
      /of group "data".*wanted group "auth"/,
    );
  });
  test('a newer format and an unknown kind are refused as such', () => {
    const newer = encodeRecord(ours, noop);
    newer[0] = logRecordVersion + 1;
    expect(reasonOf(newer)).toBe('format_newer');
    const unknown = encodeRecord(ours, noop);
    unknown[1] = 99;
    expect(reasonOf(unknown)).toBe('malformed');
  });
  test('a record cut anywhere, or with bytes behind it, is malformed', () => {
    const bytes = encodeRecord(ours, noop);
    for (let end = 0; end < bytes.length; end++) expect(reasonOf(bytes.subarray(0, end))).toBe('malformed');
    expect(reasonOf(Uint8Array.of(...bytes, 0))).toBe('malformed');
  });
  test('an index over 2^53 is malformed, and is never written', () => {
    const bytes = encodeRecord(ours, noop);
    bytes[bytes.length - 2 - 4 - 8] = 0xff;
    expect(reasonOf(bytes)).toBe('malformed');
    expect(() => encodeRecord(ours, { ...noop, index: -1 as LogIndex })).toThrow(/safe integer/);
  });
  test('random bytes never throw anything but StatusError', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, plausible) => {
        const start = encodeRecord(ours, noop).subarray(0, 30);
        if (plausible && bytes.length > start.length) bytes.set(start);
        expect(['read', 'malformed', 'format_newer', 'corrupt']).toContain(reasonOf(bytes));
      }),
    ));
});

describe('proposal', () => {
  test('round trip, in the size announced', () =>
    fc.assert(
      fc.property(proposal, (each) => {
        const bytes = encodeProposal(each);
        expect(bytes.length).toBe(proposalOverheadBytes + each.command.length);
        expect(decodeProposal(bytes)).toEqual(each);
      }),
    ));
  test('cut anywhere it is malformed', () => {
    const bytes = encodeProposal({
      incarnation: 1,
      operationId: OperationId('f'.repeat(32)),
      time: { wallMs: 5, counter: 6 },
      command: Uint8Array.of(7),
    });
    for (let end = 0; end < bytes.length; end++)
      expect(() => decodeProposal(bytes.subarray(0, end))).toThrow(StatusError);
    expect(() => decodeProposal(Uint8Array.of(...bytes, 0))).toThrow(StatusError);
  });
});
