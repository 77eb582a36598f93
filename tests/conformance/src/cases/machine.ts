/** MLST and MLSD. Source: RFC 3659 §7. */
import { group, may, must, put, refused, rule, should, story, type Case, type Options } from '../case.ts';
import { timePattern } from '../facts.ts';

const tree = [put('b.txt', '12345'), put('a.txt', ''), ['MKD sub', 257] as const, put('sub/in', 'x')];
const mlst: Options = { needs: ['MLST'] };
const offered = (feature: string | undefined): string[] =>
  (feature ?? '')
    .split(';')
    .filter((word) => word !== '')
    .map((word) => word.replace('*', '').trim());
const rows = [
  rule('MLST of a file is 250 with one line of facts between two others', must('RFC 3659 §7.2'), [
    put('f'),
    async (ftp, t) => t.check((await t.facts(ftp, 'f')).name.endsWith('f'), 'f', ''),
  ]),
  rule('the name in MLST is a path that can be sent back', must('RFC 3659 §7.2'), [
    put('f'),
    async (ftp, t) => {
      const { name } = await t.facts(ftp, 'f');
      await ftp.ask('CWD /', [200, 250]);
      await ftp.holds(name.startsWith('/') ? name : `${t.directory}/${name}`, 'content');
    },
  ]),
  rule('MLST without argument is of the working directory', must('RFC 3659 §7.2'), [
    async (ftp, t) => t.check(/^(dir|cdir)$/i.test((await t.facts(ftp)).facts['type'] ?? ''), 'type dir or cdir', ''),
  ]),
  rule('type of a file is file', must('RFC 3659 §7.5.1'), [
    put('f'),
    async (ftp, t) => t.equal('type', (await t.facts(ftp, 'f')).facts['type']?.toLowerCase(), 'file'),
  ]),
  rule('type of a directory is dir', must('RFC 3659 §7.5.1'), [
    ['MKD d', 257],
    async (ftp, t) => t.check(/^c?dir$/i.test((await t.facts(ftp, 'd')).facts['type'] ?? ''), 'dir', ''),
  ]),
  rule('size is in bytes', must('RFC 3659 §7.5.7'), [
    put('f', '12345'),
    async (ftp, t) => t.equal('size', (await t.facts(ftp, 'f')).facts['size'], '5'),
  ]),
  rule('modify is a time in UTC', must('RFC 3659 §7.5.3'), [
    put('f'),
    async (ftp, t) => {
      const modify = (await t.facts(ftp, 'f')).facts['modify'] ?? '';
      t.check(timePattern.test(modify), 'YYYYMMDDHHMMSS', modify);
      const apart = Math.abs(
        Date.now() - Date.parse(modify.replace(/^(....)(..)(..)(..)(..)(..).*/, '$1-$2-$3T$4:$5:$6Z')),
      );
      t.check(apart < 120_000, 'the time of now in UTC', modify);
    },
  ]),
  rule('modify is what MDTM tells', must('RFC 3659 §7.5.3'), [
    put('f'),
    async (ftp, t) =>
      t.equal(
        'modify',
        (await t.facts(ftp, 'f')).facts['modify']?.slice(0, 14),
        (await ftp.ask('MDTM f', 213)).text.slice(0, 14),
      ),
  ]),
  rule('perm of a file has only letters of the standard', must('RFC 3659 §7.5.5'), [
    put('f'),
    async (ftp, t) =>
      t.check(
        /^[acdeflmprw]*$/i.test((await t.facts(ftp, 'f')).facts['perm'] ?? ''),
        'perm letters',
        (await t.facts(ftp, 'f')).facts,
      ),
  ]),
  rule('perm of a file that may be read and written has r and w', must('RFC 3659 §7.5.5'), [
    put('f'),
    async (ftp, t) =>
      t.check(
        /(?=.*r)(?=.*w)/i.test((await t.facts(ftp, 'f')).facts['perm'] ?? ''),
        'r and w',
        (await t.facts(ftp, 'f')).facts,
      ),
  ]),
  rule('perm of a directory that may be entered and listed has e and l', must('RFC 3659 §7.5.5'), [
    async (ftp, t) =>
      t.check(/(?=.*e)(?=.*l)/i.test((await t.facts(ftp)).facts['perm'] ?? ''), 'e and l', (await t.facts(ftp)).facts),
  ]),
  rule('unique is the same in MLST and MLSD', must('RFC 3659 §7.5.2'), [
    put('f'),
    async (ftp, t) =>
      t.equal(
        'unique',
        (await t.entries(ftp)).find(({ name }) => name === 'f')?.facts['unique'],
        (await t.facts(ftp, 'f')).facts['unique'],
      ),
  ]),
  rule('unique differs between files', must('RFC 3659 §7.5.2'), [
    put('f'),
    put('g'),
    async (ftp, t) => {
      const [one, other] = [(await t.facts(ftp, 'f')).facts['unique'], (await t.facts(ftp, 'g')).facts['unique']];
      t.check(one === undefined || one !== other, 'two values', one);
    },
  ]),
  rule('MLST of nothing is 550', must('RFC 3659 §7.2.1'), [['MLST none', 550]]),
  rule('MLST of a name with a blank at its end means that name', should('RFC 3659 §7.2'), [
    put('f '),
    ['MLST f', 550],
    async (ftp, t) => t.check((await t.facts(ftp, 'f ')).name.endsWith('f '), 'the blank', ''),
  ]),
  rule('MLSD gives each entry once', must('RFC 3659 §7.2'), [
    ...tree,
    async (ftp, t) =>
      t.equal(
        'names',
        (await t.entries(ftp))
          .filter(({ facts }) => !/^[cp]dir$/i.test(facts['type'] ?? ''))
          .map(({ name }) => name)
          .toSorted(),
        ['a.txt', 'b.txt', 'sub'],
      ),
  ]),
  rule('MLSD gives names without paths', must('RFC 3659 §7.2'), [
    ...tree,
    async (ftp, t) =>
      t.check(
        (await t.entries(ftp, 'sub')).some(({ name }) => name === 'in'),
        'in',
        '',
      ),
  ]),
  rule('MLSD gives types of the standard', must('RFC 3659 §7.5.1'), [
    ...tree,
    async (ftp, t) => {
      for (const { facts } of await t.entries(ftp))
        t.check(/^(file|dir|cdir|pdir|os\.)/i.test(facts['type'] ?? ''), 'a type', facts);
    },
  ]),
  rule('at most one entry of MLSD is cdir', must('RFC 3659 §7.5.1'), [
    ...tree,
    async (ftp, t) =>
      t.check(
        (await t.entries(ftp)).filter(({ facts }) => /^cdir$/i.test(facts['type'] ?? '')).length <= 1,
        'one at most',
        '',
      ),
  ]),
  rule('MLSD shows names that begin with a dot', should('RFC 3659 §7.2'), [
    put('.dot'),
    async (ftp, t) =>
      t.check(
        (await t.entries(ftp)).some(({ name }) => name === '.dot'),
        '.dot',
        'not there',
      ),
  ]),
  rule('MLSD takes * as a name, not as a pattern', must('RFC 3659 §7.2'), [put('f'), refused('MLSD *', [501, 550])]),
  rule('MLSD of a file is 501', must('RFC 3659 §7.2.1'), [put('f'), refused('MLSD f', [501, 550])]),
  rule('MLSD of nothing is 550', must('RFC 3659 §7.2.1'), [refused('MLSD none', [501, 550])]),
  rule('MLSD without a data connection is 425', must('RFC 3659 §7.2.1'), [['MLSD', [425, 503]]]),
  rule('MLSD is text also in TYPE I', must('RFC 3659 §7.3'), [
    put('f'),
    ['TYPE I', 200],
    async (ftp, t) => t.entries(ftp),
  ]),
  rule('MLSD has CR LF once in TYPE A', must('RFC 3659 §7.3'), [
    put('f'),
    ['TYPE A', 200],
    async (ftp, t) => t.entries(ftp),
  ]),
  rule('a name with = and ; is whole in MLSD', must('RFC 3659 §7.2'), [
    put('a=b; c'),
    async (ftp, t) =>
      t.check(
        (await t.entries(ftp)).some(({ name }) => name === 'a=b; c'),
        'a=b; c',
        'not there',
      ),
  ]),
  rule('a name with a blank first is whole in MLSD', must('RFC 3659 §7.2'), [
    put(' lead'),
    async (ftp, t) =>
      t.check(
        (await t.entries(ftp)).some(({ name }) => name === ' lead'),
        'the blank',
        'not there',
      ),
  ]),
  story('FEAT offers type, size, modify and perm', should('RFC 3659 §7.8'), async (_, t) => {
    const facts = offered(t.features.get('MLST')).map((word) => word.toLowerCase());
    t.equal(
      'facts not offered',
      ['type', 'size', 'modify', 'perm'].filter((name) => !facts.includes(name)),
      [],
    );
  }),
  story('each fact in FEAT ends with a semicolon', must('RFC 3659 §7.8'), async (_, t) =>
    t.check(/^([A-Za-z0-9.\-_/+]+\*?;)*$/.test(t.features.get('MLST') ?? ''), '(fact[*];)*', t.features.get('MLST')),
  ),
  story('MLSD is not a label of FEAT: MLST stands for both', must('RFC 3659 §7.8'), async (_, t) =>
    t.check(!t.has('MLSD'), 'no MLSD in FEAT', 'MLSD'),
  ),
  rule('OPTS MLST chooses facts, and answers with them', must('RFC 3659 §7.9'), [
    put('f'),
    ['OPTS MLST type;size;', 200, /^MLST OPTS [Tt]ype;[Ss]ize;$/],
    async (ftp, t) => t.equal('facts', Object.keys((await t.facts(ftp, 'f')).facts).toSorted(), ['size', 'type']),
  ]),
  rule('OPTS MLST passes over unknown facts', must('RFC 3659 §7.9'), [
    ['OPTS MLST type;xyzzy;', 200, /^MLST OPTS [Tt]ype;$/],
  ]),
  rule('OPTS MLST reads names of facts without case', must('RFC 3659 §7.5'), [
    ['OPTS MLST TYPE;SIZE;', 200, /^MLST OPTS [Tt]ype;[Ss]ize;$/i],
  ]),
  rule('OPTS MLST without facts chooses none', must('RFC 3659 §7.9'), [
    put('f'),
    ['OPTS MLST', 200, /^MLST OPTS ?$/],
    async (ftp, t) => t.equal('facts', (await t.facts(ftp, 'f')).facts, {}),
  ]),
  rule(
    'without facts MLST has two blanks before the path: that of the line, that of the entry',
    must('RFC 3659 §7.2'),
    [put('f'), ['OPTS MLST', 200], ['MLST f', 250, /\n {2}\S*f$/m]],
  ),
  rule('OPTS MLST with a blank among its facts is 501', should('RFC 3659 §7.9'), [['OPTS MLST type ;size;', 501]]),
  rule('a choice by OPTS MLST is marked in FEAT', must('RFC 3659 §7.9'), [
    ['OPTS MLST type;', 200],
    ['FEAT', 211, /MLST [Tt]ype\*;(?!.*\*)/],
  ]),
  rule('a choice by OPTS MLST holds for MLSD', must('RFC 3659 §7.9'), [
    put('f'),
    ['OPTS MLST size;', 200],
    async (ftp, t) => {
      for (const { facts } of await t.entries(ftp))
        t.check(
          Object.keys(facts).every((key) => key === 'size'),
          'size alone',
          facts,
        );
    },
  ]),
  rule('MLST with a slash at the end of a file is refused', may('RFC 3659 §6'), [
    put('f'),
    ['MLST f/', [250, 501, 550]],
  ]),
  rule('UNIX.mode is octal', should('RFC 3659 §7.5, what clients read'), [
    put('f'),
    async (ftp, t) =>
      t.check(/^(0?[0-7]{3,4})?$/.test((await t.facts(ftp, 'f')).facts['unix.mode'] ?? ''), 'octal', ''),
  ]),
];

export const machine: readonly Case[] = group('MLST', rows, mlst);
