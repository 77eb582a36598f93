import { preset } from '../../jest.preset.mjs';

export default preset({
  // A server that did not start must not hold up who runs the tests.
  forceExit: true,
});
