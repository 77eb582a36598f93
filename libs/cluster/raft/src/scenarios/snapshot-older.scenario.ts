import type { Scenario } from './play.fixture.ts';

export const snapshotOlder: Scenario = {
  name: 'an older snapshot that comes after a newer one, or after the log, changes nothing',
  bugs: '25, 29',
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

compact a 3
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

# Taken for lost, it is only late; the next one is newer.
delivered a c lost
----
ok

propose a 2
----
ok

deliver to=b
----
ok

deliver to=a
----
ok

tick a 1
----
ok

deliver except=installSnapshot
----
a sends the snapshot at 7 to c

turn
----
ok

deliver kind=installSnapshot count=1
----
c installs the snapshot at 7

show c
----
c follower 1 log (7) - commit 7

# Now the older one.
deliver kind=installSnapshot
----
ok

show c
----
c follower 1 log (7) - commit 7

# And the newer once more, after the log went on.
propose a
----
ok

settle
----
ok

show
----
a leader 1 log (3) 1 1 1 1 1 commit 8
b follower 1 log 1 1 1 1 1 1 1 1 commit 8
c follower 1 log (7) 1 commit 8
`,
};
