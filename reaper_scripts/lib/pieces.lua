-- Pieces: cuts the result of several clips that were remixed as one back to their items. Clips that overlap, such as
-- several microphones, stay together.

local pieces = {}

local SAME = 1e-6 -- seconds by which clips may overlap without staying together

-- Returns the parts of a result, from left to right, as a list of {clip_id, at, length, count}: the clip that begins
-- first, the part's start and length in seconds after the result's source_offset, and the number of clips in the part.
local function parts_of(result)
  local sorted, order = {}, {}
  for i, piece in ipairs(result.pieces or {}) do sorted[i], order[piece] = piece, i end
  table.sort(sorted, function(one, other)
    if one.at ~= other.at then return one.at < other.at end
    return order[one] < order[other] -- of clips that begin together, the one on the upper track
  end)
  local parts, part = {}, nil
  for _, piece in ipairs(sorted) do
    local last = piece.at + piece.samples / result.sample_rate
    if part and piece.at < part.at + part.length - SAME then
      part.length, part.count = math.max(part.length, last - part.at), part.count + 1
    else
      part = { clip_id = piece.clip_id, at = piece.at, length = last - piece.at, count = 1 }
      parts[#parts + 1] = part
    end
  end
  return parts
end

-- Returns the anchor of a part: the anchor of its only clip, or of a mix that begins with its first clip.
local function anchor_of(note, part)
  local clip = note.clips[part.clip_id]
  if part.count == 1 then return clip end
  local mix = { is_mix = true, track = note.mix.track, length = part.length }
  for _, key in ipairs({ 'item', 'take', 'position', 'rate', 'source_time' }) do mix[key] = clip[key] end
  return mix
end

-- Returns the parts of a result as a list of {clip, at}: each part's anchor, and its start in seconds after the
-- result's source_offset. A result of a single clip has one part.
function pieces.of(note, clip, result)
  local parts = clip.is_mix and parts_of(result) or {}
  if #parts < 2 then return { { clip = clip, at = 0 } } end
  local found = {}
  for i, part in ipairs(parts) do found[i] = { clip = anchor_of(note, part), at = part.at } end
  return found
end

return pieces
