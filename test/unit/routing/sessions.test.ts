import { describe, expect, it } from 'vitest';
import {
  createSessions,
  namedSessionHash,
  type Session,
  type SessionClue,
} from '../../../src/routing/sessions.ts';

const weak: Session = {
  escalatedBy: null,
  isPrivate: false,
  last: { decision: 'dec_1', tier: 'weak' },
};
const sentUp: Session = {
  ...weak,
  escalatedBy: 'dec_2',
  last: { decision: 'dec_2', tier: 'strong' },
};

function named(name: string, turns = 1): SessionClue {
  return { name, opening: ['', 'system', 'hello'], turns };
}

function opened(words: string, turns: number): SessionClue {
  return { name: null, opening: ['', 'system', words], turns };
}

function withClock(maxSessions = 100, ttlMs = 1000) {
  const clock = { ms: 5_000_000 };
  return { clock, sessions: createSessions({ maxSessions, ttlMs }, () => clock.ms) };
}

describe('a conversation with a name', () => {
  it('is known from its first request on', () => {
    const { sessions } = withClock();
    const first = sessions.place(named('a'), 'key');
    expect(first.known).toBeNull();
    first.note(weak);
    expect(sessions.place(named('a'), 'key').known).toEqual(weak);
  });

  it('belongs to one client', () => {
    const { sessions } = withClock();
    sessions.place(named('a'), 'key').note(sentUp);
    expect(sessions.place(named('a'), 'other key').known).toBeNull();
    expect(sessions.place(named('a'), '').known).toBeNull();
  });

  it('has a hash that outlives the process and tells no name', () => {
    const [one, other] = [withClock().sessions, withClock().sessions];
    const { hash } = one.place(named('chat-17'), 'key');
    expect(hash).toBe(other.place(named('chat-17', 5), 'key').hash);
    expect(hash).toBe(namedSessionHash('chat-17', 'key'));
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('goes up and never down, and stays private', () => {
    const { sessions } = withClock();
    sessions.place(named('a'), '').note({ ...sentUp, isPrivate: true });
    sessions.place(named('a'), '').note(weak);
    expect(sessions.place(named('a'), '').known).toEqual({
      ...weak,
      escalatedBy: 'dec_2',
      isPrivate: true,
    });
  });
});

describe('requests of another kind under the same name', () => {
  const asked = (system: string, user: string, turns = 1): SessionClue => ({
    ...{ name: 'a', opening: ['', system, user], turns },
  });
  const turn = asked('You write code.', 'Fix the tests');
  const title = asked('You write titles.', 'A title for: Fix the tests');

  it('decide nothing for each other', () => {
    const { sessions } = withClock();
    sessions.place(title, '').note(sentUp);
    expect(sessions.place(turn, '').known).toMatchObject({ escalatedBy: null, last: null });
    sessions.place(turn, '').note(weak);
    sessions.place(title, '').note(sentUp);
    expect(sessions.place({ ...turn, turns: 3 }, '').known).toEqual(weak);
    expect(sessions.place(title, '').known).toEqual(sentUp);
  });

  it.each([
    ['a system text that tells the time', asked('It is 12:01. You write code.', 'Fix the tests')],
    ['a beginning that was cut off', asked('You write code.', 'and commit it')],
    ['no system text', asked('', 'and commit it')],
    ['no user text', { name: 'a', opening: null, turns: 2 }],
  ])('but are the conversation with %s', (_, later) => {
    const { sessions } = withClock();
    sessions.place(turn, '').note(sentUp);
    expect(sessions.place(later, '').known).toEqual(sentUp);
  });

  it('are private when one of them is', () => {
    const { sessions } = withClock();
    sessions.place(turn, '').note({ ...weak, isPrivate: true });
    expect(sessions.place(title, '').known).toMatchObject({ isPrivate: true, last: null });
  });

  it('are as many as are remembered, the newest ones', () => {
    const { sessions } = withClock();
    for (let i = 0; i < 20; i++) sessions.place(asked(`system ${i}`, `user ${i}`), '').note(weak);
    expect(sessions.place(asked('system 0', 'user 0'), '').known?.last).toBeNull();
    expect(sessions.place(asked('system 19', 'user 19'), '').known?.last).toEqual(weak.last);
  });
});

describe('a mark without a decision', () => {
  it('leaves what was decided before', () => {
    const { sessions } = withClock();
    sessions.place(named('a'), '').note(weak);
    sessions.place(named('a'), '').note({ escalatedBy: null, isPrivate: true, last: null });
    expect(sessions.place(named('a'), '').known).toEqual({ ...weak, isPrivate: true });
  });
});

describe('a conversation without a name', () => {
  it('is known by its opening from the second turn on', () => {
    const { sessions } = withClock();
    sessions.place(opened('hello', 1), '').note(sentUp);
    expect(sessions.place(opened('hello', 3), '').known).toEqual(sentUp);
    expect(sessions.place(opened('good day', 3), '').known).toBeNull();
  });

  it('is not made by asking the same prompt again', () => {
    const { sessions } = withClock();
    sessions.place(opened('hello', 1), '').note(sentUp);
    expect(sessions.place(opened('hello', 1), '').known).toBeNull();
  });

  it('is not made by examples that stand in front of every request of a program', () => {
    const { sessions } = withClock();
    for (let i = 0; i < 3; i++) {
      const place = sessions.place(opened('an example', 5), '');
      expect(place.known).toBeNull();
      place.note(sentUp);
    }
  });

  it('is told apart by client, end user and words however long', () => {
    const { sessions } = withClock();
    const long = 'x'.repeat(20_000);
    const hashes = [
      sessions.place(opened('hello', 1), 'a'),
      sessions.place(opened('hello', 1), 'b'),
      sessions.place({ name: null, opening: ['ann', 'system', 'hello'], turns: 1 }, 'a'),
      sessions.place({ name: null, opening: ['', 'systemhello', ''], turns: 1 }, 'a'),
      sessions.place(opened(long, 1), 'a'),
      sessions.place(opened(`${long}x`, 1), 'a'),
    ].map(({ hash }) => hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('has a hash that nobody can check a guess by: it differs from process to process', () => {
    const [one, other] = [withClock().sessions, withClock().sessions];
    const [clue, key] = [opened('hello', 1), 'key'];
    expect(one.place(clue, key).hash).not.toBe(other.place(clue, key).hash);
  });
});

describe('what is remembered', () => {
  it('ends a while after the last request', () => {
    const { sessions, clock } = withClock();
    sessions.place(named('a'), '').note(sentUp);
    for (let i = 0; i < 3; i++) {
      clock.ms += 900;
      expect(sessions.place(named('a'), '').known).toEqual(sentUp);
    }
    clock.ms += 1100;
    expect(sessions.place(named('a'), '').known).toBeNull();
  });

  it('is bounded: the conversation unused longest is forgotten', () => {
    const { sessions } = withClock(3);
    for (const name of ['a', 'b', 'c']) sessions.place(named(name), '').note(sentUp);
    sessions.place(named('a'), '');
    sessions.place(named('d'), '').note(sentUp);
    const known = ['a', 'b', 'c', 'd'].filter((name) => sessions.place(named(name), '').known);
    expect(known).toEqual(['a', 'c', 'd']);
  });

  it('survives a change of its bounds', () => {
    const { sessions } = withClock(3);
    for (const name of ['a', 'b', 'c']) sessions.place(named(name), '').note(sentUp);
    sessions.configure({ maxSessions: 2, ttlMs: 2000 });
    const known = ['a', 'b', 'c'].filter((name) => sessions.place(named(name), '').known);
    expect(known).toEqual(['b', 'c']);
  });

  it('is nothing with a time of 0; the log still names the conversation', () => {
    const { sessions } = withClock(3, 0);
    const place = sessions.place(named('a'), '');
    place.note(sentUp);
    expect(sessions.place(named('a'), '').known).toBeNull();
    expect(place.hash).toBe(namedSessionHash('a', ''));
  });
});
