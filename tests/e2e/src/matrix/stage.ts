/** Where a cell of the matrix plays: a door, an empty directory at both ends, and the truth by raw FTP. */
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RawFtp } from '../raw-ftp-fixture.ts';
import { until } from '../system.ts';

export type Security = 'none' | 'explicit' | 'implicit';
/** How a client shall come in. */
export type Entrance = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly security: Security;
  /** Data connections by PORT or EPRT. */
  readonly active: boolean;
};

export class Stage {
  readonly door: Entrance;
  /** Absolute, without a slash at its end. */
  readonly directory: string;
  readonly folder: string;
  readonly #login: () => Promise<RawFtp>;
  readonly #server: RawFtp;

  private constructor(door: Entrance, directory: string, folder: string, login: () => Promise<RawFtp>, server: RawFtp) {
    this.door = door;
    this.directory = directory;
    this.folder = folder;
    this.#login = login;
    this.#server = server;
  }
  /** @param login as the same user, at the same system. */
  static async open(
    door: Entrance,
    column: string,
    feature: string,
    folder: string,
    login: () => Promise<RawFtp>,
  ): Promise<Stage> {
    const server = await login();
    const directory = `/${column.replaceAll(' ', '-')}/${feature}`;
    await server.codes(`MKD ${directory.slice(0, directory.lastIndexOf('/'))}`, `MKD ${directory}`);
    const local = join(folder, column, feature);
    mkdirSync(local, { recursive: true });
    return new Stage(door, directory, local, login, server);
  }
  close(): void {
    this.#server.socket.destroy();
  }

  at(name: string): string {
    return `${this.directory}/${name}`;
  }
  local(name: string): string {
    return join(this.folder, name);
  }
  /** A local file; its path. @param seconds since 1970, of its modification. */
  write(name: string, bytes: Uint8Array, seconds?: number): string {
    const path = this.local(name);
    writeFileSync(path, bytes);
    if (seconds !== undefined) utimesSync(path, seconds, seconds);
    return path;
  }
  read(name: string): Buffer {
    return readFileSync(this.local(name));
  }
  /** What the server has under the name. */
  async holds(name: string): Promise<Buffer> {
    return (await this.#server.download(`RETR ${this.at(name)}`)).bytes;
  }
  async give(name: string, bytes: Uint8Array): Promise<void> {
    const { code } = await this.#server.upload(`STOR ${this.at(name)}`, bytes);
    if (code !== 226) throw new Error(`STOR ${this.at(name)}: ${code}`);
  }
  async make(name: string): Promise<void> {
    await this.#server.ask(`MKD ${this.at(name)}`);
  }
  /** Names in the directory, sorted. */
  async names(): Promise<string[]> {
    const lines = await this.#server.lines(`MLSD ${this.directory}`);
    return lines
      .filter((line) => !/type=[cp]dir;/.test(line))
      .map((line) => line.slice(line.indexOf(' ') + 1))
      .toSorted();
  }
  /** A fact of MLST, such as `modify`. */
  async fact(name: string, fact: string): Promise<string | undefined> {
    const { lines } = await this.#server.ask(`MLST ${this.at(name)}`);
    return new RegExp(`${fact}=([^;]*);`, 'i').exec(lines[1] ?? '')?.[1];
  }
  async touch(name: string, time: string): Promise<void> {
    await this.#server.ask(`MFMT ${time} ${this.at(name)}`);
  }
  /** Leaves the beginning of an upload, as a client does that is killed. */
  async cut(name: string, bytes: Uint8Array): Promise<void> {
    const client = await this.#login();
    await client.killDuring(`STOR ${this.at(name)}`, bytes);
    await until(`a stage of ${name}`, async () => {
      const { lines } = await this.#server.ask(`SIZE ${this.at(name)}`);
      return lines[0] === `213 ${bytes.length}`;
    });
  }
}
