import type { Scenario } from './play.fixture.ts';

export const transferBehind: Scenario = {
  name: 'who is to take over is brought up to date first',
  bugs: '33',
  text: `
begin voters=a,b,c
----
ok

elect a
----
a leads term 1

isolate b
----
ok

propose a 3
----
ok

settle
----
ok

show
----
a leader 1 log 1 1 1 1 commit 4
b follower 1 log 1 commit 1
c follower 1 log 1 1 1 1 commit 4

mend
----
ok

transfer a b
----
ok

settle
----
a leads no more
b leads term 2

show
----
a follower 2 log 1 1 1 1 2 commit 5
b leader 2 log 1 1 1 1 2 commit 5
c follower 2 log 1 1 1 1 2 commit 4
`,
};
