/** What every node can be told, whatever its role. */
import { readFile } from 'node:fs/promises';
import { StatusError } from '@skerry/kernel';
import {
  addressPattern,
  flag,
  hostPattern,
  integer,
  list,
  oneOf,
  optionalInteger,
  optionalText,
  readJson,
  readSettings,
  shape,
  text,
  type ConfigOf,
  type Settings,
  type Sources,
} from '@skerry/runtime-config';
import { levels } from '@skerry/runtime-telemetry';

/** Where `--metrics-port` begins to look for a free port when none is given (contracts, Default ports). */
export const metricsPortFirst = 9100;

export const nodeSettings = {
  id: text({
    default: '',
    pattern: /^[a-z0-9][a-z0-9_-]{0,62}$/,
    wanted: '1 to 63 of a-z 0-9 _ -',
    placeholder: 'ID',
    help: 'name of the node, such as data_1; required',
  }),
  host: text({
    default: '127.0.0.1',
    pattern: hostPattern,
    wanted: 'a host name or an IP address',
    placeholder: 'HOST',
    help: 'address to listen on; 0.0.0.0 is every one. Loopback by default, so that nothing is open by accident',
  }),
  advertise: optionalText({
    pattern: hostPattern,
    wanted: 'a host name or an IP address',
    placeholder: 'HOST',
    help: 'host under which others reach this node; by default --host, or the first interface if that is all',
  }),
  port: integer({
    default: 0,
    min: 0,
    max: 65_535,
    placeholder: 'P',
    help: 'gRPC port; 0 takes a free one, and logs it',
  }),
  data: text({
    default: './skerry-data',
    pattern: /^[^\0]+$/,
    wanted: 'a directory',
    placeholder: 'DIR',
    help: 'data directory; the node keeps everything in DIR/ID',
  }),
  join: list({
    default: [],
    pattern: addressPattern,
    wanted: 'HOST:PORT, separated by commas',
    placeholder: 'HOST:PORT,…',
    help: 'gRPC doors of discovery nodes; without any they are looked for by name and by broadcast',
  }),
  config: optionalText({
    pattern: /^[^\0]+$/,
    wanted: 'a file',
    placeholder: 'FILE',
    help: 'JSON file with settings by their camelCase names; flags and environment go before it',
  }),
  insecure: flag({ help: 'plaintext between nodes instead of mutual TLS; for development only' }),
  logLevel: oneOf({
    default: 'info',
    choices: levels,
    help: 'least level of lines that are logged; can be changed while running',
  }),
  metricsPort: optionalInteger({
    min: 0,
    max: 65_535,
    placeholder: 'P',
    help: `port of /metrics /livez /readyz /status; 0 takes any, default: first free from ${metricsPortFirst}`,
  }),
  site: text({
    default: '',
    pattern: /^[a-z0-9-]{0,32}$/,
    wanted: '0 to 32 of a-z 0-9 -',
    placeholder: 'NAME',
    help: 'where the node stands, for placement across sites',
  }),
} satisfies Settings;
export type NodeConfig = ConfigOf<typeof nodeSettings>;

/** A configuration file has a few lines; this is far past any that a person wrote, in bytes. */
const configFileSizeMaxBytes = 1024 * 1024;

/**
 * Settings from flags, environment and the file that `config` names, which is read once.
 * @throws StatusError `malformed`.
 */
export async function readNodeSettings<S extends Settings>(
  settings: S & typeof nodeSettings,
  sources: Omit<Sources, 'file'>,
): Promise<ConfigOf<S> & NodeConfig> {
  const { config: path } = readSettings({ config: nodeSettings.config }, sources);
  const file = path === undefined ? {} : await readConfigFile(path);
  const config = readSettings(settings, { ...sources, file }) as ConfigOf<S> & NodeConfig;
  if (config.id === '')
    throw new StatusError('malformed', `Cannot read --id: must be ${nodeSettings.id.wanted}: got ""`);
  return config;
}

async function readConfigFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  let json: string;
  try {
    json = await readFile(path, 'utf8');
  } catch (cause) {
    const why = (cause as Error).message;
    throw new StatusError('malformed', `Cannot read --config: must be a readable file: got "${path}" (${why})`, {
      cause,
    });
  }
  if (json.length > configFileSizeMaxBytes)
    throw new StatusError('malformed', `Cannot read --config: must have at most ${configFileSizeMaxBytes} bytes`);
  return readJson(shape.record(shape.string(), shape.unknown()), json, `configuration file "${path}"`);
}
