/** The one module that knows zod: schemas are written with `shape`, here and in services. */
export { z as shape } from 'zod';
export type { z } from 'zod';
