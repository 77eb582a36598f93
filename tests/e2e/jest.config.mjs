import { preset } from '../../jest.preset.mjs';

// Most of a test's time here is waiting for real processes: two files at once take half as long, on two cores as well.
export default preset({ maxWorkers: 2 });
