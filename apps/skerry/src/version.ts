/** Of the program: the monorepo's. */
export const version = '0.1.0';
