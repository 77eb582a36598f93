import { preset } from '../../jest.preset.mjs';

export default preset({
  // A client's socket or timer that a failed test left must not hold up who runs the tests.
  forceExit: true,
});
