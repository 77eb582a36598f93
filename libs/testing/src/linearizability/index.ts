/** A linearizability checker. Pure, without jest: simulators import it too. */
export * from './check.ts';
export * from './history.ts';
export * from './models.ts';
