import { expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@skerry/testing/node';
import { nodeSettings, readNodeSettings } from './settings.ts';

const read = (flags: Record<string, unknown>, environment: Record<string, string> = {}) =>
  readNodeSettings(nodeSettings, { flags, environment });

test('with an id alone: loopback, free ports, nothing else known', async () => {
  expect(await read({ id: 'data_1' })).toEqual({
    id: 'data_1',
    host: '127.0.0.1',
    advertise: undefined,
    port: 0,
    data: './skerry-data',
    join: [],
    config: undefined,
    insecure: false,
    logLevel: 'info',
    metricsPort: undefined,
    site: '',
  });
});
test('file < environment < flag', async () => {
  const config = join(temporaryDirectory(), 'node.json');
  await writeFile(config, '{"id":"from-file","host":"h-file","site":"s-file","join":["a:1","b:2"]}');
  const settings = await read({ config, site: 's-flag' }, { SKERRY_HOST: 'h-env', SKERRY_SITE: 's-env' });
  expect(settings).toMatchObject({ id: 'from-file', host: 'h-env', site: 's-flag', join: ['a:1', 'b:2'] });
});
test.each([
  ['no id', {}, /--id/],
  ['an id with capitals', { id: 'Data' }, /--id: must be 1 to 63 of a-z 0-9 _ -: got "Data"/],
  ['a port too large', { id: 'a', port: '70000' }, /--port.*"70000"/],
  ['an address without port', { id: 'a', join: 'host' }, /--join/],
  ['a level that is none', { id: 'a', logLevel: 'loud' }, /--log-level.*"loud"/],
  ['a file that is not there', { id: 'a', config: '/no/such/file' }, /--config.*"\/no\/such\/file"/],
])('%s is refused', async (_, flags, message) => {
  await expect(read(flags)).rejects.toThrow(message);
  await expect(read(flags)).rejects.toMatchObject({ reason: 'malformed' });
});
test.each([
  ['no JSON', '{', /no JSON/],
  ['a list', '[1]', /configuration file/],
  ['a key that nobody knows', '{"colour":"red"}', /no setting "colour"/],
])('a configuration file with %s is refused', async (_, json, message) => {
  const config = join(temporaryDirectory(), 'node.json');
  await writeFile(config, json);
  await expect(read({ id: 'a', config })).rejects.toThrow(message);
});
