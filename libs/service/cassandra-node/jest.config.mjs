import { preset } from '../../../jest.preset.mjs';

export default preset({
  // Real disks of a busy machine: their syncs are not ours to bound.
  testTimeout: 30_000,
});
