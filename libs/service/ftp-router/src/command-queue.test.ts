import { describe, expect, it } from '@jest/globals';
import { utf8 } from '@skerry/kernel';
import { commandText, labelCommand } from './command-label.ts';
import { CommandQueue, type Command, type Queued } from './command-queue.ts';

const command = (text: string): Command => ({ kind: 'command', line: utf8(text), label: labelCommand(utf8(text)) });
const verbs = (items: readonly (Queued | undefined)[]): string[] =>
  items.map((item) => (item?.kind === 'command' ? item.label.verb : 'none'));

describe('the queue', () => {
  it('keeps the order, and says no when it is full', () => {
    const queue = new CommandQueue(2);
    expect([queue.offer(command('PWD')), queue.offer(command('NOOP')), queue.offer(command('QUIT'))]).toEqual([
      true,
      true,
      false,
    ]);
    expect(verbs([queue.poll(), queue.poll(), queue.poll()])).toEqual(['PWD', 'NOOP', 'none']);
  });
  it.each([
    { rule: 'ABOR passes whatever stands before it', lines: ['RETR b', 'NOOP', 'ABOR'], passing: ['ABOR'] },
    { rule: 'STAT and NOOP pass at the head', lines: ['STAT', 'NOOP', 'PWD'], passing: ['STAT', 'NOOP'] },
    { rule: 'STAT behind another keeps its turn', lines: ['PWD', 'STAT'], passing: [] },
    { rule: 'QUIT waits for the end of the transfer', lines: ['QUIT'], passing: [] },
    { rule: 'nothing passes an empty queue', lines: [], passing: [] },
  ])('$rule', ({ lines, passing }) => {
    const queue = new CommandQueue(10);
    for (const line of lines) queue.offer(command(line));
    const passed: Command[] = [];
    for (let next = queue.pollPassing(); next !== undefined; next = queue.pollPassing()) passed.push(next);
    expect(verbs(passed)).toEqual(passing);
    expect(queue.length).toBe(lines.length - passing.length);
  });
});

describe('what is told of a command', () => {
  it.each([
    ['retr  a b', 'RETR  a b'],
    ['PASS hunter2', 'PASS'],
    ['pass hunter2', 'PASS'],
    ['ACCT x', 'ACCT'],
    ['SITE PSWD old new', 'SITE'],
    ['PASSWORD hunter2', 'other'],
    ['hunter2', 'other'],
    ['', 'other'],
    [`CWD ${'x'.repeat(500)}`, `CWD ${'x'.repeat(200)}`],
  ])('%j is shown as %j', (line, shown) => {
    expect(commandText(labelCommand(utf8(line)))).toBe(shown);
  });
});
