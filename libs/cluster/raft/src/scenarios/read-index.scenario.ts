import type { Scenario } from './play.fixture.ts';

export const readIndex: Scenario = {
  name: 'reads by ReadIndex, at the leader and at followers',
  bugs: '32, 33, 36, 37',
  text: `
begin voters=a,b,c
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

read a 1
----
ok

read b 2
----
ok

settle
----
a answers read 1 at 2
b answers read 2 at 2

# A follower that lags answers when it has applied that far.
hold b
----
ok

propose a
----
ok

settle
----
ok

read b 3
----
ok

settle
----
ok

release b
----
b answers read 3 at 3

# A leader that was deposed and does not know it answers nothing.
settle
----
ok

isolate a
----
ok

read a 4
----
ok

settle
----
ok

elect b
----
b leads term 2

propose b
----
ok

settle
----
ok

mend
----
ok

settle
----
ok

beat b
----
a refuses read 4: not_leader
a leads no more

# Who knows of no leader refuses.
crash b
----
ok

isolate c
----
ok

tick c 15
----
ok

read c 5
----
c refuses read 5: not_leader
`,
};
