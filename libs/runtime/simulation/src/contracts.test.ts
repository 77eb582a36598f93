import { describe } from '@jest/globals';
import { clockContract, diskContract, networkContract, seeds, type Subject } from '@skerry/testing';
import type { World } from '@skerry/runtime-world';
import { Simulation } from './index.ts';

for (const seed of seeds(3)) {
  const make = <T>(part: (world: World) => T): Subject<T> => {
    const simulation = new Simulation(seed);
    return { subject: part(simulation.world('node')), run: (body) => simulation.complete(body) };
  };
  describe(`simulated clock, seed ${seed}`, () => {
    clockContract(() => make((world) => world.clock));
  });
  describe(`simulated disk, seed ${seed}`, () => {
    diskContract(() => make((world) => world.disk));
  });
  describe(`simulated network, seed ${seed}`, () => {
    networkContract(() => make(({ network, clock }) => ({ network, clock, host: '10.0.0.1' })));
  });
}
