import type { Scenario } from './play.fixture.ts';

export const lease: Scenario = {
  name: 'reads by lease, and when there is none',
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

read a 1
----
a answers read 1 at 2

# Without an answer it lasts a little less than an election timeout.
isolate a
----
ok

tick a 8
----
ok

read a 2
----
a answers read 2 at 2

tick a 1
----
ok

read a 3
----
ok

mend
----
ok

settle
----
a answers read 3 at 2
`,
};
