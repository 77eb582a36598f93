/**
 * What runs on a worker thread, as text.
 *
 * Text, not a file of its own: a worker's entry must be JavaScript that Node finds by a path, and this library runs
 * from TypeScript source (tsx, jest) as well as from one bundled file. It needs only Node's own modules, and starts without
 * the loaders of its parent. The types of its messages stand in `pool.ts`, which is its only caller.
 */
export const workerSource = `
'use strict';
const { parentPort } = require('node:worker_threads');
const { scryptSync } = require('node:crypto');

const tasks = {
  scrypt({ password, salt, cost, blockSize, parallelization, lengthBytes }) {
    const memory = 128 * blockSize * (cost + parallelization) + 1024 * 1024;
    const key = scryptSync(password, salt, lengthBytes, { N: cost, r: blockSize, p: parallelization, maxmem: memory });
    password.fill(0);
    return Uint8Array.from(key);
  },
};

parentPort.on('message', ({ id, name, input }) => {
  try {
    const output = tasks[name](input);
    parentPort.postMessage({ id, output }, [output.buffer]);
  } catch (error) {
    parentPort.postMessage({ id, failure: String(error && error.message) });
  }
});
`;
