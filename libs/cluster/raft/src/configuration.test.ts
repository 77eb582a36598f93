import { describe, expect, it } from '@jest/globals';
import { NodeId, type LogIndex } from '@skerry/kernel';
import fc from 'fast-check';
import {
  ConfigurationHistory,
  configurationOf,
  decodeConfiguration,
  encodeConfiguration,
  enterChange,
  hasQuorum,
  leaveJoint,
  quorumLost,
  quorumValue,
} from './configuration.ts';

const ids = (text: string): readonly NodeId[] => [...text].map((letter) => NodeId(letter));
const joint = { voters: ids('abc'), outgoing: ids('cde'), learners: [], departing: ids('d') };

describe('majorities', () => {
  it.each([
    ['one of one', 'a', 'a', true],
    ['one of two is none', 'ab', 'a', false],
    ['two of three', 'abc', 'ac', true],
    ['two of four is none', 'abcd', 'ab', false],
    ['three of five', 'abcde', 'ace', true],
    ['who is no voter does not count', 'abc', 'axyz', false],
  ])('%s', (_, voters, agreeing, wanted) => {
    expect(hasQuorum(configurationOf(ids(voters)), (id) => agreeing.includes(id))).toBe(wanted);
  });
  it.each([
    ['both halves', 'abde', true],
    ['one that is in both halves counts in both', 'acd', true],
    ['only the new half', 'abc', false],
    ['only the old half', 'cde', false],
  ])('joint: %s', (_, agreeing, wanted) => {
    expect(hasQuorum(joint, (id) => agreeing.includes(id))).toBe(wanted);
  });
  it('is lost exactly when no answers still to come can give it', () => {
    const answers = fc.array(fc.constantFrom('yes', 'no', 'none'), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(answers, (given) => {
        const of = new Map(ids('abcde').map((id, n) => [id, given[n]]));
        const possible = hasQuorum(joint, (id) => of.get(id) !== 'no');
        expect(quorumLost(joint, (id) => of.get(id) === 'no')).toBe(!possible);
      }),
    );
  });
  it('a value is reached when a quorum has at least it, and no higher one', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 5, maxLength: 5 }), fc.boolean(), (values, both) => {
        const of = new Map(ids('abcde').map((id, n) => [id, values[n] ?? 0]));
        const configuration = both ? joint : configurationOf(ids('abcd'));
        const reached = quorumValue(configuration, (id) => of.get(id) ?? 0);
        expect(hasQuorum(configuration, (id) => (of.get(id) ?? 0) >= reached)).toBe(true);
        expect(hasQuorum(configuration, (id) => (of.get(id) ?? 0) > reached)).toBe(false);
      }),
    );
  });
});

describe('a change of members', () => {
  const now = configurationOf(ids('abc'), ids('d'));
  it.each([
    ['the same is no change', 'cba', 'd', 'unchanged'],
    ['nobody left is refused', '', 'abc', 'no_voters'],
  ])('%s', (_, voters, learners, reason) => {
    expect(enterChange(now, { voters: ids(voters), learners: ids(learners) })).toBe(reason);
  });
  it('of learners alone needs no joint phase', () => {
    expect(enterChange(now, { voters: ids('abc'), learners: ids('ef') })).toEqual(
      configurationOf(ids('abc'), ids('ef')),
    );
  });
  it('of voters goes through both; a voter that becomes a learner does so at the end', () => {
    const change = enterChange(now, { voters: ids('abd'), learners: ids('c') });
    expect(change).toEqual({ voters: ids('abd'), outgoing: ids('abc'), learners: [], departing: ids('c') });
    if (typeof change === 'string') throw new Error(change);
    expect(leaveJoint(change)).toEqual(configurationOf(ids('abd'), ids('c')));
  });
});

describe('the bytes of a configuration', () => {
  const members = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/).map(NodeId), { maxLength: 8 });
  const any = fc.record({ voters: members, outgoing: members, learners: members, departing: members });
  it('come back as they were', () => {
    fc.assert(
      fc.property(any, (configuration) => {
        fc.pre(configuration.voters.length > 0);
        expect(decodeConfiguration(encodeConfiguration(configuration))).toEqual(configuration);
      }),
    );
  });
  it('that are none are refused, never a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          expect(decodeConfiguration(bytes).voters.length).toBeGreaterThan(0);
        } catch (thrown) {
          expect((thrown as { name: string }).name).toBe('StatusError');
        }
      }),
    );
  });
});

describe('the history of configurations', () => {
  const index = (value: number): LogIndex => value as LogIndex;
  it('a truncated entry brings the one before it back', () => {
    const history = new ConfigurationHistory(index(0), configurationOf(ids('a')));
    history.push(index(3), configurationOf(ids('ab')));
    expect(history.truncateFrom(index(4))).toBe(false);
    expect(history.truncateFrom(index(3))).toBe(true);
    expect(history.current).toEqual(configurationOf(ids('a')));
  });
  it('a snapshot gets the one that was active at its index', () => {
    const history = new ConfigurationHistory(index(0), configurationOf(ids('a')));
    history.push(index(3), configurationOf(ids('ab')));
    history.push(index(7), configurationOf(ids('abc')));
    history.settle(index(5));
    expect([5, 6, 7].map((n) => history.at(n).voters.length)).toEqual([2, 2, 3]);
  });
});
