/** `skerry sessions …`: who is connected, and out with them. */
import { StatusError } from '@skerry/kernel';
import type { routing } from '@skerry/proto';
import { command, hostPattern, optionalText } from '@skerry/runtime-config';
import { askAll } from '../ask-all.ts';
import { jsonSetting } from '../common-settings.ts';
import { operatorSettings, withOperator } from '../operator.ts';
import { table } from '../table.ts';

const listSessions = command({
  path: ['sessions', 'list'],
  summary: 'List the FTP sessions of all routers.',
  settings: { ...operatorSettings, json: jsonSetting },
  examples: ['skerry sessions list', 'skerry sessions list --json'],
  run: async (config, context) => {
    const { sessions, missing } = await withOperator(config, async ({ routers }) => {
      const asked = await askAll(routers, 'router', (client) =>
        client.listSessions({ everywhere: true }, { idempotent: true }),
      );
      return { sessions: joined(asked.answers), missing: asked.missing };
    });
    for (const line of missing) context.stderr.write(`${line}; its sessions are as the others heard of them last\n`);
    const nowMs = Date.now();
    const rows = sessions.map((one) => [
      one.sessionId,
      one.user,
      one.clientAddress,
      one.router,
      one.tls ? (one.dataTls || !one.transferring ? 'tls' : 'tls, data clear') : '',
      duration(nowMs - one.connectedAtMs),
      one.idleMs > 0 ? duration(one.idleMs) : '',
      one.command,
      one.transferring ? one.path : one.workingDirectory,
      one.transferring ? String(one.transferredBytes) : '',
      one.transferring ? `${(one.bytesPerSecond / 1_000_000).toFixed(1)} MB/s` : '',
    ]);
    const headings = ['session', 'user', 'client', 'router', '', 'since', 'idle', 'command', 'path', 'bytes', 'rate'];
    context.stdout.write(config.json ? `${JSON.stringify(sessions)}\n` : `${table(headings, rows)}\n`);
    return 0;
  },
});
/** Each once: as its own router told it, else as another heard of it. */
function joined(
  answers: readonly { readonly nodeId: string; readonly answer: routing.ListSessionsResponse }[],
): readonly routing.SessionSummary[] {
  const all = answers.flatMap(({ nodeId, answer }) =>
    answer.sessions.map((session) => ({ session, own: session.router === nodeId })),
  );
  const byId = new Map(all.map(({ session }) => [session.sessionId, session]));
  for (const { session, own } of all) if (own) byId.set(session.sessionId, session);
  return [...byId.values()].toSorted((a, b) => a.connectedAtMs - b.connectedAtMs);
}
/** `2h03m`, `5m07s` or `12s`. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  if (hours > 0) return `${hours}h${two(minutes)}m`;
  return minutes > 0 ? `${minutes}m${two(seconds % 60)}s` : `${seconds}s`;
}

const kick = command({
  path: ['sessions', 'kick'],
  summary: 'End a session, or all of a user or an address, with reply 421; what is given must all be so.',
  positional: '[session]',
  settings: {
    ...operatorSettings,
    user: optionalText({ help: 'Sessions of this user.', placeholder: 'NAME' }),
    address: optionalText({
      help: 'Sessions from this client address.',
      pattern: hostPattern,
      wanted: 'an address',
      placeholder: 'ADDR',
    }),
    json: jsonSetting,
  },
  examples: [
    'skerry sessions kick 4f1c8b2e9a7d4c03b5e6f7a8091b2c3d',
    'skerry sessions kick --user ada',
    'skerry sessions kick --address 203.0.113.9',
  ],
  run: async (config, { arguments: [sessionId = ''], stdout, stderr }) => {
    const wanted = { sessionId, user: config.user ?? '', clientHost: config.address ?? '' };
    const given = Object.values(wanted).filter((value) => value !== '');
    if (given.length === 0)
      throw new StatusError('malformed', 'Cannot end sessions: give a session, --user or --address');
    const { ended, missing } = await withOperator(config, async ({ routers }) => {
      const options = { idempotent: true };
      const direct = await askAll(routers, 'router', (client) => client.kickSession(wanted, options));
      // The routers know of more of them than we may, and reach more.
      const reached = routers.filter(({ nodeId }) => direct.answers.some((each) => each.nodeId === nodeId));
      const passedOn = await askAll(reached.slice(0, 1), 'router', (client) =>
        client.kickSession({ ...wanted, everywhere: true }, options),
      );
      const all = [...direct.answers, ...passedOn.answers];
      return { ended: all.reduce((sum, { answer }) => sum + answer.ended, 0), missing: direct.missing };
    });
    for (const line of missing) stderr.write(`${line}\n`);
    if (ended === 0)
      throw new StatusError('no_such_entry', `Cannot find a session of "${given.join(' ')}": see skerry sessions list`);
    stdout.write(config.json ? `${JSON.stringify({ ended })}\n` : `ended ${sessionId === '' ? ended : sessionId}\n`);
    return 0;
  },
});

export const sessionCommands = [listSessions, kick];
