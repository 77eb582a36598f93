/** Log lines for people. The only module that knows pino-pretty; no worker thread, so it can be bundled. */
import { prettyFactory } from 'pino-pretty';

export function prettifier(): (line: string) => string {
  const render = prettyFactory({
    colorize: process.env['NO_COLOR'] === undefined,
    messageKey: 'message',
    messageFormat: '{node} {message}',
    ignore: 'node,role,event,pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return (line) => render(line) as string;
}
