import type { Scenario } from './play.fixture.ts';

export const four: Scenario = {
  name: 'two of four are no majority, and learners do not count',
  bugs: '4',
  text: `
begin voters=a,b,c,d learners=e,f
----
ok

isolate a b e f
----
ok

elect a
----
ok

show a b
----
a preCandidate 0 log - commit 0
b follower 0 log - commit 0

mend
----
ok

elect a
----
a leads term 2

beat a
----
ok

isolate a b e f
----
ok

propose a
----
ok

settle
----
ok

show a b e
----
a leader 2 log 2 2 commit 1
b follower 2 log 2 2 commit 1
e follower 2 log 2 2 commit 1

mend
----
ok

beat a
----
ok

show a b e
----
a leader 2 log 2 2 commit 2
b follower 2 log 2 2 commit 2
e follower 2 log 2 2 commit 2
`,
};
