/**
 * A small stand-in for `@jest/globals`, for runtimes where jest does not run (Deno, Bun, workerd). Knows the simple
 * matchers that tests of pure packages may use, and says so when another is asked for.
 */
const isObject = (value) => typeof value === 'object' && value !== null;

function equal(a, b) {
  if (Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (typeof b.asymmetricMatch === 'function') return b.asymmetricMatch(a);
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b))
    return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
  if (a instanceof Map && b instanceof Map)
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && equal(value, b.get(key)));
  if (a instanceof Set && b instanceof Set) return a.size === b.size && [...a].every((value) => b.has(value));
  if (a instanceof Error && b instanceof Error) return a.message === b.message;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keysOf = (value) => Object.keys(value).filter((key) => value[key] !== undefined);
  const keys = keysOf(a);
  return keys.length === keysOf(b).length && keys.every((key) => equal(a[key], b[key]));
}

const show = (value) => {
  try {
    return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}n` : each));
  } catch {
    return String(value);
  }
};

const fits = (error, wanted) => {
  if (wanted === undefined) return true;
  if (typeof wanted === 'string') return String(error?.message).includes(wanted);
  if (wanted instanceof RegExp) return wanted.test(String(error?.message));
  if (isObject(wanted)) return error?.message === wanted.message;
  return error instanceof wanted;
};

const throws = (run, wanted) => {
  try {
    run();
  } catch (error) {
    return fits(error, wanted);
  }
  return false;
};

const matchesObject = (a, b) => isObject(a) && Object.keys(b).every((key) => matchesPart(a[key], b[key]));
/** As Jest: arrays of one length, element by element; objects may have more. */
const matchesPart = (a, b) => {
  if (Array.isArray(b))
    return Array.isArray(a) && a.length === b.length && b.every((each, i) => matchesPart(a[i], each));
  return isObject(b) && !ArrayBuffer.isView(b) && !b.asymmetricMatch ? matchesObject(a, b) : equal(a, b);
};

const matchers = {
  toBe: (a, b) => Object.is(a, b),
  toEqual: equal,
  toStrictEqual: equal,
  toHaveLength: (a, length) => a.length === length,
  toBeUndefined: (a) => a === undefined,
  toBeDefined: (a) => a !== undefined,
  toBeNull: (a) => a === null,
  toBeTruthy: (a) => Boolean(a),
  toBeFalsy: (a) => !a,
  toBeNaN: (a) => Number.isNaN(a),
  toBeGreaterThan: (a, b) => a > b,
  toBeGreaterThanOrEqual: (a, b) => a >= b,
  toBeLessThan: (a, b) => a < b,
  toBeLessThanOrEqual: (a, b) => a <= b,
  toContain: (a, b) => (a instanceof Set ? a.has(b) : a.includes(b)),
  toContainEqual: (a, b) => [...a].some((each) => equal(each, b)),
  toMatch: (a, b) => (typeof b === 'string' ? a.includes(b) : b.test(a)),
  toBeInstanceOf: (a, b) => a instanceof b,
  toBeCloseTo: (a, b, digits = 2) => Math.abs(a - b) < 10 ** -digits / 2,
  toHaveProperty: (a, key) => isObject(a) && key in a,
  toMatchObject: matchesPart,
  toThrow: throws,
};

const thrownBy = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return { error };
  }
  throw new Error('expected a rejection');
};

function expectation(value, negated, mode) {
  const check = (name, actual, args) => {
    if (Boolean(matchers[name](actual, ...args)) === negated)
      throw new Error(`expect(${show(actual)})${negated ? '.not' : ''}.${name}(${args.map(show)})`);
  };
  const settled = {
    resolves: async (name, args) => check(name, await value, args),
    rejects: async (name, args) => {
      const { error } = await thrownBy(typeof value === 'function' ? value() : value);
      const raise = () => {
        throw error;
      };
      check(name, name === 'toThrow' ? raise : error, args);
    },
  };
  return new Proxy(
    {},
    {
      get(_, name) {
        if (name === 'not') return expectation(value, !negated, mode);
        if (name === 'resolves' || name === 'rejects') return expectation(value, negated, name);
        if (!Object.hasOwn(matchers, name)) throw new Error(`the portable expect has no ${String(name)}`);
        return (...args) => (mode === undefined ? check(name, value, args) : settled[mode](name, args));
      },
    },
  );
}

const asymmetric = (asymmetricMatch) => ({ asymmetricMatch });
export const expect = Object.assign((value) => expectation(value, false), {
  anything: () => asymmetric((value) => value !== undefined && value !== null),
  any: (type) => asymmetric((value) => Object(value) instanceof type),
  objectContaining: (part) => asymmetric((value) => matchesObject(value, part)),
  arrayContaining: (part) => asymmetric((value) => part.every((each) => value.some((other) => equal(other, each)))),
  stringContaining: (part) => asymmetric((value) => String(value).includes(part)),
  stringMatching: (pattern) => asymmetric((value) => new RegExp(pattern).test(value)),
});

const suite = (name) => ({ name, beforeEach: [], afterEach: [], beforeAll: [], afterAll: [] });
const stack = [suite('')];
const tests = [];
const add = (name, run) =>
  tests.push({ name: [...stack.map((each) => each.name), name].filter(Boolean).join(' > '), run, suites: [...stack] });
const each = (rows) => (name, run) => {
  for (const row of rows) {
    const args = Array.isArray(row) ? row : [row];
    add(`${name} ${show(args[0])}`, () => run(...args));
  }
};
export const test = Object.assign(add, { each });
export const it = test;
const group = (name, body) => {
  stack.push(suite(name));
  body();
  stack.pop();
};
export const describe = Object.assign(group, {
  each: (rows) => (name, body) =>
    rows.forEach((row) => group(`${name} ${show(row)}`, () => body(...(Array.isArray(row) ? row : [row])))),
});
export const beforeEach = (hook) => stack.at(-1).beforeEach.push(hook);
export const afterEach = (hook) => stack.at(-1).afterEach.push(hook);
export const beforeAll = (hook) => {
  let done;
  stack.at(-1).beforeEach.push(() => (done ??= Promise.resolve(hook())));
};
export const afterAll = (hook) => stack[0].afterAll.push(hook);

/** Runs all tests that the imported files declared. */
export async function run(log = console.log) {
  let failed = 0;
  for (const { name, run: body, suites } of tests) {
    try {
      for (const { beforeEach: hooks } of suites) for (const hook of hooks) await hook();
      await body();
      for (const { afterEach: hooks } of suites) for (const hook of hooks) await hook();
    } catch (error) {
      failed += 1;
      log(`FAIL ${name}\n     ${error?.stack ?? error}`);
    }
  }
  for (const hook of stack[0].afterAll) await hook();
  log(`${tests.length - failed} passed, ${failed} failed`);
  return { total: tests.length, failed };
}
