/** How the next transfer shall be. Source: RFC 959 §4.1.2, RFC 1123 §4.1, RFC 3659 §5, RFC 2389 §4. */
import { processing } from '@skerry/proto';
import { factNames, noFacts } from '../listing.ts';
import { byteCount } from '../words.ts';
import { chooseDigest } from './digest-commands.ts';
import type { CommandRows, Turn } from './turn.ts';

function type(turn: Turn): void {
  const words = turn.argument.trim().toUpperCase();
  if (/^A( N)?$/.test(words)) {
    turn.change({ type: processing.TransferType.ASCII });
    return turn.reply(200, 'Type is ASCII.');
  }
  if (/^(I|L ?8)$/.test(words)) {
    turn.change({ type: processing.TransferType.IMAGE });
    return turn.reply(200, 'Type is image.');
  }
  if (/^([AE]( [NTC])?|L ?\d{1,3})$/.test(words)) return turn.reply(504, 'TYPE takes A, A N, I and L 8 here.');
  return turn.reply(501, 'TYPE takes A, A N, I and L 8.');
}

/** MODE and STRU: one letter is done, some others are known. */
const oneLetter =
  (done: string, known: string) =>
  (turn: Turn): void => {
    const letter = turn.argument.trim().toUpperCase();
    if (letter === done) return turn.reply(200, `${turn.verb} is ${done}.`);
    if (known.includes(letter) && letter.length === 1) return turn.reply(504, `${turn.verb} takes ${done} only here.`);
    return turn.reply(501, `${turn.verb} takes ${done}.`);
  };

function restart(turn: Turn): void {
  const offset = byteCount(turn.argument.trim());
  if (offset === undefined) return turn.reply(501, 'REST takes a number of bytes.');
  turn.change({ restartOffset: offset, rangeEnd: undefined });
  turn.reply(350, `Restarting at ${offset}. Send STOR or RETR.`);
}

function allocate(turn: Turn): void {
  const found = /^(\d{1,16})( R \d{1,16})?$/i.exec(turn.argument.trim());
  const length = byteCount(found?.[1] ?? '');
  if (length === undefined) return turn.reply(501, 'ALLO takes a number of bytes.');
  turn.change({ announcedLength: length });
  turn.reply(200, `${length} bytes expected.`);
}

/** Names of facts, each with its semicolon (RFC 3659 §7.9); the last one may lack it. */
const factChoice = /^([^\s;]+;)*[^\s;]*$/;

function chooseFacts(turn: Turn, choice: string): void {
  if (!factChoice.test(choice)) return turn.reply(501, 'OPTS MLST takes names of facts, each with a semicolon.');
  const asked = new Set(choice.toLowerCase().split(';'));
  const chosen = factNames.filter((name) => asked.has(name.toLowerCase()));
  turn.change({ facts: chosen.length === 0 ? [...noFacts] : chosen.map((name) => name.toLowerCase()) });
  turn.reply(200, `MLST OPTS${chosen.length === 0 ? '' : ' '}${chosen.map((name) => `${name};`).join('')}`);
}

function options(turn: Turn): void {
  const [command = '', ...words] = turn.argument.trim().split(' ');
  const choice = words.join(' ').trim();
  switch (command.toUpperCase()) {
    case 'UTF8':
    case 'UTF-8':
      if (choice.toUpperCase() === 'OFF') return turn.reply(504, 'Names are UTF-8 always.');
      if (!/^(ON|NLST)?$/i.test(choice)) return turn.reply(501, 'OPTS UTF8 takes ON.');
      return turn.reply(200, 'Names are UTF-8.');
    case 'MLST':
      return chooseFacts(turn, choice);
    case 'HASH':
      return chooseDigest(turn, choice);
    default:
      return turn.reply(501, 'OPTS takes UTF8, MLST and HASH.');
  }
}

export const parameterCommands: CommandRows = {
  TYPE: { syntax: 'TYPE A|I', argument: 'required', keepsRestart: true, run: type },
  MODE: { syntax: 'MODE S', argument: 'required', run: oneLetter('S', 'BC') },
  STRU: { syntax: 'STRU F', argument: 'required', run: oneLetter('F', 'RP') },
  REST: { syntax: 'REST <bytes>', argument: 'required', run: restart },
  ALLO: { syntax: 'ALLO <bytes>', argument: 'required', run: allocate },
  OPTS: { syntax: 'OPTS <command> [<choice>]', argument: 'required', anytime: true, run: options },
};
