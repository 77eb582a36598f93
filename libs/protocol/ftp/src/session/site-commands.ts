/** SITE, and what it offers. Source: RFC 959 §4.1.3; forms as lftp (CHMOD) and ncftp (UTIME) send them. */
import { parseTime } from '../calendar.ts';
import { splitWords } from '../words.ts';
import { loggedOutSession } from './fresh.ts';
import type { CommandRows, Steps, Turn } from './turn.ts';

/** What SITE takes, as HELP shows it. */
export const siteForms: readonly string[] = [
  'CHMOD <octal mode> <path>',
  'HELP',
  'IDLE [<seconds>]',
  'PASSWD <old password> <new password>',
  'QUOTA',
  'UTIME YYYYMMDDHHMM[SS] <path>',
  'UTIME <path> <accessed> <modified> <created> UTC',
  'WHO',
];
/** Known from other servers, and refused here: 504 with the reason. */
const refused: ReadonlyMap<string, string> = new Map([
  ['SYMLINK', 'There are no links here.'],
  ['LINK', 'There are no links here.'],
  ['CHGRP', 'Owners and groups come from the users.'],
  ['CHOWN', 'Owners and groups come from the users.'],
  ['UMASK', 'Modes are set by SITE CHMOD; rights come from the rules of the user.'],
  ['EXEC', 'Nothing is run here.'],
]);

/** Shortest idle time that a user may choose, in s: below it a session would end between two commands. */
export const idleMinS = 30;

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

function idle(turn: Turn, words: string): void {
  const { idleMaxMs, idleMs } = turn.session;
  if (idleMaxMs === 0) return turn.reply(504, 'The idle time cannot be chosen here.');
  const maxS = Math.floor(idleMaxMs / 1000);
  if (words.trim() === '')
    return turn.reply(
      200,
      `Idle sessions end after ${idleMs === 0 ? maxS : Math.floor(idleMs / 1000)} s, ${maxS} at most.`,
    );
  const wantedS = /^\d{1,9}$/.test(words.trim()) ? Number(words) : 0;
  if (wantedS < Math.min(idleMinS, maxS) || wantedS > maxS)
    return turn.reply(501, `SITE IDLE takes ${Math.min(idleMinS, maxS)} to ${maxS} seconds.`);
  turn.change({ idleMs: wantedS * 1000 });
  turn.reply(200, `This session ends after ${wantedS} idle seconds.`);
}

/** A user sees the own sessions; an administrator all. */
function* who(turn: Turn): Steps {
  const account = yield* turn.call<'account'>({ kind: 'account' });
  if (!account.ok) return turn.refuse(account.error, 'usage');
  turn.direct({ $case: 'who', value: { user: account.value.administrator ? '' : turn.session.user } });
}

function* changePassword(turn: Turn, text: string): Steps {
  const [oldPassword = '', newPassword = '', ...more] = splitWords(text) ?? [];
  if (oldPassword === '' || newPassword === '' || more.length > 0)
    return turn.reply(501, 'SITE PASSWD takes the old password and the new one; one with blanks stands in quotes.');
  const changed = yield* turn.call<'changePassword'>({ kind: 'changePassword', oldPassword, newPassword });
  if (changed.ok) {
    // The sessions of the old password are over, this one too.
    turn.change(loggedOutSession(turn.session));
    return turn.reply(200, 'Password changed; log in with the new one.');
  }
  if (changed.error === 'credentials' || changed.error === 'too_many_failures')
    return turn.reply(550, 'The old password is not right.');
  turn.refuse(changed.error, 'password');
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
    case 'WHO':
      return yield* who(turn);
    case 'PASSWD':
      return yield* changePassword(turn, words);
    case 'IDLE':
      return idle(turn, words);
    case 'HELP':
      return turn.reply(214, 'SITE takes:', ...siteForms.map((line) => ` ${line}`), 'End.');
    default: {
      const why = refused.get(word.toUpperCase());
      return turn.reply(504, why ?? `SITE does not take ${JSON.stringify(word.slice(0, 20))}; see SITE HELP.`);
    }
  }
}

export const siteCommands: CommandRows = {
  SITE: { syntax: 'SITE <command> [<argument>]', argument: 'required', run: site },
};
