import type { Scenario } from './play.fixture.ts';

export const removedNode: Scenario = {
  name: 'who does not know that it was removed disturbs nobody',
  bugs: '5, 42',
  text: `
begin voters=a,b,c,d
----
ok

elect a
----
a leads term 1

isolate d
----
ok

configure a voters=a,b,c
----
ok

settle
----
ok

beat a
----
ok

# Its log ends before its removal, and it asks for votes in vain: the others hear a leader.
tick d 40
----
ok

mend
----
ok

tick d 20
----
ok

settle
----
ok

show
----
a leader 1 log 1 1 1 commit 3
b follower 1 log 1 1 1 commit 3
c follower 1 log 1 1 1 commit 3
d follower 1 log 1 commit 0
`,
};
