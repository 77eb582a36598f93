/** SITE, and what it offers. Source: RFC 959 §4.1.3; forms as lftp (CHMOD) and ncftp (UTIME) send them. */
import { parseTime } from '../calendar.ts';
import type { CommandRows, Steps, Turn } from './turn.ts';

const siteHelp = ['CHMOD <octal mode> <path>', 'HELP', 'QUOTA', 'UTIME YYYYMMDDHHMM[SS] <path>'];

function* setAttributes(turn: Turn, text: string, attributes: { mode?: number; modifiedAtMs?: number }): Steps {
  const path = turn.resolve(text, 'set_attributes');
  if (path === undefined) return;
  const changed = yield* turn.call<'setAttributes'>({ kind: 'setAttributes', path, ...attributes });
  if (!changed.ok) return turn.refuse(changed.error, 'set_attributes');
  turn.reply(200, 'Done.');
}

function* changeMode(turn: Turn, words: string): Steps {
  const found = /^0?([0-7]{3}) (.+)$/s.exec(words);
  if (found === null) return turn.reply(501, 'SITE CHMOD takes three octal digits and a path.');
  yield* setAttributes(turn, found[2] ?? '', { mode: Number.parseInt(found[1] ?? '', 8) });
}

function* setTime(turn: Turn, words: string): Steps {
  // Access, modification and creation time behind the path; or one time before it.
  const three = /^(.+) \d{14} (\d{14}) \d{14} UTC$/s.exec(words);
  const one = /^(\d{12}|\d{14}) (.+)$/s.exec(words);
  const [text, time] = three === null ? [one?.[2], one?.[1]] : [three[1], three[2]];
  const modifiedAtMs = parseTime((time ?? '').padEnd(14, '0'));
  if (text === undefined || modifiedAtMs === undefined)
    return turn.reply(501, 'SITE UTIME takes YYYYMMDDHHMM[SS] and a path.');
  yield* setAttributes(turn, text, { modifiedAtMs });
}

function* quota(turn: Turn): Steps {
  const usage = yield* turn.call<'usage'>({ kind: 'usage' });
  if (!usage.ok) return turn.refuse(usage.error, 'usage');
  const { bytes, files, quotaBytes, quotaFiles } = usage.value;
  const of = (limit: number | undefined): string => (limit === undefined ? 'without a limit' : `of ${limit}`);
  turn.reply(200, 'Quota:', ` ${bytes} bytes ${of(quotaBytes)}`, ` ${files} files ${of(quotaFiles)}`, 'End.');
}

function* site(turn: Turn): Steps {
  const [, word = '', words = ''] = /^(\S*) ?(.*)$/s.exec(turn.argument) ?? [];
  switch (word.toUpperCase()) {
    case 'CHMOD':
      return yield* changeMode(turn, words);
    case 'UTIME':
      return yield* setTime(turn, words);
    case 'QUOTA':
      return yield* quota(turn);
    case 'HELP':
      return turn.reply(214, 'SITE takes:', ...siteHelp.map((line) => ` ${line}`), 'End.');
    default:
      return turn.reply(504, `SITE does not take ${JSON.stringify(word.slice(0, 20))}; see SITE HELP.`);
  }
}

export const siteCommands: CommandRows = {
  SITE: { syntax: 'SITE <command> [<argument>]', argument: 'required', run: site },
};
