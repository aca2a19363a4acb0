import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { open } from '../../src/engine/open.ts';
import type { MatchingState, SuggestionPage } from '../../src/model/matching.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { crowd } from '../unit/engine/matching-people.ts';
import { FakeServer } from './fake-server.ts';
import { type CommandResult, type CommandWorld, runCommand } from './run-command.ts';

const SEED = 47;
const KEYS = { write: ['w'], read: ['r'], admin: ['admin-key'] };

describe('with a real server', () => {
  let engine: Engine;
  let server: RunningServer;

  beforeEach(async () => {
    engine = await open({ data: ':memory:', workers: 1 });
    server = await startServer(engine, { port: 0, keys: KEYS });
    await engine.ingest(crowd(SEED, 300).items);
  });
  afterEach(async () => {
    await server.close();
    await engine.close();
  });

  // Without pauses between the looks the workers, which step back, would hardly come to their turn.
  const kith = (...args: string[]): Promise<CommandResult> =>
    runCommand(['match', ...args, '--url', server.url, '--key', 'admin-key'], { isRealTime: true });
  const printed = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await kith(...args);
    expect([exitCode, stderr]).toEqual([0, '']);
    return stdout;
  };

  it('runs, lists with evidence, decides', async () => {
    expect(await printed('list')).toBe('no open suggestions; kith match run looks for some\n');
    expect(await printed('cancel')).toBe('no run was under way\n');
    expect(await printed('status')).toBe('no run since the server started; kith match run begins one\n');
    const outcome = await printed('run', '--fields', 'given_name,surname,date_of_birth,postcode');
    expect(outcome).toMatch(/│ profiles │ pairs compared │ suggested │\n/);
    expect(outcome).toMatch(/│ +300 │ +[\d,]+ │ +\d+ │\n/);
    expect(outcome).toContain('compared by given_name, surname, date_of_birth, postcode\n');
    expect(outcome).toContain('see them: kith match list\n');
    expect(await printed('status')).toBe(`done at ${engine.matching.state.endedAt}\n${outcome}`);
    expect(JSON.parse(await printed('status', '--json'))).toEqual(engine.matching.state);

    const page = JSON.parse(await printed('list', '--json', '--limit', '1000')) as SuggestionPage;
    expect(page).toEqual({ suggestions: engine.matching.suggestions('open', 1_000).suggestions });
    const [first, second, third] = page.suggestions;
    const listed = await printed('list', '--limit', '2');
    expect(listed).toContain(`${first.id}  user_id:${first.a.value} and user_id:${first.b.value}  `);
    expect(listed).toContain(second.id);
    expect(listed).not.toContain(third.id);
    expect(listed).toMatch(/│ surname +│ [\p{L} '-]+ +│ [\p{L} '-]+ +│ .* │ \+\d+\.\d +│ {11}┃█/u);
    expect(listed).toMatch(/│ before any evidence .* │ −\d+\.\d +│ *▐?█+┃/);
    const cursor = /--cursor (\S+)\n/.exec(listed)![1];
    expect(await printed('list', '--limit', '1', '--cursor', cursor)).toContain(third.id);

    expect(await printed('accept', first.id)).toBe(
      `user_id:${first.a.value} and user_id:${first.b.value} are one profile now\n`,
    );
    expect(await printed('reject', second.id, third.id)).toMatch(/(.* stay two, and are not suggested again\n){2}/);
    const rejected = JSON.parse(await printed('list', '--state', 'rejected', '--json')) as SuggestionPage;
    expect(rejected.suggestions.map(({ id }) => id)).toEqual([second.id, third.id]);
    expect(await printed('list', '--state', 'accepted')).toContain(`${first.id}  `);
  });

  it('goes on with the others when one cannot be decided', async () => {
    await printed('run', '--json');
    const [{ id }] = engine.matching.suggestions('open', 1).suggestions;
    const mixed = await kith('reject', 's_none', id);
    expect(mixed.exitCode).toBe(2);
    expect(mixed.stderr).toContain('s_none: there is no suggestion');
    expect(engine.matching.suggestions('rejected', 5).suggestions).toHaveLength(1);
    expect((await kith('reject', id)).exitCode).toBe(1);
  });

  it('says what is wrong', async () => {
    const failures: [string[], string][] = [
      [['run', '--fields', 'sirname'], 'no profile has a trait "sirname"'],
      [['run', '--suggest-from', '80'], 'It must be a number between 0 and 1'],
      [['list', '--limit', '0'], '--limit must be 1 or more'],
      [['list', '--state', 'closed'], 'Allowed choices are open, accepted, rejected'],
      [['accept'], "missing required argument 'id'"],
    ];
    for (const [args, message] of failures) {
      const { exitCode, stdout, stderr } = await kith(...args);
      expect([exitCode, stdout, stderr]).toEqual([1, '', expect.stringContaining(message)]);
    }
  });
});

describe('watching a run', () => {
  let fake: FakeServer;
  beforeEach(async () => {
    fake = await FakeServer.start();
  });
  afterEach(() => fake.close());

  const run = (answers: readonly MatchingState[], args: string[] = [], world: CommandWorld = {}) => {
    let at = 0;
    fake.intercept = (path) =>
      path === '/v1/identity/matching'
        ? { status: at === 0 ? 202 : 200, body: answers[Math.min(at++, answers.length - 1)] }
        : undefined;
    return runCommand(['match', 'run', ...args, '--url', fake.url, '--key', 'k'], world);
  };
  const at = (stage: NonNullable<MatchingState['progress']>['stage'], done: number, total: number): MatchingState => {
    return { state: 'running', progress: { stage, done, total } };
  };

  it('tells how far it is, stage by stage', async () => {
    const read = Array.from({ length: 25 }, (_, i) => at('read', i * 40, 1_000));
    const score = Array.from({ length: 25 }, (_, i) => at('score', i, 50));
    const outcome: MatchingState = { state: 'done', profiles: 1_000, comparedPairs: 5_000, suggested: 0, merged: 3 };
    const { exitCode, stdout, stderr, waitsMs } = await run([{ state: 'running' }, ...read, ...score, outcome]);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^\d+ %, [\d,]+ profiles read, .*\n\d+ %, \d+ parts compared/);
    expect(stdout).toContain('merged at once');
    expect(stdout).toContain('no pair is likely enough');
    expect(waitsMs).toHaveLength(51);
    const quiet = await run([{ state: 'running' }, ...read, outcome], ['--json']);
    expect([quiet.stderr, JSON.parse(quiet.stdout)]).toEqual(['', outcome]);
  });

  it('ends with the error of the run, and with 1 when it was cancelled', async () => {
    const failed = await run([
      { state: 'running' },
      { state: 'failed', error: { code: 'invalid_request', message: 'no field is left' } },
    ]);
    expect([failed.exitCode, failed.stderr]).toEqual([1, 'error no field is left (invalid_request)\n']);
    const cancelled = await run([{ state: 'running' }, { state: 'cancelled' }]);
    expect([cancelled.exitCode, cancelled.stdout]).toEqual([1, expect.stringContaining('the run was cancelled')]);
  });

  it('stops watching when it is interrupted; the run goes on', async () => {
    let stop = (): void => {};
    const onStoppable = (given: () => void): void => {
      stop = given;
    };
    let looks = 0;
    const running = run([at('score', 1, 10)], [], { onStoppable });
    const answer = fake.intercept;
    fake.intercept = (path, body) => {
      if (++looks === 4) stop();
      return answer(path, body);
    };
    const { exitCode, stderr } = await running;
    expect([exitCode, stderr]).toEqual([130, 'the run goes on; kith match cancel ends it\n']);
    expect(fake.requests.every(({ method }) => method !== 'DELETE')).toBe(true);
  });

  it.each([[[]], [['run']], [['list']], [['accept']], [['reject']]])('help of %j teaches by examples', async (path) => {
    const result = await runCommand(['match', ...path, '--help']);
    expect([result.exitCode, result.stdout]).toEqual([0, expect.stringMatching(/Examples?:/)]);
  });
});
