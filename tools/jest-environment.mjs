/**
 * Where the tests run: Node's own environment, and at the end of each file whatever process the file started
 * and did not end, as when a test failed before its last line, is ended. Else jest would wait for it for ever.
 *
 * An error of Node's own (ECONNRESET) is an `Error` here too, though it was made in another realm: a library that asks
 * would take it for something else, and wait for ever.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { types } from 'node:util';
import { TestEnvironment } from 'jest-environment-node';

/** For a drain; who takes longer is killed. */
const graceMs = 10_000;

export default class OwnProcessesEnvironment extends TestEnvironment {
  #running = new Set();
  #started = ({ process: child }) => {
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child)).once('error', () => this.#running.delete(child));
  };

  async setup() {
    await super.setup();
    const RealmError = this.global.Error;
    const ordinary = Function.prototype[Symbol.hasInstance];
    Object.defineProperty(RealmError, Symbol.hasInstance, {
      // Classes below Error inherit this, and mean what they always do.
      value(thrown) {
        return (this === RealmError && types.isNativeError(thrown)) || ordinary.call(this, thrown);
      },
    });
    subscribe('child_process', this.#started);
  }
  async teardown() {
    unsubscribe('child_process', this.#started);
    await Promise.all([...this.#running].map(end));
    await super.teardown();
  }
}

async function end(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  // The compiler's service serves the files to come, and ends with this process.
  if (child.spawnfile.includes('esbuild')) return;
  process.stderr.write(`left running by a test, ended now: ${child.spawnargs.slice(0, 5).join(' ')} (${child.pid})\n`);
  const exited = once(child, 'exit');
  const late = setTimeout(() => child.kill('SIGKILL'), graceMs);
  // Also one that was paused.
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  await exited;
  clearTimeout(late);
}
