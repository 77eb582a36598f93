import type { Scenario } from './play.fixture.ts';

export const jointCrash: Scenario = {
  name: 'a joint phase that its leader does not live to end is ended by the next, or undone',
  bugs: '43, 46',
  text: `
# Undone: the entry came to nobody.
begin voters=a,b,c learners=d
----
ok

elect a
----
a leads term 1

beat a
----
ok

isolate a
----
ok

configure a voters=a,b,d
----
ok

members a
----
a voters a b d, outgoing a b c

elect b
----
b leads term 2

mend
----
ok

settle
----
ok

beat b
----
a leads no more

members a b
----
a voters a b c, learners d
b voters a b c, learners d

# Ended: it came to the majorities, and its leader died.
configure b voters=a,b,d
----
ok

deliver kind=append
----
ok

crash b
----
ok

members a d
----
a voters a b d, outgoing a b c
d voters a b d, outgoing a b c

elect a
----
a leads term 3

members a d
----
a voters a b d
d voters a b d

show
----
a leader 3 log 1 2 2 3 3 commit 5
b is down
c follower 3 log 1 2 2 3 3 commit 5
d follower 3 log 1 2 2 3 3 commit 5
`,
};
