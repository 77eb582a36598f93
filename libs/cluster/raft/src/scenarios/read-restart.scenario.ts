import type { Scenario } from './play.fixture.ts';

export const readRestart: Scenario = {
  name: 'what a node asked in its last life is not answered in this one (seed 10351)',
  bugs: '34, 64',
  text: `
begin voters=a,b,c
----
ok

elect a
----
a leads term 1

propose a
----
ok

settle
----
ok

beat a
----
ok

# b asks; a cannot prove that it leads yet.
cut a c
----
ok

cut a>b
----
ok

read b 1
----
ok

deliver kind=readIndex
----
ok

deliver kind=heartbeat
----
ok

# b begins a new life, and a hears of it.
crash b
----
ok

start b
----
ok

mend
----
ok

cut a c
----
ok

beat a
----
ok

beat a
----
ok

mend
----
ok

# What the last life asked is not answered to this one, where the number belongs to another question.
settle
----
ok

propose a
----
ok

settle
----
ok

read b 1
----
ok

settle
----
b answers read 1 at 3
`,
};
