import type { Scenario } from './play.fixture.ts';

export const transfer: Scenario = {
  name: 'leadership is handed over at once, or not at all',
  bugs: '33',
  text: `
begin voters=a,b,c learners=d
----
ok

elect a
----
a leads term 1

transfer a d
----
a refuses to transfer: no_such_voter

transfer a b
----
ok

propose a
----
a refuses to propose: transferring

settle
----
a leads no more
b leads term 2

show
----
a follower 2 log 1 2 commit 2
b leader 2 log 1 2 commit 2
c follower 2 log 1 2 commit 1
d follower 2 log 1 2 commit 1

# To one that does not answer: the leader goes on.
crash c
----
ok

transfer b c
----
ok

propose b
----
b refuses to propose: transferring

tick b 10
----
ok

propose b
----
ok

settle
----
ok

show
----
a follower 2 log 1 2 2 commit 3
b leader 2 log 1 2 2 commit 3
c is down
d follower 2 log 1 2 2 commit 3
`,
};
