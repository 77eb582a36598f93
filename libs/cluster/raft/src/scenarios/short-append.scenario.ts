import type { Scenario } from './play.fixture.ts';

export const shortAppend: Scenario = {
  name: 'a late, shorter append cuts nothing off, and tells no more than it proves',
  bugs: '15, 17, 19',
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

# One entry goes to b twice; the second time it comes after the three that follow.
propose a
----
ok

double kind=append to=b
----
ok

deliver kind=append to=b count=1
----
ok

propose a 3
----
ok

turn
----
ok

deliver kind=append to=b
----
ok

show b
----
b follower 1 log 1 1 1 1 1 commit 1

settle
----
ok

show b
----
b follower 1 log 1 1 1 1 1 commit 5
`,
};
