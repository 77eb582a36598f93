import type { Scenario } from './play.fixture.ts';

export const notTransitive: Scenario = {
  name: 'a network that is not transitive: who cannot reach the leader does not depose it',
  bugs: '5, 67',
  text: `
# b and c cannot hear each other; both hear a.
begin voters=a,b,c
----
ok

elect b
----
b leads term 1

cut b c
----
ok

# c hears nobody lead; a does.
tick c 40
----
ok

settle
----
ok

show
----
a follower 1 log 1 commit 1
b leader 1 log 1 commit 1
c preCandidate 1 log 1 commit 0

beat b
----
ok

propose b
----
ok

settle
----
ok

show
----
a follower 1 log 1 1 commit 2
b leader 1 log 1 1 commit 2
c preCandidate 1 log 1 commit 0
`,
};
