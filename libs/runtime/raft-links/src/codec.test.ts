import { describe, expect, test } from '@jest/globals';
import { crc32c, LogIndex, NodeId, RecordCodec, StatusError, Term } from '@skerry/kernel';
import { raft } from '@skerry/proto';
import fc from 'fast-check';
import { decodeMark, decodeMessage, encodeMark, encodeMessage } from './codec.ts';
import { append, codec, entry, group, heartbeat, otherEpoch } from './fixture.ts';
import { configurationIdsCountMax, recordsCountMax, recordsMaxBytes } from './limits.ts';
import { packRecords, recordsSizeBytes, unpackRecords } from './records.ts';
import type { LinkMessage } from './types.ts';

const ends = { from: NodeId('data_1'), to: NodeId('data_2') };
const reading = { ...ends, records: codec, checksum: crc32c };
const natural = fc.maxSafeNat();
const term = natural.map(Term);
const index = natural.map(LogIndex);
const position = fc.record({ index, term });
const ids = fc.uniqueArray(fc.nat({ max: 50 }), { maxLength: 5 }).map((n) => n.map((each) => NodeId(`data_${each}`)));
const configuration = fc.record({
  voters: ids.filter((each) => each.length > 0),
  outgoing: ids,
  learners: ids,
  departing: ids,
});
const mark = fc.record({ last: position, configuration });
const standing = fc.constantFrom('member' as const, 'new' as const, 'damaged' as const);
const kind = <K extends string>(name: K) => fc.constant(name);
const appendBody = fc
  .record({
    first: fc.nat({ max: 1_000_000 }),
    sizes: fc.array(fc.nat({ max: 300 }), { maxLength: 20 }),
    commit: index,
  })
  .map(({ first, sizes, commit }) => ({
    kind: 'append' as const,
    previous: { index: LogIndex(first), term: Term(1) },
    entries: sizes.map((size, i) => entry(first + 1 + i, size, 1 + i)),
    commit,
  }));
const body: fc.Arbitrary<LinkMessage['body']> = fc.oneof(
  fc.record({ kind: kind('requestVote'), pre: fc.boolean(), last: position, transfer: fc.boolean(), standing }),
  fc.record({ kind: kind('vote'), pre: fc.boolean(), granted: fc.boolean(), withheld: fc.boolean() }),
  appendBody,
  fc.record({ kind: kind('appended'), ok: fc.constant(true as const), match: index }),
  fc.record({ kind: kind('appended'), ok: fc.constant(false as const), previousIndex: index, hint: position }),
  fc.record({ kind: kind('heartbeat'), commit: index, round: natural }),
  fc.record({ kind: kind('heartbeatReply'), round: natural }),
  fc.record({ kind: kind('timeoutNow') }),
  fc.record({ kind: kind('readIndex'), request: natural }),
  fc.record({ kind: kind('readIndexReply'), request: natural, index: fc.option(index, { nil: undefined }) }),
  fc.record({ kind: kind('installSnapshot'), mark }),
);
const message: fc.Arbitrary<LinkMessage> = fc
  .record({ fromIncarnation: natural, toIncarnation: natural, term, body })
  .map((fields) => ({ ...ends, ...fields, ...(fields.body.kind === 'append' && { term: Term(100) }) }));

const overWire = (wire: raft.RaftMessage): raft.RaftMessage =>
  raft.RaftMessage.decode(raft.RaftMessage.encode(wire).finish());
const reasonOf = (run: () => unknown): string => {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof StatusError) return thrown.reason;
    throw thrown;
  }
  return 'none';
};

describe('messages', () => {
  test('every kind comes back as it went, over the bytes of the wire', () => {
    fc.assert(
      fc.property(message, (sent) => {
        expect(decodeMessage(overWire(encodeMessage(sent, crc32c)), reading)).toEqual(sent);
      }),
    );
  });
  test('records are the very bytes, and not copied on receipt', () => {
    const sent = append(ends, 1, 3, 100);
    const wire = encodeMessage(sent, crc32c);
    const got = decodeMessage(wire, reading);
    if (got.body.kind !== 'append' || sent.body.kind !== 'append' || wire.body?.$case !== 'append')
      throw new Error('no append');
    expect(got.body.entries.map(({ record }) => [...record])).toEqual(
      sent.body.entries.map(({ record }) => [...record]),
    );
    const { buffer } = wire.body.value.records;
    expect(got.body.entries.every((each) => each.record.buffer === buffer && each.body.buffer === buffer)).toBe(true);
  });
  const appendOf = (changes: Partial<raft.Append>): raft.RaftMessage => {
    const wire = encodeMessage(append(ends, 5, 3), crc32c);
    if (wire.body?.$case !== 'append') throw new Error('no append');
    const value = { ...wire.body.value, ...changes };
    const recordsCrc32c = changes.recordsCrc32c ?? crc32c(value.records);
    return { ...wire, body: { $case: 'append', value: { ...value, recordsCrc32c } } };
  };
  const packed = packRecords([entry(5), entry(6)]);
  const foreign = (identity: ConstructorParameters<typeof RecordCodec>[0]) =>
    packRecords([new RecordCodec(identity).encode(entry(5))]);
  const changed = (at: number, value: number): Uint8Array => packed.with(at, value);
  test.each([
    ['bytes that do not fit their checksum', appendOf({ recordsCrc32c: 1 }), 'corrupt'],
    ['records of another epoch', appendOf({ records: foreign({ group, epoch: otherEpoch }) }), 'corrupt'],
    ['a record cut off', appendOf({ records: packed.subarray(0, -1) }), 'malformed'],
    ['a length cut off', appendOf({ records: packed.subarray(0, 2) }), 'malformed'],
    ['a length past the end', appendOf({ records: changed(0, 0xff) }), 'malformed'],
    ['a record of a later format', appendOf({ records: changed(4, 9) }), 'format_newer'],
    ['a record of an unknown kind', appendOf({ records: changed(5, 77) }), 'malformed'],
    ['a gap', appendOf({ previous: { index: 3, term: 1 } }), 'malformed'],
    ['entries in a wrong order', appendOf({ records: packRecords([entry(6), entry(5)]) }), 'malformed'],
    ['a term that falls', appendOf({ previous: { index: 4, term: 2 } }), 'malformed'],
    ['an entry of a later term', appendOf({ records: packRecords([entry(5, 1, 8)]) }), 'malformed'],
    ['more bytes than the limit', appendOf({ records: new Uint8Array(recordsMaxBytes + 1) }), 'too_large'],
    ['records of no bytes', appendOf({ records: new Uint8Array(4 * recordsCountMax + 4) }), 'malformed'],
    ['no body', { ...appendOf({}), body: undefined }, 'malformed'],
  ])('an append with %s is refused', (_, wire, reason) => {
    expect(reasonOf(() => decodeMessage(wire, reading))).toBe(reason);
  });
  test('more records than the limit are refused, however small', () => {
    const small = Array.from({ length: recordsCountMax + 1 }, (_, i) => entry(i + 1, 0));
    const bytes = packRecords(small);
    // So many records that are whole are more bytes than an append may have: each is 54 at least.
    expect(bytes.length).toBe(recordsSizeBytes(small));
    expect(reasonOf(() => unpackRecords(bytes, codec))).toBe('too_large');
  });
  test('an unknown standing is refused', () => {
    const value = { pre: false, last: undefined, transfer: false, standing: 99 as raft.Standing };
    const wire = { ...encodeMessage(heartbeat(ends, 1), crc32c), body: { $case: 'requestVote' as const, value } };
    expect(reasonOf(() => decodeMessage(wire, reading))).toBe('malformed');
  });
  test('random records are refused or read, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (records) => {
        const reason = reasonOf(() => decodeMessage(appendOf({ records }), reading));
        expect(['none', 'malformed', 'corrupt', 'format_newer', 'too_large']).toContain(reason);
      }),
    );
  });
  test('a flipped bit of the records is always noticed', () => {
    fc.assert(
      fc.property(fc.nat({ max: packed.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
        const records = changed(at, (packed[at] ?? 0) ^ (1 << bit));
        const wire = appendOf({ records, recordsCrc32c: crc32c(packed) });
        expect(reasonOf(() => decodeMessage(wire, reading))).toBe('corrupt');
      }),
    );
  });
});

describe('marks of snapshots', () => {
  test('come back as they went', () => {
    fc.assert(fc.property(mark, (each) => expect(decodeMark(encodeMark(each))).toEqual(each)));
  });
  const voters = (ids: string[]) => ({
    last: { index: 1, term: 1 },
    configuration: { voters: ids, outgoing: [], learners: [], departing: [] },
  });
  test.each([
    ['none', undefined],
    ['no voters', voters([])],
    ['a name that is none', voters(['Data 1'])],
    ['too many', voters(Array.from({ length: configurationIdsCountMax + 1 }, (_, i) => `data_${i}`))],
  ])('%s: refused', (_, wire) => expect(reasonOf(() => decodeMark(wire))).toBe('malformed'));
});
