/** What the server is and can do. Source: RFC 2389 §3 (FEAT), RFC 959 §4.1.3. */
import { digests } from '../digest.ts';
import { factNames } from '../listing.ts';
import { chosenDigest, digestVerbs } from './digest-commands.ts';
import { changeableFacts } from './named-file-commands.ts';
import { siteForms } from './site-commands.ts';
import type { CommandRow, CommandRows, Turn } from './turn.ts';

function features(turn: Turn): void {
  const { facts, tlsAvailable } = turn.session;
  const chosen = (name: string): string =>
    facts.length === 0 || facts.includes(name.toLowerCase()) ? `${name}*;` : `${name};`;
  const lines = [
    ...(tlsAvailable ? ['AUTH TLS', 'PBSZ', 'PROT'] : []),
    'AVBL',
    'CLNT',
    'COMB target;source_list',
    'EPRT',
    'EPSV',
    `HASH ${digests.map(({ name }) => (name === chosenDigest(turn) ? `${name}*` : name)).join(';')}`,
    'HOST',
    'LANG EN*',
    'MDTM',
    'MFCT',
    `MFF ${changeableFacts.map((fact) => `${fact};`).join('')}`,
    'MFMT',
    `MLST ${factNames.map(chosen).join('')}`,
    'RANG STREAM',
    'REST STREAM',
    'SIZE',
    'TVFS',
    'UTF8',
    ...digestVerbs.map((verb) => `${verb} filename;start;end`),
  ];
  turn.reply(211, 'Features:', ...lines.map((line) => ` ${line}`), 'End.');
}

const verbsOnLine = 8;

const helpRow = (commands: CommandRows): CommandRow => ({
  syntax: 'HELP [<command>]',
  argument: 'optional',
  anytime: true,
  run: (turn) => {
    const verb = turn.argument.trim().split(' ')[0]?.toUpperCase() ?? '';
    // `HELP SITE` is how ncftp looks for SITE UTIME.
    if (verb === 'SITE') return turn.reply(214, 'SITE takes:', ...siteForms.map((form) => ` ${form}`), 'End.');
    if (verb !== '' && !Object.hasOwn(commands, verb)) return turn.reply(502, 'No such command here.');
    if (verb !== '') return turn.reply(214, `Syntax: ${commands[verb]?.syntax}`);
    const verbs = [...Object.keys(commands), 'HELP'].toSorted();
    const lines = Array.from({ length: Math.ceil(verbs.length / verbsOnLine) }, (_, line) =>
      verbs.slice(line * verbsOnLine, (line + 1) * verbsOnLine),
    );
    turn.reply(214, 'Commands:', ...lines.map((words) => ` ${words.join(' ')}`), 'End.');
  },
});

const rows: CommandRows = {
  FEAT: { syntax: 'FEAT', argument: 'none', anytime: true, run: features },
  SYST: { syntax: 'SYST', argument: 'none', anytime: true, run: (turn) => turn.reply(215, 'UNIX Type: L8') },
  NOOP: {
    syntax: 'NOOP',
    argument: 'ignored',
    anytime: true,
    duringTransfer: true,
    keepsRestart: true,
    run: (turn) => turn.reply(200, 'Still here.'),
  },
};

/** @param others all other commands, for HELP to show. */
export const helpCommands = (others: CommandRows): CommandRows => ({
  ...rows,
  HELP: helpRow({ ...others, ...rows }),
});
