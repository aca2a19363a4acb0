import { describe, expect, it } from 'vitest';
import { compileDateFormat } from '../../../src/cli/import/date-format.ts';

describe('timestamps of an import', () => {
  it.each([
    ['iso', 'UTC', '2010-12-01 08:26:00', '2010-12-01T08:26:00.000Z'],
    ['iso', 'UTC', '2010-12-01', '2010-12-01T00:00:00.000Z'],
    ['iso', 'UTC', '2010-12-01T08:26:00.5+02:00', '2010-12-01T06:26:00.500Z'],
    ['iso', 'UTC', '2010-12-01 08:26+0200', '2010-12-01T06:26:00.000Z'],
    ['iso', 'Europe/London', '2011-07-01 12:00:00', '2011-07-01T11:00:00.000Z'],
    ['iso', 'Europe/London', '2011-07-01T12:00:00Z', '2011-07-01T12:00:00.000Z'],
    ['iso', 'America/New_York', '2024-01-15 00:30:00', '2024-01-15T05:30:00.000Z'],
    ['iso', 'Asia/Kolkata', '2024-01-15 00:30:00', '2024-01-14T19:00:00.000Z'],
    // The clocks go back at 03:00: 02:30 occurs twice, and the first is meant; go forward at 02:00: 02:30 is an hour on.
    ['iso', 'Europe/Berlin', '2024-10-27 02:30:00', '2024-10-27T00:30:00.000Z'],
    ['iso', 'Europe/Berlin', '2024-03-31 02:30:00', '2024-03-31T01:30:00.000Z'],
    ['iso', 'Europe/Berlin', '2024-03-31 03:30:00', '2024-03-31T01:30:00.000Z'],
    ['unix', 'UTC', '1291191960', '2010-12-01T08:26:00.000Z'],
    ['unix-ms', 'Europe/London', '1291191960123', '2010-12-01T08:26:00.123Z'],
    ['DD/MM/YYYY HH:mm', 'UTC', '01/12/2010 08:26', '2010-12-01T08:26:00.000Z'],
    ['M/D/YY h:mm A', 'UTC', '12/1/10 8:26 PM', '2010-12-01T20:26:00.000Z'],
    ['M/D/YY h:mm A', 'UTC', '12/1/99 12:05 am', '1999-12-01T00:05:00.000Z'],
    ['YYYYMMDD', 'UTC', '19970101', '1997-01-01T00:00:00.000Z'],
    ['DD.MM.YYYY HH:mm:ss.SSS', 'UTC', '01.12.2010 08:26:01.250', '2010-12-01T08:26:01.250Z'],
  ])('%s in %s reads %s', (format, zone, text, expected) => {
    expect(compileDateFormat(format, zone)(text)).toBe(expected);
  });

  it.each([
    ['iso', ''],
    ['iso', '2010-02-30'],
    ['iso', 'yesterday'],
    ['unix', '12x'],
    ['DD/MM/YYYY', '31/02/2010'],
    ['M/D/YYYY h:mm A', '1/1/2010 13:00 PM'],
  ])('%s refuses %j', (format, text) => {
    expect(() => compileDateFormat(format, 'UTC')(text)).toThrow('is not a time');
  });

  it.each(['', 'HH:mm', 'YYYY-MM', 'DD/DD/YYYY MM'])('refuses the format %j', (format) => {
    expect(() => compileDateFormat(format, 'UTC')).toThrow('timestamp format');
  });
});
