import type { Scenario } from './play.fixture.ts';

export const lateVoter: Scenario = {
  name: 'a learner that is a voter by now, and does not know, votes',
  bugs: '7, 11',
  text: `
begin voters=a,b learners=c
----
ok

elect a
----
a leads term 1

beat a
----
ok

# c is cut off while it becomes a voter: it goes on to think that it is none.
cut a c
----
ok

configure a voters=a,b,c
----
ok

settle
----
ok

show
----
a leader 1 log 1 1 1 commit 3
b follower 1 log 1 1 1 commit 3
c follower 1 log 1 commit 1

members a c
----
a voters a b c
c voters a b, learners c

# b dies; without the vote of c there is no majority.
crash b
----
ok

crash a
----
ok

mend
----
ok

start a
----
ok

elect a
----
a leads term 2

show
----
a leader 2 log 1 1 1 2 commit 4
b is down
c follower 2 log 1 1 1 2 commit 4

members c
----
c voters a b c
`,
};
