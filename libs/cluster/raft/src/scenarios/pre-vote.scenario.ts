import type { Scenario } from './play.fixture.ts';

export const preVote: Scenario = {
  name: 'a node that was cut off comes back with the term that it had',
  bugs: '5, 6, 8',
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

isolate c
----
ok

tick c 100
----
ok

show
----
a leader 1 log 1 1 commit 2
b follower 1 log 1 1 commit 2
c preCandidate 1 log 1 1 commit 2

mend
----
ok

settle
----
ok

beat a
----
ok

show
----
a leader 1 log 1 1 commit 2
b follower 1 log 1 1 commit 2
c follower 1 log 1 1 commit 2

# Two ask at once: who waits for votes itself gives its own to another.
crash a
----
ok

tick b 15
----
ok

tick c 15
----
ok

deliver kind=requestVote count=2
----
ok

deliver kind=requestVote count=2
----
ok

deliver kind=vote count=2
----
ok

show
----
a is down
b candidate 2 log 1 1 commit 2
c candidate 2 log 1 1 commit 2

# Both are candidates of one term now, and have voted for themselves. Chance gives one more patience.
settle
----
ok

tick c 15
----
ok

settle
----
c leads term 3

show
----
a is down
b follower 3 log 1 1 3 commit 3
c leader 3 log 1 1 3 commit 3
`,
};
