import type { Scenario } from './play.fixture.ts';

export const add: Scenario = {
  name: 'a node joins as a learner, catches up, and becomes a voter',
  bugs: '38, 39, 44, 47',
  text: `
begin voters=a,b,c joins=d
----
ok

elect a
----
a leads term 1

propose a 20
----
ok

settle
----
ok

# Who is no learner yet is far behind.
configure a voters=a,b,c,d
----
a refuses to configure: learner_behind

configure a voters=a,b,c learners=d
----
ok

# Only one change at once.
configure a voters=a,b learners=d
----
a refuses to configure: change_pending

isolate d
----
ok

settle
----
ok

propose a 10
----
ok

settle
----
ok

# Cut off, it misses too much to vote.
configure a voters=a,b,c,d
----
a refuses to configure: learner_behind

mend
----
ok

beat a
----
ok

beat a
----
ok

configure a voters=a,b,c,d
----
ok

members a
----
a voters a b c d, outgoing a b c

settle
----
ok

members a d
----
a voters a b c d
d voters a b c d
`,
};
