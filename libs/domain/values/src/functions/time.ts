/** Functions of time. Source: Cassandra 5.0, `TimeFcts`, `UuidFcts`; each by its name of today and of before 5.0. */
import { ok } from '@skerry/kernel';
import { timeuuidMax, timeuuidMin, timeuuidMs } from '../addresses.ts';
import { dayMs } from '../civil.ts';
import { type Duration, durationOf, durationText, floorToDuration } from '../duration.ts';
import { int32At, int32Bytes, int64At, int64Bytes } from '../integers.ts';
import { dateEpoch, dayNanoseconds } from '../times.ts';
import type { NativeKind, ValueType } from '../type.ts';
import { invalid, type Outcome, type FunctionWorld, type ScalarFunction, strict } from './function.ts';

type Temporal = 'timeuuid' | 'timestamp' | 'date';
const day = BigInt(dayMs);
const floorDays = (ms: bigint): bigint => (ms - (((ms % day) + day) % day)) / day;

function msOf(kind: Temporal, bytes: Uint8Array): bigint {
  if (kind === 'timeuuid') return timeuuidMs(bytes);
  return kind === 'timestamp' ? int64At(bytes, 0) : BigInt((int32At(bytes, 0) >>> 0) - dateEpoch) * day;
}
const dateOfMs = (ms: bigint): Uint8Array => int32Bytes(Number(floorDays(ms)) + dateEpoch);
const native = (kind: NativeKind): ValueType => ({ kind });

const fromWorld = (names: readonly string[], kind: NativeKind, make: (world: FunctionWorld) => Uint8Array) =>
  names.map((name): ScalarFunction => ({
    name,
    argTypes: [],
    returns: native(kind),
    pure: false,
    apply: (_, world) => ok(make(world)),
  }));
const converting = (
  names: readonly string[],
  from: Temporal,
  to: NativeKind,
  make: (ms: bigint) => Uint8Array,
): ScalarFunction[] =>
  names.map((name) => strict(name, [native(from)], native(to), ([bytes]) => ok(bytes && make(msOf(from, bytes)))));
const toDate = ['to_date', 'todate'];
const toTimestamp = ['to_timestamp', 'totimestamp'];
const toUnix = ['to_unix_timestamp', 'tounixtimestamp'];

function randomUuid(world: FunctionWorld): Uint8Array {
  const bytes = world.random().slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}

const fine = (duration: Duration): boolean => duration.nanoseconds % 1_000_000n !== 0n;
function floored(kind: Temporal, time: Uint8Array, span: Uint8Array, start: bigint): Outcome {
  const duration = durationOf(span);
  if (kind === 'date' && duration.nanoseconds !== 0n)
    return invalid(
      `The floor on date values cannot be computed for the ${durationText(duration)} duration as precision is below 1 day`,
    );
  if (fine(duration))
    return invalid(
      `The floor cannot be computed for the ${durationText(duration)} duration as precision is below 1 millisecond`,
    );
  const made = floorToDuration(msOf(kind, time), duration, start);
  if (!made.ok) return invalid(made.error);
  return ok(kind === 'date' ? dateOfMs(made.value) : int64Bytes(made.value));
}
/** Without a third argument multiples are counted from 1970. */
function flooring(kind: Temporal): ScalarFunction[] {
  const returns = native(kind === 'date' ? 'date' : 'timestamp');
  const startKind = kind === 'date' ? 'date' : 'timestamp';
  const args = [native(kind), native('duration')];
  return [
    strict('floor', args, returns, ([time, span]) => (time && span ? floored(kind, time, span, 0n) : ok(undefined))),
    strict('floor', [...args, native(startKind)], returns, ([time, span, start]) =>
      time && span && start ? floored(kind, time, span, msOf(startKind, start)) : ok(undefined),
    ),
  ];
}
const floorOfTime = strict('floor', [native('time'), native('duration')], native('time'), ([time, span]) => {
  if (time === undefined || span === undefined) return ok(undefined);
  const { months, days, nanoseconds } = durationOf(span);
  if (months < 0 || days < 0 || nanoseconds < 0n)
    return invalid('Negative durations are not supported by the floor function');
  if (months !== 0 || days !== 0 || nanoseconds > dayNanoseconds)
    return invalid('For time values, the floor can only be computed for durations smaller that a day');
  const value = int64At(time, 0);
  return ok(int64Bytes(nanoseconds === 0n ? value : value - (value % nanoseconds)));
});

export const timeFunctions: readonly ScalarFunction[] = [
  ...fromWorld(['now', 'current_timeuuid', 'currenttimeuuid'], 'timeuuid', (world) => world.timeuuid()),
  ...fromWorld(['uuid'], 'uuid', randomUuid),
  ...fromWorld(['current_timestamp', 'currenttimestamp'], 'timestamp', (world) => int64Bytes(world.nowMs)),
  ...fromWorld(['current_date', 'currentdate'], 'date', (world) => dateOfMs(world.nowMs)),
  ...fromWorld(['current_time', 'currenttime'], 'time', (world) =>
    int64Bytes((((world.nowMs % day) + day) % day) * 1_000_000n),
  ),
  ...converting(['min_timeuuid', 'mintimeuuid'], 'timestamp', 'timeuuid', timeuuidMin),
  ...converting(['max_timeuuid', 'maxtimeuuid'], 'timestamp', 'timeuuid', timeuuidMax),
  ...converting(toDate, 'timeuuid', 'date', dateOfMs),
  ...converting(toDate, 'timestamp', 'date', dateOfMs),
  ...converting(toTimestamp, 'timeuuid', 'timestamp', int64Bytes),
  ...converting(toTimestamp, 'date', 'timestamp', int64Bytes),
  ...converting(toUnix, 'timeuuid', 'bigint', int64Bytes),
  ...converting(toUnix, 'timestamp', 'bigint', int64Bytes),
  ...converting(toUnix, 'date', 'bigint', int64Bytes),
  ...flooring('timestamp'),
  ...flooring('timeuuid'),
  ...flooring('date'),
  floorOfTime,
];
