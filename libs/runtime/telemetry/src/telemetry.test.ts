import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { StatusError } from '@skerry/kernel';
import { mergeMetrics } from './metrics.ts';
import { createTelemetry, levels } from './telemetry.ts';
import type { Level, Telemetry, TelemetryEvent } from './types.ts';

type Line = Readonly<Record<string, unknown>>;
function start(level: Level = 'info'): { telemetry: Telemetry; lines: Line[] } {
  const lines: Line[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Line);
  const telemetry = createTelemetry({
    nodeId: 'data_1',
    role: 'data',
    level,
    output: { write },
    processMetrics: false,
  });
  return { telemetry, lines };
}

describe('an event', () => {
  test('is one JSON line that says who, what, when and how bad', () => {
    const { telemetry, lines } = start();
    telemetry.emit({ event: 'session_opened', message: 'a session opened', messageId: 'm-1', user: 'ann' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      node: 'data_1',
      role: 'data',
      event: 'session_opened',
      level: 'info',
      message: 'a session opened',
      messageId: 'm-1',
      user: 'ann',
    });
    expect(lines[0]?.['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
  });
  test('without a message is told by its name', () => {
    const { telemetry, lines } = start();
    telemetry.emit({ event: 'session_opened' });
    expect(lines[0]).toMatchObject({ message: 'session_opened' });
  });
  test('hides secrets, in its fields and in its message', () => {
    const { telemetry, lines } = start();
    telemetry.emit({ event: 'x', message: 'ftp://a:pencil@h/', password: 'pencil', deep: [{ ticket: 'pencil' }] });
    expect(JSON.stringify(lines)).not.toContain('pencil');
  });
  test('tells its error', () => {
    const { telemetry, lines } = start();
    telemetry.emit({ event: 'x', level: 'error', error: new StatusError('quota', 'full') });
    expect(lines[0]).toMatchObject({ level: 'error', error: { reason: 'quota', message: 'full' } });
  });
  test('whose fields are called like those of every line keeps both', () => {
    const { telemetry, lines } = start();
    telemetry.emit({ event: 'joined', node: 'data_2', time: 5 });
    expect(lines[0]).toMatchObject({ node: 'data_1', node_: 'data_2', time_: 5 });
  });
  test('is counted by name, also when it is below the level', async () => {
    const { telemetry } = start('error');
    telemetry.emit({ event: 'a' });
    telemetry.emit({ event: 'a', level: 'trace' });
    expect(await telemetry.metricsText()).toContain('skerry_events_total{event="a",node="data_1"} 2');
  });
});

describe('the level', () => {
  test.each(levels)('%s lets itself and what is worse through', (level) => {
    const { telemetry, lines } = start(level);
    for (const each of levels) telemetry.emit({ event: each, level: each });
    expect(lines.map((line) => line['event'])).toEqual(levels.slice(levels.indexOf(level)));
  });
  test('changes while running, for children too', () => {
    const { telemetry, lines } = start('info');
    const child = telemetry.child({ group: 'g' });
    child.emit({ event: 'a', level: 'debug' });
    expect(telemetry.setLevel('debug')).toBe('info');
    child.emit({ event: 'b', level: 'debug' });
    expect(lines.map((line) => line['event'])).toEqual(['b']);
    expect(child.level).toBe('debug');
  });
});

describe('a listener', () => {
  test('hears every event before the level is looked at, until it stops', () => {
    const { telemetry } = start('fatal');
    const heard: TelemetryEvent[] = [];
    const stop = telemetry.listen((event) => heard.push(event));
    telemetry.child({ group: 'g' }).emit({ event: 'a', level: 'trace' });
    stop();
    telemetry.emit({ event: 'b' });
    expect(heard).toEqual([{ event: 'a', level: 'trace', group: 'g' }]);
  });
  test('that throws is told of, and breaks nothing', () => {
    const { telemetry, lines } = start();
    const heard: string[] = [];
    telemetry.listen(() => {
      throw new Error('boom');
    });
    telemetry.listen(({ event }) => heard.push(event));
    telemetry.emit({ event: 'a' });
    expect(heard).toEqual(['a']);
    expect(lines[1]).toMatchObject({ event: 'listener_failed', about: 'a', error: { message: 'boom' } });
  });
});

describe('metrics', () => {
  test('counter, gauge and histogram, with labels and without', async () => {
    const { telemetry } = start();
    telemetry.counter('calls_total', 'Calls.', ['method']).add(2, { method: 'a' });
    telemetry.counter('bytes_total', 'Bytes.').add();
    telemetry.gauge('sessions', 'Sessions.').set(7);
    telemetry.histogram('wait_seconds', 'Waits.', [], [0.1, 1]).observe(0.5);
    const text = await telemetry.metricsText();
    expect(text).toContain('# TYPE skerry_calls_total counter');
    expect(text).toContain('skerry_calls_total{method="a",node="data_1"} 2');
    expect(text).toContain('skerry_bytes_total{node="data_1"} 1');
    expect(text).toContain('skerry_sessions{node="data_1"} 7');
    expect(text).toContain('skerry_wait_seconds_bucket{le="0.1",node="data_1"} 0');
    expect(text).toContain('skerry_wait_seconds_bucket{le="1",node="data_1"} 1');
  });
  test('a histogram keeps each set of labels apart; a bound belongs to its bucket; all are in the last', async () => {
    const { telemetry } = start();
    const waits = telemetry.histogram('wait_seconds', 'Waits.', ['method'], [0.1, 1]);
    const series = waits.with({ method: 'a' });
    for (const value of [0.1, 0.2, 1, 5]) series.observe(value);
    waits.observe(0.05, { method: 'b' });
    waits.observe(0.05, { method: 'a' });
    const lines = (await telemetry.metricsText()).split('\n').filter((line) => line.startsWith('skerry_wait_seconds'));
    expect(lines).toEqual([
      'skerry_wait_seconds_bucket{le="0.1",method="a",node="data_1"} 2',
      'skerry_wait_seconds_bucket{le="1",method="a",node="data_1"} 4',
      'skerry_wait_seconds_bucket{le="+Inf",method="a",node="data_1"} 5',
      'skerry_wait_seconds_sum{method="a",node="data_1"} 6.35',
      'skerry_wait_seconds_count{method="a",node="data_1"} 5',
      'skerry_wait_seconds_bucket{le="0.1",method="b",node="data_1"} 1',
      'skerry_wait_seconds_bucket{le="1",method="b",node="data_1"} 1',
      'skerry_wait_seconds_bucket{le="+Inf",method="b",node="data_1"} 1',
      'skerry_wait_seconds_sum{method="b",node="data_1"} 0.05',
      'skerry_wait_seconds_count{method="b",node="data_1"} 1',
    ]);
    expect(() => waits.with({ verb: 'a' })).toThrow('has no label "verb"');
    expect(() => series.observe(Number.NaN)).toThrow('finite');
  });
  test('a gauge that reads is read at each scrape', async () => {
    const { telemetry } = start();
    let value = 1;
    telemetry.gauge('open', 'Open.', [], () => value++);
    expect(await telemetry.metricsText()).toContain('skerry_open{node="data_1"} 1');
    expect(await telemetry.metricsText()).toContain('skerry_open{node="data_1"} 2');
  });
  test('asked twice, the same; of two nodes, two', async () => {
    const [{ telemetry }, { telemetry: other }] = [start(), start()];
    expect(telemetry.counter('a_total', 'A.')).toBe(telemetry.counter('a_total', 'A.'));
    telemetry.child({ x: 1 }).counter('a_total', 'A.').add();
    expect(await telemetry.metricsText()).toContain('skerry_a_total{node="data_1"} 1');
    expect(await other.metricsText()).not.toContain('skerry_a_total');
  });
  test('of several nodes in one text: each family once, with the samples of all', async () => {
    const nodes = ['a', 'b'].map((nodeId) =>
      createTelemetry({ nodeId, role: 'data', output: 'silent', processMetrics: false }),
    );
    for (const node of nodes) {
      node.counter('calls_total', 'Calls.').add();
      node.histogram('wait_seconds', 'Waits.', [], [1]).observe(0.5);
    }
    nodes[1]?.gauge('only_b', 'One.').set(1);
    const text = mergeMetrics(await Promise.all(nodes.map((node) => node.metricsText())));
    expect(text.match(/^# TYPE skerry_calls_total /gm)).toHaveLength(1);
    expect(text).toContain('skerry_calls_total{node="a"} 1\nskerry_calls_total{node="b"} 1\n');
    expect(text.match(/^skerry_wait_seconds_count\{node="[ab]"\} 1$/gm)).toHaveLength(2);
    expect(text).toContain('skerry_only_b{node="b"} 1');
    expect(mergeMetrics([text])).toBe(text);
    expect(mergeMetrics([])).toBe('');
  });
  test('a name that is none is our bug', () => {
    expect(() => start().telemetry.counter('Bad-Name', 'x')).toThrow(/snake_case/);
  });
  test('of the process: memory and the event loop, once', async () => {
    const telemetry = createTelemetry({ nodeId: 'a', role: 'b', output: 'silent' });
    const text = await telemetry.metricsText();
    expect(text).toMatch(/skerry_process_memory_bytes\{kind="anonymous"\} \d{6,}/);
    expect(text.match(/^# TYPE nodejs_eventloop_lag_seconds /gm)).toHaveLength(1);
    expect(await telemetry.metricsText()).toMatch(/process_cpu_seconds_total/);
  });
});

describe('standard error', () => {
  const run = (output: string, end: string): { stdout: string; stderr: string; status: number | null } => {
    const module = JSON.stringify(fileURLToPath(new URL('telemetry.ts', import.meta.url)));
    const script = `import { createTelemetry } from ${module};
      const telemetry = createTelemetry({ nodeId: 'n', role: 'r', ${output} });
      for (let i = 0; i < 1000; i++) telemetry.emit({ event: 'e', i });
      ${end}`;
    const root = fileURLToPath(new URL('..', import.meta.url));
    const flags = ['--import', 'tsx', '--conditions=@skerry/source', '--input-type=module', '-e', script];
    return spawnSync(process.execPath, flags, { cwd: root, encoding: 'utf8', env: { PATH: process.env['PATH'] } });
  };
  test.each([
    ['the process runs out of work', ''],
    ['flush', 'await telemetry.flush();'],
    ['process.exit', 'process.exit(0);'],
    ['a fatal event and exit', `telemetry.emit({ event: 'e', level: 'fatal' }); process.exit(0);`],
  ])('gets every line as JSON at the end by %s', (_, end) => {
    const { stdout, stderr, status } = run('', end);
    expect(status).toBe(0);
    expect(stdout).toBe('');
    const lines = stderr.trim().split('\n');
    expect(lines.length).toBeGreaterThan(999);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ event: 'e', node: 'n' });
  });
  test('gets lines for people when told', () => {
    const { stderr } = run(`output: 'pretty'`, '');
    expect(stderr.split('\n')).toHaveLength(1001);
    expect(stderr).toMatch(/INFO.*n e/);
  });
});
