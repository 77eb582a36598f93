/** What the soak finds wrong: without these it could find nothing, and nobody would know. */
import { describe, expect, it } from '@jest/globals';
import { bytesOf, type Content, contentOf, joined } from './content.ts';
import { type Change, directory, keyOf, Model, nothing, type State } from './model.ts';
import { sha256 } from '../tree.ts';

const file = (seed: number, length = 10): State & { readonly content: Content } => ({
  kind: 'file',
  content: contentOf([{ seed, length }]),
});
const [one, two] = [file(1), file(2)];
const to = (...changes: readonly (readonly [string, State])[]): Change => new Map(changes);
function modelOf(): {
  model: Model;
  faults: string[];
  settle: (...found: readonly (readonly [string, State])[]) => void;
} {
  const faults: string[] = [];
  const model = new Model(faults);
  return {
    model,
    faults,
    settle: (...found) => model.settle(new Map(found.map(([path, state]) => [path, keyOf(state)]))),
  };
}
const put = (model: Model, path: string, state: State): void => {
  model.begin(to([path, state]));
  model.acknowledged(to([path, state]));
};

describe('after healing', () => {
  it.each([
    ['what was acknowledged is there', one, one, 0],
    ['it is lost', one, nothing, 1],
    ['it is another', one, two, 1],
    ['a deleted file is back', nothing, one, 1],
    ['a directory is where a file was', one, directory, 1],
  ])('%s', (_, acknowledged, found, count) => {
    const { model, faults, settle } = modelOf();
    put(model, '/f', one);
    put(model, '/f', acknowledged);
    settle(['/f', found]);
    expect(faults).toHaveLength(count);
  });
  it.each([
    ['the old one', one, 0],
    ['the new one', two, 0],
    ['a mix of both', file(3), 1],
    ['nothing', nothing, 1],
  ])('an overwrite of unknown outcome left %s', (_, found, count) => {
    const { model, faults, settle } = modelOf();
    put(model, '/f', one);
    model.begin(to(['/f', two]));
    expect(model.stateOf('/f')).toBeUndefined();
    settle(['/f', found]);
    expect(faults).toHaveLength(count);
    if (count === 0) expect(keyOf(model.stateOf('/f') ?? nothing)).toBe(keyOf(found));
  });
  it.each([
    ['done', nothing, one, 0],
    ['undone', one, nothing, 0],
    ['half done: the file is twice there', one, one, 1],
    ['half done: the file is gone', nothing, nothing, 1],
  ])('a rename of unknown outcome is %s', (_, from, target, count) => {
    const { model, faults, settle } = modelOf();
    put(model, '/a', one);
    model.begin(to(['/a', nothing], ['/b', one]));
    settle(['/a', from], ['/b', target]);
    expect(faults).toHaveLength(count);
  });
  it('what was acknowledged at a second try stays in doubt, and is that', () => {
    const { model, faults, settle } = modelOf();
    put(model, '/f', one);
    model.begin(to(['/f', two]));
    model.acknowledged(to(['/f', two]), true);
    expect(model.isDoubtful('/f')).toBe(true);
    settle(['/f', one]);
    expect(faults).toHaveLength(1);
  });
});

describe('a read', () => {
  const reading = (found: string, act: (model: Model) => void): readonly string[] => {
    const { model, faults } = modelOf();
    put(model, '/f', one);
    const read = model.reads('/f');
    act(model);
    model.hasRead('/f', read, found, 'somebody');
    return faults;
  };
  it('finds what was acknowledged before it, or what is being written meanwhile', () => {
    const write = (model: Model): void => put(model, '/f', two);
    expect(reading(keyOf(one), write)).toEqual([]);
    expect(reading(keyOf(two), write)).toEqual([]);
    expect(reading(keyOf(nothing), write)).toHaveLength(1);
  });
  it('finds nothing older than what was acknowledged before it', () => {
    const { model, faults } = modelOf();
    put(model, '/f', one);
    put(model, '/f', two);
    model.hasRead('/f', model.reads('/f'), keyOf(one), 'somebody');
    expect(faults).toEqual([expect.stringMatching(/^somebody read .* at \/f, where .* may be$/)]);
  });
  it('that failed says nothing', () => {
    const { model, faults } = modelOf();
    put(model, '/f', one);
    model.hasRead('/f', model.reads('/f'), undefined, 'somebody');
    expect(faults).toEqual([]);
  });
});

it('a content is the same each time, and grows at its end', () => {
  const { content } = file(7, 1_000);
  expect(sha256(bytesOf(content))).toBe(content.hash);
  const longer = joined(content, one.content);
  expect(bytesOf(longer).subarray(0, 1_000).equals(bytesOf(content))).toBe(true);
  expect([longer.length, sha256(bytesOf(longer))]).toEqual([1_010, longer.hash]);
});
