import type { Scenario } from './play.fixture.ts';

export const checkQuorum: Scenario = {
  name: 'a leader that hears no majority leads no more, in its own term',
  bugs: '12, 37',
  text: `
begin voters=a,b,c
----
ok

elect a
----
a leads term 1

isolate a
----
ok

propose a
----
ok

tick a 9
----
ok

show a
----
a leader 1 log 1 1 commit 1

tick a 1
----
ok

tick a 10
----
a leads no more

show a
----
a follower 1 log 1 1 commit 1

propose a
----
a refuses to propose: not_leader
`,
};
