/** Windows in the text language. Their first words overlap with operators and counts; the token after decides. */
import type { Window } from '../../model/expression.ts';
import { CALENDAR_UNITS } from './check-window.ts';
import type { TokenStream } from './token-stream.ts';

type CalendarWindow = Extract<Window, { readonly calendar: unknown }>;

/** `undefined` when no window begins here. */
export function acceptWindow(stream: TokenStream): Window | undefined {
  const start = stream.current.start;
  const window = parseWindow(stream);
  if (window !== undefined) stream.sourceMap.mark(window, stream.spanFrom(start));
  return window;
}

function parseWindow(stream: TokenStream): Window | undefined {
  if (stream.isWord('in') && !stream.isSymbol('(', 1)) {
    stream.take();
    if (stream.acceptWord('last') !== undefined) return { last: stream.expectKind('duration').text };
    stream.expectWord('calendar');
    return parseCalendar(stream);
  }
  if (stream.isWord('between') && stream.peek(1).kind === 'duration') {
    stream.take();
    const far = stream.take().text;
    stream.expectWord('and');
    const near = stream.expectKind('duration').text;
    stream.expectWord('ago');
    return { between: [far, near] };
  }
  if (stream.acceptWord('from', 'since') !== undefined) {
    const from = stream.expectKind('text').text;
    return stream.acceptWord('to', 'until') === undefined ? { from } : { from, to: stream.expectKind('text').text };
  }
  if (stream.acceptWord('to', 'until') !== undefined) return { to: stream.expectKind('text').text };
  stream.note('"in last"', ['in', 'between']);
  return undefined;
}

function parseCalendar(stream: TokenStream): CalendarWindow {
  const unit = stream.expectWord(...CALENDAR_UNITS);
  const calendar = CALENDAR_UNITS.find((candidate) => candidate === unit) ?? 'day';
  const offset = stream.current.kind === 'number' ? Number(stream.take().text) : undefined;
  const hasZone = stream.isWord('in') && stream.peek(1).kind === 'text';
  if (hasZone) stream.take();
  return {
    calendar,
    ...(offset === undefined ? {} : { offset }),
    ...(hasZone ? { timeZone: stream.take().text } : {}),
  };
}
