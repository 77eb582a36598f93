import { describe } from '@jest/globals';
import { clockContract, diskContract, networkContract } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import { NodeDisk, NodeNetwork, nodeClock } from './index.ts';

describe('nodeClock', () => {
  clockContract(() => ({ subject: nodeClock }));
});
describe('NodeDisk', () => {
  diskContract(() => ({ subject: new NodeDisk(temporaryDirectory()) }));
});
describe('NodeNetwork', () => {
  networkContract(() => ({ subject: { network: new NodeNetwork(), clock: nodeClock, host: '127.0.0.1' } }));
});
