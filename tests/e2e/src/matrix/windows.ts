/**
 * Columns of the matrix for clients that cannot run here: their commands in their order, over sockets.
 *
 * Source: FileZilla's log against this server (docs/clients/filezilla.md) and its engine's order of commands;
 * Explorer's and WinSCP's sequences as they are known, not recorded here. That the programs themselves work is not
 * shown by it.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Dialogue } from './dialogue.ts';
import type { Actions, Column } from './features.ts';
import { readAsWinInet, readAsWinScp } from './list-readers.ts';
import type { Entrance } from './stage.ts';

type Entry = { readonly name: string; readonly directory: boolean };
type Program = {
  /** From the connection to the first PWD. */
  readonly begin: (door: Entrance) => Promise<Dialogue>;
  /** Enters a directory and lists it. */
  readonly list: (dialogue: Dialogue, directory: string) => Promise<readonly Entry[]>;
  /** Before a transfer in the directory. */
  readonly enter: (dialogue: Dialogue, directory: string) => Promise<void>;
};

async function basicLogin({ user, password }: Entrance, dialogue: Dialogue): Promise<void> {
  await dialogue.ask(`USER ${user}`, 331);
  await dialogue.ask(`PASS ${password}`, 230);
}
const factsOf = (line: string): Entry => {
  const gap = line.indexOf(' ');
  return { name: line.slice(gap + 1), directory: /type=dir;/i.test(line.slice(0, gap)) };
};
const linesOf = (bytes: Buffer): string[] => bytes.toString().split('\r\n').slice(0, -1);

const fileZilla: Program = {
  begin: async (door) => {
    const dialogue = await Dialogue.connect(door);
    if (door.security === 'explicit') await dialogue.authTls();
    await basicLogin(door, dialogue);
    await dialogue.ask('SYST', 215);
    const features = await dialogue.ask('FEAT', 211);
    for (const feature of ['MLST', 'MFMT', 'REST STREAM', 'UTF8', 'MDTM', 'SIZE', 'EPSV', 'CLNT'])
      if (!features.includes(` ${feature}`)) throw new Error(`FEAT without ${feature}`);
    await dialogue.ask('CLNT FileZilla', 200);
    await dialogue.ask('OPTS UTF8 ON', 200);
    if (door.security !== 'none') await dialogue.protect();
    await dialogue.ask('OPTS MLST type;size;modify;', 200);
    await dialogue.ask('PWD', 257);
    return dialogue;
  },
  enter: async (dialogue, directory) => {
    await dialogue.ask(`CWD ${directory}`, 250);
    await dialogue.ask('PWD', 257);
    await dialogue.ask('TYPE I', 200);
  },
  list: async (dialogue, directory) => {
    await fileZilla.enter(dialogue, directory);
    return linesOf(await dialogue.download('MLSD'))
      .filter((line) => !/type=[cp]dir;/i.test(line))
      .map(factsOf);
  },
};
const winScp: Program = {
  begin: async (door) => {
    const dialogue = await Dialogue.connect(door);
    if (door.security === 'explicit') await dialogue.authTls();
    await basicLogin(door, dialogue);
    await dialogue.ask('SYST', 215);
    await dialogue.ask('FEAT', 211);
    await dialogue.ask('CLNT WinSCP-release-6.3', 200);
    await dialogue.ask('OPTS UTF8 ON', 200);
    if (door.security !== 'none') await dialogue.protect();
    await dialogue.ask('PWD', 257);
    return dialogue;
  },
  enter: async (dialogue, directory) => {
    await dialogue.ask(`CWD ${directory}`, 250);
    await dialogue.ask('PWD', 257);
    await dialogue.ask('TYPE I', 200);
  },
  // With MLSD switched off: with it, it does what FileZilla does.
  list: async (dialogue, directory) => {
    await dialogue.ask(`CWD ${directory}`, 250);
    await dialogue.ask('PWD', 257);
    await dialogue.ask('TYPE A', 200);
    const now = new Date();
    return linesOf(await dialogue.download('LIST -a')).map((line) => readAsWinScp(line, now));
  },
};
const explorer: Program = {
  begin: async (door) => {
    const dialogue = await Dialogue.connect(door);
    await dialogue.ask(`USER ${door.user}`, 331);
    await dialogue.ask(`PASS ${door.password}`, 230);
    await dialogue.ask('opts utf8 on', 200);
    await dialogue.ask('syst', 215);
    await dialogue.ask('site help', 214);
    await dialogue.ask('PWD', 257);
    return dialogue;
  },
  enter: async (dialogue, directory) => {
    await dialogue.ask('noop', 200);
    await dialogue.ask(`CWD ${directory}/`, 250);
    await dialogue.ask('TYPE I', 200);
  },
  list: async (dialogue, directory) => {
    await dialogue.ask('noop', 200);
    await dialogue.ask(`CWD ${directory}/`, 250);
    await dialogue.ask('TYPE A', 200);
    const now = new Date();
    return linesOf(await dialogue.download('LIST')).map((line) => readAsWinInet(line, now));
  },
};

const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const stampOf = (path: string): string => statSync(path).mtime.toISOString().replace(/\D/g, '').slice(0, 14);

async function within<T>(program: Program, door: Entrance, work: (dialogue: Dialogue) => Promise<T>): Promise<T> {
  const dialogue = await program.begin(door);
  try {
    const result = await work(dialogue);
    await dialogue.quit();
    return result;
  } finally {
    dialogue.destroy();
  }
}
async function putTree(program: Program, dialogue: Dialogue, local: string, remote: string): Promise<void> {
  await dialogue.ask(`MKD ${remote}`, 257);
  for (const entry of readdirSync(local, { withFileTypes: true })) {
    const [from, to] = [join(local, entry.name), `${remote}/${entry.name}`];
    if (entry.isDirectory()) await putTree(program, dialogue, from, to);
    else {
      await program.enter(dialogue, remote);
      await dialogue.upload(`STOR ${entry.name}`, readFileSync(from));
    }
  }
}
async function getTree(program: Program, dialogue: Dialogue, remote: string, local: string): Promise<void> {
  mkdirSync(local, { recursive: true });
  for (const { name, directory } of await program.list(dialogue, remote)) {
    if (directory) await getTree(program, dialogue, `${remote}/${name}`, join(local, name));
    else {
      await program.enter(dialogue, remote);
      writeFileSync(join(local, name), await dialogue.download(`RETR ${name}`));
    }
  }
}
async function fetchTo(program: Program, dialogue: Dialogue, remote: string, local: string): Promise<void> {
  await program.enter(dialogue, directoryOf(remote));
  writeFileSync(local, await dialogue.download(`RETR ${nameOf(remote)}`));
}

function actionsOf(program: Program): Actions {
  /** In one session, from the login to QUIT. */
  const session =
    (work: (dialogue: Dialogue, from: string, to: string) => Promise<unknown>) =>
    (door: Entrance, from: string, to = ''): Promise<void> =>
      within(program, door, async (dialogue) => void (await work(dialogue, from, to)));
  return {
    login: (door) => within(program, door, async () => undefined),
    list: (door, directory) =>
      within(program, door, async (dialogue) =>
        (await program.list(dialogue, directory)).map(({ name }) => name).join('\n'),
      ),
    put: session(async (dialogue, local, remote) => {
      await program.enter(dialogue, directoryOf(remote));
      await dialogue.upload(`STOR ${nameOf(remote)}`, readFileSync(local));
      const listed = await program.list(dialogue, directoryOf(remote));
      if (!listed.some(({ name }) => name === nameOf(remote))) throw new Error(`not listed: ${remote}`);
    }),
    get: session((dialogue, remote, local) => fetchTo(program, dialogue, remote, local)),
    rename: session(async (dialogue, from, to) => {
      await program.enter(dialogue, directoryOf(from));
      await dialogue.ask(`RNFR ${nameOf(from)}`, 350);
      await dialogue.ask(`RNTO ${to}`, 250);
    }),
    remove: session(async (dialogue, path) => {
      await program.enter(dialogue, directoryOf(path));
      await dialogue.ask(`DELE ${nameOf(path)}`, 250);
    }),
    makeDirectory: session(async (dialogue, path) => {
      await program.enter(dialogue, directoryOf(path));
      await dialogue.ask(`MKD ${nameOf(path)}`, 257);
    }),
    removeDirectory: session(async (dialogue, path) => {
      await program.list(dialogue, path);
      await dialogue.ask(`CWD ${directoryOf(path)}`, 250);
      await dialogue.ask(`RMD ${nameOf(path)}`, 250);
    }),
    putTree: session((dialogue, local, remote) => putTree(program, dialogue, local, remote)),
    getTree: session((dialogue, remote, local) => getTree(program, dialogue, remote, local)),
    breakOff: (door, large, small, local) =>
      within(program, door, async (dialogue) => {
        await program.enter(dialogue, directoryOf(large));
        const codes = await dialogue.breakOff(`RETR ${nameOf(large)}`);
        if (codes.at(-1) !== 226) throw new Error(`ABOR: ${codes.join(' ')}`);
        await fetchTo(program, dialogue, small, local);
      }),
  };
}
/** What FileZilla and WinSCP, which comes from it, do beyond that. */
function moreActionsOf(program: Program): Partial<Actions> {
  return {
    resumePut: (door, local, remote) =>
      within(program, door, async (dialogue) => {
        await program.enter(dialogue, directoryOf(remote));
        const rest = Number((await dialogue.ask(`SIZE ${nameOf(remote)}`, 213)).slice(4));
        await dialogue.upload(`STOR ${nameOf(remote)}`, readFileSync(local).subarray(rest), rest);
      }),
    resumeGet: (door, remote, local) =>
      within(program, door, async (dialogue) => {
        await program.enter(dialogue, directoryOf(remote));
        await dialogue.ask(`SIZE ${nameOf(remote)}`, 213);
        await dialogue.ask(`MDTM ${nameOf(remote)}`, 213);
        appendFileSync(local, await dialogue.download(`RETR ${nameOf(remote)}`, statSync(local).size));
      }),
    putKeepingTime: (door, local, remote) =>
      within(program, door, async (dialogue) => {
        await program.enter(dialogue, directoryOf(remote));
        await dialogue.upload(`STOR ${nameOf(remote)}`, readFileSync(local));
        await dialogue.ask(`MFMT ${stampOf(local)} ${nameOf(remote)}`, 213);
      }),
    getKeepingTime: (door, remote, local) =>
      within(program, door, async (dialogue) => {
        await program.enter(dialogue, directoryOf(remote));
        const told = (await dialogue.ask(`MDTM ${nameOf(remote)}`, 213)).slice(4, 18);
        await fetchTo(program, dialogue, remote, local);
        const [, year, month, day, hour, minute, second] = (/^(.{4})(..)(..)(..)(..)(..)$/.exec(told) ?? []).map(
          Number,
        );
        const time = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second) / 1_000;
        utimesSync(local, time, time);
      }),
    chmod: (door, path, mode) =>
      within(program, door, async (dialogue) => {
        await program.enter(dialogue, directoryOf(path));
        await dialogue.ask(`SITE CHMOD ${mode} ${nameOf(path)}`, 200);
      }),
    // The transfer has a connection of its own; the one of the window is kept alive beside it.
    keepAlive: (door, remote, local) =>
      within(program, door, async (window) => {
        await program.list(window, directoryOf(remote));
        await within(program, door, async (dialogue) => {
          await program.enter(dialogue, directoryOf(remote));
          const bytes = await dialogue.download(`RETR ${nameOf(remote)}`, 0, async () => {
            for (const [line, code] of [
              ['NOOP', 200],
              ['TYPE I', 200],
              ['PWD', 257],
              ['TYPE A', 200],
              ['NOOP', 200],
            ] as const)
              await window.ask(line, code);
          });
          mkdirSync(dirname(local), { recursive: true });
          writeFileSync(local, bytes);
        });
        await program.list(window, directoryOf(remote));
      }),
  };
}

const noPattern = 'it lists directories, no patterns';
const notExplorers = 'not among what Explorer does';
export const windowsColumns: readonly Column[] = [
  {
    name: 'FileZilla',
    driven:
      'its sequence of commands, over sockets; under TLS each data connection must resume and end with close_notify',
    actions: { ...actionsOf(fileZilla), ...moreActionsOf(fileZilla) },
    cannot: { glob: noPattern },
  },
  {
    name: 'Explorer',
    driven: 'its sequence of commands, over sockets, with a strict reader of LIST',
    actions: actionsOf(explorer),
    cannot: {
      'resume-upload': notExplorers,
      'resume-download': notExplorers,
      time: notExplorers,
      permissions: 'not in the sequence that we know',
      glob: noPattern,
      ipv6: 'not in the sequence that we know',
      'explicit-tls': 'it knows no TLS',
      'implicit-tls': 'it knows no TLS',
      'keep-alive': notExplorers,
    },
  },
  {
    name: 'WinSCP',
    driven: 'its sequence of commands, over sockets, MLSD switched off, with a reader of LIST',
    actions: { ...actionsOf(winScp), ...moreActionsOf(winScp) },
    cannot: { glob: noPattern },
  },
];
