import type { Scenario } from './play.fixture.ts';

export const replace: Scenario = {
  name: 'a dead voter is replaced; both majorities are needed meanwhile',
  bugs: '40, 45',
  text: `
begin voters=a,b,c learners=d
----
ok

elect a
----
a leads term 1

crash c
----
ok

configure a voters=a,b,d learners=
----
ok

members a
----
a voters a b d, outgoing a b c

settle
----
ok

members a d
----
a voters a b d
d voters a b d

# With a dead one in its place there would be no majority: refused.
crash d
----
ok

propose a
----
ok

settle
----
ok

configure a voters=a,c
----
a refuses to configure: learner_behind

show
----
a leader 1 log 1 1 1 1 commit 4
b follower 1 log 1 1 1 1 commit 4
c is down
d is down
`,
};
