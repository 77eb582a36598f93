/** Facts that are set, files that are joined, room that is left. Source: draft-somers-ftp-mfxx (MFMT, MFCT, MFF);
 * draft-peterson-streamlined-ftp-command-extensions (AVBL); COMB as GlobalSCAPE's EFT does it. */
import { data } from '@skerry/proto';
import { formatTime, parseTime } from '../calendar.ts';
import { splitWords } from '../words.ts';
import type { CommandRows, Steps, Turn } from './turn.ts';

/** Facts that MFF can change, as FEAT writes them. */
export const changeableFacts: readonly string[] = ['Create', 'Modify', 'UNIX.mode'];

type Attributes = { readonly modifiedAtMs?: number; readonly createdAtMs?: number; readonly mode?: number };

function* change(turn: Turn, text: string, attributes: Attributes, facts: string): Steps {
  const path = turn.resolve(text, 'set_attributes');
  if (path === undefined) return;
  const changed = yield* turn.call<'setAttributes'>({ kind: 'setAttributes', path, ...attributes });
  if (!changed.ok) return turn.refuse(changed.error, 'set_attributes');
  turn.reply(213, `${facts} ${text}`);
}

/** MFMT and MFCT. */
const changeTime = (field: 'modifiedAtMs' | 'createdAtMs', fact: string) =>
  function* (turn: Turn): Steps {
    const [, time = '', text = ''] = /^(\S+) (.+)$/s.exec(turn.argument) ?? [];
    const timeMs = parseTime(time);
    if (text === '' || timeMs === undefined) return turn.reply(501, `${turn.verb} takes YYYYMMDDHHMMSS and a path.`);
    yield* change(turn, text, { [field]: timeMs }, `${fact}=${formatTime(timeMs)};`);
  };

/** One `fact=value` of MFF; undefined: no such fact, or no such value. */
function readFact(
  fact: string,
  value: string,
): { readonly attributes: Attributes; readonly shown: string } | undefined {
  const timeMs = parseTime(value);
  switch (fact.toLowerCase()) {
    case 'modify':
      return timeMs === undefined
        ? undefined
        : { attributes: { modifiedAtMs: timeMs }, shown: `Modify=${formatTime(timeMs)};` };
    case 'create':
      return timeMs === undefined
        ? undefined
        : { attributes: { createdAtMs: timeMs }, shown: `Create=${formatTime(timeMs)};` };
    case 'unix.mode':
      return /^0?[0-7]{3}$/.test(value)
        ? { attributes: { mode: Number.parseInt(value, 8) }, shown: `UNIX.mode=${value};` }
        : undefined;
    default:
      return undefined;
  }
}

function* changeFacts(turn: Turn): Steps {
  const [, list = '', text = ''] = /^((?:[^=; ]+=[^=; ]*;)+) (.+)$/s.exec(turn.argument) ?? [];
  if (text === '') return turn.reply(501, 'MFF takes fact=value; and a path.');
  const pairs = list
    .slice(0, -1)
    .split(';')
    .map((pair) => pair.split('='));
  const known = new Set(changeableFacts.map((fact) => fact.toLowerCase()));
  // All or nothing: a fact that cannot be changed leaves the others as they are.
  const strange = pairs.find(([fact = '']) => !known.has(fact.toLowerCase()));
  if (strange !== undefined) return turn.reply(504, `MFF changes ${changeableFacts.join(', ')} only.`);
  const facts = pairs.map(([fact = '', value = '']) => readFact(fact, value));
  if (facts.includes(undefined)) return turn.reply(501, 'A value of MFF cannot be read.');
  const attributes = Object.assign({}, ...facts.map((each) => each?.attributes)) as Attributes;
  yield* change(turn, text, attributes, facts.map((each) => each?.shown ?? '').join(''));
}

function* combine(turn: Turn): Steps {
  const words = splitWords(turn.argument);
  if (words === undefined || words.length < 2)
    return turn.reply(501, 'COMB takes a file, and one or more parts to append to it, each in quotes.');
  const paths: string[] = [];
  for (const word of words) {
    const path = turn.resolve(word, 'append');
    if (path === undefined) return;
    if (path === '/') return turn.refuse('is_a_directory', 'append');
    paths.push(path);
  }
  if (new Set(paths).size < paths.length) return turn.reply(501, 'COMB takes each file once.');
  const [path = '', ...partPaths] = paths;
  const combined = yield* turn.call<'combine'>({ kind: 'combine', path, partPaths });
  if (!combined.ok) return turn.refuse(combined.error, 'append');
  turn.change({ sizedPath: '' });
  turn.reply(250, `${partPaths.length} parts combined.`);
}

function* available(turn: Turn): Steps {
  const path = turn.resolve(turn.argument, 'inspect');
  if (path === undefined) return;
  const found = yield* turn.call<'stat'>({ kind: 'stat', path, right: 'list' });
  if (!found.ok) return turn.refuse(found.error, 'inspect');
  if (found.value.entry === undefined) return turn.refuse('no_such_entry', 'inspect');
  if (found.value.entry.kind !== data.EntryKind.DIRECTORY) return turn.refuse('not_a_directory', 'inspect');
  const usage = yield* turn.call<'usage'>({ kind: 'usage' });
  if (!usage.ok) return turn.refuse(usage.error, 'usage');
  const { bytes, quotaBytes, freeBytes } = usage.value;
  const left = quotaBytes === undefined ? undefined : Math.max(0, quotaBytes - bytes);
  const room = Math.min(left ?? Infinity, freeBytes ?? Infinity);
  if (room === Infinity)
    return turn.reply(550, 'Not known: you have no quota, and the server tells nothing of its disk.');
  turn.reply(213, String(room));
}

export const namedFileCommands: CommandRows = {
  MFMT: { syntax: 'MFMT YYYYMMDDHHMMSS <path>', argument: 'required', run: changeTime('modifiedAtMs', 'Modify') },
  MFCT: { syntax: 'MFCT YYYYMMDDHHMMSS <path>', argument: 'required', run: changeTime('createdAtMs', 'Create') },
  MFF: { syntax: 'MFF <fact>=<value>;... <path>', argument: 'required', run: changeFacts },
  COMB: { syntax: 'COMB "<file>" "<part>" ["<part>" ...]', argument: 'required', run: combine },
  AVBL: { syntax: 'AVBL [<directory>]', argument: 'optional', run: available },
};
