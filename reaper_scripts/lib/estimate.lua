-- Estimate: the expected cost of a request before it is sent. The daemon's answer contains the exact price.

local home = require 'home'
local ranges = require 'ranges'

local estimate = {}

local LEAST = 0.001 -- costs below this are shown as "less than"

function estimate.engine(name)
  for _, engine in ipairs(home.catalogue().engines or {}) do
    if engine.name == name then return engine end
  end
end

-- Returns an engine's currency and price per second. For "automatic", returns the values of the most expensive engine.
local function price_of(name)
  local engine = estimate.engine(name)
  if engine then return engine.currency, engine.price_per_second end
  local shown = home.catalogue()
  local price = shown.price or {}
  local currency, most = price.currency, price.per_second
  for _, one in ipairs(shown.engines or {}) do
    if one.price_per_second > (most or -1) then currency, most = one.currency, one.price_per_second end
  end
  return currency, most
end

-- Returns the seconds of audio to generate: the total length of the ranges, or the length of their mix, multiplied by
-- the number of variations.
function estimate.seconds(found, placement, variations)
  local seconds = 0
  for _, range in ipairs(found) do seconds = seconds + range.to - range.from end
  if placement.as_one then seconds = ranges.span(found) end
  return seconds * variations
end

function estimate.cost(seconds, engine_name)
  local _, per_second = price_of(engine_name)
  return seconds * (per_second or 0)
end

-- Returns a text such as "8.0 s of audio, up to USD 0.002".
function estimate.text(seconds, engine_name)
  local currency, per_second = price_of(engine_name)
  local words = ('%.1f s of audio'):format(seconds)
  if not per_second then return words end
  if per_second == 0 then return words .. ', free' end
  local cost = seconds * per_second
  if cost < LEAST then return ('%s, less than %s %.3f'):format(words, currency, LEAST) end
  return ('%s, up to %s %.3f'):format(words, currency, cost)
end

return estimate
