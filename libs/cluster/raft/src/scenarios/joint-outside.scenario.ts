import type { Scenario } from './play.fixture.ts';

export const jointOutside: Scenario = {
  name: 'the leader is not among the new voters, and leads until the change is decided',
  bugs: '40, 41',
  text: `
begin voters=a,b,c learners=d,e,f
----
ok

elect a
----
a leads term 1

configure a voters=d,e,f
----
ok

members a
----
a voters d e f, outgoing a b c

# Without the new voters nothing is decided, though all old ones are there.
isolate d e f
----
ok

settle
----
ok

show a b d
----
a leader 1 log 1 1 commit 1
b follower 1 log 1 1 commit 1
d follower 1 log 1 commit 0

mend
----
ok

beat a
----
a leads no more
d leads term 2

beat a
----
ok

show
----
a follower 1 log 1 1 1 commit 3
b follower 1 log 1 1 1 commit 3
c follower 1 log 1 1 1 commit 3
d leader 2 log 1 1 1 2 commit 4
e follower 2 log 1 1 1 2 commit 4
f follower 2 log 1 1 1 2 commit 3

members a d
----
a voters d e f
d voters d e f
`,
};
