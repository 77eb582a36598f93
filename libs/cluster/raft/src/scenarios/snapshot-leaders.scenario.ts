import type { Scenario } from './play.fixture.ts';

export const snapshotLeaders: Scenario = {
  name: 'a snapshot of the last leader comes after the next one has begun',
  bugs: '25, 27',
  text: `
begin voters=a,b,c
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

propose a 4
----
ok

settle
----
ok

beat a
----
ok

compact a 4
----
ok

compact b 3
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
a sends the snapshot at 5 to c

# Before it has come, b leads, and sends its own.
transfer a b
----
ok

deliver except=installSnapshot
----
a leads no more
b leads term 2
b sends the snapshot at 6 to c

show
----
a follower 2 log (4) 1 2 commit 6
b leader 2 log (3) 1 1 2 commit 6
c follower 2 log 1 commit 1

# That of the last leader is of an earlier term.
deliver kind=installSnapshot from=a
----
ok

show c
----
c follower 2 log 1 commit 1

deliver kind=installSnapshot from=b
----
c installs the snapshot at 6

show c
----
c follower 2 log (6) - commit 6

settle
----
ok

beat b
----
ok

show
----
a follower 2 log (4) 1 2 commit 6
b leader 2 log (3) 1 1 2 commit 6
c follower 2 log (6) - commit 6
`,
};
