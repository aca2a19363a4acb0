-- wrk script: GET of a profile per request, the users read from a file of draws (u32, little endian), one after another.
-- Arguments: file of draws, where in it to begin, key. The request is one buffer in which only the digits change.
local ffi = require('ffi')
local DIGITS = 7
local draws, count, position, request_buffer, request_size, digits_at, data

function init(args)
  local file = assert(io.open(args[1], 'rb'))
  data = file:read('*a')
  file:close()
  draws = ffi.cast('const uint32_t*', data)
  count = #data / 4
  position = tonumber(args[2]) % count
  local head = 'GET /v1/profiles/user-'
  local text = head .. string.rep('0', DIGITS) ..
    ' HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ' .. args[3] .. '\r\n\r\n'
  request_size = #text
  digits_at = #head
  request_buffer = ffi.new('char[?]', request_size)
  ffi.copy(request_buffer, text, request_size)
end

function request()
  local user = draws[position]
  position = position + 1
  if position == count then position = 0 end
  for place = digits_at + DIGITS - 1, digits_at, -1 do
    local tenth = math.floor(user / 10)
    request_buffer[place] = 48 + user - tenth * 10
    user = tenth
  end
  return ffi.string(request_buffer, request_size)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"bytes":%d,"faults":%d,"p50Us":%d,"p99Us":%d}\n',
    summary.requests, summary.duration, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
