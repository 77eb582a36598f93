import { describe, expect, test } from '@jest/globals';
import { toHex, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { errorCodes, opcodes, type ProtocolVersion } from './codes.ts';
import { lz4 } from './compression.ts';
import { errorForVersion, type ErrorBody } from './error-body.ts';
import type { EventBody, SchemaChange } from './event.ts';
import { Frame, FrameReader } from './frame-reader.ts';
import { encodeColumns, type EncodedColumns, type WireColumn } from './metadata.ts';
import { encodePrepared, type PreparedBody } from './prepared.ts';
import { ResponseWriter } from './response-writer.ts';
import { decodeResponse, readResponseHead, ResponseHead, type Response, type ResponseBody } from './response.ts';
import {
  bytes,
  columns,
  errorBody,
  eventBody,
  payload,
  schemaChange,
  stream,
  text,
  version,
  versions,
} from './wire-fixture.ts';

function frameOf(whole: Uint8Array): Frame {
  const reader = new FrameReader({ direction: 'response' });
  reader.push(whole);
  expect(reader.next()).toBe('frame');
  return reader.frame;
}
function written(of: ProtocolVersion, write: (writer: ResponseWriter) => void): Uint8Array {
  const writer = new ResponseWriter();
  writer.version = of;
  write(writer);
  return writer.take();
}
function decoded(whole: Uint8Array): Response {
  const result = decodeResponse(frameOf(whole));
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
const bodyOf = (of: ProtocolVersion, write: (writer: ResponseWriter) => void): ResponseBody =>
  decoded(written(of, write)).body;
const encoded = (all: readonly WireColumn[], of: ProtocolVersion): EncodedColumns => {
  const some = encodeColumns(all, of);
  if (some === undefined) throw new Error('too many columns');
  return some;
};
const one: WireColumn = { keyspace: 'ks', table: 't', name: 'a', type: { kind: 'int' } };
const two: readonly WireColumn[] = [one, { ...one, name: 'b', type: { kind: 'text' } }];
const address = Uint8Array.of(127, 0, 0, 1);

describe('known bytes', () => {
  const levels = { message: 'm', consistency: 4, received: 1, blockFor: 2 };
  const failures = [{ address, code: 1 }];
  const rows: readonly [string, ProtocolVersion, (to: ResponseWriter) => void, string][] = [
    ['READY', 4, (to) => to.ready(1), '840000010200000000'],
    ['AUTHENTICATE', 4, (to) => to.authenticate(1, 'ab'), '84000001030000000400026162'],
    [
      'SUPPORTED',
      5,
      (to) => to.supported(0, new Map([['C', ['x', 'y']]])),
      '850000000600000 00d000100014300020001780001 79',
    ],
    ['VOID', 3, (to) => to.void(258), '83000102080000000400000001'],
    ['SET_KEYSPACE', 4, (to) => to.setKeyspace(1, 'ks'), '8400000108000000080000000300026b73'],
    [
      'tracing, then warnings, then payload',
      4,
      (to) => to.void(1, { tracingId: new Uint8Array(16).fill(7), warnings: ['w'], payload: new Map([['k', null]]) }),
      '840e000108 00000022 07070707070707070707070707070707 0001000177 000100016bffffffff 00000001',
    ],
    [
      'EVENT on stream −1',
      4,
      (to) => to.event({ type: 'STATUS_CHANGE', change: 'UP', address, port: 9042 }),
      '8400ffff0c0000001c000d5354415455535f4348414e474500025550047f00000100002352',
    ],
    [
      'rows',
      4,
      (to) => {
        to.beginRows(1, encoded(two, 4), false);
        to.cell(utf8('xabcd'), 1, 4);
        to.nullCell();
        to.endRow();
        to.endRows();
      },
      '84000001080000002d00000002000000010000000200026b7300017400016100090001 62000d00000001000000046162 6364ffffffff'.replaceAll(
        ' ',
        '',
      ),
    ],
    [
      'rows without metadata, more pages',
      4,
      (to) => {
        to.beginRows(1, encoded(two, 4), true);
        to.endRows(utf8('pg'));
      },
      '84000001080000001600000002000000060000000200000002706700000000',
    ],
    [
      'rows whose metadata has changed',
      5,
      (to) => {
        to.beginRows(1, encoded([one], 5), true, utf8('id'));
        to.endRows();
      },
      '85000001080000002000000002000000090000000100026964 00026b73000174000161000900000000',
    ],
    [
      'ERROR unprepared',
      4,
      (to) => to.error(1, { kind: 'unprepared', message: 'm', id: utf8('id') }),
      '84000001000000000b0000250000016d00026964',
    ],
    [
      'ERROR unavailable',
      4,
      (to) => to.error(1, { kind: 'unavailable', message: 'm', consistency: 4, required: 3, alive: 1 }),
      '8400000100000000110000100000016d00040000000300000001',
    ],
    [
      'ERROR read failure in v4: how many',
      4,
      (to) => to.error(1, { kind: 'read_failure', ...levels, failures, dataPresent: true }),
      '8400000100000000160000130000016d0004000000010000000200000001 01',
    ],
    [
      'ERROR read failure in v5: who and why',
      5,
      (to) => to.error(1, { kind: 'read_failure', ...levels, failures, dataPresent: true }),
      '85000001000000001d0000130000016d0004000000010000000200000001047f000001000101',
    ],
    [
      'ERROR write time-out of CAS in v5',
      5,
      (to) => to.error(1, { kind: 'write_timeout', ...levels, writeType: 'CAS', contentions: 3 }),
      '8500000100000000180000110000016d000400000001000000020003434153 0003',
    ],
  ];
  for (const [what, of, write, digits] of rows)
    test(what, () => expect(toHex(written(of, write))).toBe(digits.replaceAll(' ', '')));
  test('PREPARED in each version', () => {
    const body: PreparedBody = { id: utf8('i'), resultId: utf8('r'), variables: [one], partitionKey: [0], columns: [] };
    const spec = '00026b730001740001610009';
    expect(versions.map((of) => toHex(encodePrepared(body, of) ?? new Uint8Array(0)))).toEqual([
      `000169${'00000001'}00000001${spec}${'00000004'}00000000`,
      `000169${'00000001'}00000001000000010000${spec}0000000400000000`,
      `000169000172${'00000001'}00000001000000010000${spec}0000000400000000`,
    ]);
  });
  test('every code', () => {
    expect(Object.values(errorCodes).map((code) => code.toString(16))).toEqual([
      '0',
      'a',
      '100',
      '1000',
      '1001',
      '1002',
      '1003',
      '1100',
      '1200',
      '1300',
      '1400',
      '1500',
      '1600',
      '1700',
      '2000',
      '2100',
      '2200',
      '2300',
      '2400',
      '2500',
    ]);
  });
});

describe('what an older version has not', () => {
  const levels = { message: 'm', consistency: 4, received: 1, blockFor: 2 };
  const rows: readonly [ErrorBody, ProtocolVersion, string][] = [
    [{ kind: 'read_failure', ...levels, failures: [], dataPresent: true }, 3, 'read_timeout'],
    [{ kind: 'write_failure', ...levels, failures: [], writeType: 'SIMPLE' }, 3, 'write_timeout'],
    [{ kind: 'function_failure', message: 'm', keyspace: 'k', name: 'f', argumentTypes: [] }, 3, 'invalid'],
    [{ kind: 'cdc_write_failure', message: 'm' }, 3, 'invalid'],
    [{ kind: 'cas_write_unknown', ...levels }, 4, 'write_timeout'],
    [{ kind: 'cas_write_unknown', ...levels }, 5, 'cas_write_unknown'],
    [{ kind: 'read_failure', ...levels, failures: [], dataPresent: true }, 4, 'read_failure'],
  ];
  for (const [error, of, kind] of rows)
    test(`${error.kind} in v${of} is ${kind}`, () => expect(errorForVersion(error, of).kind).toBe(kind));
  test('a function changed in v3: its keyspace did', () => {
    const schema: SchemaChange = {
      change: 'CREATED',
      target: 'FUNCTION',
      keyspace: 'ks',
      name: 'f',
      argumentTypes: [],
    };
    expect(bodyOf(3, (to) => to.schemaChange(1, schema))).toEqual({
      kind: 'schema_change',
      schema: { change: 'UPDATED', target: 'KEYSPACE', keyspace: 'ks' },
    });
  });
  test('warnings and payload are left out in v3', () => {
    const response = decoded(written(3, (to) => to.void(1, { warnings: ['w'], payload: new Map([['k', null]]) })));
    expect([response.warnings, response.payload.size]).toEqual([[], 0]);
  });
});

/** As the version tells it. */
function toldError(given: ErrorBody, of: ProtocolVersion): ErrorBody {
  const error = errorForVersion(given, of);
  switch (error.kind) {
    case 'write_timeout': {
      const { kind, message, consistency, received, blockFor, writeType } = error;
      const plain = { kind, message, consistency, received, blockFor, writeType };
      return of >= 5 && writeType === 'CAS' ? { ...plain, contentions: error.contentions ?? 0 } : plain;
    }
    case 'read_timeout': {
      const { kind, message, consistency, received, blockFor, dataPresent } = error;
      return { kind, message, consistency, received, blockFor, dataPresent };
    }
    case 'read_failure':
    case 'write_failure':
      return of >= 5
        ? error
        : { ...error, failures: error.failures.map(() => ({ address: new Uint8Array(0), code: 0 })) };
    default:
      return error;
  }
}
function toldSchema(schema: SchemaChange, of: ProtocolVersion): SchemaChange {
  return of < 4 && (schema.target === 'FUNCTION' || schema.target === 'AGGREGATE')
    ? { change: 'UPDATED', target: 'KEYSPACE', keyspace: schema.keyspace }
    : schema;
}

describe('round trip', () => {
  test('ERROR', () =>
    fc.assert(
      fc.property(errorBody, version, (error, of) =>
        expect(bodyOf(of, (to) => to.error(1, error))).toEqual({ kind: 'error', error: toldError(error, of) }),
      ),
      { numRuns: 500 },
    ));
  test('EVENT and SCHEMA_CHANGE', () =>
    fc.assert(
      fc.property(eventBody, schemaChange, version, (event, schema, of) => {
        const told: EventBody =
          event.type === 'SCHEMA_CHANGE' ? { ...event, schema: toldSchema(event.schema, of) } : event;
        const response = decoded(written(of, (to) => to.event(event)));
        expect([response.stream, response.body]).toEqual([-1, { kind: 'event', event: told }]);
        expect(bodyOf(of, (to) => to.schemaChange(1, schema))).toEqual({
          kind: 'schema_change',
          schema: toldSchema(schema, of),
        });
      }),
    ));
  test('PREPARED', () =>
    fc.assert(
      fc.property(
        bytes,
        bytes,
        columns,
        fc.array(fc.nat(0xffff), { maxLength: 4 }),
        columns,
        version,
        (id, resultId, variables, partitionKey, result, of) => {
          const body = encodePrepared({ id, resultId, variables, partitionKey, columns: result }, of);
          expect(bodyOf(of, (to) => to.prepared(1, body ?? new Uint8Array(0)))).toEqual({
            kind: 'prepared',
            prepared: {
              id,
              resultId: of >= 5 ? resultId : new Uint8Array(0),
              variables,
              partitionKey: of >= 4 ? partitionKey : [],
              columns: result,
            },
          });
        },
      ),
    ));
  test('ROWS with all that stands before them', () =>
    fc.assert(
      fc.property(
        columns,
        fc.array(fc.array(fc.option(bytes), { minLength: 4, maxLength: 4 }), { maxLength: 8 }),
        fc.boolean(),
        fc.option(bytes, { nil: undefined }),
        fc.option(bytes, { nil: undefined }),
        fc.record(
          {
            tracingId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
            warnings: fc.array(text, { minLength: 1 }),
            payload,
          },
          { requiredKeys: [] },
        ),
        stream,
        version,
        (all, rows, skip, pagingState, changedId, extras, onStream, of) => {
          const cells = rows.map((row) => row.slice(0, all.length));
          const whole = written(of, (to) => {
            to.beginRows(onStream, encoded(all, of), skip, changedId, extras);
            for (const row of cells) {
              for (const cell of row)
                if (cell === null) to.nullCell();
                else to.cell(cell, 0, cell.length);
              to.endRow();
            }
            expect(to.rowCount).toBe(cells.length);
            expect(to.endRows(pagingState)).toBe(true);
          });
          const response = decoded(whole);
          expect(response.stream).toBe(onStream);
          expect(response.tracingId).toEqual(extras.tracingId);
          expect(response.warnings).toEqual((of >= 4 && extras.warnings) || []);
          expect(response.payload).toEqual((of >= 4 && extras.payload) || new Map());
          if (response.body.kind !== 'rows') throw new Error(response.body.kind);
          const told = of >= 5 ? changedId : undefined;
          expect(response.body.changedId).toEqual(told);
          expect(response.body.pagingState).toEqual(pagingState);
          expect(response.body.columns).toEqual(skip && told === undefined ? undefined : all);
          const { rowCount, columnCount, buffer, starts, lengths } = response.body.cells;
          expect([rowCount, columnCount]).toEqual([cells.length, all.length]);
          expect(
            Array.from(lengths, (length, i) =>
              length < 0 ? null : buffer.slice(starts[i], (starts[i] ?? 0) + length),
            ),
          ).toEqual(cells.flat());
          const head = new ResponseHead();
          expect(readResponseHead(frameOf(whole), head)).toBe(true);
          expect([head.resultKind, head.errorCode]).toEqual([2, -1]);
          expect(head.pagingLength).toBe(pagingState?.length ?? -1);
          expect(head.rowCount).toBe(response.body.columns === undefined ? cells.length : -1);
        },
      ),
      { numRuns: 300 },
    ));
  test('the rest', () =>
    fc.assert(
      fc.property(text, fc.option(bytes), fc.dictionary(text, fc.array(text)), version, (some, token, options, of) => {
        expect(bodyOf(of, (to) => to.ready(1))).toEqual({ kind: 'ready' });
        expect(bodyOf(of, (to) => to.void(1))).toEqual({ kind: 'void' });
        expect(bodyOf(of, (to) => to.authenticate(1, some))).toEqual({ kind: 'authenticate', className: some });
        expect(bodyOf(of, (to) => to.authChallenge(1, token))).toEqual({ kind: 'auth_challenge', token });
        expect(bodyOf(of, (to) => to.authSuccess(1, token))).toEqual({ kind: 'auth_success', token });
        expect(bodyOf(of, (to) => to.setKeyspace(1, some))).toEqual({ kind: 'set_keyspace', keyspace: some });
        const map = new Map(Object.entries(options));
        expect(bodyOf(of, (to) => to.supported(1, map))).toEqual({ kind: 'supported', options: map });
      }),
    ));
});

describe('the bytes for the socket', () => {
  test('are never written again, and writing goes on behind them', () => {
    const writer = new ResponseWriter();
    writer.version = 4;
    const taken: [Uint8Array, string][] = [];
    for (let i = 0; i < 2000; i++) {
      for (let j = 0; j <= i % 7; j++)
        writer.error(i & 0x7fff, { kind: 'invalid', message: 'x'.repeat((i * 31) % 900) });
      const bytesOut = writer.take();
      taken.push([bytesOut, toHex(bytesOut.subarray(0, 60))]);
    }
    for (const [bytesOut, before] of taken) expect(toHex(bytesOut.subarray(0, 60))).toBe(before);
    expect(writer.take().length).toBe(0);
  });
  test('rows too many for a frame become an error on their stream, and what was written before stays', () => {
    const writer = new ResponseWriter({ bodySizeMaxBytes: 1000 });
    writer.version = 4;
    writer.void(1);
    writer.beginRows(2, encoded([one], 4), true);
    while (writer.bodyLength <= 1000) {
      writer.cell(new Uint8Array(90), 0, 90);
      writer.endRow();
    }
    expect(writer.take().length).toBe(0);
    expect(writer.endRows()).toBe(false);
    writer.void(3);
    const reader = new FrameReader({ direction: 'response' });
    reader.push(writer.take());
    const seen: [number, string][] = [];
    while (reader.next() === 'frame') {
      const response = decodeResponse(reader.frame);
      if (response.ok) seen.push([response.value.stream, response.value.body.kind]);
    }
    expect(seen).toEqual([
      [1, 'void'],
      [2, 'error'],
      [3, 'void'],
    ]);
  });
  test('a message longer than a [string] can tell is cut between characters', () => {
    const { body } = decoded(written(4, (to) => to.error(1, { kind: 'syntax', message: `a${'é'.repeat(40_000)}` })));
    expect(body.kind === 'error' ? [...body.error.message].length : 0).toBe(1 + 32_767);
  });
  test('compressed bodies in v4', () => {
    const writer = new ResponseWriter();
    writer.startup(4, lz4);
    writer.authenticate(1, 'x'.repeat(2000));
    const bytesOut = writer.take();
    expect([bytesOut.length < 100, bytesOut[1]]).toEqual([true, 1]);
    const reader = new FrameReader({ direction: 'response' });
    reader.startup(4, lz4);
    reader.push(bytesOut);
    expect(reader.next()).toBe('frame');
    expect(decodeResponse(reader.frame)).toMatchObject({ ok: true, value: { body: { className: 'x'.repeat(2000) } } });
  });
});

describe('fuzz', () => {
  const tried = (body: Uint8Array, opcode: number, of: ProtocolVersion, flags: number): void => {
    const frame = new Frame();
    Object.assign(frame, { buffer: body, end: body.length, opcode, version: of, flags });
    const result = decodeResponse(frame);
    if (!result.ok) expect(result.error.message).not.toBe('');
    else if (result.value.body.kind === 'rows') {
      const { starts, lengths } = result.value.body.cells;
      for (let i = 0; i < starts.length; i++)
        expect((starts[i] ?? -1) + Math.max(lengths[i] ?? 0, 0) <= body.length).toBe(true);
    }
    readResponseHead(frame, new ResponseHead());
  };
  const flags = fc.constantFrom(0, 2, 4, 8, 14);
  test('random bodies', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(0, 2, 3, 6, 8, 12, 14, 16), version, flags, tried),
      { numRuns: 5000 },
    ));
  test('results with bytes changed, or cut', () => {
    const seeds = versions.flatMap((of) =>
      [
        written(of, (to) => {
          to.beginRows(1, encoded(two, of), false, utf8('id'));
          for (let i = 0; i < 3; i++) {
            to.cell(address, 0, 4);
            to.nullCell();
            to.endRow();
          }
          to.endRows(utf8('page'));
        }),
        written(of, (to) =>
          to.prepared(
            1,
            encodePrepared(
              { id: address, resultId: address, variables: two, partitionKey: [0, 1], columns: two },
              of,
            ) ?? address,
          ),
        ),
        written(of, (to) =>
          to.schemaChange(1, {
            change: 'CREATED',
            target: 'FUNCTION',
            keyspace: 'k',
            name: 'f',
            argumentTypes: ['int'],
          }),
        ),
      ].map((whole): [Uint8Array, ProtocolVersion] => [whole.slice(9), of]),
    );
    const edit = fc.tuple(fc.nat(200), fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff));
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(edit, { maxLength: 4 }),
        fc.nat(200),
        ([body, of], edits, cut) => {
          const changed = body.slice(0, cut < 100 ? Math.min(cut, body.length) : body.length);
          for (const [at, byte] of edits) if (changed.length > 0) changed[at % changed.length] = byte;
          tried(changed, opcodes.result, of, 0);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
