/** One case under way: its directory, its sessions, its transcript. */
import { isIPv4 } from 'node:net';
import type { Case } from './case.ts';
import { parseEntry, type Entry } from './facts.ts';
import { Mismatch, Skip } from './outcome.ts';
import { Session } from './session.ts';
import type { Target, TlsUse } from './target.ts';

export type ConnectOptions = { readonly tls?: TlsUse; readonly localAddress?: string; readonly greeting?: boolean };

export class Trial {
  readonly target: Target;
  readonly transcript: string[] = [];
  /** Labels of FEAT in upper case, each with what stands behind it. */
  readonly features: ReadonlyMap<string, string>;
  readonly #optional: readonly string[];
  readonly #closers: (() => void)[] = [];
  readonly #number: number;
  #sessions = 0;
  #directory = '';

  constructor(target: Target, features: ReadonlyMap<string, string>, each: Case | undefined, number: number) {
    this.target = target;
    this.features = features;
    this.#optional = each?.optional ?? [];
    this.#number = number;
  }
  /** The case's own directory; empty before the first login. */
  get directory(): string {
    return this.#directory;
  }

  /** A greeted connection, under TLS where the target is looked at under TLS. */
  async connect({ tls = this.target.tls, localAddress, greeting = true }: ConnectOptions = {}): Promise<Session> {
    const { host, port } = this.target;
    const label = this.#sessions === 0 ? '' : `${this.#sessions + 1} `;
    this.#sessions += 1;
    const { transcript } = this;
    const ftp = await Session.connect(
      { host, port, tls: tls === 'implicit', localAddress, transcript, label },
      this.#optional,
      this.#closers,
    );
    if (!greeting) return ftp;
    await ftp.answer('the connection', 220);
    if (tls === 'explicit') await this.secure(ftp);
    return ftp;
  }
  async secure(ftp: Session): Promise<void> {
    await ftp.ask('AUTH TLS', 234);
    await ftp.control.secure();
  }
  async signIn(ftp: Session): Promise<void> {
    const { user, password } = this.target;
    const answer = await ftp.ask(`USER ${user}`, [230, 331]);
    if (answer.code === 331) await ftp.ask(`PASS ${password}`, [230, 202]);
    if (!ftp.control.secured) return;
    await this.protect(ftp);
  }
  async protect(ftp: Session): Promise<void> {
    await ftp.ask('PBSZ 0', 200);
    await ftp.ask('PROT P', 200);
    ftp.privateData = true;
  }
  /** Logged in, in the case's directory, TYPE I. */
  async login(options: ConnectOptions = {}): Promise<Session> {
    const ftp = await this.connect(options);
    await this.signIn(ftp);
    await this.enter(ftp);
    return ftp;
  }
  /** Into the case's directory, which the first session makes. */
  async enter(ftp: Session): Promise<void> {
    if (this.#directory === '') {
      let base = this.target.directory;
      if (base === '') {
        const { text } = await ftp.ask('PWD', 257);
        base = /^"((?:[^"]|"")*)"/.exec(text)?.[1]?.replaceAll('""', '"').replace(/\/+$/, '') ?? '';
      }
      const directory = `${base}/case-${process.pid}-${this.#number}`;
      await ftp.ask(`MKD ${directory}`, 257);
      this.#directory = directory;
    }
    await ftp.ask(`CWD ${this.#directory}`, [200, 250]);
    await ftp.ask('TYPE I', 200);
  }

  has(feature: string): boolean {
    return this.features.has(feature.toUpperCase());
  }
  need(feature: string): void {
    if (!this.has(feature)) throw new Skip(`FEAT has no ${feature}`);
  }
  fail(expected: string, got: unknown): never {
    throw new Mismatch(expected, typeof got === 'string' ? got : (JSON.stringify(got) ?? 'nothing'));
  }
  equal(what: string, got: unknown, wanted: unknown): void {
    const [one, other] = [JSON.stringify(got), JSON.stringify(wanted)];
    if (one !== other) throw new Mismatch(`${what}: ${other}`, one ?? 'nothing');
  }
  check(holds: boolean, expected: string, got: unknown): void {
    if (!holds) this.fail(expected, got);
  }
  /** Another address of this machine's loopback, so that a guess is not held against the other cases. */
  stranger(last: number): string | undefined {
    const { host } = this.target;
    return isIPv4(host) && host.startsWith('127.') ? `127.0.0.${last}` : undefined;
  }
  /** A stranger's address where the case is about one. */
  needStranger(last: number): string {
    const address = this.stranger(last);
    if (address === undefined) throw new Skip('a second address of ours is known on IPv4 loopback only');
    return address;
  }

  async facts(ftp: Session, name = ''): Promise<Entry> {
    const { lines } = await ftp.ask(name === '' ? 'MLST' : `MLST ${name}`, 250);
    const [, line = ''] = lines;
    this.check(lines.length === 3, 'three lines of MLST', lines);
    this.check(line.startsWith(' '), 'a blank before the facts of MLST', line);
    return parseEntry(/^ [^ ]*=/.test(line) ? line.slice(1) : line);
  }
  async entries(ftp: Session, name = ''): Promise<readonly Entry[]> {
    return (await ftp.lines(name === '' ? 'MLSD' : `MLSD ${name}`)).map(parseEntry);
  }

  close(): void {
    for (const close of this.#closers) close();
  }
}
