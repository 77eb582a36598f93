import type { Scenario } from './play.fixture.ts';

export const leaseRestart: Scenario = {
  name: 'who begins a new life gives no vote until a lease that it granted is over',
  bugs: '35',
  text: `
begin voters=a,b,c lease
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

isolate b
----
ok

tick b 9
----
ok

beat a
----
ok

crash c
----
ok

start c
----
ok

# c has forgotten that it heard a a moment ago; a's lease stands, so c must not help b.
mend
----
ok

cut a b
----
ok

tick b 6
----
ok

settle
----
ok

show
----
a leader 1 log 1 1 commit 2
b preCandidate 1 log 1 1 commit 2
c follower 1 log 1 1 commit 0

read a 1
----
a answers read 1 at 2
`,
};
