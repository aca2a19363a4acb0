/**
 * The tables: documents as rows, one for every value at every path (EAV), and what SQL itself decides about them: which
 * texts are dates. A path's arrays do not show in its key, so a path reaches through them; `in_array` remembers.
 */
export const SCHEMA_SQL = `
SET TimeZone = 'UTC';
CREATE TABLE profiles (id INTEGER, name VARCHAR);
CREATE TABLE loaded_events (id INTEGER, profile INTEGER, name VARCHAR, time_ms BIGINT, arrival INTEGER);
CREATE TABLE loaded (part VARCHAR, owner INTEGER, path VARCHAR, ordinal INTEGER, kind VARCHAR,
  number DOUBLE, text VARCHAR, flag BOOLEAN, in_array BOOLEAN);
CREATE MACRO iso_offset_minutes(t) AS
  CASE WHEN t LIKE '%Z' THEN 0
  ELSE (CASE left(right(t, 6), 1) WHEN '-' THEN -1 ELSE 1 END)
    * (TRY_CAST(left(right(t, 5), 2) AS BIGINT) * 60 + TRY_CAST(right(t, 2) AS BIGINT)) END;
CREATE MACRO iso_time_ms(t) AS
  (TRY_CAST(substr(t, 12, 2) AS BIGINT) * 60 + TRY_CAST(substr(t, 15, 2) AS BIGINT) - iso_offset_minutes(t)) * 60000
  + coalesce(TRY_CAST(nullif(regexp_extract(t, 'T..:..:(..)', 1), '') AS BIGINT), 0) * 1000
  + TRY_CAST(rpad(left(regexp_extract(t, '[.](\\d+)', 1), 3), 3, '0') AS BIGINT);
CREATE MACRO iso_instant(t) AS CASE
  WHEN regexp_full_match(t, '\\d{4}-\\d\\d-\\d\\d')
    THEN epoch_ms(TRY_CAST(t AS TIMESTAMP))
  WHEN regexp_full_match(t, '\\d{4}-\\d\\d-\\d\\dT([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d([.]\\d+)?)?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)')
    THEN epoch_ms(TRY_CAST(left(t, 10) AS TIMESTAMP)) + iso_time_ms(t)
  END;
`;

/** After loading: dates are recognised once, and each event gets its place in the order of its profile's. */
export const FINISH_SQL = `
CREATE TABLE nodes AS SELECT *, iso_instant(text) AS instant FROM loaded;
CREATE TABLE events AS
  SELECT *, row_number() OVER (PARTITION BY profile ORDER BY time_ms, arrival) AS place FROM loaded_events;
CREATE TABLE buckets (salt VARCHAR, profile INTEGER, x DOUBLE);
`;
