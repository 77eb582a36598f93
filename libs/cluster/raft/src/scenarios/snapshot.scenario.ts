import type { Scenario } from './play.fixture.ts';

export const snapshot: Scenario = {
  name: 'a follower that misses what was cut off gets the state, and goes on from there',
  bugs: '26, 28, 29',
  text: `
begin voters=a,b,c joins=d
----
ok

elect a
----
a leads term 1

beat a
----
ok

isolate c
----
ok

propose a 5
----
ok

settle
----
ok

configure a voters=a,b,c learners=d
----
ok

settle
----
ok

compact a 6
----
ok

mend
----
ok

tick a 1
----
ok

deliver except=installSnapshot
----
a sends the snapshot at 7 to c

# Lost: asked for again at the next sign of life. Meanwhile the others go on.
drop kind=installSnapshot
----
ok

propose a
----
ok

deliver except=installSnapshot
----
ok

show
----
a leader 1 log (6) 1 1 commit 8
b follower 1 log 1 1 1 1 1 1 1 1 commit 8
c follower 1 log 1 commit 1
d follower 1 log 1 1 1 1 1 1 1 1 commit 8

delivered a c lost
----
ok

tick a 1
----
ok

deliver except=installSnapshot
----
a sends the snapshot at 8 to c

show c
----
c follower 1 log 1 commit 1

settle
----
c installs the snapshot at 8

show
----
a leader 1 log (6) 1 1 commit 8
b follower 1 log 1 1 1 1 1 1 1 1 commit 8
c follower 1 log (8) - commit 8
d follower 1 log 1 1 1 1 1 1 1 1 commit 8

members c
----
c voters a b c, learners d
`,
};
