import { expect, test } from 'vitest';
import { EngineError } from '../../../src/model/error.ts';
import { createLogger, errorFields, type LogLevel } from '../../../src/runtime/logger.ts';

function logged(level: LogLevel, write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLogger({ level, destination: { write: (line) => void lines.push(line) } }));
  return lines.map((line) => JSON.parse(line));
}

test('lines are JSON with level, time and message', () => {
  const [line] = logged('info', (logger) => {
    logger.debug('not shown');
    logger.info('listening', { port: 8080 });
  });
  expect(line).toEqual({ level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), port: 8080, msg: 'listening' });
});

test('names that may hold a person or a key are redacted, at the top and below', () => {
  const person = 'person@example.com';
  const lines = logged('debug', (logger) => {
    for (const name of ['userId', 'email', 'authorization', 'writeKey', 'traits', 'body', 'key']) {
      logger.warn('slip', { [name]: person, inner: { [name]: { deep: person } } });
    }
  });
  expect(lines).toHaveLength(7);
  expect(JSON.stringify(lines)).not.toContain(person);
});

test('errors are told by class, code and place, not by message', () => {
  const fields = errorFields(new EngineError('internal', 'person@example.com\nsecond line'));
  expect(fields).toMatchObject({ errorName: 'EngineError', errorCode: 'internal' });
  expect(JSON.stringify(fields)).not.toContain('person@example.com');
  expect(String(fields['stack'])).toContain('logger.test.ts');
  expect(errorFields('text')).toEqual({ errorName: 'string' });
});
