/** What STARTUP and OPTIONS are about: the versions and compressions that there are. */
import { lz4, snappy, type Compression, type Request } from '@skerry/protocol-cql';
import { CqlFault } from '../engine/contract.ts';

export const cqlVersion = '3.4.7';
const compressions: ReadonlyMap<string, Compression> = new Map([
  ['lz4', lz4],
  ['snappy', snappy],
]);
/** As OPTIONS is answered. */
export const supported = new Map<string, readonly string[]>([
  ['CQL_VERSION', [cqlVersion]],
  ['COMPRESSION', ['snappy', 'lz4']],
  ['PROTOCOL_VERSIONS', ['3/v3', '4/v4', '5/v5']],
]);

/** The compression that a STARTUP asks for. @throws CqlFault of what cannot be had. */
export function compressionOf({ options, version }: Request): Compression | undefined {
  const wanted = options.get('CQL_VERSION');
  if (wanted === undefined) throw new CqlFault({ kind: 'protocol' }, 'Missing value CQL_VERSION in STARTUP message');
  if (!/^[2-9]\d*\.\d+(\.\d+)?/.test(wanted))
    throw new CqlFault(
      { kind: 'protocol' },
      `CQL version ${wanted} is not supported by the binary protocol (supported versions are >= 3.0.0)`,
    );
  const name = options.get('COMPRESSION')?.toLowerCase();
  const compression = name === undefined || name === '' ? undefined : compressions.get(name);
  if (name !== undefined && name !== '' && (compression === undefined || (version >= 5 && name === 'snappy')))
    throw new CqlFault({ kind: 'protocol' }, `Unknown compression algorithm: ${name}`);
  return compression;
}

/** The client wants to be told when there is too much to do, instead of being read from later (Cassandra 4.0). */
export const throwsOnOverload = ({ options }: Request): boolean => options.get('THROW_ON_OVERLOAD') === '1';
