import { describe, expect, test } from '@jest/globals';
import { concatBytes, fromHex, fromUtf8, toHex, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { batchTypes, consistencyCode, opcodes, type ProtocolVersion } from './codes.ts';
import type { WireFault } from './fault.ts';
import { Frame, FrameReader } from './frame-reader.ts';
import { RequestWriter, type RequestParameters, type WireValue } from './request-writer.ts';
import { customPayloadOf, decodeRequest, Request, requestText } from './request.ts';
import { bytes, consistency, int, name, payload, stream, text, version, versions } from './wire-fixture.ts';

const hex = (digits: string): Uint8Array => fromHex(digits) ?? new Uint8Array(0);

function frameOf(whole: Uint8Array): Frame {
  const reader = new FrameReader({ direction: 'request' });
  reader.push(whole);
  expect(reader.next()).toBe('frame');
  return reader.frame;
}
function decoded(whole: Uint8Array): Request {
  const request = new Request();
  expect(decodeRequest(frameOf(whole), request)).toBeUndefined();
  return request;
}
const written = (of: ProtocolVersion, write: (writer: RequestWriter) => boolean): Uint8Array => {
  const writer = new RequestWriter();
  writer.version = of;
  expect(write(writer)).toBe(true);
  return writer.take();
};
const id = utf8('0123456789abcdef');
const resultId = utf8('fedcba9876543210');
const timestamp = { hi: 0x0005aabb, lo: 0xccddeeff | 0 };
const query: RequestParameters = {
  consistency: consistencyCode('ONE'),
  pageSize: 5000,
  pagingState: utf8('ab'),
  serialConsistency: consistencyCode('SERIAL'),
  timestamp,
};

describe('bytes of the Python driver', () => {
  const rows: readonly [string, ProtocolVersion, (writer: RequestWriter) => boolean, string][] = [
    [
      'STARTUP',
      4,
      (to) =>
        to.startup(
          1,
          new Map([
            ['COMPRESSION', 'lz4'],
            ['CQL_VERSION', '3.4.7'],
          ]),
        ),
      '0400000101000000280002000b434f4d5052455353494f4e00036c7a34000b43514c5f56455253494f4e0005332e342e37',
    ],
    ['OPTIONS', 5, (to) => to.options(2), '050000020500000000'],
    [
      'REGISTER',
      3,
      (to) => to.register(0, ['TOPOLOGY_CHANGE', 'SCHEMA_CHANGE']),
      '030000000b000000220002000f544f504f4c4f47595f4348414e4745000d534348454d415f4348414e4745',
    ],
    ['AUTH_RESPONSE', 4, (to) => to.authResponse(7, utf8('\0u\0p')), '040000070f000000080000000400750070'],
    [
      'QUERY, flags of a byte',
      3,
      (to) => to.query(258, 'SELECT * FROM system.local', query),
      '0300010207000000350000001a53454c454354202a2046524f4d2073797374656d2e6c6f63616c00013c0000138800000002616200080005aabbccddeeff',
    ],
    [
      'QUERY, flags of four',
      5,
      (to) => to.query(258, 'SELECT * FROM system.local', query),
      '0500010207000000380000001a53454c454354202a2046524f4d2073797374656d2e6c6f63616c00010000003c0000138800000002616200080005aabbccddeeff',
    ],
    [
      'EXECUTE',
      4,
      (to) =>
        to.execute(300, id, resultId, {
          consistency: 6,
          values: [utf8('a'), null, utf8('')],
          skipMetadata: true,
          pageSize: 100,
        }),
      '0400012c0a0000002800103031323334353637383961626364656600060700030000000161ffffffff0000000000000064'.replace(
        '2900',
        '2800',
      ),
    ],
    ['PREPARE', 4, (to) => to.prepare(3, 'SELECT 1'), '04000003090000000c0000000853454c4543542031'],
    [
      'PREPARE in a keyspace',
      5,
      (to) => to.prepare(3, 'SELECT 1', 'ks'),
      '0500000309000000140000000853454c45435420310000000100026b73',
    ],
    ...([3, 5] as const).map((of): [string, ProtocolVersion, (writer: RequestWriter) => boolean, string] => [
      `BATCH of v${of}`,
      of,
      (to) =>
        to.batch(
          4,
          batchTypes.unlogged,
          [
            { id, values: [utf8('x')] },
            { text: 'INSERT', values: [null] },
          ],
          {
            consistency: 4,
            timestamp: { hi: 0, lo: 1 },
          },
        ),
      of === 3
        ? '030000040d0000003901000201001030313233343536373839616263646566000100000001780000000006494e534552540001ffffffff0004200000000000000001'
        : '050000040d0000003c01000201001030313233343536373839616263646566000100000001780000000006494e534552540001ffffffff0004000000200000000000000001',
    ]),
  ];
  for (const [what, of, write, digits] of rows)
    test(`${what} v${of}`, () => {
      expect(toHex(written(of, write))).toBe(digits);
      decoded(hex(digits));
    });
  test('EXECUTE v5, read', () => {
    const request = decoded(
      hex(
        '0500012c0a0000003d00103031323334353637383961626364656600106665646362613938373635343332313000060000000500030000000161ffffffff0000000000000064',
      ),
    );
    const { parameters, values } = request;
    expect(requestText(request, request.start, request.length)).toBe('0123456789abcdef');
    expect(requestText(request, request.resultIdStart, request.resultIdLength)).toBe('fedcba9876543210');
    expect([parameters.consistency, parameters.pageSize, parameters.skipMetadata]).toEqual([6, 100, false]);
    expect([...values.lengths.subarray(0, values.count)]).toEqual([1, -1, 0]);
    expect(request.buffer[values.starts[0] ?? 0]).toBe(0x61);
  });
});

/** A body cut or spoilt: what is said of it. */
describe('what cannot be read is a protocol error', () => {
  const body = (opcode: number, of: ProtocolVersion, digits: string, flags = 0): WireFault | undefined => {
    const frame = new Frame();
    frame.buffer = hex(digits);
    frame.end = frame.buffer.length;
    frame.opcode = opcode;
    frame.version = of;
    frame.stream = 77;
    frame.flags = flags;
    return decodeRequest(frame, new Request());
  };
  const rows: readonly [string, number, ProtocolVersion, string, string, number?][] = [
    ['an empty QUERY', opcodes.query, 4, '', 'Cannot read 4 bytes: the message has 0 left'],
    [
      'a query longer than its message',
      opcodes.query,
      4,
      '0000000a4142',
      'Cannot read 10 bytes: the message has 2 left',
    ],
    ['a query of negative length', opcodes.query, 4, 'ffffffff', 'Invalid length -1 of a query'],
    ['an unknown consistency', opcodes.query, 4, '0000000141000b00', 'Unknown code 11 for a consistency level'],
    [
      'more values than there is room',
      opcodes.query,
      4,
      '0000000141000101ffff',
      'Cannot read 65535 values: the message has 0 bytes left',
    ],
    [
      'a value longer than the message',
      opcodes.query,
      4,
      '00000001410001010001000000ff',
      'Cannot read 255 bytes: the message has 0 left',
    ],
    ['a value of length −3', opcodes.query, 4, '00000001410001010001fffffffd', 'Invalid ByteBuf length -3'],
    ['unset in v3', opcodes.query, 3, '00000001410001010001fffffffe', 'Invalid ByteBuf length -2'],
    [
      'the timestamp that means none',
      opcodes.query,
      4,
      '00000001410001208000000000000000',
      'Out of bound timestamp, must be in [-9223372036854775807, 9223372036854775807] (got -9223372036854775808)',
    ],
    ['flags of a byte in v5', opcodes.query, 5, '0000000141000100', 'Cannot read 4 bytes: the message has 1 left'],
    ['EXECUTE without a result id in v5', opcodes.execute, 5, '000100', 'Cannot read 2 bytes: the message has 0 left'],
    ['a batch of no type', opcodes.batch, 4, '030000000000', 'Invalid BATCH message type 3'],
    [
      'a statement that is neither',
      opcodes.batch,
      4,
      '00000102000000000000000000',
      'Invalid query kind in BATCH messages. Must be 0 or 1 but got 2',
    ],
    [
      'more statements than there is room',
      opcodes.batch,
      4,
      '00ffff00',
      'Cannot read 65535 statements: the message has 1 bytes left',
    ],
    ['values of a whole batch', opcodes.batch, 4, '00000000010100000000', 'Values of a BATCH belong to its statements'],
    ['STARTUP that is no UTF-8', opcodes.startup, 4, '00010001ff000141', 'Cannot decode 1 bytes as UTF-8'],
    [
      'a payload in v3',
      opcodes.query,
      3,
      '0000',
      'Received frame with CUSTOM_PAYLOAD flag for native protocol version < 4',
      4,
    ],
    [
      'a payload that is cut',
      opcodes.query,
      4,
      '0001000141000000ff',
      'Cannot read 255 bytes: the message has 0 left',
      4,
    ],
    [
      'a token longer than its message',
      opcodes.authResponse,
      4,
      '7fffffff',
      'Cannot read 2147483647 bytes: the message has 0 left',
    ],
    ['a response', opcodes.ready, 4, '', 'Unknown opcode 2'],
  ];
  for (const [what, opcode, of, digits, message, flags] of rows)
    test(what, () =>
      expect(body(opcode, of, digits, flags)).toEqual({
        kind: 'body',
        code: 0x000a,
        message,
        stream: 77,
        version: of,
        fatal: false,
      }),
    );
  test('unset in v4, a timestamp below 0, PREPARE of v5 without flags, and what follows a message are none', () => {
    for (const [opcode, of, digits] of [
      [opcodes.query, 4, '00000001410001010001fffffffe'],
      [opcodes.query, 4, '0000000141000120ffffffffffffffff'],
      [opcodes.prepare, 5, '0000000141'],
      [opcodes.options, 4, 'abcdef'],
    ] as const)
      expect(body(opcode, of, digits)).toBeUndefined();
  });
});

type Cell = string | null | undefined;
const cellsOf = (request: Request, first: number, count: number): Cell[] =>
  Array.from({ length: count }, (_, i) => {
    const length = request.values.lengths[first + i] ?? -1;
    const start = request.values.starts[first + i] ?? 0;
    return length === -1 ? null : length === -2 ? undefined : toHex(request.buffer.subarray(start, start + length));
  });
const cellOf = (value: WireValue): Cell => (value instanceof Uint8Array ? toHex(value) : value);

function expectParameters(request: Request, given: RequestParameters, of: ProtocolVersion, own: boolean): void {
  const { parameters } = request;
  const part = (start: number, length: number): string | undefined =>
    length < 0 ? undefined : toHex(request.buffer.subarray(start, start + length));
  expect(parameters.consistency).toBe(given.consistency);
  expect(parameters.serialConsistency).toBe(given.serialConsistency ?? -1);
  expect(parameters.hasTimestamp ? { hi: parameters.timestampHi, lo: parameters.timestampLo } : undefined).toEqual(
    given.timestamp,
  );
  expect(parameters.hasNow ? parameters.nowInSeconds : undefined).toBe(of >= 5 ? given.nowInSeconds : undefined);
  expect(part(parameters.keyspaceStart, parameters.keyspaceLength)).toBe(
    of >= 5 && given.keyspace !== undefined ? toHex(utf8(given.keyspace)) : undefined,
  );
  if (!own) return;
  expect(parameters.skipMetadata).toBe(given.skipMetadata === true);
  expect(parameters.pageSize).toBe(given.pageSize ?? -1);
  expect(part(parameters.pagingStart, parameters.pagingLength)).toBe(given.pagingState && toHex(given.pagingState));
  expect(cellsOf(request, 0, request.values.count)).toEqual((given.values ?? []).map(cellOf));
  if (given.values === undefined || given.names === undefined) return expect(parameters.named).toBe(false);
  expect(parameters.named).toBe(true);
  const { nameStarts, nameLengths } = request.values;
  expect(given.values.map((_, i) => requestText(request, nameStarts[i] ?? 0, nameLengths[i] ?? 0))).toEqual(
    given.names,
  );
}

describe('round trip', () => {
  const valuesOf = (of: ProtocolVersion): fc.Arbitrary<WireValue[]> => {
    const some: fc.Arbitrary<WireValue> = fc.option(bytes);
    return fc.array(of >= 4 ? fc.option(some, { nil: undefined }) : some, { maxLength: 40 });
  };
  const time = fc.record({ hi: fc.integer({ min: -0x7fffffff }), lo: int });
  const parametersOf = (of: ProtocolVersion): fc.Arbitrary<RequestParameters> =>
    fc
      .tuple(
        fc.record(
          {
            consistency,
            serialConsistency: consistency,
            values: valuesOf(of),
            skipMetadata: fc.boolean(),
            pageSize: fc.nat(),
            pagingState: bytes,
            timestamp: time,
            keyspace: name,
            nowInSeconds: int,
          },
          { requiredKeys: ['consistency'] },
        ),
        fc.boolean(),
        fc.array(text, { minLength: 40, maxLength: 40 }),
      )
      .map(([one, named, names]) =>
        named && one.values !== undefined ? { ...one, names: names.slice(0, one.values.length) } : one,
      );
  const extras = fc.record({ tracing: fc.boolean(), payload }, { requiredKeys: ['tracing'] });

  for (const of of versions) {
    // One object for all runs: what an earlier request left must not show.
    const request = new Request();
    const read = (whole: Uint8Array): void => expect(decodeRequest(frameOf(whole), request)).toBeUndefined();
    const own = of >= 4 ? extras : fc.record({ tracing: fc.boolean() });
    const expectExtras = (given: { tracing: boolean; payload?: ReadonlyMap<string, Uint8Array | null> }): void => {
      expect(request.tracing).toBe(given.tracing);
      expect(customPayloadOf(request)).toEqual(given.payload ?? new Map());
    };
    test(`QUERY v${of}`, () =>
      fc.assert(
        fc.property(text, parametersOf(of), stream, own, (statement, parameters, onStream, given) => {
          read(written(of, (to) => to.query(onStream, statement, parameters, given)));
          expect([request.stream, request.opcode, request.version]).toEqual([onStream, opcodes.query, of]);
          expect(requestText(request, request.start, request.length)).toBe(statement);
          expectParameters(request, parameters, of, true);
          expectExtras(given);
        }),
      ));
    test(`EXECUTE v${of}`, () =>
      fc.assert(
        fc.property(bytes, bytes, parametersOf(of), own, (one, other, parameters, given) => {
          read(written(of, (to) => to.execute(1, one, other, parameters, given)));
          expect(request.buffer.slice(request.start, request.start + request.length)).toEqual(one);
          if (of < 5) expect(request.resultIdLength).toBe(-1);
          else
            expect(request.buffer.slice(request.resultIdStart, request.resultIdStart + request.resultIdLength)).toEqual(
              other,
            );
          expectParameters(request, parameters, of, true);
          expectExtras(given);
        }),
      ));
    test(`PREPARE v${of}`, () =>
      fc.assert(
        fc.property(text, fc.option(name, { nil: undefined }), (statement, keyspace) => {
          read(written(of, (to) => to.prepare(1, statement, keyspace)));
          expect(requestText(request, request.start, request.length)).toBe(statement);
          const { keyspaceStart, keyspaceLength } = request.parameters;
          expect(keyspaceLength < 0 ? undefined : requestText(request, keyspaceStart, keyspaceLength)).toBe(
            of >= 5 ? keyspace : undefined,
          );
        }),
      ));
    test(`BATCH v${of}`, () => {
      const statement = fc.oneof(
        fc.record({ text, values: valuesOf(of) }),
        fc.record({ id: bytes, values: valuesOf(of) }),
      );
      fc.assert(
        fc.property(
          fc.nat(2),
          fc.array(statement, { maxLength: 30 }),
          parametersOf(of),
          own,
          (type, all, given, more) => {
            read(written(of, (to) => to.batch(1, type, all, given, more)));
            const { batch } = request;
            expect([request.batchType, batch.count]).toEqual([type, all.length]);
            for (const [i, one] of all.entries()) {
              expect(batch.prepared[i]).toBe('id' in one ? 1 : 0);
              const start = batch.starts[i] ?? 0;
              const content = request.buffer.slice(start, start + (batch.lengths[i] ?? 0));
              expect('id' in one ? content : fromUtf8(content)).toEqual('id' in one ? one.id : one.text);
              expect(cellsOf(request, batch.valueFirst[i] ?? 0, batch.valueCount[i] ?? 0)).toEqual(
                one.values.map(cellOf),
              );
            }
            expectParameters(request, given, of, false);
            expectExtras(more);
          },
        ),
      );
    });
    test(`STARTUP, REGISTER, AUTH_RESPONSE, OPTIONS v${of}`, () =>
      fc.assert(
        fc.property(fc.dictionary(text, text), fc.array(text), fc.option(bytes), (options, events, token) => {
          read(written(of, (to) => to.startup(1, new Map(Object.entries(options)))));
          expect(request.options).toEqual(new Map(Object.entries(options)));
          read(written(of, (to) => to.register(1, events)));
          expect(request.events).toEqual(events);
          read(written(of, (to) => to.authResponse(1, token)));
          expect(
            request.length < 0 ? null : request.buffer.slice(request.start, request.start + request.length),
          ).toEqual(token);
          read(written(of, (to) => to.options(1)));
          expect(request.opcode).toBe(opcodes.options);
        }),
      ));
  }
});

describe('fuzz', () => {
  const opcode = fc.constantFrom(1, 5, 7, 9, 10, 11, 13, 15);
  const inside = (request: Request, start: number, length: number): boolean =>
    length <= 0 || (start >= 0 && start + length <= request.buffer.length);
  /** Whatever was decoded lies in the frame. */
  const expectInside = (request: Request): void => {
    const { parameters, values, batch } = request;
    expect(inside(request, request.start, request.length)).toBe(true);
    expect(inside(request, parameters.pagingStart, parameters.pagingLength)).toBe(true);
    expect(inside(request, parameters.keyspaceStart, parameters.keyspaceLength)).toBe(true);
    for (let i = 0; i < values.count; i++)
      expect(inside(request, values.starts[i] ?? -1, values.lengths[i] ?? -1)).toBe(true);
    for (let i = 0; i < batch.count; i++)
      expect(inside(request, batch.starts[i] ?? -1, batch.lengths[i] ?? -1)).toBe(true);
  };
  const request = new Request();
  const tried = (body: Uint8Array, ofOpcode: number, of: ProtocolVersion, flags: number): void => {
    const frame = new Frame();
    Object.assign(frame, { buffer: body, end: body.length, opcode: ofOpcode, version: of, flags });
    if (decodeRequest(frame, request) === undefined && [7, 9, 10, 13].includes(ofOpcode)) expectInside(request);
  };
  test('random bodies', () =>
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), opcode, version, fc.constantFrom(0, 2, 4), tried), {
      numRuns: 5000,
    }));
  test('bodies with bytes changed, or cut', () => {
    const parameters: RequestParameters = {
      ...query,
      values: [id, null, utf8('x')],
      names: ['a', 'b', 'c'],
      keyspace: 'k',
    };
    const seeds = versions.flatMap((of) =>
      [
        written(of, (to) => to.query(1, 'SELECT', parameters)),
        written(of, (to) => to.execute(1, id, resultId, parameters)),
        written(of, (to) => to.prepare(1, 'SELECT', 'ks')),
        written(of, (to) =>
          to.batch(
            1,
            0,
            [
              { id, values: [id] },
              { text: 'x', values: [null, id] },
            ],
            query,
          ),
        ),
        written(of, (to) =>
          to.startup(
            1,
            new Map([
              ['a', 'b'],
              ['c', 'd'],
            ]),
          ),
        ),
      ].map((whole): [Uint8Array, number, ProtocolVersion] => [whole.slice(9), whole[4] ?? 0, of]),
    );
    const edit = fc.tuple(fc.nat(200), fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff));
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(edit, { maxLength: 4 }),
        fc.nat(200),
        ([body, one, of], edits, cut) => {
          const changed = body.slice(0, cut < 100 ? Math.min(cut, body.length) : body.length);
          for (const [at, byte] of edits) if (changed.length > 0) changed[at % changed.length] = byte;
          tried(changed, one, of, 0);
        },
      ),
      { numRuns: 5000 },
    );
  });
  test('what one long message needed is let go', () => {
    const values: WireValue[] = Array.from({ length: 65_535 }, () => null);
    const one = decoded(written(4, (to) => to.execute(1, id, id, { consistency: 1, values })));
    expect(one.values.starts.length).toBeGreaterThanOrEqual(65_535);
    expect(decodeRequest(frameOf(written(4, (to) => to.options(1))), one)).toBeUndefined();
    expect(one.values.starts.length).toBeLessThan(100);
  });
});

test('a request that is too long is not written, and what was stays', () => {
  const writer = new RequestWriter({ bodySizeMaxBytes: 100 });
  writer.options(1);
  expect(writer.authResponse(2, new Uint8Array(97))).toBe(false);
  expect(writer.authResponse(3, new Uint8Array(96))).toBe(true);
  const bytesOut = writer.take();
  expect([bytesOut.length, bytesOut[3], bytesOut[12]]).toEqual([9 + 109, 1, 3]);
  writer.options(4);
  expect(toHex(concatBytes([bytesOut.subarray(0, 9), writer.take()]))).toBe('050000010500000000050000040500000000');
});
